//! Rotas as iCalendar: what a rota can say comes over, and all else is a fault with its line.

use rotaline_routing::{Item, ItemKey, ItemKind};
use toml::Value;

use crate::{faults, read};

/// A calendar with these lines in it.
fn calendar(lines: &str) -> String {
    let lines = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{lines}\nEND:VCALENDAR\n");
    lines.replace('\n', "\r\n")
}

/// An event with these lines in it; its first line is the fourth of the calendar.
fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"))
}

/// The sessions and overrides that a calendar of cardiology becomes.
fn rota(calendar: &str) -> (Value, Value) {
    let read = read(&[("rotas/cardiology.ics", calendar)]);
    let (items, _) = read.unwrap_or_else(|faults| panic!("{faults:#?} in {calendar}"));
    let cardiology = ItemKey::new(ItemKind::Specialty, "cardiology");
    let table = items.get(&cardiology).unwrap().table().clone();
    let list = |name| table.get(name).cloned().unwrap_or(Value::Array(Vec::new()));
    (list("session"), list("override"))
}

fn value(toml: &str) -> Value {
    let table = Item::parse(&format!("list = {toml}")).unwrap();
    table.table()["list"].clone()
}

fn fault(calendar: &str) -> String {
    let found = faults(&[("rotas/cardiology.ics", calendar)]);
    assert_eq!(found.len(), 1, "{found:#?} in {calendar}");
    found[0].clone()
}

const ZONE: &str = "TZID=Europe/London";

#[test]
fn a_weekly_event_is_a_session_and_its_title_says_who_is_on() {
    let text = event(&format!(
        "UID:1\nSUMMARY:AM: Dr Ann \n Archer\\, ben\nDTSTART;{ZONE}:20200106T090000\n\
         DTEND;{ZONE}:20200106T130000\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,FR\nATTENDEE:mailto:x@y\n\
         BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM"
    ));
    let session = r#"[{ name = "AM", times = ["mon-wed 09:00-13:00", "fri 09:00-13:00"],
                        people = ["ann", "ben"] }]"#;
    assert_eq!(
        rota(&text),
        (value(&session.replace('\n', "")), value("[]"))
    );
}

#[test]
fn every_form_of_a_repetition_that_a_rota_can_say_is_taken() {
    let cases = [
        (
            "DTEND:20260105T130000\nRRULE:FREQ=DAILY",
            "daily 09:00-13:00",
        ),
        (
            "DTEND:20260106T080000\nRRULE:FREQ=WEEKLY",
            "mon 09:00-08:00",
        ),
        (
            "DURATION:PT3H30M\nRRULE:FREQ=WEEKLY;WKST=SU",
            "mon 09:00-12:30",
        ),
        (
            "DTEND:20260106T000000\nRRULE:FREQ=WEEKLY;BYDAY=SU,SA",
            "sat-sun 09:00-24:00",
        ),
    ];
    for (lines, times) in cases {
        let text = event(&format!("SUMMARY:ann\nDTSTART:20260105T090000\n{lines}"));
        let (sessions, _) = rota(&text);
        assert_eq!(
            sessions[0]["times"],
            value(&format!("[\"{times}\"]")),
            "{lines}"
        );
        assert_eq!(sessions[0].get("name"), None);
    }
}

#[test]
fn an_event_that_ends_is_an_override_of_its_dates() {
    let once = event("SUMMARY:AM: ben\nDTSTART:20261201T100000Z\nDTEND:20261201T120000Z");
    let expected = r#"[{ session = "AM", dates = ["2026-12-01"], times = ["10:00-12:00"], people = ["ben"] }]"#;
    assert_eq!(rota(&once).1, value(expected));

    let some = event(
        "SUMMARY:ben\nDTSTART:20261201T090000\nDTEND:20261201T130000\n\
         RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3\nEXDATE:20261215T090000",
    );
    let expected = r#"[{ session = "AM", dates = ["2026-12-01", "2026-12-29"], times = ["09:00-13:00"], people = ["ben"] }]"#;
    assert_eq!(rota(&some).1, value(expected));

    let until = event(
        "SUMMARY:PM: -\nDTSTART:20261201T140000\nDTEND:20261201T170000\n\
         RRULE:FREQ=DAILY;UNTIL=20261203",
    );
    let expected = r#"[{ session = "PM", dates = ["2026-12-01", "2026-12-02", "2026-12-03"], times = ["14:00-17:00"], people = [] }]"#;
    assert_eq!(rota(&until).1, value(expected));
}

