//! Tokens, health, metrics, the description, and pages that are not there.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use super::world::World;
use crate::access::{Need, ROUTES};
use crate::{Degraded, Token};

const CLOSED: [&str; 4] = [
    "/api/v1/calls",
    "/api/v1/calls/01997000-0000-7000-8000-000000000001",
    "/api/v1/calls/01997000-0000-7000-8000-000000000001/recording.wav",
    "/api/v1/calls/01997000-0000-7000-8000-000000000001/recording.mp3",
];

#[tokio::test]
async fn without_the_token_nothing_about_calls_is_told() {
    let world = World::new().await;
    world.call(1).await;
    let right = world.token.text().to_owned();
    let short = &right[..right.len() - 1];
    let refused = [
        (None, "token-missing"),
        (Some(format!("Basic {right}")), "token-missing"),
        (Some("Bearer".to_owned()), "token-missing"),
        (Some("Bearer ".to_owned()), "token-wrong"),
        (Some(format!("Bearer {short}")), "token-wrong"),
        (Some(format!("Bearer {right}0")), "token-wrong"),
        (
            Some(format!("Bearer {}", right.to_uppercase())),
            "token-wrong",
        ),
    ];
    for path in CLOSED {
        for (header, code) in &refused {
            let mut request = Request::builder().uri(path);
            if let Some(header) = header {
                request = request.header(header::AUTHORIZATION, header);
            }
            let answer = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {header:?}");
            assert_eq!(answer.problem(), *code, "{path} {header:?}");
            assert!(
                answer
                    .header(header::WWW_AUTHENTICATE)
                    .starts_with("Bearer realm=")
            );
        }
    }
    let put = Request::put(format!("{}/outcome", CLOSED[1]));
    let answer = world.send(put.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn scheme_is_read_in_any_case() {
    let world = World::new().await;
    let request = Request::get("/api/v1/calls").header(
        header::AUTHORIZATION,
        format!("bearer {}", world.token.text()),
    );
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn health_metrics_and_description_are_open() {
    let world = World::new().await;
    for path in ["/healthz", "/metrics", "/api/v1/openapi.json"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(world.send(request).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn health_tells_what_is_degraded() {
    let world = World::new().await;
    let health = world.get("/healthz").await.json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["degraded"].as_array().unwrap().len(), 0);
    world.health.0.lock().unwrap().push(Degraded {
        part: "journal".into(),
        detail: "90 % full".into(),
    });
    let answer = world.get("/healthz").await;
    assert_eq!(answer.status, StatusCode::OK, "it lives");
    let health = answer.json();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["degraded"][0]["part"], "journal");
}

#[tokio::test]
async fn health_tells_of_records_that_were_passed_over() {
    let world = World::new().await;
    let lost = super::world::story(1).split_off(1);
    world.journal_only(lost).await;
    world.call(2).await;
    // The case of the lost records is asked for in the background.
    while world.store.health().unusable == 0 {
        tokio::task::yield_now().await;
    }
    let health = world.get("/healthz").await.json();
    assert_eq!(health["degraded"][0]["part"], "records");
}

#[tokio::test]
async fn unknown_pages_and_methods_are_problems_too() {
    let world = World::new().await;
    let answer = world.get("/api/v1/nothing").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.problem(), "no-such-page");
    let request = world.request("DELETE", "/healthz");
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.problem(), "no-such-method");
}

#[tokio::test]
async fn description_has_every_route_its_errors_and_its_token() {
    let world = World::new().await;
    let api = world.get("/api/v1/openapi.json").await.json();
    let paths = api["paths"].as_object().unwrap();
    let named: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let listed = ROUTES.iter().map(|(_, path, _)| *path);
    assert_eq!(named, listed.collect::<BTreeSet<_>>());
    for (method, path, need) in ROUTES {
        let operation = &paths[*path][method.to_lowercase()];
        if *need == Need::Anyone {
            assert!(operation["security"].is_null(), "{path}");
            continue;
        }
        let refused = |status: &str| {
            let content = &operation["responses"][status]["content"];
            content["application/problem+json"]["schema"]["$ref"].clone()
        };
        let problem = "#/components/schemas/Problem";
        assert_eq!(refused("401"), problem, "{method} {path}");
        if *need != Need::LoggedIn {
            assert_eq!(refused("403"), problem, "{method} {path}");
        }
        let token = operation["security"][0]["token"].as_array();
        assert_eq!(token.unwrap().len(), 0, "{method} {path}");
    }
    assert_eq!(
        api["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
    let fields = &api["components"]["schemas"]["CallSummary"]["properties"];
    for field in ["id", "opened_at", "wait_s", "outcome", "end_words"] {
        assert!(fields[field].is_object(), "{field}");
    }
}

#[test]
fn token_survives_its_file_and_shows_in_no_log() {
    let token = Token::generate([0xab; 32]);
    assert_eq!(token.text().len(), 67);
    let read = Token::parse(&format!("{}\n", token.text())).unwrap();
    assert_eq!(read, token);
    assert!(!format!("{token:?}").contains("abab"));
    assert_ne!(Token::generate([0; 32]), Token::generate([1; 32]));
    for bad in [
        "",
        "short",
        &"x".repeat(257),
        &"ä".repeat(20),
        "with space in it, 32 characters..",
    ] {
        assert!(Token::parse(bad).is_err(), "{bad:?}");
    }
}
