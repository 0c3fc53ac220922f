//! Calls from a screen and click to call: checked, started once, and told what came of it.

use axum::body::Body;
use axum::http::{StatusCode, header};
use rotaline_model::{Acceptance, EndCause, NotAsked};
use rotaline_record::{Answerphone, Callee, CallerId, ErrandKind, Undertaking};
use serde_json::{Value, json};

use super::world::{Answer, World};

async fn post(world: &World, key: Option<&str>, body: &Value) -> Answer {
    let mut request = world
        .request("POST", "/api/v1/calls")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    world.send(request).await
}

fn to_cardiology() -> Value {
    json!({"first": {"person": "ann"}, "to": {"specialty": "cardiology"}})
}

/// What is wrong, field by field.
fn fields(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.problem(), "not-possible");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let field = |error: Value| {
        assert!(error["reason"].as_str().is_some_and(|it| it.len() > 5));
        error["field"].as_str().unwrap().to_owned()
    };
    errors.into_iter().map(field).collect()
}

#[tokio::test]
async fn a_call_to_a_specialty_is_started_and_answered_with_its_case() {
    let world = World::new().await;
    let mut wish = to_cardiology();
    wish["nhs_number"] = json!("943 476 5919");
    let answer = post(&world, None, &wish).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let path = answer.header(header::LOCATION).to_owned();
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(path, format!("/api/v1/calls/{id}"));
    let call = world.get(&path).await.json();
    assert_eq!(call["organisation"], "northfield");
    assert_eq!(call["calls"][0]["kind"], "on_screen");
    let started = world.engine.started.lock().unwrap();
    let [intent] = started.as_slice() else {
        panic!("one call");
    };
    assert!(
        matches!(&intent.undertaking, Undertaking::Specialty { first: Callee::Person(it), .. }
        if it.as_str() == "ann")
    );
    let opening = intent.opening.as_ref().unwrap();
    assert!(opening.nhs_number.is_some());
}

#[tokio::test]
async fn a_double_click_is_one_call_and_another_wish_needs_another_key() {
    let world = World::new().await;
    let wish = to_cardiology();
    let (first, second) = tokio::join!(
        post(&world, Some("a"), &wish),
        post(&world, Some("a"), &wish)
    );
    assert_eq!(
        (first.status, second.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(world.engine.started.lock().unwrap().len(), 1);
    let other = json!({"first": {"person": "ben"}, "to": {"specialty": "cardiology"}});
    let reused = post(&world, Some("a"), &other).await;
    assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reused.problem(), "idempotency-key-reused");
    let anew = post(&world, Some("b"), &other).await;
    assert_ne!(anew.json()["id"], first.json()["id"]);
    let bad = post(&world, Some("a b"), &other).await;
    assert_eq!(bad.problem(), "bad-request");
}

#[tokio::test]
async fn what_the_engine_refuses_is_told_and_may_be_tried_again_with_the_same_key() {
    let world = World::new().await;
    let refusals = [
        (EndCause::Overloaded, 503, "no-room"),
        (EndCause::NotAllowed, 429, "too-many-calls-out"),
        (EndCause::NotAnswered, 409, "caller-busy"),
    ];
    for (cause, status, code) in refusals {
        *world.engine.refuses.lock().unwrap() = Some(cause);
        let refused = post(&world, Some("a"), &to_cardiology()).await;
        assert_eq!(refused.status, status);
        assert_eq!(refused.problem(), code);
        let told = refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("60 at once and 600 an");
        assert_eq!(told, cause == EndCause::NotAllowed);
    }
    *world.engine.refuses.lock().unwrap() = None;
    let taken = post(&world, Some("a"), &to_cardiology()).await;
    assert_eq!(taken.status, StatusCode::CREATED);
}

#[tokio::test]
async fn click_to_call_asks_clinicians_to_accept_and_patients_for_nothing() {
    let world = World::new().await;
    let wish =
        |to: Value| json!({"organisation": "northfield", "first": {"person": "cat"}, "to": to});
    let patient = wish(json!({"patient": "07700 900123"}));
    let number = wish(json!({"number": "07700 900123"}));
    let (required, not_asked) = (
        Acceptance::Required,
        Acceptance::NotAsked(NotAsked::Patient),
    );
    let expected = [
        (
            number,
            ErrandKind::CallBack,
            required,
            Answerphone::NotAllowed,
        ),
        (
            patient,
            ErrandKind::PatientCall,
            not_asked,
            Answerphone::Allowed,
        ),
    ];
    for (wish, kind, acceptance, answerphone) in expected {
        let answer = post(&world, None, &wish).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json());
        let intent = world.engine.started.lock().unwrap().pop().unwrap();
        let Undertaking::Errand { errand, .. } = intent.undertaking else {
            panic!("an errand");
        };
        let made = (errand.kind, errand.acceptance, errand.answerphone);
        assert_eq!(made, (kind, acceptance, answerphone));
    }
}

#[tokio::test]
async fn the_caller_is_who_their_own_phone_says() {
    let world = World::new().await;
    let wish = json!({"first": {"number": "01632 960199"}, "to": {"specialty": "cardiology"}});
    post(&world, None, &wish).await;
    let started = world.engine.started.lock().unwrap();
    let CallerId::Number(number) = &started[0].caller else {
        panic!("a number");
    };
    assert_eq!(number.expose().as_str(), "+441632960199");
}

#[tokio::test]
async fn every_fault_of_a_wish_is_told_at_once() {
    let world = World::new().await;
    let wish = json!({
        "organisation": "elsewhere", "first": {"person": "zoe"}, "to": {"number": "0906 1234567"},
        "nhs_number": "943 476 5918", "outcomes": "cardiology",
    });
    let answer = post(&world, None, &wish).await;
    let named = [
        "first.person",
        "organisation",
        "to.number",
        "nhs_number",
        "outcomes",
    ];
    assert_eq!(fields(&answer), named);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(!text.contains("0906"), "a number is not said back: {text}");
    assert!(text.contains("rung are +441, +442, +443"), "{text}");
    let cases = [
        (
            json!({"first": {"person": "ann"}, "to": {"person": "ben"}}),
            "organisation",
        ),
        (
            json!({"first": {"person": "ann"}, "to": {"specialty": "x"}}),
            "to.specialty",
        ),
        (
            json!({"organisation": "northfield", "first": {"person": "ann"},
                   "to": {"person": "ann"}}),
            "to",
        ),
        (
            json!({"first": {"number": "020 7946 0001"}, "to": {"specialty": "cardiology"}}),
            "first.number",
        ),
        (
            json!({"organisation": "northfield", "first": {"person": "ann"},
                   "to": {"patient": "07700 900123"}, "outcomes": "x"}),
            "outcomes",
        ),
    ];
    for (wish, field) in cases {
        assert_eq!(fields(&post(&world, None, &wish).await), [field], "{wish}");
    }
    assert!(world.engine.started.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_names_two_phones_or_none_is_no_wish() {
    let world = World::new().await;
    for wish in [
        json!({}),
        json!({"first": {"person": "ann"}}),
        json!({"first": {"person": "ann", "number": "01632 960101"}, "to": {"specialty": "x"}}),
        json!({"first": {"person": "ann"}, "to": {"specialty": "cardiology"}, "then": 1}),
    ] {
        let answer = post(&world, None, &wish).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wish}");
        assert_eq!(answer.problem(), "bad-request");
    }
}
