//! The hub: what is kept, who is let go.

use std::time::{Duration, Instant};

use super::hub::{Hub, KEPT, NotRead, READERS, UNREAD, Watched};

fn tell(hub: &Hub, times: usize) {
    for _ in 0..times {
        hub.tell("plan", None, "{}");
    }
}

#[test]
fn who_resumes_gets_what_was_missed_and_who_was_away_too_long_gets_none_of_it() {
    let hub = Hub::default();
    let first = hub.read(None).unwrap();
    assert!(first.first && first.missed.is_none());
    tell(&hub, 3);
    let resumed = hub.read(Some(1)).unwrap();
    let numbers: Vec<u64> = resumed
        .missed
        .expect("kept")
        .iter()
        .map(|seen| seen.number)
        .collect();
    assert_eq!(numbers, [2, 3]);
    assert!(!resumed.first, "one pumps already");
    assert_eq!(hub.read(Some(3)).unwrap().missed, Some(Vec::new()));
    assert_eq!(hub.read(Some(4)).unwrap().missed, None, "never was");
    tell(&hub, KEPT);
    assert_eq!(hub.read(Some(2)).unwrap().missed, None, "not kept any more");
    let all = hub.read(Some(3)).unwrap().missed;
    assert_eq!(all.map(|all| all.len()), Some(KEPT));
}

#[test]
fn a_reader_who_does_not_take_its_events_is_let_go_and_keeps_nobody() {
    let hub = Hub::default();
    let mut slow = hub.read(None).unwrap();
    let mut quick = hub.read(None).unwrap();
    for _ in 0..=UNREAD {
        tell(&hub, 1);
        quick.coming.try_recv().expect("it comes at once");
    }
    let mut taken = 0;
    while slow.coming.try_recv().is_ok() {
        taken += 1;
    }
    assert_eq!(taken, UNREAD);
    assert!(slow.coming.is_closed(), "its stream ends");
    assert!(!quick.coming.is_closed());
}

#[test]
fn readers_are_bounded_and_one_who_leaves_makes_room() {
    let hub = Hub::default();
    let mut readers: Vec<_> = (0..READERS).map(|_| hub.read(None).unwrap()).collect();
    assert_eq!(hub.read(None).unwrap_err(), NotRead::Full);
    readers.pop();
    assert!(hub.read(None).is_ok());
}

#[test]
fn once_nobody_has_read_for_a_while_nothing_is_gathered_and_nothing_is_resumed() {
    let hub = Hub::default();
    let now = Instant::now();
    let last = {
        let _reader = hub.read(None).unwrap();
        tell(&hub, 2);
        assert_eq!(hub.look(now + Duration::from_secs(900)), Watched::Yes);
        2
    };
    assert_eq!(hub.look(now), Watched::Yes, "one that was cut off resumes");
    assert_eq!(
        hub.read(Some(1)).unwrap().missed.map(|it| it.len()),
        Some(1)
    );
    assert_eq!(hub.look(now), Watched::Yes);
    let later = now + Duration::from_secs(121);
    assert_eq!(hub.look(later), Watched::NoMore);
    let again = hub.read(Some(last)).unwrap();
    assert!(again.first && again.missed.is_none());
}

#[test]
fn closed_it_ends_every_stream_and_begins_none() {
    let hub = Hub::default();
    let reading = hub.read(None).unwrap();
    hub.close();
    assert!(reading.coming.is_closed());
    assert_eq!(hub.read(None).unwrap_err(), NotRead::Closed);
    assert_eq!(hub.look(Instant::now()), Watched::NoMore);
}
