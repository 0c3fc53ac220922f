//! The line where call-back codes are keyed (SERVICE 3), and the directory line where practices'
//! codes are (SERVICE 4).

use rotaline_model::{Dialled, Digit, EndCause, OrganisationId};
use rotaline_routing::Phrase;

use super::arrive::while_here;
use super::bypass::ring_practice;
use super::talk::talk;
use super::{claim, errand};
use crate::attempt::Attempt;
use crate::cx::Cx;
use crate::leg::{Leg, MAX_SPEAKING, Next};
use crate::speech;

/// Digits of a practice's code, at most.
const MAX_CODE: usize = 6;
/// Practices asked for in one call: somebody who keys on and on is let go.
const MAX_QUESTIONS: u8 = 10;
/// How long the next digit is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Answers, takes a code, and runs the errand that it opens.
pub(super) async fn call_back(
    cx: &Cx,
    caller: Leg,
    line: Option<Dialled>,
    organisation: &OrganisationId,
) -> EndCause {
    answer(cx, &caller);
    let greeting = speech::greeting(&cx.plan(), organisation);
    let asked = claim::ask_for_code(cx, &caller, line.as_ref(), organisation, greeting);
    match while_here(cx, &caller, Box::pin(asked)).await {
        Err(left) => left,
        Ok(Err(cause)) => cause,
        Ok(Ok(claimed)) => Box::pin(errand::run(cx, caller, claimed)).await,
    }
}

/// Answers, takes a practice's code, and rings its bypass number, else its reception.
pub(super) async fn directory(cx: &Cx, caller: Leg, organisation: &OrganisationId) -> EndCause {
    answer(cx, &caller);
    let found = while_here(cx, &caller, Box::pin(look_up(cx, &caller, organisation))).await;
    match found {
        Err(left) => left,
        Ok(Err(cause)) => cause,
        Ok(Ok(practice)) => talk(cx, caller, practice, None).await,
    }
}

fn answer(cx: &Cx, caller: &Leg) {
    caller.answer();
    cx.start_recording(caller.id());
}

async fn look_up(
    cx: &Cx,
    caller: &Leg,
    organisation: &OrganisationId,
) -> Result<Attempt, EndCause> {
    let mut before = speech::greeting(&cx.plan(), organisation);
    let mut ended = EndCause::NothingKeyed;
    let mut silences = 0;
    for _ in 0..MAX_QUESTIONS {
        before.push(speech::phrase(&cx.plan(), Phrase::KeyPracticeCode));
        let code = key_code(cx, caller, std::mem::take(&mut before)).await;
        if code.is_empty() {
            silences += 1;
            if silences == 2 {
                break;
            }
            continue;
        }
        let plan = cx.plan();
        let Some(practice) = plan.practice_with_code(&code) else {
            ended = EndCause::NoValidCode;
            before = vec![speech::phrase(&plan, Phrase::NoSuchPractice)];
            continue;
        };
        cx.if_left(EndCause::CallerLeftWaiting);
        match ring_practice(cx, caller, practice).await {
            Ok(attempt) => return Ok(attempt),
            Err(why) => before = vec![speech::phrase(&plan, why)],
        }
        ended = EndCause::NotAnswered;
        cx.if_left(ended);
    }
    caller
        .tell(vec![speech::phrase(&cx.plan(), Phrase::Goodbye)])
        .await;
    Err(ended)
}

/// A code of digits, ended by `#`, a pause, or its greatest length; such codes are no secret.
async fn key_code(cx: &Cx, caller: &Leg, sounds: Vec<rotaline_model::Sound>) -> String {
    let mut speaking = Some(caller.say(sounds));
    let mut until = cx.now() + MAX_SPEAKING;
    let mut code = String::with_capacity(MAX_CODE);
    while code.len() < MAX_CODE {
        match caller.next(speaking, until).await {
            Next::Key(key) if key.digit == Digit::HASH => break,
            Next::Key(key) if key.digit == Digit::STAR => code.clear(),
            Next::Key(key) => code.push(key.digit.as_char()),
            Next::Spoken => {}
            Next::Time | Next::Gone => break,
        }
        speaking = None;
        until = cx.now() + PATIENCE;
    }
    caller.stop_playing();
    code
}
