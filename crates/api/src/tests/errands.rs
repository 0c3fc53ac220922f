//! Call-back codes, patient calls and PINs, made on screen.

use axum::body::Body;
use axum::http::{StatusCode, header};
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

#[tokio::test]
async fn a_code_is_in_the_answer_that_made_it_and_nowhere_afterwards() {
    let world = World::new().await;
    let wish = json!({"organisation": "northfield", "person": "ann", "from": ["01632 960101"]});
    let made = send(&world, "POST", "/api/v1/call-backs", wish).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header(header::CACHE_CONTROL), "no-store");
    let made = made.json();
    let code = made["code"].as_str().unwrap();
    assert_eq!((code.len(), &made["ring"]), (4, &json!("+442079460010")));
    let list = world.get("/api/v1/call-backs").await;
    let text = String::from_utf8(list.body.clone()).unwrap();
    assert!(!text.contains("code") && !text.contains(&format!("\"{code}\"")));
    assert_eq!(list.json()[0]["id"], made["id"]);
    assert_eq!(list.json()[0]["uses_left"], 1);
    let path = format!("/api/v1/call-backs/{}", made["id"].as_str().unwrap());
    let gone = send(&world, "DELETE", &path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let again = send(&world, "DELETE", &path, Value::Null).await;
    assert_eq!(again.problem(), "no-such-code");
    assert_eq!(world.get("/api/v1/call-backs").await.json(), json!([]));
}

#[tokio::test]
async fn without_known_numbers_a_code_has_six_digits() {
    let world = World::new().await;
    let wish = json!({"organisation": "northfield", "number": "01632 960150"});
    let made = send(&world, "POST", "/api/v1/call-backs", wish)
        .await
        .json();
    assert_eq!(made["code"].as_str().unwrap().len(), 6);
}

#[tokio::test]
async fn a_patient_call_gets_a_pin_of_eight_digits_and_is_no_call_back() {
    let world = World::new().await;
    let wish = json!({
        "organisation": "northfield", "number": "07700 900123", "nhs_number": "943 476 5919",
        "specialty": "cardiology",
    });
    let made = send(&world, "POST", "/api/v1/patient-calls", wish).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.json()["code"].as_str().unwrap().len(), 8);
    let listed = world.get("/api/v1/patient-calls").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(world.get("/api/v1/call-backs").await.json(), json!([]));
}

#[tokio::test]
async fn what_cannot_be_rung_or_is_not_there_is_named() {
    let world = World::new().await;
    let bad = [
        ("call-backs", json!({"organisation": "northfield"})),
        (
            "call-backs",
            json!({"organisation": "northfield", "person": "zoe"}),
        ),
        (
            "call-backs",
            json!({"organisation": "northfield", "person": "ann", "number": "01632 960150"}),
        ),
        (
            "call-backs",
            json!({"organisation": "northfield", "number": "0906 1234567"}),
        ),
        (
            "call-backs",
            json!({"organisation": "elsewhere", "person": "ann"}),
        ),
        (
            "call-backs",
            json!({"organisation": "northfield", "person": "ann", "answerphone": true}),
        ),
        (
            "call-backs",
            json!({"organisation": "northfield", "person": "ann", "x": 1}),
        ),
        (
            "patient-calls",
            json!({"organisation": "northfield", "number": "07700 900123",
                   "nhs_number": "943 476 5918"}),
        ),
        (
            "patient-calls",
            json!({"organisation": "northfield", "number": "07700 900123", "days": 8}),
        ),
    ];
    for (resource, wish) in bad {
        let answer = send(&world, "POST", &format!("/api/v1/{resource}"), wish.clone()).await;
        assert_eq!(answer.problem(), "bad-request", "{wish}");
    }
}

#[tokio::test]
async fn a_pin_is_set_for_a_person_who_is_there_and_never_said_back() {
    let world = World::new().await;
    let set = async |person: &str, pin: Value| {
        let path = format!("/api/v1/people/{person}/pin");
        send(&world, "PUT", &path, json!({ "pin": pin })).await
    };
    assert_eq!(
        set("ann", json!("2468")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(set("zoe", json!("2468")).await.problem(), "no-such-person");
    for bad in [json!("12"), json!("12x4"), json!(246_824)] {
        let answer = set("ann", bad).await;
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(!text.contains("246824") && !text.contains("12x4"), "{text}");
        assert_eq!(answer.problem(), "bad-request");
    }
}

#[tokio::test]
async fn nothing_of_it_is_open_to_those_without_the_token() {
    let world = World::new().await;
    for path in ["/api/v1/call-backs", "/api/v1/patient-calls"] {
        let request = axum::http::Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(world.send(request).await.status, StatusCode::UNAUTHORIZED);
    }
}
