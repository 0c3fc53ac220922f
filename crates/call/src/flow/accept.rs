//! The specialist answers: the whisper, and the acceptance window (SERVICE 1.7).
//!
//! Only a key on this very leg after its 200 lets the caller in: no voicemail, announcement, fax
//! or silence can.

use std::time::Duration;

use rotaline_model::{AnswerphoneSign, Sound};
use rotaline_record::AttemptResult;
use rotaline_routing::Recording;

use crate::attempt::Attempt;
use crate::boundary::Action;
use crate::cx::{Cx, Either, first};
use crate::leg::{MAX_SPEAKING, Next};

/// "Spoken again 2 s after its end, once."
const PAUSE: Duration = Duration::from_secs(2);
/// "6 s after the second speaking ..."
const AFTER_SECOND_SPEAKING: Duration = Duration::from_secs(6);
/// "... at most 16 s from the answer"
const WINDOW: Duration = Duration::from_secs(16);
/// "8 s where an answerphone is likely"
const ANSWERPHONE_WINDOW: Duration = Duration::from_secs(8);
/// "200 within 2 s of the INVITE without a 180"
const ANSWERPHONE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

const ACCEPT: char = '1';
const PASS_ON: char = '2';

/// Asks the called party until they let the caller in, or do not.
pub(super) async fn accepted(
    cx: &Cx,
    attempt: &mut Attempt,
    whisper: Vec<Sound>,
    recording: Recording,
) -> Result<(), AttemptResult> {
    if recording == Recording::On {
        attempt.record_whisper();
    }
    let answered_at = cx.now();
    cx.act(Action::WatchForAnswerphone(attempt.leg_id()));
    attempt.leg().with(|state| {
        let at_once = answered_at.since(state.began) <= ANSWERPHONE_ANSWERS_WITHIN;
        if at_once && state.ringing_at.is_none() {
            state.shows(AnswerphoneSign::AtOnce, answered_at);
        }
    });
    let mut speakings_left = 1;
    let mut speaking = Some(attempt.leg().say(whisper.clone()));
    let mut until = cx.now() + MAX_SPEAKING;
    loop {
        // A sign shortens the window, and does nothing else: it is no key, and hangs up on nobody.
        let signs = attempt.leg().with(|state| state.signs.len());
        let window_ends = answered_at
            + if signs > 0 {
                ANSWERPHONE_WINDOW
            } else {
                WINDOW
            };
        let next = attempt.leg().next(speaking, until.min(window_ends));
        let next = match first(next, attempt.leg().another_sign(signs)).await {
            Either::First(next) => next,
            Either::Second(()) => continue,
        };
        match next {
            Next::Gone => return Err(AttemptResult::HungUp),
            Next::Key(key) => {
                attempt.keep(key);
                match key.digit.as_char() {
                    ACCEPT => return Ok(()),
                    PASS_ON => return Err(AttemptResult::PassedOn),
                    _ => {
                        speaking = Some(attempt.leg().say(whisper.clone()));
                        until = cx.now() + MAX_SPEAKING;
                    }
                }
            }
            Next::Spoken => {
                speaking = None;
                until = cx.now()
                    + if speakings_left > 0 {
                        PAUSE
                    } else {
                        AFTER_SECOND_SPEAKING
                    };
            }
            Next::Time if speakings_left > 0 && cx.now() < window_ends => {
                speakings_left -= 1;
                speaking = Some(attempt.leg().say(whisper.clone()));
                until = cx.now() + MAX_SPEAKING;
            }
            Next::Time => return Err(AttemptResult::NotAccepted),
        }
    }
}
