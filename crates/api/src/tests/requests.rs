//! What patients asked of the secretaries: listed, and dealt with.

use axum::body::Body;
use axum::http::{StatusCode, header};
use rotaline_model::{OrganisationId, PhoneNumber, RequestId, SpecialtyId};
use rotaline_record::{CallBackRequest, Fact, Origin, RequestReason};
use serde_json::{Value, json};

use super::world::{Answer, World, opened, record};

const REQUEST: &str = "0192f0c1-0000-7000-8000-000000000001";

async fn world_with_a_request() -> World {
    let world = World::new().await;
    let request = CallBackRequest {
        id: REQUEST.parse::<RequestId>().unwrap(),
        organisation: OrganisationId::parse("northfield").unwrap(),
        specialty: SpecialtyId::parse("cardiology").unwrap(),
        number: PhoneNumber::parse("07700 900123").unwrap().into(),
        why: RequestReason::OutOfHours,
    };
    let facts = [opened(), Fact::CallBackRequested { request }];
    let records = (1..).zip(facts);
    let records = records.map(|(sequence, fact)| record(1, Origin::Call, sequence, fact));
    world.journalled(records.collect()).await;
    world
}

async fn list(world: &World, query: &str) -> Value {
    let path = format!("/api/v1/pifu-requests{query}");
    world.get(&path).await.json()
}

async fn change(world: &World, id: &str, state: &str) -> Answer {
    let request = world
        .request("PUT", &format!("/api/v1/pifu-requests/{id}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json!({ "state": state }).to_string()))
        .unwrap();
    world.send(request).await
}

#[tokio::test]
async fn a_request_is_listed_until_it_is_dealt_with() {
    let world = world_with_a_request().await;
    let open = list(&world, "").await;
    assert_eq!(open[0]["id"], REQUEST);
    assert_eq!(open[0]["number"], "+447700900123");
    assert_eq!(open[0]["why"], "out_of_hours");
    for (state, other) in [("booked", "done"), ("done", "open")] {
        let changed = change(&world, REQUEST, state).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert_eq!(changed.json()["by"], "API token");
        assert_eq!(list(&world, &format!("?state={other}")).await, json!([]));
        assert_eq!(
            list(&world, &format!("?state={state}")).await[0]["id"],
            REQUEST
        );
    }
}

#[tokio::test]
async fn lists_are_of_one_organisation_and_team_if_that_is_asked() {
    let world = world_with_a_request().await;
    let own = "?organisation=northfield&specialty=cardiology";
    assert_eq!(list(&world, own).await.as_array().unwrap().len(), 1);
    for other in ["?organisation=elsewhere", "?specialty=dermatology"] {
        assert_eq!(list(&world, other).await, json!([]));
    }
}

#[tokio::test]
async fn states_and_requests_that_are_none_are_refused() {
    let world = world_with_a_request().await;
    assert_eq!(
        change(&world, REQUEST, "lost").await.problem(),
        "bad-request"
    );
    let unknown = "0192f0c1-0000-7000-8000-000000000002";
    assert_eq!(
        change(&world, unknown, "done").await.problem(),
        "no-such-request"
    );
    assert_eq!(
        change(&world, "x", "done").await.problem(),
        "no-such-request"
    );
    let bad = world.get("/api/v1/pifu-requests?state=lost").await;
    assert_eq!(bad.problem(), "bad-request");
}
