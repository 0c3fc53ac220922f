//! People, practices, absences and rotas as CSV.

use rotaline_exchange::{Extent, Reading};
use rotaline_routing::{Item, ItemKey, ItemKind, Items};

use crate::{NOW, faults, file, item, read, whole};

#[test]
fn a_person_has_phones_organisations_and_absences() {
    let people = "\u{feff}id,phones,name,organisations,ring_time_s\r\n\
        ann,\"mobile +44 7700 900101; desk sip:ann@192.0.2.1 20s\",Dr Ann Archer,northfield,12\r\n";
    let absences = "person,from,to\nann,2026-12-24,\nann,2027-01-04 13:00,2027-01-08\n";
    let (items, _) = read(&[("people.csv", people), ("absences.csv", absences)]).unwrap();
    let expected: Item = Item::parse(
        "name = \"Dr Ann Archer\"\norganisations = [\"northfield\"]\nring_time_s = 12\n\
         [[phone]]\nkind = \"mobile\"\nto = \"+44 7700 900101\"\n\
         [[phone]]\nkind = \"desk\"\nto = \"sip:ann@192.0.2.1\"\nring_time_s = 20\n\
         [[absence]]\nfrom = \"2026-12-24\"\nto = \"2026-12-24\"\n\
         [[absence]]\nfrom = \"2027-01-04 13:00\"\nto = \"2027-01-08\"\n",
    )
    .unwrap();
    let ann = ItemKey::new(ItemKind::Person, "ann");
    assert_eq!(items.get(&ann), Some(&expected));
}

#[test]
fn a_practice_keeps_its_numbers_and_the_noughts_of_its_code() {
    let practices = "id,name,area,numbers,reception,code\n\
        elm-street,Elm Street Surgery,North,01632 960101; +44 1632 960102,01632 960100,0041\n";
    let (_, plan) = read(&[("practices.csv", practices)]).unwrap();
    let practice = plan.practice_with_code("0041").unwrap();
    assert_eq!(practice.name, "Elm Street Surgery");
    assert_eq!(practice.numbers[1].as_str(), "+441632960102");
}

#[test]
fn a_rota_has_every_kind_of_entry() {
    let rota = "entry,session,dates,times,people,gives,takes\n\
        weekly,AM,,mon-fri 09:00-13:00; sat 10:00-12:00,ann; ben,,\n\
        weekly,,,sun 00:00-24:00,-,,\n\
        override,AM,2026-12-01; week 2026-12-07,,ben,,\n\
        hours,,2026-12-25,-,,,\n\
        swap,,,,ann; ben,2026-12-02 AM,2026-12-03 AM\n\
        bank-holiday,,,10:00-12:00,ann,,\n";
    let own = "[specialty.own]\norganisation = \"northfield\"\nname = \"Own\"\nhours = []\n\
        prompt = \"specialty/cardiology\"\nbank_holidays = \"own\"\nbank_holiday_hours = []\n";
    let (items, _) = read(&[("more.toml", own), ("rotas/own.csv", rota)]).unwrap();
    let text = item(&items, ItemKind::Specialty, "own");
    for list in [
        "session",
        "override",
        "hours_on",
        "swap",
        "bank_holiday_session",
    ] {
        assert!(text.contains(&format!("[[{list}]]")), "{list} in {text}");
    }
    assert!(text.contains("first = \"ann\"\n"), "{text}");
    assert!(text.contains("hours = []\n"), "closed on a date: {text}");
    assert!(text.contains("people = []\n"), "nobody: {text}");
}

#[test]
fn every_fault_of_every_file_is_told_at_once_with_its_line() {
    let people = "id,name,phones\n\
        ann,Dr Ann Archer,mobile 07700 900101\n\
        \n\
        ben,,07700900102\n\
        Cat Cole,Dr Cat,mobile 07700 900103\n\
        dev,\"Dr\nDev\",mobile 12\n";
    let practices = "id,name,numbers\nelm,Elm Street,\"01632 960101; 1632\"\nelm,Elm,\n";
    let rota = "entry,times,people\nweekly,mon-fry 09:00-13:00,ann\nweekly,mon 09:00-13:00,zoe\n";
    let found = faults(&[
        ("people.csv", people),
        ("practices.csv", practices),
        ("rotas/cardiology.csv", rota),
        (
            "more.toml",
            "[person.eve]\nname = 3\n[[person.eve.phone]]\nkind = \"pager\"\n",
        ),
    ]);
    let expected = [
        "more.toml:2: person.eve.name: 3 is no text",
        "more.toml:4: person.eve.phone.1.kind: \"pager\" is unknown",
        "people.csv:4: name: is empty (e.g. Dr Ann Archer)",
        "people.csv:4: phones: \"07700900102\" names a phone without its kind (e.g. mobile",
        "people.csv:5: id: ",
        "people.csv:6: name: \"Dr\\nDev\" has characters that are not seen",
        "people.csv:6: phones: \"12\": ",
        "practices.csv:2: numbers: \"1632\": ",
        "practices.csv:3: id: practice elm is there already, at practices.csv:2",
        "rotas/cardiology.csv:2: times: \"mon-fry 09:00-13:00\": there is no such day",
        "rotas/cardiology.csv:3: people: there is no person zoe",
    ];
    for fault in expected {
        let told = found.iter().filter(|it| it.starts_with(fault)).count();
        assert_eq!(told, 1, "{fault} in {found:#?}");
    }
}

