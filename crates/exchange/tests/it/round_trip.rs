//! Export, then import: the same plan; import, then export: the same files.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rotaline_exchange::{PlanFile, Rotas, write};
use rotaline_routing::{Item, ItemKey, ItemKind, Items, Source};

use crate::whole;

const DEMO: &str = include_str!("../../../../config/demo/plan.toml");

fn demo() -> Items {
    let source = Source {
        name: "plan.toml".to_owned(),
        text: DEMO.to_owned(),
    };
    Items::read(&[source]).unwrap().0
}

fn names(files: &[PlanFile]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_ref()).collect()
}

fn comes_back(items: &Items) {
    for rotas in [Rotas::Sheets, Rotas::Calendars] {
        let files = write(items, rotas);
        let (read, _) = whole(&files).unwrap_or_else(|faults| panic!("{faults:#?} of {files:#?}"));
        assert_eq!(&read, items, "{files:#?}");
        assert_eq!(write(&read, rotas), files, "canonical");
    }
}

#[test]
fn the_demos_plan_comes_back_from_its_folder() {
    let items = demo();
    comes_back(&items);
    let sheets = [
        "absences.csv",
        "deployment.toml",
        "numbers.toml",
        "organisations.toml",
        "outcomes.toml",
        "people.csv",
        "practices.csv",
        "rotas/cardiology.csv",
        "rotas/dermatology.csv",
        "rotas/neurology.csv",
        "rotas/rheumatology.csv",
        "rotas/secretaries.csv",
        "specialties.toml",
    ];
    let without = |name: &&&str| **name != "rotas/neurology.csv";
    let sheets: Vec<&str> = sheets.iter().filter(without).copied().collect();
    assert_eq!(
        names(&write(&items, Rotas::Sheets)),
        sheets,
        "one without a rota has no file"
    );
    let files = write(&items, Rotas::Calendars);
    assert!(
        names(&files).contains(&"rotas/dermatology.ics"),
        "{:?}",
        names(&files)
    );
}

#[test]
fn what_an_organisation_may_ring_comes_back_and_its_faults_have_their_lines() {
    let mut items = demo();
    let key = ItemKey::new(ItemKind::Organisation, "northfield");
    let mut organisation = items.get(&key).unwrap().clone();
    let own = "prefixes = [\"01632\"]\nexcept = []\nat_once = 3\nan_hour = 30";
    let own: toml::Table = own.parse().unwrap();
    let table = organisation.table_mut();
    table.insert("dial_out".to_owned(), own.clone().into());
    items.apply((key.clone(), Some(organisation.clone())));
    comes_back(&items);
    let mut bad = own;
    bad.insert("prefixes".to_owned(), vec![""].into());
    organisation
        .table_mut()
        .insert("dial_out".to_owned(), bad.into());
    items.apply((key, Some(organisation)));
    let faults = whole(&write(&items, Rotas::Sheets)).unwrap_err();
    let [fault] = faults.as_slice() else {
        panic!("one fault: {faults:?}");
    };
    assert!(fault.starts_with("organisations.toml:"), "{fault}");
    assert!(fault.contains("dial_out.prefixes"), "{fault}");
}

#[test]
fn what_no_row_holds_stands_in_toml() {
    let mut items = demo();
    let person = ItemKey::new(ItemKind::Person, "ann");
    let mut ann = items.get(&person).unwrap().clone();
    // A row's cells are trimmed.
    ann.table_mut().insert("name".to_owned(), " Ann; ".into());
    items.apply((person, Some(ann)));
    comes_back(&items);
    let files = write(&items, Rotas::Sheets);
    assert!(
        names(&files).contains(&"people.toml"),
        "{:?}",
        names(&files)
    );
}

#[test]
fn a_calendar_that_is_written_is_one_that_others_read() {
    let mut items = demo();
    let key = ItemKey::new(ItemKind::Person, "dev");
    let mut dev = items.get(&key).unwrap().clone();
    let name = "Dr Devendranath Désiré Dashwood-Featherstonehaugh the Younger of Northfield";
    dev.table_mut().insert("name".to_owned(), name.into());
    items.apply((key, Some(dev)));
    let files = write(&items, Rotas::Calendars);
    let calendar = files
        .iter()
        .find(|file| &*file.name == "rotas/dermatology.ics")
        .unwrap();
    let text = String::from_utf8(calendar.bytes.clone()).unwrap();
    assert!(
        text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    assert!(
        text.contains("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU\r\n"),
        "{text}"
    );
    assert!(text.contains("DTSTART;TZID=Europe/London:"), "{text}");
    comes_back(&items);
}

const PEOPLE: [&str; 4] = ["ann", "ben", "cat", "dev"];

/// Names as people have them, and as others would like them to be.
fn name() -> impl Strategy<Value = String> {
    const ODD: [&str; 12] = [
        "=1+1", "+44", "-", "a,b", "a;b", "\"q\"", "'x", "Zoë", "ann", "A: b", "\\n", "x ",
    ];
    prop_oneof![
        "[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}",
        select(&ODD[..]).prop_map(str::to_owned)
    ]
}

fn people() -> impl Strategy<Value = Vec<String>> {
    let shuffled = subsequence(&PEOPLE[..], 0..=PEOPLE.len()).prop_shuffle();
    shuffled.prop_map(|ids| ids.into_iter().map(str::to_owned).collect())
}

fn times() -> impl Strategy<Value = String> {
    select(&["09:00-13:00", "00:00-24:00", "20:00-08:00", "13:30-24:00"][..])
        .prop_map(str::to_owned)
}

fn dates() -> impl Strategy<Value = String> {
    const ALL: [&str; 5] = [
        "2026-12-01",
        "2026-12-07..2026-12-11",
        "week 2026-12-14",
        "2026-10-25",
        "2027-03-28",
    ];
    select(&ALL[..]).prop_map(str::to_owned)
}

fn session_name() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(select(&["AM", "PM", "on call"][..]).prop_map(str::to_owned))
}

