//! Patients on patient-initiated follow-up (SERVICE 6).
//!
//! ```text
//! emergency sentence ─▶ option 1: the clinicians on call, by acceptance ─┐
//!                   └─▶ option 2: the secretaries, not asked ────────────┤ nobody, or closed
//!                                                                        ▼
//!                     request: number confirmed, kept durably, name spoken and recorded
//! ```

use std::time::Duration;

use rotaline_model::{
    Acceptance, Digit, EndCause, NotAsked, PhoneNumber, Pii, RequestId, Sound, SpecialtyId,
};
use rotaline_record::{Answer, AttemptResult, CallBackRequest, CallerId, Fact, RequestReason};
use rotaline_routing as routing;
use rotaline_routing::{Phrase, Pifu, PifuOption};

use super::arrive::while_here;
use super::hunt::{Hunted, hunt, phone_kind};
use super::talk::talk;
use crate::attempt::{Attempt, Patience, Reserved, Target};
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
const QUESTIONS: u8 = 4;
/// Digits of a number, at most.
const MAX_DIGITS: usize = 15;
/// Hunts of one patient's call: `*` begins one again.
const MAX_HUNTS: u8 = 3;
/// How long all the secretaries' phones ring, together.
const SECRETARIES_RING: Duration = Duration::from_secs(120);

/// Answers with the emergency sentence, and reaches whom the line is for, now or later.
pub(super) async fn pifu(cx: &Cx, caller: Leg, line: Pifu) -> EndCause {
    caller.answer();
    cx.start_recording(caller.id());
    cx.is_a_patients();
    // A patient is not asked for the number that a clinician would be asked for.
    cx.asks_nhs_number_first();
    let reached = while_here(cx, &caller, Box::pin(reach(cx, &caller, &line))).await;
    match reached {
        Err(left) => left,
        Ok(Err(cause)) => cause,
        Ok(Ok(called)) => talk(cx, caller, called, Some(line.specialty)).await,
    }
}

async fn reach(cx: &Cx, caller: &Leg, line: &Pifu) -> Result<Attempt, EndCause> {
    let opening = speech::after_answer(&cx.plan(), Phrase::Emergency);
    let team = match line.option {
        PifuOption::Clinicians => &line.specialty,
        PifuOption::Secretaries => &line.secretaries,
    };
    if !is_open(cx, team) {
        caller.tell(opening).await;
        return Err(request(cx, caller, line, RequestReason::OutOfHours).await);
    }
    cx.note(Fact::SpecialtyChosen {
        specialty: line.specialty.clone(),
        key: None,
    });
    cx.if_left(EndCause::CallerLeftWaiting);
    // "Every patient line opens with" it, and a sentence that may save a life is heard to its end.
    caller.tell(opening).await;
    let (called, why) = match line.option {
        PifuOption::Clinicians => (
            clinicians(cx, caller, line).await,
            RequestReason::NobodyAccepted,
        ),
        PifuOption::Secretaries => (
            secretaries(cx, caller, &line.secretaries).await,
            RequestReason::SecretariesBusy,
        ),
    };
    match called {
        Some(attempt) => Ok(attempt),
        None => Err(request(cx, caller, line, why).await),
    }
}

fn is_open(cx: &Cx, team: &SpecialtyId) -> bool {
    let plan = cx.plan();
    plan.specialty(team)
        .is_some_and(|team| plan.open_at(team, cx.wall()))
}

async fn clinicians(cx: &Cx, caller: &Leg, line: &Pifu) -> Option<Attempt> {
    for _ in 0..MAX_HUNTS {
        let mut opening = speech::trying(&cx.plan(), &line.specialty);
        match hunt(cx, caller, &line.specialty, &mut opening).await {
            Hunted::Accepted(attempt) => return Some(attempt),
            Hunted::Exhausted | Hunted::NobodyOnRota => return None,
            Hunted::BackToMenu => {}
        }
    }
    None
}

