//! What is wrong with a plan is said at once, with its key and what would be right.

use rotaline_routing::{Fault, Plan, Service, Source};

fn faults(text: &str) -> Vec<Fault> {
    let source = Source {
        name: "plan.toml".to_owned(),
        text: text.to_owned(),
    };
    Plan::parse(&[source]).err().unwrap_or_default()
}

fn keys(text: &str) -> Vec<String> {
    faults(text).into_iter().map(|fault| fault.key).collect()
}

const GOOD: &str = r#"
inbound_number = "020 7946 0000"
[organisation.northfield]
name = "Northfield Hospitals"
zone = "Europe/London"
[number."020 7946 0001"]
service = "dial-in"
organisation = "northfield"
[specialty.cardiology]
organisation = "northfield"
name = "Cardiology"
key = 1
hours = ["mon-fri 09:00-17:00"]
outcomes = "advice"
[[specialty.cardiology.session]]
times = ["mon-fri 09:00-13:00"]
people = ["ann"]
[specialty.dermatology]
organisation = "northfield"
name = "Dermatology"
key = 2
hours = []
[[outcomes.advice.choice]]
id = "referral-avoided"
name = "Referral avoided"
key = 1
[person.ann]
name = "Dr Ann Archer"
[[person.ann.phone]]
kind = "mobile"
to = "07700 900101"
[practice.elm-street]
name = "Elm Street Surgery"
numbers = ["01632 960101"]
"#;

#[test]
fn a_good_plan_has_none() {
    assert_eq!(faults(GOOD), []);
}