/// Rules, the first date, and the dates: examples of RFC 5545 section 3.8.5.3.
const EXAMPLES: [(&str, &str, &str); 8] = [
    ("FREQ=DAILY;COUNT=3", "19970902", "09-02 09-03 09-04"),
    (
        "FREQ=DAILY;INTERVAL=10;COUNT=5",
        "19970902",
        "09-02 09-12 09-22 10-02 10-12",
    ),
    ("FREQ=WEEKLY;COUNT=3", "19970902", "09-02 09-09 09-16"),
    (
        "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
        "19970902",
        "09-02 09-04 09-09 09-11 09-16 09-18 09-23 09-25 09-30 10-02",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        "19970901",
        "09-01 09-03 09-05 09-15 09-17 09-19 09-29 10-01 10-03 10-13 10-15 10-17 10-27 10-29 \
         10-31 11-10 11-12 11-14 11-24 11-26 11-28 12-08 12-10 12-12 12-22",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "19970902",
        "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "19970805",
        "08-05 08-10 08-19 08-24",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "19970805",
        "08-05 08-17 08-19 08-31",
    ),
];

//= RFC 5545 section 3.8.5.3
//= type=test
#[test]
fn the_standards_examples_have_their_dates() {
    for (rule, first, dates) in EXAMPLES {
        let text = event(&format!(
            "SUMMARY:AM: ann\nDTSTART:{first}T090000\nDTEND:{first}T110000\nRRULE:{rule}"
        ));
        let (_, overrides) = rota(&text);
        let found = overrides[0]["dates"].as_array().unwrap().iter();
        let found: Vec<&str> = found
            .map(|date| date.as_str().unwrap().trim_start_matches("1997-"))
            .collect();
        assert_eq!(found.join(" "), dates, "{rule}");
    }
}

#[test]
fn an_event_of_whole_days_leaves_the_times_as_they_are() {
    let text = calendar(
        "BEGIN:VEVENT\nSUMMARY:AM: ben\nDTSTART;VALUE=DATE:20261201\nEND:VEVENT\n\
         BEGIN:VEVENT\nSUMMARY:ann\nDTSTART;VALUE=DATE:20261207\nDTEND;VALUE=DATE:20261212\nEND:VEVENT",
    );
    let expected = r#"[{ session = "AM", dates = ["2026-12-01"], people = ["ben"] },
        { dates = ["2026-12-07..2026-12-11"], people = ["ann"] }]"#;
    assert_eq!(rota(&text).1, value(&expected.replace('\n', "")));
}

#[test]
fn one_of_a_weekly_event_can_be_left_out_changed_or_moved() {
    let weekly = "BEGIN:VEVENT\nUID:w\nSUMMARY:AM: ann\nDTSTART;TZID=Europe/London:20260105T090000\n\
         DTEND;TZID=Europe/London:20260105T130000\nRRULE:FREQ=WEEKLY\n\
         EXDATE:20261207T090000Z\nEND:VEVENT\n";
    let other = "BEGIN:VEVENT\nUID:w\nRECURRENCE-ID;TZID=Europe/London:20261214T090000\n\
         SUMMARY:AM: ben\nDTSTART;TZID=Europe/London:20261214T100000\n\
         DTEND;TZID=Europe/London:20261214T130000\nEND:VEVENT\n";
    let moved = "BEGIN:VEVENT\nUID:w\nRECURRENCE-ID:20261221T090000Z\n\
         SUMMARY:AM: ann\nDTSTART:20261222T090000\nDTEND:20261222T130000\nEND:VEVENT\n";
    let cancelled = "BEGIN:VEVENT\nUID:w\nRECURRENCE-ID:20261228T090000\nSTATUS:CANCELLED\n\
         DTSTART:20261228T090000\nDTEND:20261228T130000\nEND:VEVENT";
    let text = calendar(&format!("{weekly}{other}{moved}{cancelled}"));
    let expected = r#"[
        { session = "AM", dates = ["2026-12-07", "2026-12-21", "2026-12-28"], people = [] },
        { session = "AM", dates = ["2026-12-14"], times = ["10:00-13:00"], people = ["ben"] },
        { session = "AM", dates = ["2026-12-22"], times = ["09:00-13:00"], people = ["ann"] }]"#;
    assert_eq!(rota(&text).1, value(&expected.replace('\n', "")));
}

