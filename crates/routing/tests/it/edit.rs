//! A rota edited on dates: what the week shows afterwards.

use jiff::civil::Date;
use rotaline_model::SpecialtyId;
use rotaline_routing::{
    EditedDates, Item, ItemKey, ItemKind, Items, NotCopied, OnPart, Plan, RotaPart, Source, SwapOn,
    copied_week, week,
};

const PLAN: &str = r#"
inbound_number = "020 7946 0000"
[organisation.o]
name = "O"
zone = "Europe/London"
[specialty.s]
organisation = "o"
name = "S"
hours = ["mon-fri 09:00-17:00"]
[[specialty.s.session]]
times = ["mon-fri 09:00-13:00"]
people = ["ann", "ben"]
[[specialty.s.session]]
times = ["mon-fri 13:00-17:00"]
people = ["ben", "ann"]
[[specialty.s.session]]
times = ["fri 20:00-08:00"]
people = ["cat"]
[person.ann]
name = "ann"
phone = [{ kind = "app", to = "sip:ann@h" }]
[person.ben]
name = "ben"
phone = [{ kind = "app", to = "sip:ben@h" }]
[person.cat]
name = "cat"
phone = [{ kind = "app", to = "sip:cat@h" }]
"#;
const MONDAY: &str = "2026-10-26";
const TUESDAY: &str = "2026-10-27";

struct Rota {
    items: Items,
    plan: Plan,
}

impl Rota {
    fn new() -> Rota {
        let (name, text) = ("plan.toml".to_owned(), PLAN.to_owned());
        let (items, plan) = Items::read(&[Source { name, text }]).unwrap();
        Rota { items, plan }
    }

    fn key() -> ItemKey {
        ItemKey::new(ItemKind::Specialty, "s")
    }

    fn item(&self) -> &Item {
        self.items.get(&Rota::key()).unwrap()
    }

    fn becomes(&mut self, item: Item) {
        self.items.apply((Rota::key(), Some(item)));
        self.plan = self.items.plan().unwrap();
    }

    fn set(&mut self, part: &RotaPart, people: &[&str], times: &[&str]) {
        let on = OnPart {
            people: people.iter().map(ToString::to_string).collect(),
            times: times.iter().map(ToString::to_string).collect(),
        };
        self.becomes(self.item().with_override(part, &on));
    }

    /// Who is on, session by session.
    fn on(&self, day: &str) -> Vec<String> {
        let specialty = self.plan.specialty(&SpecialtyId::parse("s").unwrap());
        let days = week(&self.plan, specialty.unwrap(), date(day));
        let day = days.into_iter().find(|it| it.date == date(day)).unwrap();
        let sessions = day.sessions.iter().map(|session| {
            let people: Vec<&str> = session.people.iter().map(|it| it.person.as_str()).collect();
            format!("{}: {}", session.name, people.join(" "))
        });
        sessions.collect()
    }

