//! Pauses by HTTP: begun, listed, ended.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::world::{Answer, World};

async fn send(world: &World, method: &str, path: &str, body: Value) -> Answer {
    let request = world
        .request(method, path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    world.send(request).await
}

async fn pause(world: &World, body: Value) -> Answer {
    send(world, "POST", "/api/v1/pauses", body).await
}

#[tokio::test]
async fn a_pause_is_for_half_an_hour_unless_told_and_the_newest_holds() {
    let world = World::new().await;
    for (wish, minutes) in [
        (json!({"person": "ann"}), 30),
        (json!({"person": "ann", "minutes": 5}), 5),
    ] {
        let begun = pause(&world, wish).await;
        assert_eq!(begun.status, StatusCode::CREATED);
        let until: Timestamp = begun.json()["until"].as_str().unwrap().parse().unwrap();
        let off = until.duration_since(Timestamp::now()) - SignedDuration::from_mins(minutes);
        assert!(off.abs() < SignedDuration::from_secs(20), "{off}");
    }
    let list = world.get("/api/v1/pauses").await.json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["person"], "ann");
}

#[tokio::test]
async fn an_end_is_at_once_and_there_is_one_only_for_a_pause() {
    let world = World::new().await;
    pause(&world, json!({"person": "ann"})).await;
    let end = async |who: &str| {
        let path = format!("/api/v1/pauses/{who}");
        send(&world, "DELETE", &path, Value::Null).await
    };
    assert_eq!(end("ann").await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get("/api/v1/pauses").await.json(), json!([]));
    assert_eq!(end("ann").await.problem(), "not-paused");
    assert_eq!(end("no%20id").await.problem(), "not-paused");
}

#[tokio::test]
async fn without_the_database_a_pause_holds_and_says_that_it_is_not_kept_yet() {
    let world = World::new().await;
    world.pauses.is_away.store(true, Ordering::Relaxed);
    let begun = pause(&world, json!({"person": "ann"})).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let list = world.get("/api/v1/pauses").await.json();
    assert_eq!(list[0]["person"], "ann");
}

#[tokio::test]
async fn nobody_pauses_for_ever_or_for_somebody_who_is_not_there() {
    let world = World::new().await;
    for minutes in [json!(0), json!(721), json!(-1), json!("5")] {
        let answer = pause(&world, json!({"person": "ann", "minutes": minutes})).await;
        assert_eq!(answer.problem(), "bad-request", "{minutes}");
    }
    let answer = pause(&world, json!({"person": "zoe"})).await;
    assert_eq!(answer.problem(), "no-such-person");
    assert_eq!(world.get("/api/v1/pauses").await.json(), json!([]));
}
