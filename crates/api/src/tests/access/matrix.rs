//! Every route with every role, in its own organisation and in another's. The rows are those of
//! `access::routes`, the routes those of the description: neither may lack one of the other.
//!
//! Whoever adds a route: give it a row in `access::routes`; name a real id of Northfield for a
//! parameter that is new ([`with_ids`]), and a body that is understood ([`body`]). If what it names
//! is everybody's to read, say so in [`SHARED`].

use std::collections::BTreeSet;

use axum::http::StatusCode;
use rotaline_store::{Role, Strength};

use super::{Ask, Who, ask};
use crate::access::{Need, ROUTES};
use crate::tests::world::{Answer, World, case_id};

/// Read by members of any organisation: what no organisation owns.
const SHARED: [&str; 2] = ["/api/v1/practices/{id}", "/api/v1/bank-holidays/{id}"];
/// Not asked here: it goes on for ever.
const ENDLESS: &str = "/api/v1/events";

/// A path to something that is Northfield's.
fn with_ids(path: &str) -> String {
    let id = match path.split('/').nth(3).unwrap_or_default() {
        "calls" | "live-calls" => case_id(1).to_string(),
        "people" | "reports" => "ann".to_owned(),
        "organisations" => "northfield".to_owned(),
        "specialties" => "cardiology".to_owned(),
        "practices" => "elm-street-surgery".to_owned(),
        "numbers" => "02079460001".to_owned(),
        "outcome-menus" => "advice".to_owned(),
        "bank-holidays" => "england".to_owned(),
        _ => case_id(1).to_string(),
    };
    let named = path
        .replace("{id}", &id)
        .replace("{specialty}", "cardiology");
    let named = named
        .replace("{person}", "ann")
        .replace("{date}", "2026-10-26");
    named
        .replace("{session}", "AM")
        .replace("{organisation}", "northfield")
}

/// The same, to something that there is not.
fn with_other_ids(path: &str) -> String {
    let id = match path.split('/').nth(3).unwrap_or_default() {
        "numbers" => "02079469999".to_owned(),
        "people" | "organisations" | "specialties" | "practices" | "outcome-menus"
        | "bank-holidays" | "reports" => "nowhere".to_owned(),
        _ => case_id(9_999).to_string(),
    };
    let named = path.replace("{id}", &id).replace("{specialty}", "nowhere");
    let named = named
        .replace("{person}", "nobody")
        .replace("{date}", "2026-10-26");
    named
        .replace("{session}", "AM")
        .replace("{organisation}", "nowhere")
}

fn query(path: &str) -> &'static str {
    match path {
        "/api/v1/rotas/{specialty}" => "?week=2026-10-26",
        "/api/v1/rotas/{specialty}/explain" => "?at=2026-10-26T10:05:00Z",
        "/api/v1/plan/findings" => "?from=2026-10-26&to=2026-10-27",
        _ => "",
    }
}

fn body(method: &str, path: &str) -> Option<&'static str> {
    if method == "GET" || method == "DELETE" {
        return None;
    }
    Some(match path.rsplit('/').next().unwrap_or_default() {
        "outcome" => r#"{"outcome": "referral-avoided"}"#,
        "nhs-number" => r#"{"nhs_number": "9434765919"}"#,
        "gender" => r#"{"gender": "female"}"#,
        "practice" => r#"{"practice": null}"#,
        "pin" => r#"{"pin": "4711"}"#,
        "pauses" => r#"{"person": "ann"}"#,
        "swaps" => {
            r#"{"first": "ann", "gives": {"date": "2026-10-26", "session": "AM"},
                "second": "ben", "takes": {"date": "2026-10-27", "session": "AM"}}"#
        }
        "copies" => r#"{"from": "2026-10-26", "to": "2026-11-02"}"#,
        _ if path.starts_with("/api/v1/rotas/") => r#"{"people": []}"#,
        _ if path.starts_with("/api/v1/pifu-requests/") => r#"{"state": "done"}"#,
        _ => r#"{"name": "X"}"#,
    })
}

async fn asked(world: &World, row: (&str, &str), path: &str, token: &str) -> Answer {
    let (method, template) = row;
    let path = format!("{path}{}", query(template));
    let asking = Ask {
        token,
        reason: Some("review"),
        body: body(method, template),
    };
    ask(world, method, &path, asking).await
}

async fn world() -> World {
    let world = World::new().await;
    world.call(1).await;
    world
}

fn strong(role: Role, organisation: &str) -> Who<'_> {
    Who {
        role,
        organisation,
        person: None,
        strength: Strength::SecondFactor,
    }
}

