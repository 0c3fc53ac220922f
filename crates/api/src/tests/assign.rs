//! NHS numbers and practices, given to a call later.

use axum::body::Body;
use axum::http::{StatusCode, header};
use rotaline_model::CaseId;
use serde_json::{Value, json};

use super::world::{Answer, Mode, World};

async fn put(world: &World, case: CaseId, what: &str, body: Value) -> Answer {
    let request = world
        .request("PUT", &format!("/api/v1/calls/{case}/{what}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    world.send(request).await
}

async fn suggested(world: &World, case: CaseId) -> Value {
    let path = format!("/api/v1/calls/{case}/practices");
    world.get(&path).await.json()
}

#[tokio::test]
async fn an_nhs_number_is_checked_kept_and_never_said_back_when_it_is_wrong() {
    let world = World::new().await;
    let case = world.call(1).await;
    let given = put(
        &world,
        case,
        "nhs-number",
        json!({"nhs_number": "943 476 5919"}),
    )
    .await;
    assert_eq!(given.status, StatusCode::OK);
    assert_eq!(given.json()["nhs_number"], "9434765919");
    let listed = world.get("/api/v1/calls").await.json();
    assert_eq!(listed["calls"][0]["nhs_number"], "9434765919");
    let wrong = put(
        &world,
        case,
        "nhs-number",
        json!({"nhs_number": "943 476 5918"}),
    )
    .await;
    assert_eq!(wrong.problem(), "not-possible");
    assert_eq!(wrong.json()["errors"][0]["field"], "nhs_number");
    let text = String::from_utf8(wrong.body).unwrap();
    assert!(!text.contains("5918"), "{text}");
}

#[tokio::test]
async fn a_gender_is_kept_with_its_history_and_stands_in_lists_and_reports() {
    let world = World::new().await;
    let (case, other) = (world.call(1).await, world.call(2).await);
    let wrong = put(&world, case, "gender", json!({"gender": "x"})).await;
    assert_eq!(wrong.problem(), "bad-request");
    for gender in ["not_known", "female"] {
        let given = put(&world, case, "gender", json!({"gender": gender})).await;
        assert_eq!(given.status, StatusCode::OK);
        assert_eq!(given.json()["gender"], gender);
    }
    let call = world.get(&format!("/api/v1/calls/{case}")).await.json();
    let words: Vec<_> = call["genders"].as_array().unwrap().iter().collect();
    assert_eq!(words.len(), 2);
    assert_eq!(
        (&words[0]["gender"], &words[1]["gender"]),
        (&json!("not_known"), &json!("female"))
    );
    assert_eq!(words[1]["by"], "API token");
    let listed = world.get("/api/v1/calls").await.json();
    let of = |id: CaseId| {
        let calls = listed["calls"].as_array().unwrap().iter();
        let mut mine = calls.filter(|it| it["id"] == id.to_string());
        mine.next().unwrap()["gender"].clone()
    };
    assert_eq!((of(case), of(other)), (json!("female"), Value::Null));
}

#[tokio::test]
async fn an_assigned_practice_is_suggested_for_the_next_call_of_that_number() {
    let world = World::new().await;
    let (first, second) = (world.call(1).await, world.call(2).await);
    assert_eq!(suggested(&world, second).await, json!([]));
    let practice = json!({"practice": "elm-street-surgery"});
    let given = put(&world, first, "practice", practice).await;
    assert_eq!(given.status, StatusCode::OK);
    let given = given.json();
    assert_eq!(given["practice"], "elm-street-surgery");
    assert_eq!(given["area"], "Northfield North");
    assert_eq!(given["practice_assigned_by"], "API token");
    let suggestions = suggested(&world, second).await;
    assert_eq!(suggestions[0]["practice"], "elm-street-surgery");
    assert_eq!(suggestions[0]["why"], "assigned_before");
    let none = put(&world, first, "practice", json!({"practice": null})).await;
    assert_eq!(none.json()["practice"], Value::Null);
    let unknown = world.get("/api/v1/calls?practice=-").await.json();
    let unknown = unknown["calls"].as_array().unwrap().clone();
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0]["id"], first.to_string());
    assert_eq!(suggested(&world, second).await, json!([]));
}

#[tokio::test]
async fn what_is_not_there_or_cannot_be_kept_changes_nothing() {
    let world = World::new().await;
    let case = world.call(1).await;
    let unknown = put(&world, case, "practice", json!({"practice": "nowhere"})).await;
    assert_eq!(unknown.problem(), "not-possible");
    let empty = put(&world, case, "practice", json!({})).await;
    assert_eq!(empty.problem(), "bad-request");
    let nobody = super::world::case_id(9);
    let no_call = put(&world, nobody, "practice", json!({"practice": null})).await;
    assert_eq!(no_call.problem(), "no-such-call");
    world.journal.set(Mode::Full);
    let number = json!({"nhs_number": "943 476 5919"});
    let full = put(&world, case, "nhs-number", number).await;
    assert_eq!(full.problem(), "not-kept");
    let path = format!("/api/v1/calls/{case}");
    assert_eq!(world.get(&path).await.json()["practice"], "elm-street");
}