    fn overrides(&self) -> usize {
        self.item().text().matches("[[override]]").count()
    }
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn part(on: EditedDates, session: Option<&str>) -> RotaPart {
    let session = session.map(str::to_owned);
    RotaPart { on, session }
}

#[test]
fn a_session_set_twice_is_one_override_and_taken_back_it_is_as_usual() {
    let mut rota = Rota::new();
    let am = part(EditedDates::Date(date(MONDAY)), Some("AM"));
    rota.set(&am, &["cat"], &[]);
    rota.set(&am, &["cat", "ann"], &[]);
    assert_eq!(rota.on(MONDAY), ["AM: cat ann", "PM: ben ann"]);
    assert_eq!(rota.on(TUESDAY), ["AM: ann ben", "PM: ben ann"]);
    assert_eq!(rota.overrides(), 1);
    let small = part(am.on, Some("am"));
    rota.becomes(rota.item().without_override(&small).unwrap());
    assert_eq!(rota.on(MONDAY), ["AM: ann ben", "PM: ben ann"]);
    assert!(rota.item().without_override(&small).is_none());
}

#[test]
fn a_day_takes_the_place_of_its_sessions_and_a_date_beats_its_week() {
    let mut rota = Rota::new();
    let day = part(EditedDates::Date(date(MONDAY)), None);
    rota.set(&part(day.on, Some("AM")), &["cat"], &["08:00-12:00"]);
    rota.set(&day, &["ann"], &[]);
    assert_eq!(rota.on(MONDAY), ["AM: ann", "PM: ann"]);
    rota.set(&part(EditedDates::Week(date("2026-10-29")), None), &[], &[]);
    assert_eq!(rota.on(MONDAY), ["AM: ann", "PM: ann"], "a date is meant");
    assert_eq!(rota.on(TUESDAY), ["AM: ", "PM: "]);
}

#[test]
fn dates_that_share_an_entry_with_others_are_taken_out_of_it_alone() {
    let mut rota = Rota::new();
    let two = "organisation = \"o\"\nname = \"S\"\nhours = []\n[[session]]\ntimes = [\"daily 09:00-13:00\"]\n\
               people = [\"ann\"]\n[[override]]\ndates = [\"2026-10-26\", \"2026-10-27\"]\n\
               people = [\"cat\"]\n";
    rota.becomes(Item::parse(two).unwrap());
    let monday = part(EditedDates::Date(date(MONDAY)), None);
    rota.becomes(rota.item().without_override(&monday).unwrap());
    assert_eq!(rota.on(MONDAY), ["AM: ann"]);
    assert_eq!(rota.on(TUESDAY), ["AM: cat"]);
}

#[test]
fn a_swap_exchanges_two_sessions() {
    let mut rota = Rota::new();
    let swap = SwapOn {
        first: "cat".to_owned(),
        gives: (date("2026-10-30"), "NIGHT".to_owned()),
        second: "ann".to_owned(),
        takes: (date(MONDAY), "AM".to_owned()),
    };
    rota.becomes(rota.item().with_swap(&swap));
    assert_eq!(rota.on(MONDAY), ["AM: cat ben", "PM: ben ann"]);
    assert_eq!(rota.on("2026-10-30")[2], "NIGHT: ann");
    let copied = copied_week(
        &rota.plan,
        &rota.items,
        "s",
        date("2026-11-02"),
        date(MONDAY),
    );
    assert!(matches!(copied, Err(NotCopied::Swapped(_))), "{copied:?}");
}

#[test]
fn a_week_is_copied_with_its_overrides_and_swaps_and_can_be_copied_again() {
    let mut rota = Rota::new();
    let monday = EditedDates::Date(date(MONDAY));
    rota.set(
        &part(monday, Some("AM")),
        &["cat"],
        &["08:00-10:00", "11:00-13:00"],
    );
    rota.set(
        &part(EditedDates::Date(date("2026-10-31")), Some("EXTRA")),
        &["ben"],
        &["10:00-12:00"],
    );
    let swap = SwapOn {
        first: "ann".to_owned(),
        gives: (date(TUESDAY), "AM".to_owned()),
        second: "cat".to_owned(),
        takes: (date("2026-10-30"), "NIGHT".to_owned()),
    };
    rota.becomes(rota.item().with_swap(&swap));
    let to = date("2026-12-09");
    for _ in 0..2 {
        let copied = copied_week(&rota.plan, &rota.items, "s", date(MONDAY), to).unwrap();
        rota.becomes(copied);
        for (source, target) in [(MONDAY, "2026-12-07"), (TUESDAY, "2026-12-08")] {
            let mut on = [rota.on(source), rota.on(target)];
            on.iter_mut().for_each(|sessions| sessions.sort());
            assert_eq!(on[0], on[1], "{target}");
        }
        assert_eq!(rota.on("2026-12-12"), ["EXTRA: ben"]);
        assert!(rota.on("2026-12-11").contains(&"NIGHT: ann".to_owned()));
        assert_eq!(
            rota.on("2026-12-09"),
            rota.on("2026-10-28"),
            "nothing to say"
        );
    }
    let before = rota.overrides();
    let onto_itself = copied_week(&rota.plan, &rota.items, "s", to, date("2026-12-07"));
    assert!(matches!(onto_itself, Err(NotCopied::SameWeek)));
    assert_eq!(rota.overrides(), before);
}
