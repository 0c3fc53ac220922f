//! Logging in, second factors, tokens that are renewed, and what guessing costs.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use rotaline_store::{Role, Session, Strength, TotpSalt, User, UserStorage};
use sha2::{Digest, Sha256};

use super::{Ask, Who, ask};
use crate::TotpKey;
use crate::tests::world::{Answer, World};

const SALT: [u8; 16] = [3; 16];

/// Ann, with a password.
async fn ann(world: &World) -> String {
    let made = crate::new_credential([5; 25], [6; 16]).unwrap();
    let who = Who {
        role: Role::Specialist,
        organisation: "northfield",
        person: Some("ann"),
        strength: Strength::Password,
    };
    let ann = User {
        name: "ann".into(),
        password: made.kept,
        totp: Some(TotpSalt {
            salt: SALT,
            confirmed: true,
        }),
        ..who.user()
    };
    world.storage.add_user(ann).await.unwrap();
    made.text
}

async fn log_in(world: &World, body: String) -> Answer {
    let request = Request::post("/api/v1/session").header(header::CONTENT_TYPE, "application/json");
    world.send(request.body(Body::from(body)).unwrap()).await
}

fn body(user: &str, password: &str) -> String {
    format!(r#"{{"user": "{user}", "password": "{password}"}}"#)
}

async fn with(world: &World, method: &str, path: &str, token: &str, body: Option<&str>) -> Answer {
    let asking = Ask {
        token,
        reason: None,
        body,
    };
    ask(world, method, path, asking).await
}

#[tokio::test]
async fn a_session_is_begun_strengthened_and_ended() {
    let world = World::new().await;
    let password = ann(&world).await;
    assert_eq!(password.len(), 29);
    let begun = log_in(&world, body("Ann", &password)).await;
    assert_eq!(begun.status, StatusCode::CREATED);
    assert_eq!(begun.header(header::CACHE_CONTROL), "no-store");
    let begun = begun.json();
    assert_eq!(begun["second_factor"], false);
    let first = begun["token"].as_str().unwrap();
    let now_s = u64::try_from(Timestamp::now().as_second()).unwrap();
    let code = TotpKey([9; 32]).code("ann", &SALT, now_s);
    let code = format!(r#"{{"code": "{code}"}}"#);
    let path = "/api/v1/session/second-factor";
    let shown = with(&world, "POST", path, first, Some(&code)).await;
    assert_eq!(shown.status, StatusCode::OK);
    let shown = shown.json();
    assert_eq!(shown["second_factor"], true);
    let second = shown["token"].as_str().unwrap();
    assert_ne!(first, second);
    let again = with(&world, "POST", path, second, Some(&code)).await;
    assert_eq!(again.problem(), "login-refused", "a code is good once");
    let me = with(&world, "GET", "/api/v1/session", second, None)
        .await
        .json();
    assert_eq!((&me["user"], &me["person"]), (&"ann".into(), &"ann".into()));
    assert_eq!(me["roles"][0]["role"], "specialist");
    let over = with(&world, "DELETE", "/api/v1/session", second, None).await;
    assert_eq!(over.status, StatusCode::NO_CONTENT);
    for token in [first, second] {
        let gone = with(&world, "GET", "/api/v1/session", token, None).await;
        assert_eq!(gone.problem(), "token-wrong");
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_name_that_nobody_has_are_told_alike() {
    let world = World::new().await;
    ann(&world).await;
    let wrong = log_in(&world, body("ann", "x")).await;
    let nobody = log_in(&world, body("nobody", "x")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.problem(), "login-refused");
    assert_eq!((wrong.status, wrong.text()), (nobody.status, nobody.text()));
}

#[tokio::test]
async fn who_guesses_waits_whether_there_is_such_a_user_or_not() {
    let world = World::new().await;
    ann(&world).await;
    for name in ["ann", "nobody"] {
        for _ in 0..5 {
            assert_eq!(
                log_in(&world, body(name, "x")).await.problem(),
                "login-refused"
            );
        }
        let waits = log_in(&world, body(name, "x")).await;
        assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(waits.problem(), "too-many-logins");
        assert!(waits.headers.contains_key(header::RETRY_AFTER));
    }
}

#[tokio::test]
async fn the_token_before_a_renewal_ends_the_session_for_both_once_it_is_shown_later() {
    let world = World::new().await;
    let who = Who {
        role: Role::Caller,
        organisation: "northfield",
        person: None,
        strength: Strength::Password,
    };
    let first = who.log_in(&world).await;
    let renewed = with(&world, "POST", "/api/v1/session/renewal", &first, None).await;
    let second = renewed.json()["token"].as_str().unwrap().to_owned();
    let me = async |token: &str| {
        with(&world, "GET", "/api/v1/session", token, None)
            .await
            .status
    };
    assert_eq!(me(&first).await, StatusCode::OK, "what was under way");
    assert_eq!(me(&second).await, StatusCode::OK);
    // Renewed once more, a minute ago: the second is a token before.
    let hash: [u8; 32] = Sha256::digest(second.as_bytes()).into();
    let session = world.storage.session(hash).await.unwrap().unwrap();
    let aged = Session {
        hash: [1; 32],
        before: Some(session.hash),
        renewed_at: session.renewed_at - SignedDuration::from_mins(1),
        ..session
    };
    assert!(world.storage.renew_session(aged).await.unwrap());
    assert_eq!(me(&second).await, StatusCode::UNAUTHORIZED, "a copy");
    assert!(
        world.storage.session([1; 32]).await.unwrap().is_none(),
        "for both"
    );
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let world = World::new().await;
    let password = ann(&world).await;
    let token = log_in(&world, body("ann", &password)).await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = world.storage.user("ann".into()).await.unwrap().unwrap();
    let disabled = User {
        disabled_at: Some(Timestamp::now()),
        ..user
    };
    assert!(world.storage.put_user(disabled).await.unwrap());
    let gone = with(&world, "GET", "/api/v1/session", &token, None).await;
    assert_eq!(gone.problem(), "token-wrong");
    assert_eq!(
        log_in(&world, body("ann", &password)).await.problem(),
        "login-refused"
    );
}
