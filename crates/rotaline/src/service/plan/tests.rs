//! The plan kept in a database: its first start, later starts, edits, and edits taken back.

use std::path::Path;

use rotaline_engine::journal::KeptFile;
use rotaline_store::{SqliteStorage, Storage};

use super::*;

struct World {
    folder: tempfile::TempDir,
    storage: Arc<dyn Storage>,
    settings: Settings,
}

impl World {
    async fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let storage = SqliteStorage::open(&folder.path().join("a.db")).await;
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/demo/rotaline.toml");
        World {
            folder,
            storage: Arc::new(storage.unwrap()),
            settings: crate::settings::load(&demo).unwrap(),
        }
    }

    /// A person without a phone, whom this version does not take.
    async fn put_faulty(&self, checked_against: u64) -> u64 {
        let change = PlanChange {
            key: ("person".to_owned(), "dot".to_owned()),
            body: Some("name = \"Dot\"".to_owned()),
            expected: Expected::Anything,
        };
        let set = ChangeSet {
            changes: vec![change],
            checked_against,
            at: Timestamp::UNIX_EPOCH,
            by: "older".to_owned(),
        };
        match self.storage.change_plan(set).await.unwrap() {
            Changed::Done(revision) => revision,
            other => panic!("{other:?}"),
        }
    }

    async fn keeper(&self) -> Arc<PlanKeeper> {
        let storage = Arc::clone(&self.storage);
        let keeper = PlanKeeper::start(storage, &self.settings, self.copy());
        keeper.await.unwrap()
    }

    fn copy(&self) -> PlanCopy {
        PlanCopy::new(KeptFile::new(self.folder.path(), "plan"))
    }
}

fn dot() -> ItemKey {
    ItemKey::new(ItemKind::Person, "dot")
}

fn named(name: Option<&str>) -> Vec<Wish> {
    let text =
        |name| format!(r#"{{"name":"{name}","phone":[{{"kind":"mobile","to":"07700 900105"}}]}}"#);
    vec![Wish {
        key: dot(),
        item: name.map(|name| serde_json::from_str(&text(name)).unwrap()),
        expected: Expected::Anything,
    }]
}

async fn change(keeper: &Arc<PlanKeeper>, name: Option<&str>) -> u64 {
    let made = PlanDoor(Arc::clone(keeper))
        .change(named(name), "test".to_owned())
        .await;
    made.unwrap().revision
}

fn name_of(keeper: &PlanKeeper) -> Option<String> {
    let edition = keeper.current();
    let item = edition.items.get(&dot())?;
    item.text_at("name").map(str::to_owned)
}

#[tokio::test]
async fn later_starts_take_the_databases_plan_unless_the_settings_are_to_hold() {
    let mut world = World::new().await;
    assert_eq!(world.keeper().await.current().revision, 1);
    // Nobody has edited it: what is written in the files meanwhile holds.
    let wish = named(Some("Dolly")).remove(0);
    world.settings.items.apply((wish.key, wish.item));
    let keeper = world.keeper().await;
    assert_eq!(keeper.current().revision, 2);
    assert_eq!(keeper.current().items, world.settings.items);
    change(&keeper, Some("Dot")).await;
    assert_eq!(name_of(&*world.keeper().await).as_deref(), Some("Dot"));
    world.settings.plan_of = PlanOf::Settings;
    let keeper = world.keeper().await;
    assert_eq!(keeper.current().items, world.settings.items);
}

#[tokio::test]
async fn an_edit_is_checked_with_what_another_process_kept() {
    let world = World::new().await;
    let (one, other) = (world.keeper().await, world.keeper().await);
    let first = change(&one, Some("Dot")).await;
    assert_eq!(change(&other, Some("Dora")).await, first + 1);
    let mut late = named(Some("Dolly"));
    late[0].expected = Expected::Version(first);
    let refused = PlanDoor(Arc::clone(&one))
        .change(late, "test".to_owned())
        .await
        .unwrap_err();
    let now = Some(first + 1);
    assert!(
        matches!(&refused, NotChanged::Conflict { version, .. } if *version == now),
        "{refused:?}"
    );
    assert_eq!(name_of(&one).as_deref(), Some("Dora"));
}

#[tokio::test]
async fn a_revision_is_taken_back_only_if_nothing_changed_since() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    change(&keeper, Some("Dot")).await;
    let renamed = change(&keeper, Some("Dora")).await;
    let door = PlanDoor(Arc::clone(&keeper));
    let undo = |revision| door.undo(revision, "test".to_owned());
    undo(renamed).await.unwrap();
    assert_eq!(name_of(&keeper).as_deref(), Some("Dot"));
    let refused = undo(renamed).await.unwrap_err();
    assert!(
        matches!(refused, NotChanged::Conflict { .. }),
        "{refused:?}"
    );

    let renamed = change(&keeper, Some("Dora")).await;
    let removed = change(&keeper, None).await;
    let refused = undo(renamed).await.unwrap_err();
    assert!(
        matches!(refused, NotChanged::Conflict { .. }),
        "{refused:?}"
    );
    assert_eq!(name_of(&keeper), None, "taken away since: it stays away");
    undo(removed).await.unwrap();
    assert_eq!(name_of(&keeper).as_deref(), Some("Dora"));
    let refused = undo(999).await.unwrap_err();
    assert!(matches!(refused, NotChanged::NoSuchRevision), "{refused:?}");
}

