//! Calls over a wire that loses, doubles, delays and reorders.

use std::time::Duration;

use bytes::Bytes;
use rand_chacha::rand_core::Rng;
use rotaline_model::Seed;

use super::calls::{answer, called, established, incoming, reject, with};
use super::pair::{Fate, Pair};
use crate::boundary::Event;

const SECOND: Duration = Duration::from_secs(1);

/// More often than anything is sent.
const ALWAYS: usize = usize::MAX;

/// Loses the first `times` datagrams of a line.
fn lose(pair: &mut Pair, lost: &'static str, times: usize) {
    let mut left = times;
    pair.wire(move |line| {
        if line == lost && left > 0 {
            left -= 1;
            return Fate::Vanish;
        }
        Fate::Arrive
    });
}

fn count(flow: &[String], line: &str) -> usize {
    flow.iter().filter(|sent| *sent == line).count()
}

#[test]
fn a_lost_invite_is_sent_again() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b INVITE", 2);
    pair.call();
    pair.run(2 * SECOND);
    assert_eq!(pair.a_heard(), ["trying"]);
    let flow = [
        "a>| to b INVITE",
        "a>| to b INVITE",
        "a>b INVITE",
        "b>a 100 INVITE",
    ];
    assert_eq!(pair.flow(), flow);
}

#[test]
fn a_call_to_nobody_fails_after_32_seconds() {
    let mut pair = Pair::new();
    pair.wire(|_| Fate::Vanish);
    pair.call();
    pair.run(Duration::from_millis(31_999));
    assert_eq!(pair.a_heard(), [""; 0]);
    pair.run(Duration::from_millis(1));
    assert_eq!(pair.a_heard(), ["failed 408 timed out"]);
    pair.run_out();
}

#[test]
fn a_2xx_is_sent_again_until_its_ack_and_each_copy_is_acknowledged() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b ACK", 2);
    let b = called(&mut pair);
    answer(&mut pair, b);
    pair.run(5 * SECOND);
    assert_eq!(pair.a_heard(), ["trying", "answered answer"]);
    assert_eq!(pair.b_heard(), ["incoming 1001", "acknowledged"]);
    let flow = pair.flow();
    assert_eq!(count(&flow, "b>a 200 INVITE"), 3);
    assert_eq!(count(&flow, "a>| to b ACK"), 2);
    assert_eq!(count(&flow, "a>b ACK"), 1);
}

#[test]
fn a_lost_2xx_is_sent_again() {
    let mut pair = Pair::new();
    lose(&mut pair, "b>a 200 INVITE", 2);
    let b = called(&mut pair);
    answer(&mut pair, b);
    pair.run(5 * SECOND);
    assert_eq!(pair.a_heard(), ["trying", "answered answer"]);
    assert_eq!(pair.b_heard(), ["incoming 1001", "acknowledged"]);
}

//= RFC 3261 section 13.3.1.4
//= type=test
//# If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, the
//# dialog is confirmed, but the session SHOULD be terminated. This is accomplished with a BYE
#[test]
fn a_2xx_without_an_ack_ends_as_lost_with_a_bye() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b ACK", ALWAYS);
    let b = called(&mut pair);
    answer(&mut pair, b);
    pair.run(31 * SECOND);
    assert_eq!(pair.b_heard(), ["incoming 1001"]);
    pair.run(2 * SECOND);
    assert_eq!(pair.b_heard(), ["lost"]);
    assert_eq!(pair.a_heard(), ["trying", "answered answer", "ended"]);
    let flow = pair.flow();
    // At 0, 0.5, 1.5, 3.5, then each 4 s.
    assert_eq!(count(&flow, "b>a 200 INVITE"), 11);
    assert_eq!(flow.last().unwrap(), "a>b 200 BYE");
    pair.run_out();
}

//= RFC 3261 section 15
//= type=test
//# the callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its
//# 2xx response or until the server transaction times out.
#[test]
fn a_bye_of_the_called_side_waits_for_the_ack() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b ACK", 1);
    let b = called(&mut pair);
    answer(&mut pair, b);
    assert!(pair.at_b(|side, now| side.hang_up(now, b, None)));
    assert!(!pair.at_b(|side, now| side.hang_up(now, b, None)));
    pair.run(SECOND / 4);
    assert_eq!(count(&pair.flow, "b>a BYE"), 0);
    pair.run(SECOND);
    assert_eq!(count(&pair.flow, "b>a BYE"), 1);
    assert_eq!(pair.a_heard(), ["trying", "answered answer", "ended"]);
    assert_eq!(pair.b_heard(), ["incoming 1001", "terminated"]);
    pair.run_out();
}