/// A text of the good plan, what stands there instead, and the key that is at fault then.
const FAULTS: &[(&str, &str, &str)] = &[
    ("key = 2", "key = 1", "specialty.dermatology.key"),
    ("Dr Ann Archer", "", "person.ann.name"),
    ("Dr Ann Archer", "Dr\\u001b[2J Ann", "person.ann.name"),
    (
        "Elm Street",
        "Elm\\u202e Street",
        "practice.elm-street.name",
    ),
    ("key = 2", "key = 9", "specialty.dermatology.key"),
    ("key = 2", "key = \"2\"", "specialty.dermatology.key"),
    (
        "people = [\"ann\"]",
        "people = [\"zoe\"]",
        "specialty.cardiology.session.1.people",
    ),
    (
        "people = [\"ann\"]",
        "people = [\"ann\", \"ann\"]",
        "specialty.cardiology.session.1.people",
    ),
    (
        "Europe/London",
        "Europe/Lundon",
        "organisation.northfield.zone",
    ),
    (
        "09:00-13:00",
        "24:00-09:00",
        "specialty.cardiology.session.1.times",
    ),
    (
        "09:00-13:00",
        "09:00-09:00",
        "specialty.cardiology.session.1.times",
    ),
    ("09:00-17:00", "09:00-24:01", "specialty.cardiology.hours"),
    (
        "mon-fri 09:00-17:00",
        "mon-fry 09:00-17:00",
        "specialty.cardiology.hours",
    ),
    ("hours = []", "", "specialty.dermatology.hours"),
    ("07700 900101", "7700", "person.ann.phone.1.to"),
    ("07700 900101", "sip:", "person.ann.phone.1.to"),
    ("\"mobile\"", "\"pager\"", "person.ann.phone.1.kind"),
    ("01632 960101", "01632 x", "practice.elm-street.numbers"),
    ("\"020 7946 0000\"", "\"12\"", "inbound_number"),
    (
        "outcomes = \"advice\"",
        "outcomes = \"none\"",
        "specialty.cardiology.outcomes",
    ),
    (
        "organisation = \"northfield\"\nname = \"D",
        "organisation = \"south\"\nname = \"D",
        "specialty.dermatology.organisation",
    ),
    (
        "zone =",
        "ring_time_s = 29\nzone =",
        "organisation.northfield.ring_time_s",
    ),
    (
        "zone =",
        "colour = \"red\"\nzone =",
        "organisation.northfield.colour",
    ),
    (
        "zone =",
        "dial_out = 7\nzone =",
        "organisation.northfield.dial_out",
    ),
    (
        "zone =",
        "dial_out.prefixes = [\"01\", \"\"]\nzone =",
        "organisation.northfield.dial_out.prefixes",
    ),
    (
        "zone =",
        "dial_out.except = [\"44\"]\nzone =",
        "organisation.northfield.dial_out.except",
    ),
    (
        "zone =",
        "dial_out.at_once = 1001\nzone =",
        "organisation.northfield.dial_out.at_once",
    ),
    (
        "zone =",
        "dial_out.an_hour = -1\nzone =",
        "organisation.northfield.dial_out.an_hour",
    ),
    (
        "zone =",
        "dial_out.a_day = 1\nzone =",
        "organisation.northfield.dial_out.a_day",
    ),
    ("name = \"Dr Ann Archer\"", "", "person.ann.name"),
    (
        "name = \"Elm Street Surgery\"",
        "name = 7",
        "practice.elm-street.name",
    ),
    ("[person.ann]", "[persons.x]\n[person.ann]", "persons"),
    (
        "service = \"dial-in\"",
        "service = \"menu\"",
        "number.020 7946 0001.service",
    ),
    (
        "[person.ann]",
        "[number.\"+442079460001\"]\nservice = \"direct\"\nto = \"sip:a@h\"\n[person.ann]",
        "number.020 7946 0001",
    ),
    (
        "[person.ann]",
        "[practice.oak]\nname = \"Oak\"\nnumbers = [\"+441632960101\"]\n[person.ann]",
        "practice.oak.numbers",
    ),
    (
        "[practice.elm-street]",
        "[practice.Elm_Street]",
        "practice.Elm_Street",
    ),
    (
        "\"referral-avoided\"",
        "\"Referral avoided\"",
        "outcomes.advice.choice.1.id",
    ),
    (
        "key = 1\n[person",
        "[person",
        "outcomes.advice.choice.1.key",
    ),
    (
        "service = \"dial-in\"",
        "service = \"pifu\"\nspecialty = \"cardiology\"\nsecretaries = \"dermatology\"",
        "number.020 7946 0001.option",
    ),
    (
        "service = \"dial-in\"",
        "service = \"pifu\"\noption = 2\nspecialty = \"cardiology\"\nsecretaries = \"none\"",
        "number.020 7946 0001.secretaries",
    ),
    (
        "service = \"dial-in\"\norganisation = \"northfield\"",
        "service = \"call-back\"\norganisation = \"south\"",
        "number.020 7946 0001.organisation",
    ),
    (
        "hours = []",
        "hours = []\nkeep_trying = 1",
        "specialty.dermatology.keep_trying",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\npeople = []\n[specialty.dermatology]",
        "specialty.cardiology.override.1.dates",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\ndates = [\"2026-13-01\"]\npeople = []\n[specialty.dermatology]",
        "specialty.cardiology.override.1.dates",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\ndates = [\"2026-10-30..2026-10-26\"]\npeople = []\n[specialty.dermatology]",
        "specialty.cardiology.override.1.dates",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\ndates = [\"2026-10-26T10:00:00\"]\npeople = []\n[specialty.dermatology]",
        "specialty.cardiology.override.1.dates",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\ndates = [\"week 2026-10-26\"]\n[specialty.dermatology]",
        "specialty.cardiology.override.1.people",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\ndates = [\"2026-10-26\"]\npeople = [\"zoe\"]\n[specialty.dermatology]",
        "specialty.cardiology.override.1.people",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\ndates = [\"2026-10-26\"]\nsession = \"\"\npeople = []\n[specialty.dermatology]",
        "specialty.cardiology.override.1.session",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.override]]\ndates = [\"2026-10-26\"]\ntimes = [\"mon 09:00-10:00\"]\npeople = []\n[specialty.dermatology]",
        "specialty.cardiology.override.1.times",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.hours_on]]\ndates = [\"2026-10-26\"]\n[specialty.dermatology]",
        "specialty.cardiology.hours_on.1.hours",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.swap]]\nfirst = \"ann\"\ngives = \"2026-10-26 AM\"\nsecond = \"zoe\"\ntakes = \"2026-10-27 AM\"\n[specialty.dermatology]",
        "specialty.cardiology.swap.1.second",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.swap]]\nfirst = \"ann\"\ngives = \"2026-10-26 AM\"\nsecond = \"ann\"\ntakes = \"2026-10-27 AM\"\n[specialty.dermatology]",
        "specialty.cardiology.swap.1.second",
    ),
    (
        "[specialty.dermatology]",
        "[[specialty.cardiology.bank_holiday_session]]\ntimes = [\"09:00-10:00\"]\npeople = []\n[specialty.dermatology]",
        "specialty.cardiology.bank_holiday_session",
    ),
    (
        "hours = []",
        "hours = []\nbank_holidays = \"own\"",
        "specialty.dermatology.bank_holiday_hours",
    ),
    (
        "hours = []",
        "hours = []\nbank_holidays = \"shut\"",
        "specialty.dermatology.bank_holidays",
    ),
    (
        "hours = []",
        "hours = []\norder = \"random\"",
        "specialty.dermatology.order",
    ),
    (
        "zone =",
        "nation = \"france\"\nzone =",
        "organisation.northfield.nation",
    ),
    (
        "[practice.elm-street]",
        "[bank_holidays.england]\n\"25 December\" = \"Christmas\"\n[practice.elm-street]",
        "bank_holidays.england.25 December",
    ),
    (
        "[practice.elm-street]",
        "[bank_holidays.france]\n\"2026-07-14\" = \"Bastille\"\n[practice.elm-street]",
        "bank_holidays.france",
    ),
    (
        "[practice.elm-street]",
        "[[person.ann.absence]]\nfrom = \"2026-10-26\"\n[practice.elm-street]",
        "person.ann.absence.1.to",
    ),
    (
        "[practice.elm-street]",
        "[[person.ann.absence]]\nfrom = \"2026-10-26 12:00\"\nto = \"2026-10-26 12:00\"\n[practice.elm-street]",
        "person.ann.absence.1.to",
    ),
    (
        "= \"Cardiology\"",
        "= \"C\"\nprompt = \"No Good\"",
        "specialty.cardiology.prompt",
    ),
];

