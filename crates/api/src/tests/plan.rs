//! The plan by HTTP: read, changed with versions, refused with every fault, taken back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{StatusCode, header};
use jiff::Timestamp;
use rotaline_routing::{Item, ItemKey, Items, Source};
use rotaline_store::{HistoryQuery, Pending, PlanVersion};

use super::world::{Answer, World};
use crate::{Changing, Edition, NotChanged, PlanDesk, Wish};

const DEMO: &str = include_str!("../../../../config/demo/plan.toml");

/// Keeps the plan in memory, with one revision to go back.
pub(super) struct Desk {
    editions: Mutex<Vec<Arc<Edition>>>,
}

impl Desk {
    pub(super) fn demo() -> Desk {
        let source = Source {
            name: "plan.toml".to_owned(),
            text: DEMO.to_owned(),
        };
        let (items, plan) = Items::read(&[source]).unwrap();
        let versions: BTreeMap<ItemKey, u64> =
            items.iter().map(|(key, _)| (key.clone(), 1)).collect();
        let edition = Edition {
            revision: 1,
            plan: Arc::new(plan),
            items,
            versions,
        };
        Desk {
            editions: Mutex::new(vec![Arc::new(edition)]),
        }
    }

    fn make(&self, wishes: Vec<Wish>) -> Result<Arc<Edition>, NotChanged> {
        let before = self.current();
        let (mut items, mut versions) = (before.items.clone(), before.versions.clone());
        let revision = before.revision + 1;
        for wish in wishes {
            let version = versions.get(&wish.key).copied();
            let key = wish.key.clone();
            if !wish.expected.holds(version) {
                return Err(NotChanged::Conflict { key, version });
            }
            match &wish.item {
                Some(_) => versions.insert(key, revision),
                None => versions.remove(&key),
            };
            items.apply((wish.key, wish.item));
        }
        let plan = Arc::new(items.plan().map_err(NotChanged::Faults)?);
        let edition = Arc::new(Edition {
            revision,
            plan,
            items,
            versions,
        });
        self.editions.lock().unwrap().push(Arc::clone(&edition));
        Ok(edition)
    }
}

impl PlanDesk for Desk {
    fn current(&self) -> Arc<Edition> {
        Arc::clone(self.editions.lock().unwrap().last().unwrap())
    }

    fn change(&self, wishes: Vec<Wish>, by: String) -> Changing<'_> {
        assert!(!by.is_empty());
        let made = self.make(wishes);
        Box::pin(async { made })
    }

    fn history(&self, query: HistoryQuery) -> Pending<'_, Vec<PlanVersion>> {
        let editions = self.editions.lock().unwrap();
        let newest_first = editions.iter().rev();
        let before = query.before.unwrap_or(u64::MAX);
        let of_one = newest_first
            .filter(|it| it.revision < before)
            .flat_map(|it| {
                let changed = it.versions.iter().filter(|(_, at)| **at == it.revision);
                changed.map(|(key, _)| PlanVersion {
                    revision: it.revision,
                    key: (key.kind.name().to_owned(), key.id.clone()),
                    body: it.items.get(key).map(Item::text),
                    changed_at: Timestamp::UNIX_EPOCH,
                    changed_by: "API token".to_owned(),
                })
            });
        let asked = |it: &PlanVersion| query.key.as_ref().is_none_or(|key| it.key == *key);
        let mut versions: Vec<PlanVersion> = of_one.filter(asked).collect();
        let mut revisions: Vec<u64> = versions.iter().map(|it| it.revision).collect();
        revisions.dedup();
        revisions.truncate(query.revisions);
        versions.retain(|it| revisions.contains(&it.revision));
        Box::pin(async { Ok(versions) })
    }

    fn undo(&self, _revision: u64, _by: String) -> Changing<'_> {
        Box::pin(async { Err(NotChanged::NoSuchRevision) })
    }
}

