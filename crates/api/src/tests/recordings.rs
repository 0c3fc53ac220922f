//! Recordings, to hear or to keep.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{StatusCode, header};
use rotaline_record::{Fact, Origin, RecordingPart};
use rotaline_store::{Action, Storage as _};

use super::world::{World, case_id, record, stored};

const CASE: RecordingPart = RecordingPart::Case;

fn some_wav() -> Vec<u8> {
    let mut bytes = b"RIFF....WAVE".to_vec();
    bytes.extend((0..200_000u32).map(|n| (n % 251) as u8));
    bytes
}

#[tokio::test]
async fn wav_comes_as_it_was_stored_and_the_fetch_is_audited() {
    let world = World::new().await;
    let id = world.call(1).await;
    let wav = some_wav();
    world.recorded(1, CASE, "1.wav", &wav).await;
    let answer = world
        .get(&format!("/api/v1/calls/{id}/recording.wav"))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, wav);
    assert_eq!(answer.header(header::CONTENT_TYPE), "audio/wav");
    assert_eq!(answer.header(header::CACHE_CONTROL), "private, no-store");
    assert!(
        answer
            .header(header::CONTENT_DISPOSITION)
            .contains("00000001-case.wav")
    );
    let audited = world.audited(id).await;
    assert_eq!(audited.len(), 1);
    assert_eq!(audited[0].action, Action::RecordingFetched);
    assert_eq!(audited[0].object, "case.wav");
}

#[tokio::test]
async fn players_may_ask_for_a_range() {
    let world = World::new().await;
    let id = world.call(1).await;
    let wav = some_wav();
    world.recorded(1, CASE, "1.wav", &wav).await;
    let range = async |range: &str| {
        let request = world
            .request("GET", &format!("/api/v1/calls/{id}/recording.wav"))
            .header(header::RANGE, range);
        world.send(request.body(Body::empty()).unwrap()).await
    };
    let answer = range("bytes=1000-1999").await;
    assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(answer.body, wav[1000..2000]);
    let total = format!("bytes 1000-1999/{}", wav.len());
    assert_eq!(answer.header(header::CONTENT_RANGE), total);
    let answer = range("bytes=999999999-").await;
    assert_eq!(answer.status, StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn whispers_are_parts_of_their_own() {
    let world = World::new().await;
    let id = world.call(1).await;
    world.recorded(1, CASE, "1.wav", b"case").await;
    world
        .recorded(1, RecordingPart::Whisper(1), "1.w1.wav", b"whisper")
        .await;
    let path = format!("/api/v1/calls/{id}/recording.wav");
    assert_eq!(
        world.get(&format!("{path}?part=whisper-1")).await.body,
        b"whisper"
    );
    assert_eq!(world.get(&format!("{path}?part=case")).await.body, b"case");
    let answer = world.get(&format!("{path}?part=whisper-2")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.problem(), "no-such-recording");
    for part in [
        "part=",
        "part=whisper",
        "part=whisper-x",
        "part=../x",
        "prat=case",
    ] {
        let answer = world.get(&format!("{path}?{part}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{part}");
        assert_eq!(answer.problem(), "bad-request");
    }
    let objects: Vec<_> = world
        .audited(id)
        .await
        .into_iter()
        .map(|e| e.object)
        .collect();
    assert_eq!(
        objects,
        ["whisper-1.wav", "case.wav"],
        "only what was served"
    );
}

#[tokio::test]
async fn recording_that_goes_on_is_not_ready() {
    let world = World::new().await;
    let id = world.call(1).await;
    let started = Fact::RecordingStarted { part: CASE };
    world
        .journalled(vec![record(1, Origin::Recorder, 1, started)])
        .await;
    let answer = world
        .get(&format!("/api/v1/calls/{id}/recording.wav"))
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.problem(), "recording-not-ready");
}

#[tokio::test]
async fn mp3_is_encoded_when_asked_for_and_served_when_it_is_there() {
    let world = World::new().await;
    let id = world.call(1).await;
    world.recorded(1, CASE, "1.wav", b"wav").await;
    let path = format!("/api/v1/calls/{id}/recording.mp3");
    let answer = world.get(&path).await;
    assert_eq!(answer.body, b"mp3 of wav");
    assert_eq!(answer.header(header::CONTENT_TYPE), "audio/mpeg");
    let fact = Fact::RecordingEncoded {
        part: CASE,
        file: format!("{id}.mp3"),
        bytes: 10,
    };
    world
        .journalled(vec![record(1, Origin::Recorder, 99, fact)])
        .await;
    assert_eq!(world.get(&path).await.body, b"mp3 of wav");
    assert_eq!(world.encoder.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn mp3_that_cannot_be_made_says_so() {
    let world = World::new().await;
    let id = world.call(1).await;
    world.recorded(1, CASE, "1.wav", b"").await;
    let answer = world
        .get(&format!("/api/v1/calls/{id}/recording.mp3"))
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "not-encoded");
    assert!(world.audited(id).await.is_empty());
}

#[tokio::test]
async fn no_file_name_leaves_the_recordings_folder() {
    let world = World::new().await;
    let secret = world.recordings().join("../secret.wav");
    std::fs::write(&secret, b"secret").unwrap();
    std::os::unix::fs::symlink(&secret, world.recordings().join("link.wav")).unwrap();
    let absolute = secret.to_str().unwrap().to_owned();
    let names = [
        "../secret.wav",
        "a/../../secret.wav",
        "link.wav",
        "",
        ".",
        &absolute,
    ];
    for (number, name) in (1..).zip(names) {
        let id = world.call(number).await;
        world.journalled(vec![stored(number, CASE, name)]).await;
        let answer = world
            .get(&format!("/api/v1/calls/{id}/recording.wav"))
            .await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{name}");
        assert_eq!(answer.problem(), "recording-unreadable");
        assert!(world.audited(id).await.is_empty());
    }
}

#[tokio::test]
async fn lost_file_is_a_fault_that_names_no_path() {
    let world = World::new().await;
    let id = world.call(1).await;
    world.journalled(vec![stored(1, CASE, "lost.wav")]).await;
    let answer = world
        .get(&format!("/api/v1/calls/{id}/recording.wav"))
        .await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem(), "recording-unreadable");
    assert!(!String::from_utf8(answer.body).unwrap().contains("lost"));
}

#[tokio::test]
async fn what_cannot_be_audited_is_not_served() {
    let world = World::new().await;
    let id = world.call(1).await;
    world.recorded(1, CASE, "1.wav", b"wav").await;
    world.storage.close().await;
    let answer = world
        .get(&format!("/api/v1/calls/{id}/recording.wav"))
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "database-away");
    assert_eq!(id, case_id(1));
}