#[test]
fn the_form_of_a_sheet_is_held() {
    let cases = [
        ("", "people.csv:1: is empty"),
        (
            "id;name;phones\nann;Ann;mobile 0\n",
            "people.csv:1: there is no column \"id;name;phones\"",
        ),
        (
            "id,nme,phones\n",
            "people.csv:1: there is no column \"nme\" (the columns are id, name,",
        ),
        (
            "id,name\n",
            "people.csv:1: the column \"phones\" is missing",
        ),
        (
            "id,name,phones,id\n",
            "people.csv:1: has two columns \"id\"",
        ),
        (
            "id,name,phones\nann,Ann\n",
            "people.csv:2: has 2 cells, and the header has 3",
        ),
        (
            "id,name,phones\nann,Ann, Archer,mobile 1\n",
            "people.csv:2: has 4 cells",
        ),
        (
            "id,name,phones\n\nann,\"Ann,x\nben,Ben,x\n",
            "people.csv:3: a quotation mark is not closed",
        ),
    ];
    for (text, fault) in cases {
        let found = faults(&[("people.csv", text)]);
        assert!(
            found.iter().any(|it| it.starts_with(fault)),
            "{fault} in {found:#?}"
        );
    }
    let latin = crate::PlanFile {
        name: "people.csv".into(),
        bytes: b"id,name,phones\nann,Zo\xeb,mobile 07700 900101\n".to_vec(),
    };
    let found = whole(&[file("plan.toml", crate::WHOLE), latin]).unwrap_err();
    assert_eq!(
        found,
        ["people.csv:2: is no UTF-8 (save the file as UTF-8)"]
    );
}

#[test]
fn what_is_not_read_is_a_fault_unless_it_is_no_part_of_a_plan() {
    for name in [
        "poeple.csv",
        "people.csv/x.csv",
        "rotas/more/x.ics",
        "cardiology.ics",
    ] {
        let found = faults(&[(name, "")]);
        let fault = format!("{name}:1: is read as nothing");
        assert!(found.iter().any(|it| it.starts_with(&fault)), "{found:#?}");
    }
    for name in ["README.md", ".~people.csv", ".DS_Store", "notes.txt"] {
        assert_eq!(faults(&[(name, "x")]), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn an_entry_has_no_cells_that_do_nothing() {
    let rota = "entry,session,dates,times,people,gives,takes\n\
        weekly,,2026-12-01,mon 09:00-13:00,ann,,\n\
        shift,,,,,,\n\
        swap,,,,ann,2026-12-02 AM,2026-12-03 AM\n";
    let found = faults(&[("rotas/cardiology.csv", rota)]);
    let expected = [
        "rotas/cardiology.csv:2: dates: does nothing for weekly",
        "rotas/cardiology.csv:3: entry: \"shift\" is no entry of a rota",
        "rotas/cardiology.csv:4: people: a swap has two people, not 1",
    ];
    for fault in expected {
        assert!(
            found.iter().any(|it| it.starts_with(fault)),
            "{fault} in {found:#?}"
        );
    }
}

#[test]
fn a_rota_is_said_in_one_place() {
    let toml = "[specialty.own]\norganisation = \"northfield\"\nname = \"Own\"\nhours = []\n\
        prompt = \"specialty/cardiology\"\n\
        [[specialty.own.session]]\ntimes = [\"mon 09:00-10:00\"]\npeople = [\"ann\"]\n";
    let rota = "entry,times,people\nweekly,mon-fri 09:00-13:00,ann\n";
    let found = faults(&[
        ("a.toml", toml),
        ("rotas/own.csv", rota),
        ("rotas/eye.csv", rota),
    ]);
    let expected = [
        "rotas/eye.csv:1: there is no specialty eye (name the file after the id of a specialty)",
        "rotas/own.csv:1: specialty own says its session at a.toml:6 too (say it in one of the two)",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_part_is_added_to_the_plan_that_there_is() {
    let (current, _) = read(&[(
        "rotas/cardiology.csv",
        "entry,session,dates,times,people\nweekly,AM,,mon 09:00-13:00,ann\n\
         override,AM,2026-12-07,,ben\n",
    )])
    .unwrap();
    let part = |files: &[(&str, &str)]| {
        let files: Vec<_> = files.iter().map(|(name, text)| file(name, text)).collect();
        let reading = Reading::of(&files, Extent::Part, &current, NOW);
        reading.judged(Items::plan)
    };
    let (items, _) = part(&[
        (
            "people.csv",
            "id,name,phones\ncat,Dr Cat Cole,mobile 07700 900103\n",
        ),
        (
            "rotas/cardiology.csv",
            "entry,times,people\nweekly,tue 09:00-13:00,cat\n",
        ),
    ])
    .unwrap();
    let people: Vec<&str> = items
        .of(ItemKind::Person)
        .map(|(key, _)| key.id.as_str())
        .collect();
    assert_eq!(people, ["ann", "ben", "cat"]);
    let cardiology = item(&items, ItemKind::Specialty, "cardiology");
    assert!(cardiology.contains("tue 09:00-13:00"), "{cardiology}");
    assert!(cardiology.contains("name = \"Cardiology\""), "{cardiology}");
    assert!(
        !cardiology.contains("override"),
        "the file is the whole rota: {cardiology}"
    );

    // What it breaks elsewhere is told as what is there already.
    let broken = part(&[(
        "people.csv",
        "id,name,organisations,phones\nann,Ann,x,mobile 0\n",
    )]);
    let broken: Vec<String> = broken
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        broken
            .iter()
            .any(|it| it.starts_with("people.csv:2: organisations: there is no organ")),
        "{broken:#?}"
    );
}
