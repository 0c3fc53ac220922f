//! Calls that are up: shown while they are, and ended by a word.

use axum::body::Body;
use axum::http::StatusCode;
use rotaline_store::Action;
use serde_json::Value;

use super::world::{Answer, Mode, World, case_id, story};

/// So many facts of a story, and they talk.
const TALKING: usize = 9;

/// A call that is up: the first so many facts of its story.
async fn up(world: &World, number: u32, facts: usize) {
    let mut records = story(number);
    records.truncate(facts);
    world.journalled(records).await;
}

async fn live(world: &World, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("/api/v1/live-calls{query}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json().as_array().unwrap().clone()
}

async fn hang_up(world: &World, id: &str) -> Answer {
    let path = format!("/api/v1/live-calls/{id}/hang-up");
    let request = world.request("POST", &path).body(Body::empty()).unwrap();
    world.send(request).await
}

#[tokio::test]
async fn calls_that_are_up_are_shown_and_those_that_are_over_are_not() {
    let world = World::new().await;
    world.call(1).await;
    up(&world, 3, 6).await;
    up(&world, 2, TALKING).await;
    let shown = live(&world, "").await;
    let states: Vec<(&str, &str)> = shown
        .iter()
        .map(|it| (it["id"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect();
    let (two, three) = (case_id(2).to_string(), case_id(3).to_string());
    let expected = [(two.as_str(), "talking"), (three.as_str(), "ringing")];
    assert_eq!(states, expected, "the longest first");
    let talk = &shown[0];
    assert_eq!(talk["organisation"], "north-trust");
    assert_eq!(talk["specialty"], "cardiology");
    assert_eq!(talk["legs"][1]["person"], "ann");
    assert_eq!(talk["legs"][1]["answered"], true);
    assert_eq!(shown[1]["legs"][1]["answered"], false);
    assert!(!serde_json::to_string(&shown).unwrap().contains("794600"));
}

#[tokio::test]
async fn live_calls_are_filtered_and_a_filter_that_is_none_is_named() {
    let world = World::new().await;
    up(&world, 1, TALKING).await;
    up(&world, 2, 3).await;
    assert_eq!(live(&world, "?specialty=cardiology").await.len(), 1);
    assert_eq!(live(&world, "?organisation=north-trust").await.len(), 2);
    assert_eq!(live(&world, "?organisation=another").await.len(), 0);
    let answer = world.get("/api/v1/live-calls?colour=red").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.problem(), "bad-query");
}

#[tokio::test]
async fn a_hang_up_is_kept_and_audited_and_told_to_the_engine() {
    let world = World::new().await;
    up(&world, 1, TALKING).await;
    let case = case_id(1);
    let answer = hang_up(&world, &case.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()["id"], case.to_string());
    assert_eq!(*world.engine.hung_up.lock().unwrap(), [case]);
    let audited = world.audited(case).await;
    assert_eq!(audited[0].action, Action::CallHungUp);
    assert_eq!(audited[0].who, "API token");
    let path = format!("/api/v1/calls/{case}");
    let hang_ups = async || world.get(&path).await.json()["hang_ups"].clone();
    while hang_ups().await.as_array().is_none_or(Vec::is_empty) {
        tokio::task::yield_now().await;
    }
    assert_eq!(hang_ups().await[0]["by"], "API token");
}

#[tokio::test]
async fn what_is_not_up_cannot_be_hung_up() {
    let world = World::new().await;
    let over = world.call(1).await.to_string();
    for id in [over.as_str(), &case_id(9).to_string(), "none"] {
        let answer = hang_up(&world, id).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        assert_eq!(answer.problem(), "no-such-live-call");
    }
    assert!(world.engine.hung_up.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_hang_up_that_cannot_be_kept_is_not_done() {
    let world = World::new().await;
    up(&world, 1, TALKING).await;
    world.journal.set(Mode::Full);
    let answer = hang_up(&world, &case_id(1).to_string()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.engine.hung_up.lock().unwrap().is_empty());
}
