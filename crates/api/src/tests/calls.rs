//! The list and the single call.

use axum::http::StatusCode;
use rotaline_record::{Origin, RecordingPart};
use rotaline_store::Storage as _;

use super::world::{World, case_id, opened, record, story};

#[tokio::test]
async fn line_of_the_list_has_what_the_report_needs() {
    let world = World::new().await;
    let id = world.call(1).await;
    world
        .recorded(1, RecordingPart::Case, "1.wav", b"RIFF")
        .await;
    let page = world.get("/api/v1/calls").await.json();
    let expected = serde_json::json!({
        "id": id.to_string(),
        "nhs_number": null,
        "gender": null,
            "reference": "00000001",
        "opened_at": "2026-09-21T14:14:20Z",
        "closed_at": "2026-09-21T14:14:27Z",
        "dialled": "+442079460100",
        "caller": "+442079460001",
        "practice": "elm-street",
        "area": "North",
        "specialty": "cardiology",
        "specialist": "ann",
        "organisation": "north-trust",
        "refs": 1,
        "wait_s": 2.5,
        "talk_s": 0.5,
        "outcome": "-",
        "end_cause": "caller_hung_up",
        "end_words": "The caller hung up",
        "recording": {
            "wav": format!("/api/v1/calls/{id}/recording.wav"),
            "mp3": format!("/api/v1/calls/{id}/recording.mp3"),
        },
    });
    assert_eq!(page["calls"][0], expected);
    assert_eq!(page["next"], serde_json::Value::Null);
    assert_eq!(page["complete"], true);
}

#[tokio::test]
async fn single_call_has_everything() {
    let world = World::new().await;
    let id = world.call(1).await;
    world
        .recorded(1, RecordingPart::Whisper(1), "1.w.wav", b"RIFF")
        .await;
    let call = world.get(&format!("/api/v1/calls/{id}")).await.json();
    assert_eq!(call["reference"], "00000001");
    let attempt = &call["attempts"][0];
    assert_eq!(attempt["person"], "ann");
    assert_eq!(attempt["phone"], "mobile");
    assert_eq!(attempt["acceptance"], "required");
    assert_eq!(attempt["result"], "accepted");
    assert_eq!(attempt["ring_s"], 0.5);
    assert_eq!(attempt["reason"], "first on the rota");
    assert_eq!(attempt["evidence"][0]["key"], "1");
    assert_eq!(attempt["evidence"][0]["after_answer_s"], 0.9);
    assert_eq!(attempt["answerphone"][0]["sign"], "at_once");
    assert_eq!(attempt["answerphone"][0]["after_answer_s"], 0.0);
    assert_eq!(call["key"], "1");
    assert_eq!(call["talk_ended_by"], "caller");
    assert_eq!(call["ladder"][0]["what"], "INVITE");
    assert_eq!(call["ladder"][0]["direction"], "in");
    assert_eq!(call["prompts"][0]["prompt"], "greeting");
    assert_eq!(call["prompts"][0]["heard_s"], 1.2);
    assert_eq!(call["quality"][0]["packets_received"], 50);
    assert_eq!(call["calls"][0]["sip_call_id"], "abc@192.0.2.1");
    let whisper = &call["recordings"][0];
    assert_eq!(whisper["part"], "whisper-1");
    assert_eq!(whisper["duration_s"], 61.5);
    assert_eq!(whisper["mp3_ready"], false);
    let link = format!("/api/v1/calls/{id}/recording.wav?part=whisper-1");
    assert_eq!(whisper["links"]["wav"], link);
    assert_eq!(
        call["recording"],
        serde_json::Value::Null,
        "the whisper is not the call's"
    );
}

