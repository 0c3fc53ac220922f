//! A direct line: one phone behind a number.

use std::time::Duration;

use rotaline_model::{Acceptance, EndCause, Sound};
use rotaline_record::{AttemptResult, PhoneKind};
use rotaline_routing::{Answer, Direct, Phrase, Recording};

use super::arrive::while_here;
use super::{accept, talk};
use crate::attempt::{Attempt, Patience, Target};
use crate::boundary::RejectCause;
use crate::cx::Cx;
use crate::leg::Leg;
use crate::speech;

/// Rings the line, joins, and ends with the talk.
pub(super) async fn direct(cx: &Cx, caller: Leg, line: Direct) -> EndCause {
    cx.if_left(EndCause::CallerLeftWaiting);
    if line.answer == Answer::OnArrival {
        answer(cx, &caller, line.recording);
        caller.play_on(vec![Sound::RingTone]);
    }
    let rung = while_here(cx, &caller, Box::pin(ring(cx, &caller, &line))).await;
    match rung {
        Err(left) => left,
        Ok(Ok(called)) => {
            if line.answer == Answer::WhenAnswered {
                answer(cx, &caller, line.recording);
            }
            talk::talk(cx, caller, called, None).await
        }
        Ok(Err(result)) => {
            refuse(cx, &caller, line.answer, result).await;
            EndCause::NotAnswered
        }
    }
}

fn answer(cx: &Cx, caller: &Leg, recording: Recording) {
    caller.answer();
    if recording == Recording::On {
        cx.start_recording(caller.id());
    }
}

/// Rings the phone until it answers, and accepts where that is asked.
async fn ring(cx: &Cx, caller: &Leg, line: &Direct) -> Result<Attempt, AttemptResult> {
    let ring_timeout = Duration::from_secs(line.ring_timeout_s.into());
    let target = Target {
        to: line.to.clone(),
        whose: None,
        kind: PhoneKind::Line,
        acceptance: line.acceptance,
        round: 1,
        reason: "direct line".to_owned(),
        patience: Patience::Line { ring_timeout },
    };
    let mut attempt = Attempt::start(cx, target, None);
    let on_ringing = || {
        if line.answer == Answer::WhenAnswered {
            caller.progress();
        }
    };
    let mut result = attempt.answered(on_ringing).await;
    if result.is_ok() {
        result = match line.acceptance {
            Acceptance::NotAsked(_) => Ok(()),
            Acceptance::Required => {
                let whisper = speech::line_whisper(cx, line.recording);
                accept::accepted(cx, &mut attempt, whisper, line.recording).await
            }
        };
    }
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    result.map(|()| attempt)
}

/// The caller is not joined: refused if they were not answered yet, else told.
async fn refuse(cx: &Cx, caller: &Leg, answer: Answer, result: AttemptResult) {
    match answer {
        Answer::WhenAnswered => caller.reject(reject_cause(result)),
        Answer::OnArrival => {
            cx.if_left(EndCause::NotAnswered);
            let told = caller.tell(vec![speech::phrase(&cx.plan(), Phrase::LineUnavailable)]);
            told.await;
        }
    }
}

fn reject_cause(result: AttemptResult) -> RejectCause {
    match result {
        AttemptResult::Busy | AttemptResult::DivertedToUs => RejectCause::Busy,
        AttemptResult::NoSuchNumber => RejectCause::NoSuchNumber,
        AttemptResult::Fault => RejectCause::Fault,
        AttemptResult::Accepted
        | AttemptResult::NoAnswer
        | AttemptResult::Refused
        | AttemptResult::Unreachable
        | AttemptResult::PassedOn
        | AttemptResult::NotAccepted
        | AttemptResult::HungUp
        | AttemptResult::Paused
        | AttemptResult::Abandoned => RejectCause::Unavailable,
    }
}