fn entry(parts: Vec<(&str, toml::Value)>) -> toml::Value {
    let parts = parts
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    toml::Value::Table(parts.collect())
}

fn named(key: &'static str, name: Option<String>) -> Vec<(&'static str, toml::Value)> {
    name.into_iter().map(|name| (key, name.into())).collect()
}

fn session() -> impl Strategy<Value = toml::Value> {
    let days = select(&["mon-fri", "daily", "sat-sun", "wed", "fri-mon", "MON-TUE"][..]);
    let weekly = (days, times()).prop_map(|(days, times)| format!("{days} {times}"));
    (session_name(), vec(weekly, 0..3), people()).prop_map(|(name, times, people)| {
        let mut parts = named("name", name);
        parts.extend([("times", times.into()), ("people", people.into())]);
        entry(parts)
    })
}

fn override_of() -> impl Strategy<Value = toml::Value> {
    let times = proptest::option::of(vec(times(), 0..3));
    (session_name(), vec(dates(), 0..3), times, people()).prop_map(
        |(name, dates, times, people)| {
            let mut parts = named("session", name);
            parts.extend([("dates", dates.into()), ("people", people.into())]);
            parts.extend(times.map(|times| ("times", times.into())));
            entry(parts)
        },
    )
}

fn swap() -> impl Strategy<Value = toml::Value> {
    (0..3_usize).prop_map(|first| {
        entry(vec![
            ("first", PEOPLE[first].into()),
            ("second", PEOPLE[first + 1].into()),
            ("gives", "2026-12-01 AM".into()),
            ("takes", "2026-12-02 on call".into()),
        ])
    })
}

fn person() -> impl Strategy<Value = Item> {
    let phone = (
        select(&["mobile", "desk", "home", "app"][..]),
        0..9_u8,
        proptest::option::of(5..20_i64),
    );
    let absence = select(&["2026-12-24", "2026-12-31 13:00"][..]);
    (
        name(),
        vec(phone, 1..3),
        vec(absence, 0..3),
        proptest::option::of(5..20_i64),
    )
        .prop_map(|(name, phones, absences, seconds)| {
            let phones: Vec<toml::Value> = (0..)
                .zip(phones)
                .map(|(place, (kind, digit, seconds))| {
                    let to = match digit % 3 {
                        0 => format!("+44 7700 90{place}{digit}01"),
                        1 => format!("0 7700-90{place}{digit}02"),
                        _ => format!("sip:x;y={place}@192.0.2.{digit}:5060"),
                    };
                    let mut parts = vec![("kind", kind.into()), ("to", to.into())];
                    parts.extend(seconds.map(|it| ("ring_time_s", it.into())));
                    entry(parts)
                })
                .collect();
            let absences: Vec<toml::Value> = absences
                .into_iter()
                .map(|from| entry(vec![("from", from.into()), ("to", "2027-01-02".into())]))
                .collect();
            let mut parts = vec![("name", name.into()), ("phone", phones.into())];
            if !absences.is_empty() {
                parts.push(("absence", absences.into()));
            }
            parts.extend(seconds.map(|it| ("ring_time_s", it.into())));
            Item::from(entry(parts).as_table().unwrap().clone())
        })
}

fn practice() -> impl Strategy<Value = Item> {
    (
        name(),
        proptest::option::of(name()),
        proptest::option::of(vec(0..2_u8, 0..2)),
        any::<bool>(),
    )
        .prop_map(|(name, area, numbers, called)| {
            let mut parts = vec![("name", name.into())];
            parts.extend(area.map(|area| ("area", area.into())));
            let number = |it: u8| format!("{}1632 96010{it}", if called { "+44 " } else { "0" });
            if let Some(mut numbers) = numbers {
                numbers.dedup();
                let numbers: Vec<String> = numbers.into_iter().map(number).collect();
                parts.push(("numbers", numbers.into()));
            }
            if called {
                parts.push(("code", "0041".into()));
            }
            Item::from(entry(parts).as_table().unwrap().clone())
        })
}

prop_compose! {
    fn plan()(
        persons in vec(person(), PEOPLE.len()),
        practice in proptest::option::of(practice()),
        sessions in vec(session(), 0..4),
        overrides in vec(override_of(), 0..4),
        swaps in vec(swap(), 0..2),
        hours in proptest::option::of(dates()),
    ) -> Items {
        let mut items = Items::read(&[Source {
            name: "x".to_owned(),
            text: crate::WHOLE.to_owned(),
        }]).unwrap().0;
        for (id, person) in PEOPLE.into_iter().zip(persons) {
            items.apply((ItemKey::new(ItemKind::Person, id), Some(person)));
        }
        items.apply((ItemKey::new(ItemKind::Practice, "elm"), practice));
        let cardiology = ItemKey::new(ItemKind::Specialty, "cardiology");
        let table = items.get_mut(&cardiology).unwrap().table_mut();
        let hours_on = hours.map(|it| entry(vec![
            ("dates", vec![it].into()),
            ("hours", Vec::<String>::new().into()),
        ]));
        let lists = [
            ("session", sessions),
            ("override", overrides),
            ("swap", swaps),
            ("hours_on", hours_on.into_iter().collect()),
        ];
        for (name, list) in lists {
            if !list.is_empty() {
                table.insert(name.to_owned(), list.into());
            }
        }
        items
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever a plan without a fault says, its folder says too.
    #[test]
    fn any_plan_comes_back_from_its_folder(items in plan()) {
        prop_assume!(items.plan().is_ok());
        comes_back(&items);
    }
}
