//! A flow that panics, in whatever state of its call: nothing ends without a word, and each case is
//! closed once.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;

use rotaline_media::{Command, Event};
use rotaline_model::{EndCause, Sound};

use super::*;
use crate::{Begin, Call, Flow};

/// Panics in its next turn, once this is set.
#[derive(Clone, Default)]
struct Bug(Rc<Cell<bool>>);

impl Bug {
    fn is_in(&self, flow: Flow) -> Flow {
        let bug = self.clone();
        Box::pin(async move {
            // As with a bug of its own, the flow's legs go as the stack unwinds.
            let mut flow = flow;
            let turn = poll_fn(|context| {
                assert!(!bug.0.replace(false), "a bug");
                flow.as_mut().poll(context)
            });
            turn.await
        })
    }

    /// A switch whose calls have it.
    fn switch(&self) -> Switch {
        let bug = self.clone();
        let begin: Begin = Box::new(move |inbound, world| {
            Call::inbound(inbound, world).wrapped(|flow| bug.is_in(flow))
        });
        switch_with(begin)
    }
}

/// All that the switch puts out.
fn all(switch: &mut Switch) -> Vec<Output> {
    let mut all = Vec::new();
    loop {
        match switch.poll_output() {
            Output::Timeout(_) => return all,
            output => all.push(output),
        }
    }
}

fn texts(outputs: &[Output], whose: SocketAddr) -> Vec<String> {
    let text = |output: &Output| match output {
        Output::Transmit { to, bytes } if *to == whose => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        _ => None,
    };
    outputs.iter().filter_map(text).collect()
}

/// How calls and cases ended.
fn ends(outputs: &[Output]) -> Vec<(&'static str, EndCause)> {
    let end = |output: &Output| match output {
        Output::Record(record) => match &record.fact {
            Fact::CallEnded { cause, .. } => Some(("call", *cause)),
            Fact::CaseClosed { cause } => Some(("case", *cause)),
            _ => None,
        },
        _ => None,
    };
    outputs.iter().filter_map(end).collect()
}

const FAULT: [(&str, EndCause); 2] = [("call", EndCause::Fault), ("case", EndCause::Fault)];

/// The caller of 1001 is up, and the line rings; what the caller's tag in the dialog is.
fn up(switch: &mut Switch) -> String {
    let taken = call(switch, "1001", "a", OFFER);
    let (_, taken) = taken.iter().rfind(|(to, _)| *to == CALLER).expect("a 200");
    let to = taken.lines().find(|line| line.starts_with("To:"));
    let (_, tag) = to.and_then(|to| to.split_once(";tag=")).expect("a tag");
    let to = format!("<sip:1001@10.0.0.1>;tag={tag}");
    request(switch, "ACK", "a", &to, 1, OFFER);
    to
}

/// What becomes of it in a turn in which nothing else happens.
fn panic_now(switch: &mut Switch, bug: &Bug) -> Vec<Output> {
    bug.0.set(true);
    let key = *switch.calls.keys().next().expect("a call");
    switch.run_flow(key, calls::Input::Timeout);
    switch.handle_input(NOW, Input::Timeout);
    all(switch)
}

#[test]
fn a_caller_who_was_answered_hears_so_and_then_is_hung_up() {
    let bug = Bug::default();
    let mut switch = bug.switch();
    up(&mut switch);
    let broke = panic_now(&mut switch, &bug);
    let said = broke.iter().find_map(|output| match output {
        Output::Media {
            command: Command::Play { leg, play, sounds },
            ..
        } => Some((*leg, *play, sounds.clone())),
        _ => None,
    });
    let (leg, play, sounds) = said.expect("it is said");
    assert!(matches!(&sounds[..], [Sound::Prompt(id)] if id.as_str() == "call/fault"));
    assert_eq!(texts(&broke, CALLER), [""; 0], "until it is said");
    assert_eq!(ends(&broke), []);
    assert_eq!(switch.load().busy_people, 0);
    let over = Event::Played {
        leg,
        play,
        heard_ms: 1840,
        complete: true,
    };
    switch.handle_input(at(2), Input::Media(over));
    let said = all(&mut switch);
    let sent = texts(&said, CALLER);
    assert!(
        matches!(&sent[..], [bye] if bye.starts_with("BYE ")),
        "{sent:?}"
    );
    assert_eq!(ends(&said), FAULT);
}

#[test]
fn a_caller_who_leaves_while_it_is_said_or_before_closes_the_case_once_too() {
    for leaves_first in [false, true] {
        let bug = Bug::default();
        let mut switch = bug.switch();
        let to = up(&mut switch);
        let mut seen = Vec::new();
        if leaves_first {
            bug.0.set(true);
        } else {
            seen.extend(panic_now(&mut switch, &bug));
        }
        let target = "sip:1001@10.0.0.1";
        let bye = format!(
            "BYE {target} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKbye\r\n\
             Max-Forwards: 70\r\nFrom: <sip:7@10.0.0.7>;tag=a\r\nTo: {to}\r\n\
             Call-ID: a\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n"
        );
        let (source, bytes) = (CALLER, Bytes::from(bye));
        switch.handle_input(NOW, Input::Datagram { source, bytes });
        seen.extend(all(&mut switch));
        assert_eq!(ends(&seen), FAULT, "{leaves_first}");
        let answer = texts(&seen, CALLER).pop().expect("a 200");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    }
}

#[test]
fn a_caller_who_was_not_answered_gets_500() {
    let bug = Bug::default();
    let mut switch = bug.switch();
    call(&mut switch, "1002", "a", OFFER);
    let broke = panic_now(&mut switch, &bug);
    let sent = texts(&broke, CALLER);
    assert!(
        matches!(&sent[..], [it] if it.starts_with("SIP/2.0 500 ")),
        "{sent:?}"
    );
    assert_eq!(ends(&broke), FAULT);
}

#[test]
fn a_flow_that_panics_at_once_costs_its_call_and_no_other() {
    let bug = Bug::default();
    let mut switch = bug.switch();
    up(&mut switch);
    bug.0.set(true);
    let key = CallKey(switch.next_key);
    let text = call(&mut switch, "1002", "b", OFFER);
    let last = text
        .iter()
        .rfind(|(to, _)| *to == CALLER)
        .expect("an answer");
    assert!(last.1.starts_with("SIP/2.0 500 "), "{}", last.1);
    assert!(switch.calls.get(&key).is_none_or(|call| call.finished));
    assert_eq!(switch.load().up, 1);
}
