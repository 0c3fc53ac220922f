//! "2, and we keep trying and ring you back": which number is rung, and the promise, which is on
//! disk before it is given (SERVICE 1.10). What is promised is done by `keep_trying`.

use std::time::Duration;

use rotaline_model::{Digit, JobId, OrganisationId, PhoneNumber, Sound, SpecialtyId};
use rotaline_record::{Answer, CallerId, Fact, Intent, KeepTrying, KeepTryingEnd, Undertaking};
use rotaline_routing::{Phrase, Plan};

use super::arrive::practice_of;
use crate::cx::Cx;
use crate::leg::{Leg, Next};
use crate::speech;

/// How long a key is waited for after the question, and after each digit.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often the number is asked for in all.
const QUESTIONS: u8 = 6;
/// Silences before the caller is taken to want nothing.
const SILENCES: u8 = 2;
/// Digits of a number, its prefix for abroad included; what is keyed beyond them is dropped.
const MAX_DIGITS: usize = 18;
/// How long the disk may take to keep the promise.
const KEPT_WITHIN: Duration = Duration::from_secs(2);

const YES: char = '1';

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promised {
    /// We keep trying; the caller has been told so, and goodbye.
    Yes,
    /// It cannot be promised; the caller has been told so, and goodbye.
    No,
    /// The caller wants something else after all.
    NotWanted,
}

/// Whether a specialty's caller may be offered it now.
pub(super) fn is_offered(cx: &Cx, specialty: &SpecialtyId) -> bool {
    let plan = cx.plan();
    let allowed = plan.specialty(specialty).is_some_and(|it| it.keep_trying);
    allowed && cx.has_room_for_a_job()
}

/// Asks where to ring, and promises.
pub(super) async fn promise(cx: &Cx, caller: &Leg, specialty: &SpecialtyId) -> Promised {
    let organisation = cx
        .plan()
        .specialty(specialty)
        .map(|it| it.organisation.clone());
    let Some(organisation) = organisation else {
        return Promised::NotWanted;
    };
    let Some(number) = ask_for_number(cx, caller, &organisation).await else {
        return Promised::NotWanted;
    };
    let kept = keep(cx, specialty, number).await;
    let (promised, phrase) = match kept {
        true => (Promised::Yes, Phrase::WeKeepTrying),
        false => (Promised::No, Phrase::NotKeptTrying),
    };
    caller.tell(vec![speech::phrase(&cx.plan(), phrase)]).await;
    promised
}

/// The number that the caller has confirmed by key.
async fn ask_for_number(
    cx: &Cx,
    caller: &Leg,
    organisation: &OrganisationId,
) -> Option<PhoneNumber> {
    let mut number = suggestion(cx, &cx.plan(), organisation);
    let mut sounds = question(&cx.plan(), number.as_ref());
    let mut silences = 0;
    for _ in 0..QUESTIONS {
        match answer(cx, caller, organisation, std::mem::take(&mut sounds)).await {
            Keyed::Yes if number.is_some() => return number,
            Keyed::Number(keyed) => number = Some(keyed),
            Keyed::Yes | Keyed::NoNumber => {
                sounds.push(speech::phrase(&cx.plan(), Phrase::NotANumber));
            }
            Keyed::Nothing => {
                silences += 1;
                if silences == SILENCES {
                    return None;
                }
            }
            Keyed::Back => return None,
        }
        sounds.extend(question(&cx.plan(), number.as_ref()));
    }
    None
}

/// Where we ring unless another number is keyed. Whoever rings from a practice's number is reached
/// past its queue, by its bypass number, else its reception; everybody else where they ring from.
fn suggestion(cx: &Cx, plan: &Plan, organisation: &OrganisationId) -> Option<PhoneNumber> {
    let practice = practice_of(cx, plan);
    let lines = practice.and_then(|it| it.bypass.clone().or_else(|| it.reception.clone()));
    lines.or_else(|| match cx.caller() {
        CallerId::Number(number) => {
            let number = number.expose();
            let may_be_rung = plan.dial_out(organisation).check(number).is_ok();
            may_be_rung.then(|| number.clone())
        }
        CallerId::Other(_) | CallerId::Withheld => None,
    })
}