async fn send(world: &World, method: &str, path: &str, tag: Option<&str>, body: &str) -> Answer {
    let mut request = world
        .request(method, path)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(tag) = tag {
        request = request.header(header::IF_MATCH, tag);
    }
    world
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

const DOT: &str = r#"{"name":"Dr Dot","phone":[{"kind":"mobile","to":"07700 900105"}]}"#;

#[tokio::test]
async fn an_item_is_made_read_changed_and_taken_away() {
    let world = World::new().await;
    let path = "/api/v1/people/dot";
    let made = send(&world, "PUT", path, None, DOT).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header(header::ETAG), "\"2\"");
    let read = world.get(path).await;
    assert_eq!(read.json()["phone"][0]["to"], "07700 900105");
    assert_eq!(read.header(header::ETAG), "\"2\"");
    let stale = send(&world, "PUT", path, Some("\"1\""), DOT).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(stale.problem(), "version-differs");
    assert_eq!(stale.json()["current_version"], 2);
    let meanwhile = stale.json()["changed_meanwhile"].clone();
    assert_eq!(meanwhile["changed_by"], "API token");
    assert_eq!(meanwhile["item"]["name"], "Dr Dot");
    let gone = send(&world, "DELETE", path, Some("\"2\""), "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get(path).await.problem(), "no-such-item");
}

#[tokio::test]
async fn faults_are_all_told_and_change_nothing() {
    let world = World::new().await;
    let body = r#"{"name":"Dr Ann","rign_time_s":3,"phone":[{"kind":"fax","to":"x y"}]}"#;
    let refused = send(&world, "PUT", "/api/v1/people/ann", None, body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.problem(), "plan-faulty");
    let errors = refused.json()["errors"].clone();
    let fields: Vec<&str> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    for field in [
        "person.ann.rign_time_s",
        "person.ann.phone.1.kind",
        "person.ann.phone.1.to",
    ] {
        assert!(fields.contains(&field), "{field} of {fields:?}");
    }
    assert_eq!(errors[0]["place"], "person ann");
    let ann = world.get("/api/v1/people/ann").await.json();
    assert_eq!(ann["name"], "Dr Ann Archer");
    // Whoever is on a rota cannot be taken away.
    let refused = send(&world, "DELETE", "/api/v1/people/ann", None, "").await;
    assert_eq!(refused.problem(), "plan-faulty");
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let world = World::new().await;
    let first = world.get("/api/v1/people?limit=2").await.json();
    assert_eq!(first["items"][0]["id"], "ann");
    assert_eq!(first["next"], "ben");
    let rest = world.get("/api/v1/people?limit=100&after=ben").await.json();
    assert_eq!(rest["items"][0]["id"], "cat");
    assert!(rest["next"].is_null());
    let found = world.get("/api/v1/people?name=BRIGHT").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["items"][0]["id"], "ben");
    let number = world.get("/api/v1/numbers/02079460001").await;
    assert_eq!(number.json()["service"], "dial-in");
    let none = world.get("/api/v1/people?limit=0").await;
    assert_eq!(none.problem(), "bad-request");
}

#[tokio::test]
async fn a_rota_is_shown_by_week_and_explained_at_a_moment() {
    let world = World::new().await;
    let week = world.get("/api/v1/rotas/cardiology?week=2026-10-26").await;
    assert_eq!(week.json().as_array().unwrap().len(), 7);
    let path = "/api/v1/rotas/cardiology/explain?at=2026-10-26T10:05:00Z";
    let explained = world.get(path).await.json();
    assert_eq!(explained["rung"][0]["person"], "ann");
    let none = world.get("/api/v1/rotas/none?week=2026-10-26").await;
    assert_eq!(none.problem(), "no-such-item");
    let bad = world.get("/api/v1/rotas/cardiology?week=monday").await;
    assert_eq!(bad.problem(), "bad-request");
}

#[tokio::test]
async fn what_the_plan_was_is_told_revision_by_revision_and_of_an_item_with_what_it_was() {
    let world = World::new().await;
    let path = "/api/v1/people/dot";
    send(&world, "PUT", path, None, DOT).await;
    let renamed = DOT.replace("Dr Dot", "Dr Dora");
    send(&world, "PUT", path, None, &renamed).await;
    let all = world.get("/api/v1/plan/history?limit=1").await.json();
    assert_eq!(all["revisions"][0]["revision"], 3);
    let change = &all["revisions"][0]["changes"][0];
    assert_eq!(
        (&change["kind"], &change["id"]),
        (&"person".into(), &"dot".into())
    );
    assert!(
        change["kept"] == true && change["item"].is_null(),
        "{change}"
    );
    assert_eq!(all["next"], 3);

    let of_dot = "/api/v1/plan/history?kind=person&id=dot";
    let own = world.get(of_dot).await.json();
    let names: Vec<_> = own["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["changes"][0]["item"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Dr Dora", "Dr Dot"]);
    assert!(own["next"].is_null());
    for bad in ["limit=0", "kind=person", "kind=persons&id=dot"] {
        let refused = world.get(&format!("/api/v1/plan/history?{bad}")).await;
        assert_eq!(refused.problem(), "bad-request", "{bad}");
    }
}

#[tokio::test]
async fn what_holds_for_the_whole_and_bank_holidays_are_edited_like_the_rest() {
    let world = World::new().await;
    let path = "/api/v1/deployment";
    let whole = world.get(path).await;
    assert_eq!(whole.json()["inbound_number"], "020 7946 0000");
    let body = r#"{"inbound_number":"020 7946 0099"}"#;
    let changed = send(&world, "PUT", path, Some("\"1\""), body).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(
        world.get(path).await.json()["inbound_number"],
        "020 7946 0099"
    );
    let refused = send(&world, "PUT", path, None, r#"{"inbound_nubmer":"1"}"#).await;
    assert_eq!(refused.problem(), "plan-faulty");

    let path = "/api/v1/bank-holidays/england";
    let made = send(
        &world,
        "PUT",
        path,
        None,
        r#"{"2026-12-25":"Christmas Day"}"#,
    )
    .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let bad = send(&world, "PUT", path, None, r#"{"2026-12-32":"Never"}"#).await;
    assert_eq!(bad.problem(), "plan-faulty");
}
