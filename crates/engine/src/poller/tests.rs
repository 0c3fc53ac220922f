//! Who is woken by whom, and that nobody sleeps over a message.

use super::*;

fn is_woken(poller: &mut Poller) -> bool {
    let started = std::time::Instant::now();
    poller
        .wait(Some(Duration::from_secs(20)), || false)
        .unwrap();
    started.elapsed() < Duration::from_secs(10)
}

/// Whether the announcement wrote to the eventfd.
fn wrote(poller: &Poller) -> bool {
    let mut count = [0; 8];
    rustix::io::read(&poller.wake.eventfd, &mut count).is_ok()
}

#[test]
fn each_wake_ends_a_wait_though_nobody_reads_it_away() {
    let mut poller = Poller::new().unwrap();
    for _ in 0..3 {
        poller.waker().wake();
        assert!(is_woken(&mut poller));
    }
}

#[test]
fn messages_that_are_there_keep_it_from_sleeping() {
    let mut poller = Poller::new().unwrap();
    poller.wait(None, || true).unwrap();
    assert!(poller.ready().is_empty());
}

#[test]
fn who_is_awake_or_will_be_in_time_is_not_woken() {
    let mut poller = Poller::new().unwrap();
    let waker = poller.waker();
    let mut seen = Vec::new();
    for timeout in [Some(NAP), Some(NAP * 2), None] {
        for haste in [Haste::Soon, Haste::AtOnce] {
            // Announced in the very moment before it sleeps.
            let announce = || {
                waker.announce(haste);
                true
            };
            poller.wait(timeout, announce).unwrap();
            seen.push(wrote(&poller));
        }
    }
    assert_eq!(seen, [false, true, true, true, true, true]);
    waker.announce(Haste::AtOnce);
    assert!(!wrote(&poller), "it is awake, and looks before it sleeps");
}

#[test]
fn no_message_is_slept_over() {
    use crate::link::link;

    let mut poller = Poller::new().unwrap();
    const MESSAGES: u32 = 20_000;
    let (mut sender, mut receiver) = link("test", MESSAGES as usize, poller.waker());
    let producer = std::thread::spawn(move || {
        for n in 0..MESSAGES {
            sender.push(n, Haste::AtOnce);
            sender.flush();
        }
    });
    let started = std::time::Instant::now();
    let mut next = 0;
    while next < MESSAGES {
        let timeout = Some(Duration::from_secs(20));
        poller.wait(timeout, || !receiver.is_empty()).unwrap();
        while let Some(n) = receiver.pop() {
            assert_eq!(n, next);
            next += 1;
        }
    }
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "it slept over one"
    );
    producer.join().unwrap();
}