/// The secretaries of the session, one after another; a trusted line, so nobody has to accept.
async fn secretaries(cx: &Cx, caller: &Leg, team: &SpecialtyId) -> Option<Attempt> {
    let until = cx.now() + SECRETARIES_RING;
    let mut order = routing::Hunt::new(team.clone());
    caller.play_on(vec![
        speech::phrase(&cx.plan(), Phrase::Ringing),
        Sound::RingTone,
    ]);
    while cx.now() < until {
        let next = {
            let presence = cx.presence().borrow();
            order.next(&cx.plan(), &presence, &cx.passed_on(), cx.wall())
        };
        let candidate = match next {
            routing::Next::Ring(candidate) => candidate,
            routing::Next::Exhausted | routing::Next::NobodyOnRota => return None,
        };
        let Some(person) = Reserved::new(cx, &candidate.person) else {
            continue;
        };
        let target = Target {
            to: candidate.to,
            whose: Some(candidate.person),
            kind: phone_kind(candidate.kind),
            acceptance: Acceptance::NotAsked(NotAsked::Secretary),
            round: candidate.round,
            reason: candidate.reason,
            patience: Patience::Hunt {
                ring_time: candidate.ring_time,
            },
        };
        let mut attempt = Attempt::start(cx, target, Some(person));
        let result = attempt.answered(|| {}).await;
        attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
        if result.is_ok() {
            return Some(attempt);
        }
    }
    None
}

/// "A call-back request for the secretaries": the number is confirmed, the request is kept, and
/// then the name is spoken; whoever hangs up before it is rung back all the same.
async fn request(cx: &Cx, caller: &Leg, line: &Pifu, why: RequestReason) -> EndCause {
    let (sorry, without) = match why {
        RequestReason::OutOfHours => (Phrase::PifuClosed, EndCause::Closed),
        RequestReason::NobodyAccepted => (Phrase::NobodyNow, EndCause::NobodyAccepted),
        RequestReason::SecretariesBusy => (Phrase::NobodyNow, EndCause::NotAnswered),
    };
    cx.if_left(without);
    caller.forget_keys();
    let Some(number) = confirmed_number(cx, caller, sorry).await else {
        caller
            .tell(speech::phrases(&cx.plan(), &[Phrase::RequestNotKept]))
            .await;
        return without;
    };
    let fact = Fact::CallBackRequested {
        request: CallBackRequest {
            // A call leaves one request at most.
            id: RequestId::from(cx.call().uuid()),
            organisation: line.organisation.clone(),
            specialty: line.specialty.clone(),
            number: Pii::new(number),
            why,
        },
    };
    if cx.note_durably(fact, KEPT_WITHIN).await != Answer::Kept {
        caller
            .tell(speech::phrases(&cx.plan(), &[Phrase::RequestNotKept]))
            .await;
        return without;
    }
    cx.if_left(EndCause::CallBackRequested);
    speak_name(cx, caller).await;
    caller
        .tell(speech::phrases(&cx.plan(), &[Phrase::RequestKept]))
        .await;
    EndCause::CallBackRequested
}

/// The number to ring back: the caller's own, if they confirm it, or one that they key.
async fn confirmed_number(cx: &Cx, caller: &Leg, sorry: Phrase) -> Option<PhoneNumber> {
    let mut number = match cx.caller() {
        CallerId::Number(number) => Some(number.expose().clone()),
        CallerId::Other(_) | CallerId::Withheld => None,
    };
    let mut sounds = speech::phrases(&cx.plan(), &[sorry]);
    for _ in 0..QUESTIONS {
        match &number {
            Some(number) => sounds.extend(read_back(cx, number)),
            None => sounds.push(speech::phrase(&cx.plan(), Phrase::KeyANumber)),
        }
        let keyed = keyed(cx, caller, std::mem::take(&mut sounds)).await;
        match (keyed.as_str(), number.take()) {
            ("1", Some(confirmed)) => return Some(confirmed),
            // Nothing keyed: it is asked again.
            ("", same) => number = same,
            (text, _) => match PhoneNumber::parse(text) {
                Ok(parsed) => number = Some(parsed),
                Err(_) => sounds = speech::phrases(&cx.plan(), &[Phrase::NotANumber]),
            },
        }
    }
    None
}

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

/// A "1" alone is an answer at once; anything else is a number, ended by `#` or a pause.
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
                // No number begins so: they begin with a 0.
                if keyed == "1" {
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

async fn speak_name(cx: &Cx, caller: &Leg) {
    let sounds = vec![speech::phrase(&cx.plan(), Phrase::SayYourName), Sound::Beep];
    let play = caller.say(sounds);
    if let Next::Spoken | Next::Time = caller.until_spoken(play).await {
        // Any key ends it, or its time; the recording of the case holds it.
        let _ = caller.next(None, cx.now() + NAME_LASTS).await;
    }
}