#[test]
fn times_of_another_zone_are_told_by_the_clock_of_the_rota() {
    // The clocks of London and New York change a week apart; in between it is four hours.
    let text = event(
        "SUMMARY:ann\nDTSTART;TZID=America/New_York:20261020T080000\n\
         DTEND;TZID=America/New_York:20261020T110000\nRRULE:FREQ=WEEKLY;COUNT=3",
    );
    let expected = r#"[
        { session = "PM", dates = ["2026-10-20", "2026-11-03"], times = ["13:00-16:00"], people = ["ann"] },
        { session = "PM", dates = ["2026-10-27"], times = ["12:00-15:00"], people = ["ann"] }]"#;
    assert_eq!(rota(&text).1, value(&expected.replace('\n', "")));
    // A night with twenty-five hours in its day: twelve hours end at seven.
    let night = event("SUMMARY:ann\nDTSTART;TZID=Europe/London:20261024T200000\nDURATION:PT12H");
    assert_eq!(rota(&night).1[0]["times"], value("[\"20:00-07:00\"]"));
    // Outlook has names of its own.
    let outlook = event(
        "SUMMARY:ann\nDTSTART;TZID=\"GMT Standard Time\":20260706T090000\n\
         DTEND;TZID=GMT Standard Time:20260706T130000\nRRULE:FREQ=WEEKLY",
    );
    assert_eq!(rota(&outlook).0[0]["times"], value("[\"mon 09:00-13:00\"]"));
}

/// Lines of an event (`@` is its times, two lines), and how its fault begins.
const FAULTS: [(&str, &str); 19] = [
    ("@", "3: the event has no SUMMARY"),
    ("SUMMARY:AM:\n@", "4: the title names nobody"),
    ("SUMMARY:AM: zoe\n@", "4: there is no person \"zoe\""),
    ("SUMMARY:ann", "3: the event has no DTSTART"),
    (
        "SUMMARY:ann\nDTSTART:20260105T090000",
        "3: it has no end that fits",
    ),
    (
        "SUMMARY:ann\nDTSTART:20260105T090000\nDTEND:20260106T090000",
        "6: a session lasts for less than a day",
    ),
    (
        "SUMMARY:ann\nDTSTART:20260105T090030\nDTEND:20260105T130000",
        "5: DTSTART \"20260105T090030\": a rota has whole minutes",
    ),
    (
        "SUMMARY:ann\nDTSTART;TZID=Nowhere:20260105T090000",
        "5: DTSTART \"20260105T090000\": there is no such time zone",
    ),
    (
        "SUMMARY:ann\n@\nRRULE:FREQ=MONTHLY",
        "7: a rota repeats by the day or the",
    ),
    (
        "SUMMARY:ann\n@\nRRULE:FREQ=WEEKLY;BYDAY=1MO",
        "7: a rota cannot say BYDAY",
    ),
    (
        "SUMMARY:ann\n@\nRRULE:FREQ=WEEKLY;INTERVAL=2",
        "7: it has more than 1000",
    ),
    (
        "SUMMARY:ann\n@\nRRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU;COUNT=9",
        "7: it begins on a day that",
    ),
    (
        "SUMMARY:ann\n@\nRRULE:COUNT=2",
        "7: what has no FREQ is no part",
    ),
    (
        "SUMMARY:ann\n@\nRDATE:20260106T090000",
        "7: a rota has nothing for this RDATE",
    ),
    (
        "SUMMARY:ann\nDTSTART:20270105T090000\nDTEND:20270105T130000\nRRULE:FREQ=WEEKLY",
        "5: it begins on 2027-01-05, and a weekly session at once",
    ),
    (
        "SUMMARY:ann\nDTSTART:20260105T090000Z\nDTEND:20260105T130000Z\nRRULE:FREQ=WEEKLY",
        "5: it repeats by another clock",
    ),
    (
        "SUMMARY:ann\nDTSTART:20261025T013000Z\nDTEND:20261025T050000Z",
        "5: at that moment the clock shows a time for the second time",
    ),
    (
        "SUMMARY:ann\n@\nRECURRENCE-ID:20260105T090000",
        "7: it is in place of a repeated event that is not here",
    ),
    ("SUMMARY:ann\n@\nnot a line", "7: is no line of a calendar"),
];

