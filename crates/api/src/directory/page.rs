//! The page, and the contact cards.

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rotaline_routing::{Directory, Openness};

use super::{DirectoryOf, FRESH};

/// Nothing but the page itself and its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'self'";

#[derive(Template)]
#[template(path = "directory.html")]
struct Page<'a> {
    name: &'a str,
    id: &'a str,
    dial_in: Vec<Number>,
    calls_come_from: Number,
    rows: Vec<Row<'a>>,
    at: String,
}

/// A number, to be read and to be rung.
struct Number {
    words: String,
    uri: String,
}

struct Row<'a> {
    name: &'a str,
    key: Option<&'a str>,
    direct: Vec<Number>,
    base: Option<&'a str>,
    open: bool,
    hours: String,
    wait: String,
}

pub(super) fn page(told: &DirectoryOf, shown: &Directory<'_>, now: Timestamp) -> Response {
    let zone = &shown.organisation.zone;
    let rows = told.specialties.iter().zip(&shown.entries);
    let page = Page {
        name: &told.name,
        id: &told.organisation,
        dial_in: told.dial_in.iter().map(|it| Number::of(it)).collect(),
        calls_come_from: Number::of(&told.calls_come_from),
        rows: rows
            .map(|(team, entry)| Row {
                name: &team.name,
                key: team.key.as_deref(),
                direct: team.direct.iter().map(|it| Number::of(it)).collect(),
                base: team.base.as_deref(),
                open: team.open,
                hours: hours(entry.hours, zone, now),
                wait: team.typical_wait_s.map_or_else(|| "–".to_owned(), wait),
            })
            .collect(),
        at: zone
            .to_datetime(now)
            .strftime("%A %-d %B, %H:%M")
            .to_string(),
    };
    let html = page.render().expect("a string takes what is written to it");
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, FRESH),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(html)).into_response()
}

/// Two cards: what is rung, and what rings.
pub(super) fn contact(shown: &Directory<'_>, calls_come_from: &str) -> Response {
    let name = escaped(&shown.organisation.name);
    let to_ring = shown.dial_in.iter().map(ToString::to_string);
    let to_ring: String = to_ring.map(|number| telephone(&number)).collect();
    let mut cards = String::new();
    for (title, numbers) in [
        (format!("{name} advice line"), to_ring),
        (format!("{name} advice calls"), telephone(calls_come_from)),
    ] {
        if !numbers.is_empty() {
            //= RFC 6350 section 6.1
            cards += "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:org\r\n";
            cards += &format!("FN:{title}\r\nORG:{name}\r\n{numbers}END:VCARD\r\n");
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/vcard; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"contact.vcf\"",
        ),
        (header::CACHE_CONTROL, FRESH),
    ];
    (headers, cards).into_response()
}

fn telephone(number: &str) -> String {
    format!("TEL;VALUE=uri;TYPE=voice:{}\r\n", Number::of(number).uri)
}

/// A text value (RFC 6350 section 3.4).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ',' | ';' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

impl Number {
    /// Of E.164, or of digits that only this service knows.
    fn of(number: &str) -> Number {
        let national = number.strip_prefix("+44");
        let words = national.map_or_else(|| number.to_owned(), spaced);
        let uri = format!("tel:{number}");
        Number { words, uri }
    }
}

/// A British number without its 0, as it is written there: `020 7946 0001`, `01632 960101`.
fn spaced(national: &str) -> String {
    let groups = match national.as_bytes().first() {
        Some(b'2') => [2, 4],
        Some(b'3' | b'8') => [3, 3],
        _ => [4, 6],
    };
    let mut words = "0".to_owned();
    let mut rest = national;
    for length in groups {
        let (group, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        words += group;
        if !after.is_empty() {
            words.push(' ');
        }
        rest = after;
    }
    words + rest
}

fn hours(hours: Openness, zone: &TimeZone, now: Timestamp) -> String {
    let at = |at: Timestamp| {
        let (at, today) = (zone.to_datetime(at), zone.to_datetime(now));
        let days = today
            .date()
            .until(at.date())
            .map_or(0, |span| span.get_days());
        match days {
            0 => at.strftime("%H:%M").to_string(),
            1 => at.strftime("tomorrow %H:%M").to_string(),
            2..=6 => at.strftime("%A %H:%M").to_string(),
            _ => at.strftime("%-d %B, %H:%M").to_string(),
        }
    };
    match hours {
        Openness::Open { until: Some(until) } => format!("Open until {}", at(until)),
        Openness::Open { until: None } => "Open day and night".to_owned(),
        Openness::Closed { opens: Some(opens) } => format!("Opens {}", at(opens)),
        Openness::Closed { opens: None } => "Closed".to_owned(),
    }
}

fn wait(seconds: f64) -> String {
    match seconds.round() {
        seconds if seconds < 60.0 => format!("{seconds:.0} s"),
        seconds => format!(
            "{:.0} min {:02.0} s",
            (seconds / 60.0).floor(),
            seconds % 60.0
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_in_the_words_of_whoever_reads_them() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let now = "2026-11-24T16:40:00Z".parse().unwrap();
        for (opens, words) in [
            ("2026-11-24T18:00:00Z", "Opens 18:00"),
            ("2026-11-25T09:00:00Z", "Opens tomorrow 09:00"),
            ("2026-11-27T09:30:00Z", "Opens Friday 09:30"),
            ("2026-12-04T09:00:00Z", "Opens 4 December, 09:00"),
        ] {
            let opens = Some(opens.parse().unwrap());
            assert_eq!(hours(Openness::Closed { opens }, &zone, now), words);
        }
        let until = Some("2026-11-24T17:00:00Z".parse().unwrap());
        assert_eq!(
            hours(Openness::Open { until }, &zone, now),
            "Open until 17:00"
        );
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (number, words) in [
            ("+442079460001", "020 7946 0001"),
            ("+441632960101", "01632 960101"),
            ("+447700900104", "07700 900104"),
            ("+448081570192", "0808 157 0192"),
            ("+4412", "012"),
            ("1001", "1001"),
        ] {
            let number = Number::of(number);
            assert_eq!(number.words, words);
        }
    }

    #[test]
    fn waits_are_in_minutes_from_a_minute_on() {
        assert_eq!(wait(32.6), "33 s");
        assert_eq!(wait(59.7), "1 min 00 s");
        assert_eq!(wait(125.0), "2 min 05 s");
    }

    #[test]
    fn a_name_cannot_end_its_line_of_a_card() {
        assert_eq!(escaped("A, B; C\\D\r\nTEL:1"), "A\\, B\\; C\\\\D  TEL:1");
    }
}
