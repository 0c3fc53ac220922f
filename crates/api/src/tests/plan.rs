//! The plan by HTTP: read, changed with versions, refused with every fault, taken back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{StatusCode, header};
use rotaline_routing::{ItemKey, Items, Source};

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
        assert_eq!(by, "API token");
        let made = self.make(wishes);
        Box::pin(async { made })
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