#[test]
fn what_a_rota_cannot_say_is_a_fault_with_its_line() {
    for (lines, expected) in FAULTS {
        let lines = lines.replace('@', "DTSTART:20260105T090000\nDTEND:20260105T130000");
        let found = fault(&event(&lines));
        let expected = format!("rotas/cardiology.ics:{expected}");
        assert!(found.starts_with(&expected), "{found}, not {expected}");
        assert!(found.ends_with(')'), "a remedy: {found}");
    }
}

#[test]
fn a_session_of_a_date_is_said_once() {
    let twice = "BEGIN:VEVENT\nSUMMARY:AM: ann\nDTSTART:20261201T090000\nDTEND:20261201T110000\nEND:VEVENT\n\
         BEGIN:VEVENT\nSUMMARY:am: ben\nDTSTART:20261201T110000\nDTEND:20261201T130000\nEND:VEVENT";
    let found = fault(&calendar(twice));
    let expected = "rotas/cardiology.ics:8: line 3 says who is on AM on 2026-12-01 too";
    assert!(found.starts_with(expected), "{found}");
    // The same people at two times of a date are one override.
    let (_, overrides) = rota(&calendar(&twice.replace("am: ben", "AM: ann")));
    assert_eq!(
        overrides[0]["times"],
        value("[\"09:00-11:00\", \"11:00-13:00\"]")
    );
    assert_eq!(overrides.as_array().unwrap().len(), 1);
}

#[test]
fn what_is_no_event_is_a_fault() {
    let found = fault(&calendar("BEGIN:VTODO\nSUMMARY:x\nEND:VTODO"));
    assert!(
        found.starts_with("rotas/cardiology.ics:3: a rota has nothing for VTODO"),
        "{found}"
    );
    let zone = "BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:1\nEND:STANDARD\nEND:VTIMEZONE";
    assert_eq!(rota(&calendar(zone)), (value("[]"), value("[]")));
    let cut = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:ann\n";
    assert!(fault(cut).starts_with("rotas/cardiology.ics:2: VEVENT has no END"));
    for nonsense in ["END:VCALENDAR\n", ""] {
        assert!(fault(nonsense).starts_with("rotas/cardiology.ics:1: is no calendar"));
    }
}

#[test]
fn a_name_that_two_people_have_needs_an_id() {
    let people = "id,name,phones\nann,Dr A,mobile 07700 900101\nalf,Dr A,mobile 07700 900102\n";
    let text = event("SUMMARY:dr a\nDTSTART:20261201T090000\nDTEND:20261201T110000");
    let found = faults(&[("people.csv", people), ("rotas/cardiology.ics", &text)]);
    let expected =
        "rotas/cardiology.ics:4: \"dr a\" is the name of alf and ann (use the id of one of them)";
    assert_eq!(found, [expected]);
}
