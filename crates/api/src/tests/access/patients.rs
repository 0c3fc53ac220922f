//! What identifies a patient: who is shown it, what of it is left out, and what the audit says.

use axum::http::StatusCode;
use rotaline_record::RecordingPart;
use rotaline_store::{Action, Role, Strength};

use super::{Ask, Who, ask};
use crate::tests::world::{Answer, World, case_id};

const NHS_NUMBER: &str = "9434765919";

async fn world() -> World {
    let world = World::new().await;
    world.call(1).await;
    world
        .recorded(1, RecordingPart::Case, "a.wav", b"RIFF")
        .await;
    let path = format!("/api/v1/calls/{}/nhs-number", case_id(1));
    let asking = Ask {
        token: world.token.text(),
        reason: None,
        body: Some(r#"{"nhs_number": "9434765919"}"#),
    };
    assert_eq!(
        ask(&world, "PUT", &path, asking).await.status,
        StatusCode::OK
    );
    world
}

fn who(role: Role, person: Option<&'static str>, strength: Strength) -> Who<'static> {
    Who {
        role,
        organisation: "north-trust",
        person,
        strength,
    }
}

async fn get(world: &World, what: &str, token: &str, reason: Option<&str>) -> Answer {
    let path = format!("/api/v1/calls{what}");
    let asking = Ask {
        token,
        reason,
        body: None,
    };
    ask(world, "GET", &path, asking).await
}

fn one(suffix: &str) -> String {
    format!("/{}{suffix}", case_id(1))
}

#[tokio::test]
async fn a_party_reads_their_call_and_others_of_their_team_do_not() {
    let world = world().await;
    let ann = who(Role::Specialist, Some("ann"), Strength::SecondFactor);
    let ann = ann.log_in(&world).await;
    let shown = get(&world, &one(""), &ann, None).await.json();
    assert_eq!(shown["nhs_number"], NHS_NUMBER);
    let list = get(&world, "", &ann, None).await.json();
    assert_eq!(list["calls"].as_array().unwrap().len(), 1);
    assert_eq!(
        get(&world, &one("/recording.wav"), &ann, None).await.status,
        StatusCode::OK
    );
    let ben = who(Role::Caller, Some("ben"), Strength::SecondFactor);
    let ben = ben.log_in(&world).await;
    assert_eq!(
        get(&world, &one(""), &ben, None).await.status,
        StatusCode::NOT_FOUND
    );
    let list = get(&world, "", &ben, None).await.json();
    assert_eq!(list["calls"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn without_a_second_factor_a_party_sees_the_call_and_nothing_of_the_patient() {
    let world = world().await;
    let ann = who(Role::Specialist, Some("ann"), Strength::Password);
    let ann = ann.log_in(&world).await;
    let shown = get(&world, &one(""), &ann, None).await;
    assert!(!shown.text().contains(NHS_NUMBER));
    assert!(
        !get(&world, "", &ann, None)
            .await
            .text()
            .contains(NHS_NUMBER)
    );
    let heard = get(&world, &one("/recording.wav"), &ann, None).await;
    assert_eq!(heard.problem(), "second-factor-needed");
}

#[tokio::test]
async fn who_was_no_party_says_why_and_it_is_kept() {
    let world = world().await;
    let lead = who(Role::ClinicalLead, None, Strength::SecondFactor);
    let lead = lead.log_in(&world).await;
    let shown = get(&world, &one(""), &lead, None).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(!shown.text().contains(NHS_NUMBER), "no reason, no patient");
    let heard = get(&world, &one("/recording.wav"), &lead, None).await;
    assert_eq!(heard.status, StatusCode::FORBIDDEN);
    assert_eq!(heard.problem(), "reason-needed");
    assert!(heard.text().contains("Audit-Reason"));
    let why = Some("complaint 12");
    let shown = get(&world, &one(""), &lead, why).await;
    assert!(shown.text().contains(NHS_NUMBER));
    let heard = get(&world, &one("/recording.wav"), &lead, why).await;
    assert_eq!(heard.status, StatusCode::OK);
    let audited = world.audited(case_id(1)).await;
    let last_two = &audited[audited.len() - 2..];
    assert_eq!(last_two[0].action, Action::CallRead);
    assert_eq!(last_two[1].action, Action::RecordingFetched);
    for entry in last_two {
        assert_eq!(entry.reason.as_deref(), why);
        assert!(entry.who.starts_with("clinical-lead"));
    }
}

#[tokio::test]
async fn reports_and_exports_leave_patients_out_without_a_reason_and_are_audited() {
    let world = world().await;
    let manager = who(Role::ServiceManager, None, Strength::SecondFactor);
    let manager = manager.log_in(&world).await;
    for path in ["/api/v1/reports/calls", "/api/v1/reports/calls.csv"] {
        let asking = |reason| Ask {
            token: &manager,
            reason,
            body: None,
        };
        let blind = ask(&world, "GET", path, asking(None)).await;
        assert_eq!(blind.status, StatusCode::OK);
        assert!(!blind.text().contains(NHS_NUMBER), "{path}");
        let whole = ask(&world, "GET", path, asking(Some("return"))).await;
        assert!(whole.text().contains(NHS_NUMBER), "{path}");
    }
    let auditor = who(Role::PatientDataAuditor, None, Strength::SecondFactor);
    let auditor = auditor.log_in(&world).await;
    let log = ask(
        &world,
        "GET",
        "/api/v1/audit?action=exported",
        Ask {
            token: &auditor,
            reason: None,
            body: None,
        },
    );
    let log = log.await.json();
    let entries = log["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["reason"], "return");
    assert_eq!(entries[0]["organisation"], "north-trust");
}
