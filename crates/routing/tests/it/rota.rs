//! Rotas by date: overrides, swaps, absences, bank holidays, other hours; and their explanations.

use jiff::Timestamp;
use jiff::civil::Date;
use rotaline_model::{PersonId, SpecialtyId};
use rotaline_routing::{Away, Explanation, Plan, Presence, Source, WhyNot, explain, week};

/// A plan in London, with what is added to the specialty, and to Ann.
fn plan(specialty: &str, ann: &str) -> Plan {
    let people: String = ["ben", "cat", "dev"]
        .iter()
        .map(|id| {
            format!(
                "[person.{id}]\nname = \"{id}\"\n[[person.{id}.phone]]\nkind = \"app\"\n\
                 to = \"sip:{id}@h\"\n"
            )
        })
        .collect();
    let text = format!(
        r#"
inbound_number = "020 7946 0000"
[organisation.o]
name = "O"
zone = "Europe/London"
nation = "england"
[specialty.s]
organisation = "o"
name = "S"
hours = ["mon-fri 08:00-18:00"]
{specialty}
[[specialty.s.session]]
times = ["mon-fri 08:00-13:00"]
people = ["ann", "ben"]
[[specialty.s.session]]
times = ["mon-fri 13:00-18:00"]
people = ["cat", "ann"]
[person.ann]
name = "ann"
[[person.ann.phone]]
kind = "app"
to = "sip:ann@h"
{ann}
{people}
"#
    );
    let name = "plan.toml".to_owned();
    Plan::parse(&[Source { name, text }]).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn on(plan: &Plan, at: &str) -> Vec<String> {
    let specialty = plan.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    let people = plan.on_rota(specialty, at.parse().unwrap());
    people.iter().map(|person| person.id.to_string()).collect()
}

fn open(plan: &Plan, at: &str) -> bool {
    let specialty = plan.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    plan.open_at(specialty, at.parse().unwrap())
}

fn explained(plan: &Plan, presence: &Presence, at: &str) -> Explanation {
    let specialty = SpecialtyId::parse("s").unwrap();
    explain(plan, presence, &specialty, at.parse().unwrap()).unwrap()
}

/// Monday 26 October 2026: winter time since the day before.
const MONDAY_AM: &str = "2026-10-26T10:05:00Z";
const MONDAY_PM: &str = "2026-10-26T14:00:00Z";
const TUESDAY_AM: &str = "2026-10-27T10:05:00Z";
const TUESDAY_PM: &str = "2026-10-27T14:00:00Z";

#[test]
fn an_override_is_of_one_session_of_a_day_or_of_a_week() {
    let one = "[[specialty.s.override]]\ndates = [\"2026-10-26\"]\nsession = \"am\"\n\
               people = [\"dev\"]";
    let plan_of = |text: &str| plan(text, "");
    let it = plan_of(one);
    assert_eq!(on(&it, MONDAY_AM), ["dev"]);
    assert_eq!(on(&it, MONDAY_PM), ["cat", "ann"]);
    assert_eq!(on(&it, TUESDAY_AM), ["ann", "ben"]);
    let it = plan_of(&one.replace("session = \"am\"\n", ""));
    assert_eq!(on(&it, MONDAY_PM), ["dev"]);
    assert_eq!(on(&it, TUESDAY_PM), ["cat", "ann"]);
    let it = plan_of(&one.replace("\"2026-10-26\"", "\"week 2026-10-29\""));
    assert_eq!(on(&it, MONDAY_AM), ["dev"]);
    assert_eq!(on(&it, TUESDAY_AM), ["dev"]);
    assert_eq!(on(&it, TUESDAY_PM), ["cat", "ann"]);
    assert_eq!(on(&it, "2026-11-02T10:05:00Z"), ["ann", "ben"]);
}

#[test]
fn the_most_specific_override_wins_and_of_equals_the_latest() {
    let entry = |dates: &str, session: &str, people: &str| {
        format!("[[specialty.s.override]]\ndates = [\"{dates}\"]\n{session}\npeople = [{people}]\n")
    };
    let am = "session = \"AM\"";
    let day_first = entry("2026-10-26", "", "\"dev\"") + &entry("week 2026-10-26", am, "\"ben\"");
    let it = plan(&day_first, "");
    // Fewer days win over one session of a week, whichever is written first.
    assert_eq!(on(&it, MONDAY_AM), ["dev"]);
    assert_eq!(on(&it, TUESDAY_AM), ["ben"]);
    let both = entry("2026-10-26", am, "\"cat\"") + &entry("2026-10-26", "", "");
    let it = plan(&both, "");
    assert_eq!(on(&it, MONDAY_AM), ["cat"]);
    assert!(on(&it, MONDAY_PM).is_empty());
    let twice = entry("2026-10-26", am, "\"cat\"") + &entry("2026-10-26", am, "\"dev\"");
    assert_eq!(on(&plan(&twice, ""), MONDAY_AM), ["dev"]);
}

#[test]
fn an_override_may_have_times_of_its_own() {
    let late = "[[specialty.s.override]]\ndates = [\"2026-10-26\"]\nsession = \"AM\"\n\
                times = [\"10:30-13:00\"]\npeople = [\"dev\"]";
    let it = plan(late, "");
    assert!(on(&it, MONDAY_AM).is_empty());
    assert_eq!(on(&it, "2026-10-26T10:30:00Z"), ["dev"]);
    // A session that the week does not have.
    let saturday = "[[specialty.s.hours_on]]\ndates = [\"2026-10-31\"]\nhours = [\"10:00-12:00\"]\n\
                    [[specialty.s.override]]\ndates = [\"2026-10-31\"]\ntimes = [\"10:00-12:00\"]\n\
                    people = [\"ben\"]";
    let it = plan(saturday, "");
    assert_eq!(on(&it, "2026-10-31T11:00:00Z"), ["ben"]);
    assert!(open(&it, "2026-10-31T11:00:00Z") && !open(&it, "2026-10-31T12:00:00Z"));
}

const SWAP: &str = "[[specialty.s.swap]]\nfirst = \"ben\"\ngives = \"2026-10-26 AM\"\n\
                    second = \"cat\"\ntakes = \"2026-10-27 PM\"\n";

#[test]
fn a_swap_exchanges_two_sessions_and_is_undone_as_one() {
    let it = plan(SWAP, "");
    assert_eq!(on(&it, MONDAY_AM), ["ann", "cat"]);
    assert_eq!(on(&it, MONDAY_PM), ["cat", "ann"]);
    assert_eq!(on(&it, TUESDAY_PM), ["ben", "ann"]);
    assert_eq!(on(&it, TUESDAY_AM), ["ann", "ben"]);
    let undone = plan("", "");
    assert_eq!(on(&undone, MONDAY_AM), ["ann", "ben"]);
    assert_eq!(on(&undone, TUESDAY_PM), ["cat", "ann"]);
}

#[test]
fn who_is_away_is_not_rung_for_whole_days_or_hours() {
    let away = |from: &str, to: &str| {
        format!("[[person.ann.absence]]\nfrom = \"{from}\"\nto = \"{to}\"\n")
    };
    let it = plan("", &away("2026-10-26", "2026-10-26"));
    assert_eq!(on(&it, MONDAY_AM), ["ben"]);
    assert_eq!(on(&it, MONDAY_PM), ["cat"]);
    assert_eq!(on(&it, TUESDAY_AM), ["ann", "ben"]);
    let it = plan("", &away("2026-10-26 10:00", "2026-10-26 10:06"));
    assert_eq!(on(&it, MONDAY_AM), ["ben"]);
    assert_eq!(on(&it, "2026-10-26T10:06:00Z"), ["ann", "ben"]);
    assert_eq!(on(&it, "2026-10-26T09:59:59Z"), ["ann", "ben"]);
}

#[test]
fn a_bank_holiday_is_closed_unless_the_specialty_says_otherwise() {
    // Friday 25 December, and Monday 28 in place of Boxing Day.
    let christmas = "2026-12-25T10:00:00Z";
    let it = plan("", "");
    assert!(!open(&it, christmas) && on(&it, christmas).is_empty());
    assert!(!open(&it, "2026-12-28T10:00:00Z"));
    assert!(open(&it, "2026-12-24T10:00:00Z") && open(&it, "2026-12-29T10:00:00Z"));
    let it = plan("bank_holidays = \"as-usual\"", "");
    assert!(open(&it, christmas));
    assert_eq!(on(&it, christmas), ["ann", "ben"]);
    let own = "bank_holidays = \"own\"\nbank_holiday_hours = [\"10:00-12:00\"]\n\
               [[specialty.s.bank_holiday_session]]\ntimes = [\"09:00-12:00\"]\n\
               people = [\"dev\"]";
    let it = plan(own, "");
    assert!(open(&it, christmas) && !open(&it, "2026-12-25T09:59:00Z"));
    assert_eq!(on(&it, christmas), ["dev"]);
    assert_eq!(on(&it, "2026-12-24T10:00:00Z"), ["ann", "ben"]);
}

#[test]
fn other_hours_on_a_date_beat_the_week_and_the_bank_holiday() {
    let hours = "[[specialty.s.hours_on]]\ndates = [\"2026-10-26\", \"2026-12-25\"]\n\
                 hours = [\"09:00-12:00\"]\n[[specialty.s.hours_on]]\n\
                 dates = [\"week 2026-10-26\"]\nhours = []";
    let it = plan(hours, "");
    assert!(open(&it, "2026-10-26T11:59:59Z") && !open(&it, "2026-10-26T12:00:00Z"));
    assert!(!open(&it, TUESDAY_AM));
    assert!(open(&it, "2026-12-25T09:00:00Z"));
    assert_eq!(on(&it, "2026-12-25T09:00:00Z"), ["ann", "ben"]);
    let specialty = it.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    let opening = it
        .next_opening(specialty, "2026-10-26T12:00:00Z".parse().unwrap())
        .unwrap();
    assert_eq!(opening.local.to_string(), "2026-11-02T08:00:00");
}

#[test]
fn a_session_over_midnight_belongs_to_the_date_that_it_begins_on() {
    let night = "[[specialty.s.session]]\ntimes = [\"fri 20:00-08:00\"]\npeople = [\"dev\"]\n\
                 [[specialty.s.override]]\ndates = [\"2026-10-30\"]\nsession = \"night\"\n\
                 people = [\"cat\"]";
    let it = plan(night, "");
    // Friday 23 to Saturday 24 October; summer time still.
    assert!(on(&it, "2026-10-23T18:59:00Z").is_empty());
    assert_eq!(on(&it, "2026-10-23T19:00:00Z"), ["dev"]);
    assert_eq!(on(&it, "2026-10-24T06:59:00Z"), ["dev"]);
    assert!(on(&it, "2026-10-24T07:00:00Z").is_empty());
    assert_eq!(on(&it, "2026-10-31T03:00:00Z"), ["cat"]);
}

#[test]
fn an_explanation_says_who_is_rung_and_why_nobody_else_is() {
    let more =
        format!("{SWAP}[[specialty.s.override]]\ndates = [\"2026-10-28\"]\npeople = [\"dev\"]\n");
    let away = "[[person.ann.absence]]\nfrom = \"2026-10-26\"\nto = \"2026-10-26\"\n";
    let it = plan(&more, away);
    let mut presence = Presence::default();
    let why = |explanation: &Explanation, id: &str| {
        let all = explanation.not_rung.iter();
        let mut found = all.filter(|it| it.person.as_str() == id);
        found.next().map(|it| it.why.clone())
    };
    let monday = explained(&it, &presence, MONDAY_AM);
    let rung: Vec<&str> = monday.rung.iter().map(|it| it.person.as_str()).collect();
    assert_eq!(rung, ["cat"]);
    assert_eq!(why(&monday, "ann"), Some(WhyNot::Absent));
    let cat = PersonId::parse("cat").unwrap();
    assert_eq!(why(&monday, "ben"), Some(WhyNot::SwappedOut(cat.clone())));
    assert_eq!(why(&monday, "dev"), Some(WhyNot::NotOnThisSession));
    let said = "S, Monday 26 October 2026 at 10:05: open by the weekly hours.\n\
                Session AM of 2026-10-26, from weekly session 1.\n\
                1. cat: number 1 on the rota.\n\
                Not ann: away.\n\
                Not ben: gave this session to cat.\n\
                Not dev: not on this session.\n";
    assert_eq!(monday.to_string(), said);

    let wednesday = explained(&it, &presence, "2026-10-28T10:00:00Z");
    assert_eq!(why(&wednesday, "ben"), Some(WhyNot::Overridden(1)));
    assert_eq!(wednesday.sessions[0].from.to_string(), "override 1");

    assert!(presence.reserve(&cat));
    let until: Timestamp = "2026-10-26T11:00:00Z".parse().unwrap();
    presence.pause(&PersonId::parse("ben").unwrap(), until);
    let busy = explained(&it, &presence, MONDAY_AM);
    assert!(busy.rung.is_empty());
    assert_eq!(why(&busy, "cat"), Some(WhyNot::Busy));
    let tuesday = explained(&plan("", ""), &presence, MONDAY_AM);
    assert_eq!(why(&tuesday, "ben"), Some(WhyNot::Paused(until)));

    let holiday = explained(&plan("", ""), &Presence::default(), "2026-12-25T10:00:00Z");
    assert_eq!(holiday.bank_holiday.as_deref(), Some("Christmas Day"));
    assert!(holiday.open.is_none() && holiday.rung.is_empty());
}

#[test]
fn what_is_explained_is_what_the_hunt_does() {
    use rotaline_routing::{Hunt, Next};
    let away = "[[person.ann.absence]]\nfrom = \"2026-10-26 09:00\"\nto = \"2026-10-26 15:00\"\n";
    let it = plan(SWAP, away);
    let presence = Presence::default();
    let begin: Timestamp = "2026-10-26T00:00:00Z".parse().unwrap();
    let mut busy_times = 0;
    for quarter in 0..4 * 48 {
        let at = begin + std::time::Duration::from_secs(900 * quarter);
        let told = explained(&it, &presence, &at.to_string());
        let told: Vec<PersonId> = told.rung.into_iter().map(|it| it.person).collect();
        let mut hunt = Hunt::new(SpecialtyId::parse("s").unwrap());
        let mut rung = Vec::new();
        while let Next::Ring(candidate) = hunt.next(&it, &presence, &[], at) {
            rung.push(candidate.person);
        }
        assert_eq!(told, rung, "{at}");
        busy_times += usize::from(!rung.is_empty());
    }
    assert_eq!(busy_times, 80);
}

#[test]
fn a_week_shows_each_day_its_sessions_and_their_sources() {
    let more = format!("{SWAP}[[specialty.s.override]]\ndates = [\"2026-10-28\"]\npeople = []\n");
    let away = "[[person.ann.absence]]\nfrom = \"2026-10-29 12:00\"\nto = \"2026-10-29\"\n";
    let it = plan(&more, away);
    let specialty = it.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    let days = week(&it, specialty, "2026-10-30".parse::<Date>().unwrap());
    let shown: Vec<String> = days
        .iter()
        .flat_map(|day| &day.sessions)
        .map(|session| {
            let people: Vec<String> = session
                .people
                .iter()
                .map(|turn| {
                    let swapped = turn.instead_of.as_ref().map(|id| format!(" for {id}"));
                    let away = match turn.away {
                        Away::No => "",
                        Away::Partly => " partly away",
                        Away::Wholly => " away",
                    };
                    format!("{}{}{away}", turn.person, swapped.unwrap_or_default())
                })
                .collect();
            let (date, name, from) = (session.date, &session.name, &session.from);
            format!("{date} {name} {from}: {}", people.join(", "))
        })
        .collect();
    let expected = [
        "2026-10-26 AM weekly session 1: ann, cat for ben",
        "2026-10-26 PM weekly session 2: cat, ann",
        "2026-10-27 AM weekly session 1: ann, ben",
        "2026-10-27 PM weekly session 2: ben for cat, ann",
        "2026-10-28 AM override 1: ",
        "2026-10-28 PM override 1: ",
        "2026-10-29 AM weekly session 1: ann partly away, ben",
        "2026-10-29 PM weekly session 2: cat, ann away",
        "2026-10-30 AM weekly session 1: ann, ben",
        "2026-10-30 PM weekly session 2: cat, ann",
    ];
    assert_eq!(shown, expected);
    assert_eq!(days.len(), 7);
    assert!(days[6].hours.is_empty());
}