fn question(plan: &Plan, number: Option<&PhoneNumber>) -> Vec<Sound> {
    match number {
        None => vec![speech::phrase(plan, Phrase::KeyANumber)],
        Some(number) => {
            let digits = as_dialled(number);
            let digits = digits.bytes().map(|digit| digit - b'0');
            let mut sounds = speech::digits(plan, Phrase::WeRingYouOn, digits);
            sounds.push(speech::phrase(plan, Phrase::ConfirmOrKey));
            sounds
        }
    }
}

/// As people in the United Kingdom dial it.
fn as_dialled(number: &PhoneNumber) -> String {
    let digits = number.as_str().trim_start_matches('+');
    match digits.strip_prefix("44") {
        Some(national) => format!("0{national}"),
        None => format!("00{digits}"),
    }
}

enum Keyed {
    Yes,
    Number(PhoneNumber),
    NoNumber,
    Nothing,
    Back,
}

/// One answer: `1`, or a number (which begins with 0) and `#`; a long pause ends it too.
async fn answer(cx: &Cx, caller: &Leg, organisation: &OrganisationId, sounds: Vec<Sound>) -> Keyed {
    let play = caller.say(sounds);
    let mut next = caller.until_spoken(play).await;
    let mut digits = String::with_capacity(MAX_DIGITS);
    loop {
        match next {
            Next::Key(key) if key.digit == Digit::STAR => return Keyed::Back,
            Next::Key(key) if key.digit == Digit::HASH => break,
            Next::Key(key) if digits.is_empty() && key.digit.as_char() == YES => {
                return Keyed::Yes;
            }
            Next::Key(key) if digits.len() < MAX_DIGITS => digits.push(key.digit.as_char()),
            Next::Key(_) | Next::Spoken => {}
            Next::Time if digits.is_empty() => return Keyed::Nothing,
            Next::Time => break,
            // Whoever runs the call sees the end of the caller's leg, and drops this.
            Next::Gone => std::future::pending().await,
        }
        next = caller.next(None, cx.now() + PATIENCE).await;
    }
    let number = PhoneNumber::parse(&digits).ok();
    let plan = cx.plan();
    let limits = plan.dial_out(organisation);
    let may_be_rung = |number: &PhoneNumber| !plan.is_ours(number) && limits.check(number).is_ok();
    let number = number.filter(may_be_rung);
    number.map_or(Keyed::NoNumber, Keyed::Number)
}

/// Whether the job is on disk.
async fn keep(cx: &Cx, specialty: &SpecialtyId, number: PhoneNumber) -> bool {
    let plan = cx.plan();
    let Some(known) = plan.specialty(specialty) else {
        return false;
    };
    let until = plan.closes_at(known, cx.wall());
    if until <= cx.wall() || !cx.has_room_for_a_job() {
        return false;
    }
    let job = KeepTrying {
        // A call asks for one job at most.
        job: JobId::from(cx.call().uuid()),
        specialty: specialty.clone(),
        ring_back: number.into(),
        until,
        hunts: 0,
        ring_backs: 0,
    };
    let mut asked = Asked {
        cx,
        job: Some(job.clone()),
    };
    let (id, fact) = (job.job, Fact::KeepTryingAsked { job });
    let kept = cx.note_durably(fact, KEPT_WITHIN).await == Answer::Kept;
    if !kept {
        asked.job = None;
        // It may come to be kept all the same, later.
        let end = KeepTryingEnd::CalledOff;
        cx.note(Fact::KeepTryingEnded { job: id, end });
    }
    kept
}

/// Confirmed by key: unless it is taken back, it is done, whether or not the caller stays on the
/// line until we have said so.
struct Asked<'a> {
    cx: &'a Cx,
    job: Option<KeepTrying>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            go_on(self.cx, job);
        }
    }
}

/// The job goes on after this call, in a call of its own.
pub(super) fn go_on(cx: &Cx, job: KeepTrying) {
    cx.undertake(Intent {
        case: cx.case(),
        // Whoever starts that call gives it an id.
        call: cx.call(),
        calls_before: cx.calls_before().saturating_add(1),
        attempts_before: cx.attempts_so_far(),
        caller: cx.caller().clone(),
        opening: None,
        undertaking: Undertaking::KeepTrying(job),
    });
}
