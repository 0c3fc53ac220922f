//! Every state x event of the four machines, written down; and their timers, counted out.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use super::*;

const TIMERS: TimerConfig = TimerConfig {
    t1: Duration::from_millis(500),
    t2: Duration::from_secs(4),
    t4: Duration::from_secs(5),
};

/// When each state was entered, and when the event comes.
const BEGIN: Mono = Mono::ZERO;
const NOW: Mono = Mono::from_nanos(100_000_000);

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// How a machine comes to be in a state.
type State<M> = (&'static str, fn() -> M);
/// What happens to it; the outcome as text.
type Event<M> = (&'static str, fn(&mut M) -> String);

fn table<M: std::fmt::Debug>(states: &[State<M>], events: &[Event<M>]) -> String {
    let mut table = String::new();
    for (name, make) in states {
        writeln!(table, "{name}: {:?}", make()).unwrap();
        for (event, happen) in events {
            let mut machine = make();
            let outcome = happen(&mut machine);
            writeln!(table, "  {event}: {outcome} -> {machine:?}").unwrap();
        }
    }
    table
}

fn show(outcome: &impl std::fmt::Debug) -> String {
    format!("{outcome:?}")
}

fn invite_client() -> InviteClient {
    InviteClient::new(BEGIN, text("INVITE"), &TIMERS)
}

fn invite_client_after(statuses: &[u16]) -> InviteClient {
    let mut machine = invite_client();
    for status in statuses {
        let _ = machine.response(BEGIN, *status, &TIMERS, || text("ACK"));
    }
    machine
}

#[test]
fn invite_client_in_every_state() {
    let states: &[State<InviteClient>] = &[
        ("Calling", invite_client),
        ("Proceeding", || invite_client_after(&[180])),
        ("Proceeding, cancelled", || {
            let mut machine = invite_client_after(&[180]);
            let _ = machine.cancel(BEGIN, &TIMERS);
            machine
        }),
        ("Completed", || invite_client_after(&[486])),
        ("Accepted", || invite_client_after(&[200])),
        ("Terminated", || {
            let mut machine = invite_client_after(&[200]);
            let _ = machine.timeout(BEGIN + TIMERS.timeout());
            machine
        }),
    ];
    let events: &[Event<InviteClient>] = &[
        ("180", |it| {
            show(&it.response(NOW, 180, &TIMERS, || text("ACK")))
        }),
        ("200", |it| {
            show(&it.response(NOW, 200, &TIMERS, || text("ACK")))
        }),
        ("486", |it| {
            show(&it.response(NOW, 486, &TIMERS, || text("ACK")))
        }),
        ("cancel", |it| show(&it.cancel(NOW, &TIMERS))),
        ("0.1 s", |it| show(&it.timeout(NOW))),
        ("0.5 s", |it| show(&it.timeout(BEGIN + TIMERS.t1))),
        ("32 s", |it| show(&it.timeout(BEGIN + TIMERS.timeout()))),
    ];
    insta::assert_snapshot!(table(states, events));
}

fn invite_server_after(status: u16) -> InviteServer {
    let mut machine = InviteServer::new();
    let _ = match status {
        ..200 => machine.provisional(text("180")),
        200..300 => machine.success(BEGIN, &TIMERS),
        _ => machine.failure(BEGIN, text("486"), &TIMERS),
    };
    machine
}

#[test]
fn invite_server_in_every_state() {
    let states: &[State<InviteServer>] = &[
        ("Proceeding", InviteServer::new),
        ("Proceeding, 180 sent", || invite_server_after(180)),
        ("Accepted", || invite_server_after(200)),
        ("Completed", || invite_server_after(486)),
        ("Confirmed", || {
            let mut machine = invite_server_after(486);
            let _ = machine.ack(BEGIN, &TIMERS);
            machine
        }),
        ("Terminated", || {
            let mut machine = invite_server_after(200);
            let _ = machine.timeout(BEGIN + TIMERS.timeout(), &TIMERS);
            machine
        }),
    ];
    let events: &[Event<InviteServer>] = &[
        ("INVITE", |it| show(&it.request())),
        ("ACK", |it| show(&it.ack(NOW, &TIMERS))),
        ("send 183", |it| show(&it.provisional(text("183")))),
        ("send 200", |it| show(&it.success(NOW, &TIMERS))),
        ("send 603", |it| {
            show(&it.failure(NOW, text("603"), &TIMERS))
        }),
        ("0.1 s", |it| show(&it.timeout(NOW, &TIMERS))),
        ("0.5 s", |it| show(&it.timeout(BEGIN + TIMERS.t1, &TIMERS))),
        ("5 s", |it| show(&it.timeout(BEGIN + TIMERS.t4, &TIMERS))),
        ("32 s", |it| {
            show(&it.timeout(BEGIN + TIMERS.timeout(), &TIMERS))
        }),
    ];
    insta::assert_snapshot!(table(states, events));
}

fn client_after(statuses: &[u16]) -> Client {
    let mut machine = Client::new(BEGIN, text("BYE"), &TIMERS);
    for status in statuses {
        let _ = machine.response(BEGIN, *status, &TIMERS);
    }
    machine
}

#[test]
fn client_in_every_state() {
    let states: &[State<Client>] = &[
        ("Trying", || client_after(&[])),
        ("Proceeding", || client_after(&[100])),
        ("Completed", || client_after(&[200])),
        ("Terminated", || {
            let mut machine = client_after(&[200]);
            let _ = machine.timeout(BEGIN + TIMERS.t4, &TIMERS);
            machine
        }),
    ];
    let events: &[Event<Client>] = &[
        ("100", |it| show(&it.response(NOW, 100, &TIMERS))),
        ("200", |it| show(&it.response(NOW, 200, &TIMERS))),
        ("481", |it| show(&it.response(NOW, 481, &TIMERS))),
        ("0.1 s", |it| show(&it.timeout(NOW, &TIMERS))),
        ("0.5 s", |it| show(&it.timeout(BEGIN + TIMERS.t1, &TIMERS))),
        ("5 s", |it| show(&it.timeout(BEGIN + TIMERS.t4, &TIMERS))),
        ("32 s", |it| {
            show(&it.timeout(BEGIN + TIMERS.timeout(), &TIMERS))
        }),
    ];
    insta::assert_snapshot!(table(states, events));
}

fn completed_server() -> Server {
    let mut machine = Server::new();
    let _ = machine.response(BEGIN, text("200"), &TIMERS);
    machine
}

#[test]
fn server_in_every_state() {
    let states: &[State<Server>] = &[
        ("Trying", Server::new),
        ("Completed", completed_server),
        ("Terminated", || {
            let mut machine = completed_server();
            let _ = machine.timeout(BEGIN + TIMERS.timeout());
            machine
        }),
    ];
    let events: &[Event<Server>] = &[
        ("BYE", |it| show(&it.request())),
        ("send 481", |it| {
            show(&it.response(NOW, text("481"), &TIMERS))
        }),
        ("0.1 s", |it| show(&it.timeout(NOW))),
        ("32 s", |it| show(&it.timeout(BEGIN + TIMERS.timeout()))),
    ];
    insta::assert_snapshot!(table(states, events));
}

/// When a machine sends again, and what ends it, in milliseconds.
fn play(
    mut deadline: impl FnMut() -> Option<Mono>,
    mut timeout: impl FnMut(Mono) -> Expired,
) -> Vec<(u64, bool)> {
    let mut played = Vec::new();
    while let Some(at) = deadline() {
        let again = matches!(timeout(at), Expired::Again(_));
        played.push((at.as_millis(), again));
    }
    played
}

fn cell<M>(machine: M) -> std::cell::RefCell<M> {
    std::cell::RefCell::new(machine)
}

//= RFC 3261 section 17.1.1.2
//= type=test
//# When timer A fires, the client transaction MUST retransmit the request by passing it to the
//# transport layer, and MUST reset the timer with a value of 2*T1.
#[test]
fn an_invite_is_sent_seven_times_in_32_seconds() {
    let it = cell(invite_client());
    let played = play(|| it.borrow().deadline(), |at| it.borrow_mut().timeout(at));
    let (last, copies) = played.split_last().unwrap();
    let times: Vec<u64> = copies.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [500, 1500, 3500, 7500, 15500, 31500]);
    assert!(copies.iter().all(|(_, again)| *again));
    assert_eq!(*last, (32_000, false));
}

/// The times of a message that goes out again after T1, doubled until T2, for 32 s.
fn doubles_to_t2(played: &[(u64, bool)]) {
    let times: Vec<u64> = played.iter().map(|(at, _)| *at).collect();
    let copies = [
        500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
    ];
    assert_eq!(times[..10], copies);
    assert_eq!(played[10], (32_000, false));
}

//= RFC 3261 section 17.1.2.2
//= type=test
//# for the default values of T1 and T2, this results in intervals of 500 ms, 1 s, 2 s, 4 s, 4 s,
//# 4 s, etc.
#[test]
fn another_request_is_sent_eleven_times_in_32_seconds() {
    let it = cell(client_after(&[]));
    let played = play(
        || it.borrow().deadline(),
        |at| it.borrow_mut().timeout(at, &TIMERS),
    );
    doubles_to_t2(&played);
}

#[test]
fn a_provisional_response_slows_a_request_down_to_t2() {
    let it = cell(client_after(&[100]));
    let played = play(
        || it.borrow().deadline(),
        |at| it.borrow_mut().timeout(at, &TIMERS),
    );
    let times: Vec<u64> = played.iter().map(|(at, _)| *at).collect();
    assert_eq!(times[..3], [500, 4500, 8500]);
    assert_eq!(played.last(), Some(&(32_000, false)));
}

#[test]
fn a_failure_is_sent_again_until_its_ack() {
    let it = cell(invite_server_after(486));
    let played = play(
        || it.borrow().deadline(),
        |at| it.borrow_mut().timeout(at, &TIMERS),
    );
    doubles_to_t2(&played);
}

#[test]
fn a_cancelled_invite_is_given_up_after_32_seconds() {
    let mut machine = invite_client_after(&[180]);
    assert_eq!(machine.deadline(), None);
    assert_eq!(machine.cancel(NOW, &TIMERS), Cancel::Send);
    assert_eq!(machine.deadline(), Some(NOW + TIMERS.timeout()));
    assert_eq!(machine.timeout(NOW + TIMERS.timeout()), Expired::Failed);
    assert_eq!(machine.deadline(), None);
}