#[tokio::test]
async fn every_route_has_a_row_and_every_row_a_route() {
    let world = World::new().await;
    let api = world.get("/api/v1/openapi.json").await.json();
    let mut routes = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            routes.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let rows = ROUTES
        .iter()
        .map(|(method, path, _)| format!("{method} {path}"));
    let rows: BTreeSet<String> = rows.collect();
    let lacking: Vec<_> = routes.difference(&rows).collect();
    assert!(
        lacking.is_empty(),
        "give a row in access::routes to {lacking:?}"
    );
    let gone: Vec<_> = rows.difference(&routes).collect();
    assert!(
        gone.is_empty(),
        "take these rows of access::routes away: {gone:?}"
    );
}

#[tokio::test]
async fn in_their_own_organisation_each_role_may_what_its_rights_say() {
    for role in Role::ALL {
        let world = world().await;
        let token = strong(role, "northfield").log_in(&world).await;
        let rows = ROUTES.iter().filter(|(method, path, _)| {
            // What a row takes away, those after it would miss.
            *path != ENDLESS && *method != "DELETE"
        });
        for (method, path, need) in rows {
            let answer = asked(&world, (method, path), &with_ids(path), &token).await;
            let told = format!("{role:?} {method} {path}: {}", answer.status);
            let (Need::Has(right) | Need::HasOrOwn(right) | Need::Everywhere(right)) = need else {
                assert_ne!(answer.status, StatusCode::FORBIDDEN, "{told}");
                continue;
            };
            let has = right.roles().contains(&role);
            match need {
                Need::Has(_) if has => {
                    assert_ne!(answer.status, StatusCode::FORBIDDEN, "{told}");
                    assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{told}");
                }
                Need::HasOrOwn(_) if has => {
                    let refused = answer.status == StatusCode::FORBIDDEN;
                    assert!(!refused, "{told}");
                }
                // The list of what is one's own is empty; by id there is none.
                Need::HasOrOwn(_) if *method == "GET" && !path.contains('{') => {
                    assert_eq!(answer.status, StatusCode::OK, "{told}");
                    assert!(!answer.text().contains(&case_id(1).to_string()), "{told}");
                }
                Need::HasOrOwn(_) => {
                    let seen = path.contains("recording") && role_reads_calls(role);
                    let wanted = if seen {
                        StatusCode::FORBIDDEN
                    } else {
                        StatusCode::NOT_FOUND
                    };
                    assert_eq!(answer.status, wanted, "{told}");
                }
                Need::Has(_) | Need::Everywhere(_) => {
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{told}");
                    assert_eq!(answer.problem(), "forbidden", "{told}");
                }
                Need::Anyone | Need::LoggedIn => {}
            }
        }
    }
}

fn role_reads_calls(role: Role) -> bool {
    crate::access::Right::ReadCalls.roles().contains(&role)
}

/// Every id of Northfield, tried by every role of Southfield: it is as if there were none.
#[tokio::test]
async fn what_is_another_organisations_is_as_if_it_were_not() {
    let world = world().await;
    for role in Role::ALL {
        let token = strong(role, "southfield").log_in(&world).await;
        for (method, path, need) in ROUTES {
            let is_open = matches!(need, Need::Anyone | Need::LoggedIn);
            let is_shared = *method == "GET" && SHARED.contains(path);
            if is_open || is_shared || !path.contains('{') {
                continue;
            }
            let row = (*method, *path);
            let theirs = asked(&world, row, &with_ids(path), &token).await;
            let nobodys = asked(&world, row, &with_other_ids(path), &token).await;
            let told = format!("{role:?} {method} {path}");
            assert!(!theirs.status.is_success(), "{told}: {}", theirs.status);
            assert_eq!(theirs.status, nobodys.status, "{told}");
            assert_eq!(theirs.text(), nobodys.text(), "{told}");
        }
    }
}

/// No list of Southfield's has anything of Northfield's.
#[tokio::test]
async fn lists_are_of_ones_own_organisations() {
    let world = world().await;
    let ids = [
        case_id(1).to_string(),
        "northfield".into(),
        "cardiology".into(),
    ];
    for role in Role::ALL {
        let token = strong(role, "southfield").log_in(&world).await;
        for (method, path, need) in ROUTES {
            let is_list = *method == "GET" && !path.contains('{') && *path != ENDLESS;
            if !is_list || *need == Need::Anyone {
                continue;
            }
            let answer = asked(&world, (method, path), path, &token).await;
            for id in &ids {
                assert!(
                    !answer.text().contains(id.as_str()),
                    "{role:?} {path} has {id}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_about_patients_takes_a_second_factor() {
    let world = world().await;
    for role in Role::ALL {
        let weak = Who {
            strength: Strength::Password,
            ..strong(role, "northfield")
        };
        let token = weak.log_in(&world).await;
        for (method, path, need) in ROUTES {
            let Need::Has(right) = need else { continue };
            if right.is_of_patients() && right.roles().contains(&role) {
                let answer = asked(&world, (method, path), &with_ids(path), &token).await;
                assert_eq!(answer.problem(), "second-factor-needed", "{role:?} {path}");
            }
        }
    }
}