#[test]
fn each_fault_names_its_key() {
    for (good, bad, key) in FAULTS {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good}");
        assert_eq!(keys(&text), [*key], "{good} -> {bad}");
    }
}

#[test]
fn all_faults_are_found_at_once() {
    let text = GOOD
        .replace("key = 2", "key = 1")
        .replace("[\"ann\"]", "[\"zoe\"]")
        .replace("Europe/London", "Mars/Base")
        .replace("07700 900101", "1")
        .replace("01632 960101", "nothing");
    let found = keys(&text);
    let expected = [
        "organisation.northfield.zone",
        "person.ann.phone.1.to",
        "practice.elm-street.numbers",
        "specialty.cardiology.session.1.people",
        "specialty.dermatology.key",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_fault_says_what_is_wrong_and_what_would_be_right() {
    let text = GOOD.replace("09:00-13:00", "09:00-09:00");
    let said: Vec<String> = faults(&text).iter().map(ToString::to_string).collect();
    let expected = "plan.toml: specialty.cardiology.session.1.times: \"mon-fri 09:00-09:00\": it \
                    ends where it begins (a whole day is 00:00-24:00, a night e.g. 20:00-08:00)";
    assert_eq!(said, [expected]);
}

#[test]
fn what_is_no_toml_is_named_by_its_line() {
    let found = faults("inbound_number = \"020 7946 0000\"\n[organisation.x\n");
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].file.as_str(), found[0].key.as_str()),
        ("plan.toml:2", "")
    );
}

#[test]
fn a_plan_may_be_spread_over_files_but_names_everything_once() {
    let (first, second) = GOOD.split_at(GOOD.find("[person.ann]").unwrap());
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let both = [source("plan.toml", first), source("people.toml", second)];
    assert!(Plan::parse(&both).is_ok());
    let twice = [source("plan.toml", GOOD), source("people.toml", second)];
    let found = Plan::parse(&twice).unwrap_err();
    let places: Vec<(&str, &str)> = found
        .iter()
        .map(|fault| (fault.file.as_str(), fault.key.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("people.toml", "person.ann"),
            ("people.toml", "practice.elm-street")
        ]
    );
}

#[test]
fn who_is_on_a_rota_is_a_member_of_its_organisation() {
    let text = GOOD.replace(
        "name = \"Dr Ann Archer\"",
        "name = \"Dr Ann Archer\"\norganisations = [\"south\"]",
    );
    let expected = [
        "specialty.cardiology.session.1.people",
        "person.ann.organisations",
    ];
    assert_eq!(keys(&text), expected);
    let member = text.replace("[\"south\"]", "[\"northfield\"]");
    assert_eq!(faults(&member), []);
}

#[test]
fn the_inbound_number_is_a_service_of_its_own_unless_the_plan_gives_it_another() {
    let service = |text: &str| {
        let name = "plan.toml".to_owned();
        let text = text.to_owned();
        let plan = Plan::parse(&[Source { name, text }]).unwrap();
        let inbound = rotaline_model::Dialled::parse("020 7946 0000").unwrap();
        plan.service(&inbound).cloned()
    };
    assert!(matches!(service(GOOD), Some(Service::Inbound)));
    let other = GOOD.replace("number.\"020 7946 0001\"", "number.\"020 7946 0000\"");
    assert!(matches!(service(&other), Some(Service::DialIn { .. })));
}

#[test]
fn every_prompt_of_the_plan_is_listed() {
    let source = Source {
        name: "plan.toml".to_owned(),
        text: GOOD.to_owned(),
    };
    let plan = Plan::parse(&[source]).unwrap();
    let ids: Vec<&str> = plan.prompts().map(|id| id.as_str()).collect();
    for id in [
        "organisation/northfield",
        "specialty/cardiology",
        "outcome/referral-avoided",
        "practice/elm-street",
        "menu/calls-are-recorded",
        "number/0",
        "number/59",
        "day/sunday",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
}