#[test]
fn a_bye_that_waited_in_vain_for_an_ack_goes_out_all_the_same() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b ACK", ALWAYS);
    let b = called(&mut pair);
    answer(&mut pair, b);
    pair.at_b(|side, now| side.hang_up(now, b, None));
    pair.run(40 * SECOND);
    assert_eq!(pair.b_heard(), ["incoming 1001", "terminated"]);
    assert_eq!(count(&pair.flow, "b>a BYE"), 1);
    pair.run_out();
}

#[test]
fn a_lost_ack_of_a_refusal_is_sent_again() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b ACK", 1);
    let b = called(&mut pair);
    reject(&mut pair, b, 603);
    pair.run(SECOND);
    assert_eq!(pair.b_heard(), ["incoming 1001", "terminated"]);
    assert_eq!(pair.a_heard(), ["trying", "failed 603"]);
    assert_eq!(count(&pair.flow, "b>a 603 INVITE"), 2);
    pair.run_out();
}

#[test]
fn a_refusal_that_is_never_acknowledged_is_over_after_32_seconds() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b ACK", ALWAYS);
    let b = called(&mut pair);
    reject(&mut pair, b, 603);
    pair.run(31 * SECOND);
    assert_eq!(pair.b_heard(), ["incoming 1001"]);
    pair.run(2 * SECOND);
    assert_eq!(pair.b_heard(), ["terminated"]);
    pair.run_out();
}

#[test]
fn a_lost_bye_is_sent_again() {
    let (mut pair, a, _) = established();
    lose(&mut pair, "a>b BYE", 3);
    pair.at_a(|side, now| side.hang_up(now, a, None));
    pair.run(5 * SECOND);
    assert_eq!(pair.a_heard(), ["terminated"]);
    assert_eq!(pair.b_heard(), ["ended"]);
    pair.run_out();
}

#[test]
fn a_bye_that_nobody_answers_ends_the_session_all_the_same() {
    let (mut pair, a, _) = established();
    pair.wire(|line| {
        if line.starts_with("a>b") {
            Fate::Vanish
        } else {
            Fate::Arrive
        }
    });
    pair.at_a(|side, now| side.hang_up(now, a, None));
    pair.run(33 * SECOND);
    assert_eq!(pair.a_heard(), ["terminated"]);
    assert_eq!(
        pair.a.endpoint.sessions() + pair.a.endpoint.transactions(),
        0
    );
    assert_eq!(pair.a.endpoint.leftovers(), 0);
    // The far end knows of nothing; only its user can tell that the line is dead.
    assert_eq!(pair.b.endpoint.sessions(), 1);
}

#[test]
fn byes_that_cross_end_the_session_once_on_each_side() {
    let (mut pair, a, b) = established();
    pair.at_a(|side, now| side.hang_up(now, a, None));
    pair.at_b(|side, now| side.hang_up(now, b, None));
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["terminated"]);
    assert_eq!(pair.b_heard(), ["terminated"]);
    assert_eq!(
        pair.flow(),
        ["a>b BYE", "b>a BYE", "b>a 200 BYE", "a>b 200 BYE"]
    );
    pair.run_out();
}

#[test]
fn a_lost_cancel_is_sent_again() {
    let mut pair = Pair::new();
    let a = pair.call();
    pair.run(SECOND);
    lose(&mut pair, "a>b CANCEL", 1);
    pair.at_a(|side, now| side.hang_up(now, a, None));
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["trying", "terminated"]);
    assert_eq!(pair.b_heard(), ["incoming 1001", "ended"]);
    pair.run_out();
}

//= RFC 3261 section 9.1
//= type=test
//# If there is no final response for the original request in 64*T1 seconds (T1 is defined in
//# Section 17.1.1.1), the client SHOULD then consider the original transaction cancelled and
//# SHOULD destroy the client transaction handling the original request.
#[test]
fn a_cancelled_invite_without_a_final_response_is_given_up() {
    let mut pair = Pair::new();
    let a = pair.call();
    pair.run(SECOND);
    lose(&mut pair, "b>a 487 INVITE", ALWAYS);
    pair.at_a(|side, now| side.hang_up(now, a, None));
    pair.run(Duration::from_millis(31_900));
    assert_eq!(pair.a_heard(), ["trying"]);
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["terminated"]);
    pair.run_out();
}

#[test]
fn a_second_answer_to_a_session_that_is_gone_changes_nothing() {
    let (mut pair, a, b) = established();
    pair.at_a(|side, now| side.hang_up(now, a, None));
    pair.run(SECOND);
    let sdp = Bytes::from_static(b"answer");
    assert!(!pair.at_b(|side, now| side.answer(now, b, sdp.clone())));
    assert!(!pair.at_b(|side, now| side.progress(now, b, 180)));
    assert!(!pair.at_b(|side, now| side.reject(now, b, with(486))));
    assert!(!pair.at_b(|side, now| side.accept_reoffer(now, b, sdp.clone())));
    assert!(!pair.at_b(|side, now| side.reject_reoffer(now, b, 488)));
    assert!(!pair.at_b(|side, now| side.acknowledge(now, b, sdp.clone())));
    assert!(!pair.at_b(|side, now| side.hang_up(now, b, None)));
    pair.run_out();
}

