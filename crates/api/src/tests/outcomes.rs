//! Outcomes, given on screen.

use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use rotaline_record::{Fact, Origin, OutcomeHow, Record};

use super::world::{Mode, World, case_id, opened, record};

#[tokio::test]
async fn outcome_is_visible_in_its_own_answer_and_everywhere() {
    let world = World::new().await;
    let id = world.call(1).await;
    let answer = world
        .put_outcome(id, r#"{"outcome":"referral-avoided"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let call = answer.json();
    assert_eq!(call["outcome"], "referral-avoided");
    assert_eq!(call["outcomes"][0]["how"], "screen");
    assert_eq!(call["outcomes"][0]["by"], "API token");
    let page = world
        .get("/api/v1/calls?outcome=referral-avoided")
        .await
        .json();
    assert_eq!(page["calls"][0]["id"], id.to_string());
    let unset = world.get("/api/v1/calls?outcome=-").await.json();
    assert_eq!(unset["calls"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn outcome_can_be_changed_and_its_history_stays() {
    let world = World::new().await;
    let id = world.call(1).await;
    world
        .put_outcome(id, r#"{"outcome":"referral-avoided"}"#)
        .await;
    world
        .put_outcome(id, r#"{"outcome":"referral-made"}"#)
        .await;
    // Giving what counts already adds nothing.
    let call = world
        .put_outcome(id, r#"{"outcome":"referral-made"}"#)
        .await
        .json();
    let given: Vec<_> = call["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| outcome["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(given, ["referral-avoided", "referral-made"]);
    assert_eq!(call["outcome"], "referral-made");
}

#[tokio::test]
async fn outcome_counts_even_after_one_from_a_machine_whose_clock_is_ahead() {
    let world = World::new().await;
    let id = world.call(1).await;
    let ahead = Fact::OutcomeSet {
        outcome: "referral-made".into(),
        by: "another machine".into(),
        how: OutcomeHow::Screen,
    };
    let far = 9_000_000_000_000_000;
    let ahead = Record {
        sequence: far,
        ..record(1, Origin::Api, 1, ahead)
    };
    world.journalled(vec![ahead]).await;
    let answer = world
        .put_outcome(id, r#"{"outcome":"referral-avoided"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["outcome"], "referral-avoided");
}

#[tokio::test]
async fn outcome_outside_the_menu_is_told_the_menu() {
    let world = World::new().await;
    let id = world.call(1).await;
    let answer = world.put_outcome(id, r#"{"outcome":"discharged"}"#).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.problem(), "no-such-outcome");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("referral-avoided, referral-made"),
        "{detail}"
    );
    let call = world.get(&format!("/api/v1/calls/{id}")).await.json();
    assert_eq!(call["outcome"], "-");
}

#[tokio::test]
async fn call_without_a_specialty_has_no_menu() {
    let world = World::new().await;
    world
        .journalled(vec![record(1, Origin::Call, 1, opened())])
        .await;
    let answer = world
        .put_outcome(case_id(1), r#"{"outcome":"referral-made"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.problem(), "no-outcome-menu");
}

#[tokio::test]
async fn wrong_bodies_are_told_what_would_be_right() {
    let world = World::new().await;
    let id = world.call(1).await;
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"outcome":1}"#,
        r#"{"outcome":"x","why":"y"}"#,
    ] {
        let answer = world.put_outcome(id, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.problem(), "bad-request");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(r#"{"outcome": "#), "{detail}");
    }
    let large = format!(r#"{{"outcome":"{}"}}"#, "x".repeat(20_000));
    let answer = world.put_outcome(id, &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.problem(), "too-large");
    let form = world
        .request("PUT", &format!("/api/v1/calls/{id}/outcome"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("outcome=referral-made"))
        .unwrap();
    let answer = world.send(form).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(answer.problem(), "not-json");
    let answer = world
        .put_outcome(case_id(2), r#"{"outcome":"referral-made"}"#)
        .await;
    assert_eq!(answer.problem(), "no-such-call");
}

#[tokio::test]
async fn outcome_that_cannot_be_kept_is_not_given() {
    let world = World::new().await;
    let id = world.call(1).await;
    world.journal.set(Mode::Full);
    let answer = world
        .put_outcome(id, r#"{"outcome":"referral-made"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "not-kept");
    assert_eq!(answer.header(header::RETRY_AFTER), "2");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        !text.contains("journal"),
        "the cause is for the log: {text}"
    );
    let call = world.get(&format!("/api/v1/calls/{id}")).await.json();
    assert_eq!(call["outcome"], "-");
}

#[tokio::test]
async fn outcome_that_is_kept_but_not_seen_in_time_is_accepted() {
    let world = World::with_patience(Duration::from_millis(1)).await;
    let id = world.call(1).await;
    world.journal.set(Mode::Slow);
    let answer = world
        .put_outcome(id, r#"{"outcome":"referral-made"}"#)
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()["outcome"], "referral-made");
}