#[tokio::test]
async fn live_call_shows_at_once() {
    let world = World::new().await;
    world
        .journalled(vec![record(1, Origin::Call, 1, opened())])
        .await;
    let page = world.get("/api/v1/calls?state=open").await.json();
    let call = &page["calls"][0];
    assert_eq!(call["id"], case_id(1).to_string());
    for field in [
        "closed_at",
        "specialty",
        "wait_s",
        "end_cause",
        "end_words",
        "recording",
    ] {
        assert_eq!(call[field], serde_json::Value::Null, "{field}");
    }
    assert_eq!(call["outcome"], "-");
    let closed = world.get("/api/v1/calls?state=closed").await.json();
    assert_eq!(closed["calls"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn pages_lead_from_the_newest_to_the_oldest() {
    let world = World::new().await;
    for number in 1..=7 {
        world.call(number).await;
    }
    let mut path = "/api/v1/calls?limit=3".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = world.get(&path).await.json();
        for call in page["calls"].as_array().unwrap() {
            seen.push(call["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/calls?limit=3&after={next}");
    }
    let expected: Vec<_> = (1..=7).rev().map(|n| case_id(n).to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let world = World::new().await;
    world.call(1).await;
    world.call(2).await;
    let count = async |filter: &str| {
        let page = world.get(&format!("/api/v1/calls?{filter}")).await.json();
        page["calls"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(
        count("specialty=cardiology&practice=elm-street&person=ann").await,
        2
    );
    assert_eq!(count("specialty=dermatology").await, 0);
    assert_eq!(count("practice=oak-lane").await, 0);
    assert_eq!(count("practice=-").await, 0);
    assert_eq!(count("person=ben").await, 0);
    assert_eq!(count("outcome=-").await, 2);
    assert_eq!(count("outcome=referral-avoided").await, 0);
    // The second came in at 14:15:20.
    assert_eq!(count("from=2026-09-21T14:15:20Z").await, 1);
    assert_eq!(count("to=2026-09-21T14:15:20Z").await, 1);
    assert_eq!(count("from=2026-09-21T15:15:20%2B01:00").await, 1);
}

#[tokio::test]
async fn wrong_filters_are_told_what_would_be_right() {
    let world = World::new().await;
    let cases = [
        ("form=2026-09-21T14:15:20Z", "unknown field `form`"),
        ("from=yesterday", "2026-11-24T09:00:00Z"),
        ("to=2026-09-21", "2026-11-24T09:00:00Z"),
        ("specialty=Heart%20Team", "a-z, 0-9 and -"),
        ("state=over", "open or closed"),
        ("limit=0", "1 to 200"),
        ("limit=201", "1 to 200"),
        ("limit=many", "1 to 200"),
        ("after=x", "`next` of an earlier answer"),
        ("after=1-zz", "`next` of an earlier answer"),
    ];
    for (filter, hint) in cases {
        let answer = world.get(&format!("/api/v1/calls?{filter}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{filter}");
        assert_eq!(answer.problem(), "bad-request");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(hint), "{filter}: {detail}");
    }
}

#[tokio::test]
async fn unknown_calls_are_not_found() {
    let world = World::new().await;
    world.call(1).await;
    for id in [
        case_id(2).to_string(),
        "1".into(),
        "..%2F..%2Fetc".into(),
        "%00".into(),
    ] {
        let answer = world.get(&format!("/api/v1/calls/{id}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        assert_eq!(answer.problem(), "no-such-call");
    }
}

#[tokio::test]
async fn database_away_the_list_says_that_it_is_not_complete() {
    let world = World::new().await;
    world.journalled(story(1)[..5].to_vec()).await;
    world.storage.close().await;
    let page = world.get("/api/v1/calls").await.json();
    assert_eq!(page["complete"], false);
    assert_eq!(page["calls"][0]["id"], case_id(1).to_string());
    assert_eq!(
        world
            .get(&format!("/api/v1/calls/{}", case_id(1)))
            .await
            .status,
        StatusCode::OK
    );
    let answer = world.get(&format!("/api/v1/calls/{}", case_id(2))).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "database-away");
}
