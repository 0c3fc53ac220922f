//! A patient asks the secretaries to ring back (SERVICE 6): the number is confirmed, the request
//! is on disk, and only then it is promised. The name is spoken into the case's recording, and its
//! place there noted.

use std::time::Duration;

use rotaline_model::{Digit, EndCause, PhoneNumber, Pii, RequestId, Sound};
use rotaline_record::{Answer, CallBackRequest, Fact, RequestReason};
use rotaline_routing::{Phrase, Pifu};

use super::arrive::caller_number;
use crate::cx::Cx;
use crate::leg::{Leg, MAX_SPEAKING, Next};
use crate::speech;

/// How long the disk may take to keep a request.
const KEPT_WITHIN: Duration = Duration::from_secs(2);
/// How long the next digit of a number is waited for, and a key after a question.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a name may be.
const NAME_LASTS: Duration = Duration::from_secs(10);
/// How often the number is asked for.
const QUESTIONS: u8 = 5;
/// Digits of a number, at most (E.164, and the 00 before it).
const MAX_DIGITS: usize = 17;

/// Takes a request, says goodbye, and tells how the call ended.
pub(super) async fn request(cx: &Cx, caller: &Leg, line: &Pifu, why: RequestReason) -> EndCause {
    let (sorry, without) = match why {
        RequestReason::OutOfHours => (Phrase::PifuClosed, EndCause::Closed),
        RequestReason::NobodyAccepted => (Phrase::NobodyNow, EndCause::NobodyAccepted),
        RequestReason::SecretariesBusy => (Phrase::NobodyNow, EndCause::NotAnswered),
    };
    cx.if_left(without);
    // What was keyed while it rang answers nothing.
    caller.forget_keys();
    let kept = match confirmed_number(cx, caller, sorry).await {
        Some(number) => keep(cx, line, number, why).await,
        None => None,
    };
    let Some(id) = kept else {
        tell(cx, caller, Phrase::RequestNotKept).await;
        return without;
    };
    // Whoever hangs up now is rung back all the same.
    cx.if_left(EndCause::CallBackRequested);
    speak_name(cx, caller, id).await;
    tell(cx, caller, Phrase::RequestKept).await;
    EndCause::CallBackRequested
}

async fn tell(cx: &Cx, caller: &Leg, phrase: Phrase) {
    caller.tell(vec![speech::phrase(&cx.plan(), phrase)]).await;
}

/// Its id, once it is on disk.
async fn keep(cx: &Cx, line: &Pifu, number: PhoneNumber, why: RequestReason) -> Option<RequestId> {
    // A call leaves one request at most.
    let id = RequestId::from(cx.call().uuid());
    let request = CallBackRequest {
        id,
        organisation: line.organisation.clone(),
        specialty: line.specialty.clone(),
        number: Pii::new(number),
        why,
    };
    let fact = Fact::CallBackRequested { request };
    let kept = cx.note_durably(fact, KEPT_WITHIN).await == Answer::Kept;
    kept.then_some(id)
}

/// The number to ring back: the caller's own, if they confirm it, or one that they key.
async fn confirmed_number(cx: &Cx, caller: &Leg, sorry: Phrase) -> Option<PhoneNumber> {
    let mut number = caller_number(cx).cloned();
    let mut sounds = vec![speech::phrase(&cx.plan(), sorry)];
    for _ in 0..QUESTIONS {
        match &number {
            Some(number) => sounds.extend(read_back(cx, number)),
            None => sounds.push(speech::phrase(&cx.plan(), Phrase::KeyANumber)),
        }
        let keyed = keyed(cx, caller, std::mem::take(&mut sounds)).await;
        match (keyed.as_str(), number.take()) {
            (CONFIRMED, Some(confirmed)) => return Some(confirmed),
            // Nothing keyed: it is asked again.
            ("", same) => number = same,
            (text, _) => match PhoneNumber::parse(text) {
                // One of ours would ring us.
                Ok(parsed) if !cx.plan().is_ours(&parsed) => number = Some(parsed),
                Ok(_) | Err(_) => sounds = vec![speech::phrase(&cx.plan(), Phrase::NotANumber)],
            },
        }
    }
    None
}

/// "1 confirms"; numbers begin with a 0, so it needs no `#`.
const CONFIRMED: &str = "1";

/// Digit by digit, as it is dialled in the country.
fn read_back(cx: &Cx, number: &PhoneNumber) -> Vec<Sound> {
    let national = number.as_str().strip_prefix("+44");
    let leading = national.map(|_| 0);
    let rest = national.unwrap_or(number.as_str()).bytes();
    let digits = rest.filter(u8::is_ascii_digit).map(|digit| digit - b'0');
    let plan = cx.plan();
    let digits = leading.into_iter().chain(digits);
    let mut sounds = speech::digits(&plan, Phrase::WeWillRingYouOn, digits);
    sounds.push(speech::phrase(&plan, Phrase::NumberConfirm));
    sounds
}

/// What is keyed: `1` alone at once, anything else until `#` or a pause; `*` begins anew.
async fn keyed(cx: &Cx, caller: &Leg, sounds: Vec<Sound>) -> String {
    let mut speaking = Some(caller.say(sounds));
    let mut until = cx.now() + MAX_SPEAKING;
    let mut keyed = String::with_capacity(MAX_DIGITS);
    while keyed.len() < MAX_DIGITS {
        match caller.next(speaking, until).await {
            Next::Key(key) if key.digit == Digit::HASH => break,
            Next::Key(key) if key.digit == Digit::STAR => keyed.clear(),
            Next::Key(key) => {
                keyed.push(key.digit.as_char());
                if keyed == CONFIRMED {
                    break;
                }
            }
            Next::Spoken => {}
            Next::Time | Next::Gone => break,
        }
        speaking = None;
        until = cx.now() + PATIENCE;
    }
    caller.stop_playing();
    keyed
}

/// After the tone; a key or the time ends it. It is in the recording of the case.
async fn speak_name(cx: &Cx, caller: &Leg, request: RequestId) {
    let ask = vec![speech::phrase(&cx.plan(), Phrase::SayYourName), Sound::Beep];
    let play = caller.say(ask);
    match caller.until_spoken(play).await {
        Next::Spoken | Next::Time => {}
        // They do not wish to say it.
        Next::Key(_) | Next::Gone => return,
    }
    let (from, began) = (cx.wall(), cx.now());
    let _ = caller.next(None, began + NAME_LASTS).await;
    let lasted = cx.now().since(began).as_millis();
    cx.note(Fact::NameSpoken {
        request,
        from,
        ms: u32::try_from(lasted).unwrap_or(u32::MAX),
    });
}
