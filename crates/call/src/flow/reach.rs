//! One specialty is to be reached: hunts, and between them the offer to try again, or to keep
//! trying and ring the caller back (SERVICE 1.10).

use std::time::Duration;

use rotaline_model::{Digit, EndCause, Sound, SpecialtyId};
use rotaline_routing::Phrase;

use super::hunt::{Hunted, budget};
use super::overflow::hunt_here_and_beyond;
use super::ring_back::{self, Promised};
use crate::attempt::Attempt;
use crate::cx::Cx;
use crate::leg::{Asked, Leg};
use crate::speech;

/// Hunts after which the caller is let go: nothing rings for ever. Where everybody is busy a hunt
/// is over at once, so it is at the earliest when the time is over that one hunt may take.
const MAX_HUNTS: u32 = 10;
/// How long a key is waited for after the offer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the offer is said to somebody who keys nothing.
const SPEAKINGS: u8 = 2;
/// Keys that are none of the choices, before the caller is let go.
const MAX_WRONG_KEYS: u8 = 8;

const TRY_AGAIN: char = '1';
const KEEP_TRYING: char = '2';

/// What came of it.
pub(super) enum Reached {
    /// Somebody accepted.
    Accepted(Attempt),
    /// The caller pressed `*`.
    BackToMenu,
    /// The caller has been told so, and goodbye.
    Nobody(EndCause),
}

/// Hunts until somebody accepts, or the caller has had enough.
pub(super) async fn reach(
    cx: &Cx,
    caller: &Leg,
    specialty: &SpecialtyId,
    opening: Vec<Sound>,
) -> Reached {
    let (mut opening, began) = (opening, cx.now());
    let mut hunts = 0;
    loop {
        hunts += 1;
        cx.if_left(EndCause::CallerLeftWaiting);
        let hunted = hunt_here_and_beyond(cx, caller, specialty, &mut opening).await;
        let (cause, phrase) = match hunted {
            Hunted::Accepted(attempt) => return Reached::Accepted(attempt),
            Hunted::BackToMenu => return Reached::BackToMenu,
            Hunted::Exhausted => (EndCause::NobodyAccepted, Phrase::NobodyAnswered),
            Hunted::NobodyOnRota => (EndCause::NobodyOnRota, Phrase::NobodyOnRota),
        };
        // "... or hang up": whoever does so now has been served.
        cx.if_left(cause);
        if hunts >= MAX_HUNTS && cx.now() >= began + budget(cx, specialty) {
            let plan = cx.plan();
            caller
                .tell(speech::phrases(&plan, &[phrase, Phrase::Goodbye]))
                .await;
            return Reached::Nobody(cause);
        }
        // Where nobody was rung, the opening has not been said yet.
        let opened = std::mem::take(&mut opening);
        match Box::pin(offer(cx, caller, specialty, opened, phrase)).await {
            Offered::TryAgain => opening = speech::trying(&cx.plan(), specialty),
            Offered::BackToMenu => return Reached::BackToMenu,
            Offered::Told => return Reached::Nobody(cause),
            Offered::Declined => {
                caller
                    .tell(vec![speech::phrase(&cx.plan(), Phrase::Goodbye)])
                    .await;
                return Reached::Nobody(cause);
            }
        }
    }
}

enum Offered {
    TryAgain,
    BackToMenu,
    Declined,
    /// That we keep trying, or cannot, and goodbye.
    Told,
}

async fn offer(
    cx: &Cx,
    caller: &Leg,
    specialty: &SpecialtyId,
    opening: Vec<Sound>,
    why: Phrase,
) -> Offered {
    let mut silences = 0;
    let choices: &[Phrase] = match ring_back::is_offered(cx, specialty) {
        true => &[Phrase::KeepTryingOffer, Phrase::TryAgain],
        false => &[Phrase::TryAgain],
    };
    let say = |first: Option<Phrase>| {
        let mut sounds = speech::phrases(&cx.plan(), first.as_slice());
        sounds.extend(speech::phrases(&cx.plan(), choices));
        sounds
    };
    let mut sounds = opening;
    sounds.extend(say(Some(why)));
    for _ in 0..MAX_WRONG_KEYS {
        match caller.ask(sounds, PATIENCE).await {
            Asked::Gone => return Offered::Declined,
            Asked::Nothing => {
                silences += 1;
                if silences == SPEAKINGS {
                    return Offered::Declined;
                }
                sounds = say(None);
            }
            Asked::Key(key) if key.digit.as_char() == TRY_AGAIN => return Offered::TryAgain,
            Asked::Key(key) if key.digit == Digit::STAR => return Offered::BackToMenu,
            Asked::Key(key) if key.digit.as_char() == KEEP_TRYING && choices.len() > 1 => {
                match Box::pin(ring_back::promise(cx, caller, specialty)).await {
                    Promised::Yes | Promised::No => return Offered::Told,
                    Promised::NotWanted => sounds = say(None),
                }
            }
            Asked::Key(_) => sounds = say(Some(Phrase::NotAChoice)),
        }
    }
    Offered::Declined
}
