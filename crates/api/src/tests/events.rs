//! Events as a screen meets them: a stream of frames, ended and resumed.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{StatusCode, header};
use serde_json::Value;
use tokio_stream::StreamExt;
use tower::ServiceExt;

use super::world::{World, case_id, story};

const PATIENCE: Duration = Duration::from_secs(20);

/// One event: its id, kind and data.
type Told = (String, String, Value);

struct Stream {
    frames: BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(world: &World, query: &str, last: Option<&str>) -> Stream {
        let mut request = world.request("GET", &format!("/api/v1/events{query}"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let kind = &answer.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "text/event-stream");
        Stream {
            frames: answer.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event; none: the stream has ended.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim_start().to_owned()
                };
                let told = (field("id:"), field("event:"), field("data:"));
                self.text = rest.to_owned();
                return Some((told.0, told.1, serde_json::from_str(&told.2).unwrap()));
            }
            let frame = tokio::time::timeout(PATIENCE, self.frames.next()).await;
            let frame = frame.expect("an event in time")?.unwrap();
            self.text += std::str::from_utf8(&frame).unwrap();
        }
    }

    /// Reads on until an event of a kind.
    async fn until(&mut self, kind: &str) -> Told {
        loop {
            let told = self.next().await.expect("the stream goes on");
            if told.1 == kind {
                return told;
            }
        }
    }
}

async fn part(world: &World, number: u32, from: usize, to: usize) {
    world.journalled(story(number)[from..to].to_vec()).await;
}

#[tokio::test]
async fn a_call_is_followed_from_its_beginning_to_its_end_and_what_comes_later_is_told() {
    let world = World::new().await;
    part(&world, 1, 0, 6).await;
    let mut stream = Stream::open(&world, "", None).await;
    let (_, kind, all) = stream.next().await.unwrap();
    assert_eq!(
        (kind.as_str(), all[0]["state"].as_str()),
        ("live-calls", Some("ringing"))
    );
    let (_, kind, plan) = stream.next().await.unwrap();
    assert_eq!(
        (kind.as_str(), &plan["revision"]),
        ("plan", &Value::from(1))
    );

    part(&world, 1, 6, 9).await;
    let mut talk = stream.until("live-call").await.2;
    while talk["state"] != "talking" {
        talk = stream.until("live-call").await.2;
    }
    assert_eq!(talk["id"], case_id(1).to_string());
    part(&world, 1, 9, 15).await;
    let over = stream.until("live-call-over").await.2;
    assert_eq!(over["id"], case_id(1).to_string());

    let body = "{\"outcome\":\"referral-made\"}";
    let answer = world.put_outcome(case_id(1), body).await;
    assert_eq!(answer.status, StatusCode::OK);
    let changed = stream.until("call-changed").await.2;
    assert_eq!(changed["id"], case_id(1).to_string());
}

#[tokio::test]
async fn who_was_cut_off_resumes_after_the_last_event_that_was_read() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, "", None).await;
    stream.until("plan").await;
    part(&world, 1, 0, 6).await;
    let (last, _, _) = stream.until("live-call").await;
    drop(stream);
    part(&world, 1, 6, 15).await;
    let mut again = Stream::open(&world, "", Some(&last)).await;
    let (id, kind, _) = again.next().await.unwrap();
    assert!(
        kind.starts_with("live-call") && kind != "live-calls",
        "{kind}"
    );
    assert_ne!(id, last);

    for another in ["nonsense", "1-1", "-5", &format!("{last}999999")] {
        let mut fresh = Stream::open(&world, "", Some(another)).await;
        let (_, kind, _) = fresh.next().await.unwrap();
        assert_eq!(kind, "live-calls", "{another}: all, as it is now");
    }
}

#[tokio::test]
async fn who_follows_one_organisation_hears_of_its_calls_alone() {
    let world = World::new().await;
    let mut other = Stream::open(&world, "?organisation=another", None).await;
    let mut own = Stream::open(&world, "?organisation=north-trust", None).await;
    part(&world, 1, 0, 9).await;
    own.until("live-call").await;
    world.events.close();
    let mut heard = Vec::new();
    while let Some((_, kind, data)) = other.next().await {
        heard.push((kind, data));
    }
    let nothing_up = ("live-calls".to_owned(), Value::Array(Vec::new()));
    assert_eq!(heard[0], nothing_up);
    assert!(
        heard[1..].iter().all(|(kind, _)| kind == "plan"),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_service_that_stops_ends_its_streams_and_begins_none() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, "", None).await;
    world.events.close();
    while stream.next().await.is_some() {}
    let answer = world.get("/api/v1/events").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "stopping");
}