/// What a party does, at random.
fn meddle(pair: &mut Pair, random: &mut impl Rng) {
    let sessions: Vec<_> = pair
        .b
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Incoming(session, _) => Some(*session),
            _ => None,
        })
        .collect();
    let callers: Vec<_> = pair
        .a
        .ladder
        .iter()
        .map(|line| line.session)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut pick = |most: usize| usize::try_from(random.next_u32()).unwrap() % most.max(1);
    let action = pick(8);
    if let Some(&b) = sessions.get(pick(sessions.len())) {
        let status = [486, 503, 603][pick(3)];
        pair.at_b(|side, now| match action {
            0 | 1 => side.progress(now, b, 180),
            2 | 3 => side.answer(now, b, Bytes::from_static(b"answer")),
            4 => side.reject(now, b, with(status)),
            5 => side.hang_up(now, b, None),
            _ => false,
        });
    }
    if action == 6
        && let Some(&a) = callers.get(pick(callers.len()))
    {
        pair.at_a(|side, now| side.hang_up(now, a, None));
    }
}

#[test]
fn whatever_the_wire_does_each_session_ends_once_and_nothing_is_left() {
    for seed in 0..150 {
        let mut random = Seed::from_number(seed).generator(99);
        let mut wire = Seed::from_number(seed).generator(98);
        let loss = seed % 5 * 10;
        let mut pair = Pair::seeded(seed + 10);
        pair.wire(move |_| match u64::from(wire.next_u32() % 100) {
            roll if roll < loss => Fate::Vanish,
            roll if roll < loss + 10 => Fate::Twice,
            roll if roll < loss + 30 => Fate::Late(Duration::from_millis(roll * 20)),
            _ => Fate::Arrive,
        });
        let calls = 6;
        for _ in 0..calls {
            pair.call();
            for _ in 0..12 {
                pair.run(Duration::from_millis(u64::from(random.next_u32() % 1500)));
                meddle(&mut pair, &mut random);
            }
        }
        // Both sides hang up whatever is left, as their users would in the end.
        for session in 1..=100 {
            let session = crate::boundary::SessionId(session);
            pair.at_a(|side, now| side.hang_up(now, session, None));
            pair.at_b(|side, now| side.hang_up(now, session, None));
        }
        pair.run_out();
        for side in [&pair.a, &pair.b] {
            each_ended_once(&side.events, seed);
            assert_eq!(side.endpoint.counters().malformed_answered, 0);
        }
    }
}

fn each_ended_once(events: &[Event], seed: u64) {
    let mut over = std::collections::BTreeMap::new();
    for event in events {
        let (session, is_last) = match event {
            Event::Failed { session, .. }
            | Event::Ended { session, .. }
            | Event::Terminated(session) => (*session, true),
            Event::Incoming(session, _)
            | Event::Trying(session)
            | Event::Progress(session, _)
            | Event::Answered(session, _)
            | Event::Acknowledged(session, _)
            | Event::Reoffer(session, _) => (*session, false),
        };
        let was_over = over.insert(session, is_last);
        assert_ne!(
            was_over,
            Some(true),
            "seed {seed}: {session:?} went on after its end"
        );
    }
    assert!(
        over.values().all(|over| *over),
        "seed {seed}: a session has no end: {over:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_datagrams() {
    let bytes = |seed| {
        let mut pair = Pair::seeded(seed);
        pair.call();
        pair.run(SECOND);
        pair.last_datagram.clone()
    };
    assert_eq!(bytes(3), bytes(3));
    assert_ne!(bytes(3), bytes(4));
}

#[test]
fn the_ladder_has_every_message_once_and_copies_marked() {
    let mut pair = Pair::new();
    lose(&mut pair, "a>b ACK", 1);
    let a = pair.call();
    pair.run(SECOND);
    let b = incoming(&pair);
    answer(&mut pair, b);
    pair.run(2 * SECOND);
    pair.at_a(|side, now| side.hang_up(now, a, None));
    pair.run(SECOND);
    let ladder = pair.ladder_of_a();
    let lines = [
        "> INVITE",
        "< 100 INVITE",
        "< 200 INVITE",
        "> ACK",
        "< 200 INVITE again",
        "> ACK again",
        "> BYE",
        "< 200 BYE",
    ];
    assert_eq!(ladder, lines);
    let b_lines = [
        "< INVITE",
        "> 100 INVITE",
        "> 200 INVITE",
        "> 200 INVITE again",
        "< ACK",
        "< BYE",
        "> 200 BYE",
    ];
    assert_eq!(pair.ladder_of_b(), b_lines);
}
