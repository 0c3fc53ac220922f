//! Files to items and back, and what happens to what nobody should have written.

use proptest::prelude::*;

use rotaline_model::PromptId;

use super::*;

const DEMO: &str = include_str!("../../../../config/demo/plan.toml");

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn demo() -> Items {
    Items::read(&[source("plan.toml", DEMO)]).unwrap().0
}

#[test]
fn every_section_becomes_items_and_the_plan_stays_the_same() {
    let (items, plan) = Items::read(&[source("plan.toml", DEMO)]).unwrap();
    let names: Vec<String> = items.iter().map(|(key, _)| key.to_string()).collect();
    for name in ["deployment", "specialty cardiology", "person ann"] {
        assert!(names.contains(&name.to_owned()), "{name} of {names:?}");
    }
    let again = items.plan().unwrap();
    assert_eq!(format!("{again:?}"), format!("{plan:?}"));
}

#[test]
fn files_and_document_read_back_equal() {
    let items = demo();
    assert_eq!(Items::read(&items.files()).unwrap().0, items);
    let whole = source("all", &items.document());
    assert_eq!(Items::read(&[whole]).unwrap().0, items);
    let names: Vec<String> = items.files().into_iter().map(|file| file.name).collect();
    assert_eq!(names[0], "deployment.toml");
    assert_eq!(names.last().unwrap(), "practice.toml");
}

#[test]
fn a_fault_names_item_and_key() {
    let mut items = demo();
    let ann = ItemKey::new(ItemKind::Person, "ann");
    let faulty = Item::parse("name = \"Dr Ann\"\nrign_time_s = 3").unwrap();
    items.apply((ann, Some(faulty)));
    let faults = items.plan().unwrap_err();
    let found = faults
        .iter()
        .find(|fault| fault.key == "person.ann.rign_time_s");
    assert_eq!(found.expect("a fault").file, "person ann");
    items.apply((ItemKey::new(ItemKind::Person, "ann"), None));
    let faults = items.plan().unwrap_err();
    assert!(
        faults
            .iter()
            .all(|fault| fault.file == "specialty cardiology"),
        "{faults:?}"
    );
}

#[test]
fn a_number_is_one_item_however_it_is_written() {
    let one = ItemKey::new(ItemKind::Number, "020 7946 0001");
    assert_eq!(one, ItemKey::new(ItemKind::Number, "02079460001"));
    assert!(demo().get(&one).is_some());
    assert_eq!(ItemKey::new(ItemKind::Number, "no number").id, "no number");
}

#[test]
fn differences_lead_from_one_to_the_other() {
    let (mut from, mut to) = (demo(), demo());
    to.apply((ItemKey::new(ItemKind::Practice, "elm-street-surgery"), None));
    let dot = Item::parse("name = \"Dr Dot\"").unwrap();
    to.apply((ItemKey::new(ItemKind::Person, "dot"), Some(dot)));
    let differences = from.differences(&to);
    assert_eq!(differences.len(), 2);
    for difference in differences {
        from.apply(difference);
    }
    assert_eq!(from, to);
}

#[test]
fn every_prompt_of_the_plan_is_named_with_its_item() {
    let items = demo();
    let named = items.prompts();
    let of_the_plan = items.plan().unwrap().prompts;
    assert_eq!(BTreeSet::from_iter(named.keys().cloned()), of_the_plan);
    let choice = PromptId::parse("outcome/referral-made").unwrap();
    let menu = ItemKey::new(ItemKind::Outcomes, "advice");
    let place = (menu, "outcomes.advice.choice.2.prompt".to_owned());
    assert_eq!(named[&choice], [place]);
}

proptest! {
    /// Whatever ids and names somebody gives, they stay ids and names of one item.
    #[test]
    fn text_from_outside_stays_in_its_item(id in "\\PC{1,24}|a\\]\\n\\[b", name in "(?s).{0,40}") {
        let item = Item(Table::from_iter([("name".to_owned(), Value::String(name))]));
        let key = ItemKey::new(ItemKind::Person, &id);
        let items = Items::from_iter([(key.clone(), item.clone())]);
        let mut back = Items::default();
        back.take_apart(items.document().parse().unwrap());
        prop_assert_eq!(&back, &items);
        prop_assert_eq!(Item::parse(&item.text()).unwrap(), item);
    }
}