#[tokio::test]
async fn what_another_process_changes_is_followed_unless_it_is_faulty_here() {
    let world = World::new().await;
    let (one, other) = (world.keeper().await, world.keeper().await);
    let revision = change(&one, Some("Dot")).await;
    assert_eq!(name_of(&other), None);
    other.catch_up(0).await.unwrap();
    assert_eq!(name_of(&other).as_deref(), Some("Dot"));
    assert_eq!(other.current().versions[&dot()], revision);
    let faulty = world.put_faulty(revision).await;
    let refused = other.catch_up(0).await.unwrap_err();
    assert!(
        matches!(&refused, NotFollowed::Faults { revision, .. } if *revision == faulty),
        "{refused:?}"
    );
    assert_eq!(name_of(&other).as_deref(), Some("Dot"), "the last good one");
    other.catch_up(faulty).await.unwrap();
}

#[tokio::test]
async fn a_plan_that_is_faulty_in_the_database_is_put_right_by_a_whole_one() {
    let world = World::new().await;
    let revision = change(&world.keeper().await, Some("Dot")).await;
    world.put_faulty(revision).await;
    let started =
        PlanKeeper::start(Arc::clone(&world.storage), &world.settings, world.copy()).await;
    let refused = started
        .err()
        .expect("no service without a plan")
        .to_string();
    assert!(
        refused.contains("person dot: person.dot.phone"),
        "{refused}"
    );
    let opened = PlanKeeper::open(Arc::clone(&world.storage), &world.settings).await;
    let (keeper, faults) = opened.unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let whole = |_: &Edition| Ok(world.settings.items.clone());
    keeper.replace(whole, "import").await.unwrap();
    assert_eq!(name_of(&*world.keeper().await), None);
}

#[tokio::test]
async fn a_prompt_that_is_not_there_is_told_with_the_item_that_names_it() {
    let world = World::new().await;
    let mut items = world.settings.items.clone();
    let practice = ItemKey::new(ItemKind::Practice, "mill-lane");
    let item = Item::parse("name = \"Mill Lane\"\nprompt = \"practice/mill-lane\"").unwrap();
    items.apply((practice, Some(item)));
    let faults = world.keeper().await.checked(&items).unwrap_err();
    let [fault] = faults.as_slice() else {
        panic!("{faults:?}");
    };
    assert_eq!(fault.file, "practice mill-lane");
    assert_eq!(fault.key, "practice.mill-lane.prompt");
}

#[tokio::test]
async fn without_the_database_a_start_goes_by_the_copy_until_the_database_answers() {
    let world = World::new().await;
    let refused = PlanKeeper::start(Backend::awaited(), &world.settings, world.copy()).await;
    let refused = refused.err().expect("nothing was ever copied").to_string();
    assert!(refused.contains("no copy"), "{refused}");

    let keeper = world.keeper().await;
    change(&keeper, Some("Dot")).await;
    let known = keeper.current();
    while world.copy().read().unwrap().unwrap().revision != known.revision {
        tokio::task::yield_now().await;
    }
    drop(keeper);
    let backend = Backend::awaited();
    let keeper = PlanKeeper::start(backend.clone(), &world.settings, world.copy());
    let keeper = keeper.await.unwrap();
    let by_copy = keeper.current();
    assert_eq!(
        (by_copy.revision, &by_copy.items),
        (known.revision, &known.items)
    );
    assert_eq!(by_copy.versions, known.versions);
    assert!(keeper.is_unsettled());
    let door = PlanDoor(Arc::clone(&keeper));
    let refused = door
        .change(named(None), "test".to_owned())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, NotChanged::Store(StoreError::NotOpen)),
        "{refused:?}"
    );

    // Meanwhile another process has changed it.
    let other = world.keeper().await;
    change(&other, Some("Dora")).await;
    backend.open(Arc::clone(&world.storage));
    keeper.settle(0).await.unwrap();
    assert!(!keeper.is_unsettled());
    assert_eq!(name_of(&keeper).as_deref(), Some("Dora"));
}
