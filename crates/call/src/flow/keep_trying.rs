//! We keep trying: one hunt of one round; when somebody accepts, the caller is rung, and joined if
//! they press 1 (SERVICE 1.10). When it is done next is the switch's, which holds the job.
//!
//! ```text
//! hunt ──nobody──────────────────────────────▶ again later
//!   └─accepted─▶ caller rings, music ──1──▶ joined; the job is over
//!                  ├ not reached: specialist told ─▶ again later; the third time: over
//!                  └ specialist leaves: caller told ▶ as not reached
//! ```

use std::time::Duration;

use rotaline_model::{Acceptance, EndCause, Sound};
use rotaline_record::{AttemptResult, Fact, KeepTrying, KeepTryingEnd, PhoneKind};
use rotaline_routing::{Phrase, Plan, Recording};

use super::hunt::Hunted;
use super::overflow::search_here_and_beyond;
use super::{accept, ring_back, talk};
use crate::attempt::{Attempt, Patience, Placed, Target};
use crate::boundary::PhoneAddress;
use crate::cx::{Cx, Either, first};
use crate::leg::Leg;
use crate::speech;

/// "the specialist waits at most 30 s with music": the caller's ringing and answer in all.
const MUSIC: Duration = Duration::from_secs(30);
/// How much of it the caller's phone may ring.
const RING: Duration = Duration::from_secs(20);
/// The caller is rung for so many acceptances at most.
const MAX_RING_BACKS: u8 = 3;
/// Hunts of one job: a case's calls are bounded.
const MAX_HUNTS: u16 = 60;
/// With so many attempts no further hunt begins: a case's attempts are bounded too.
const MAX_ATTEMPTS: u16 = 192;
/// Pieces of music in a row; beyond, ring tone.
const MAX_PIECES: u32 = 16;

/// From the hunt to the end cause of this call.
pub(super) async fn keep_trying(cx: &Cx, job: KeepTrying) -> EndCause {
    if !is_open(cx, &job) {
        // Its hours were edited since it was promised.
        end(cx, &job, KeepTryingEnd::HoursOver);
        return EndCause::KeptTryingInVain;
    }
    let until = cx.mono_at(job.until);
    let hunted = Box::pin(search_here_and_beyond(cx, &job.specialty, until)).await;
    match hunted {
        Hunted::Accepted(specialist) => Box::pin(ring_the_caller(cx, specialist, job)).await,
        Hunted::Exhausted | Hunted::BackToMenu => go_on(cx, job, EndCause::NobodyAccepted),
        Hunted::NobodyOnRota => go_on(cx, job, EndCause::NobodyOnRota),
    }
}

fn is_open(cx: &Cx, job: &KeepTrying) -> bool {
    let plan = cx.plan();
    let specialty = plan.specialty(&job.specialty);
    specialty.is_some_and(|specialty| plan.open_at(specialty, cx.wall()))
}

async fn ring_the_caller(cx: &Cx, specialist: Attempt, mut job: KeepTrying) -> EndCause {
    job.ring_backs = job.ring_backs.saturating_add(1);
    let mut sounds = vec![speech::phrase(&cx.plan(), Phrase::RingingTheCaller)];
    sounds.extend(music(&cx.plan()));
    let number = job.ring_back.expose();
    let organisation = cx
        .plan()
        .specialty(&job.specialty)
        .map(|it| it.organisation.clone());
    let placed = organisation.and_then(|organisation| Placed::new(cx, &organisation, number).ok());
    let Some(placed) = placed else {
        return not_reached(cx, specialist, job).await;
    };
    let number = PhoneAddress::Number(number.clone());
    let target = Target {
        to: number,
        whose: None,
        kind: PhoneKind::Caller,
        acceptance: Acceptance::Required,
        round: 1,
        reason: "rings the caller back".to_owned(),
        patience: Patience::Line { ring_timeout: RING },
    };
    let mut caller = Attempt::start(cx, target, None);
    specialist.leg().play_on(sounds);
    let reached = {
        let rung = first(reached(cx, &mut caller), patience(cx));
        first(specialist.leg().gone(), Box::pin(rung)).await
    };
    match reached {
        Either::Second(Either::First(Ok(()))) => {
            end(cx, &job, KeepTryingEnd::Joined);
            let caller = caller.into_leg();
            let cause = talk::talk(cx, caller, specialist, Some(job.specialty)).await;
            drop(placed);
            cause
        }
        Either::First(_) => {
            drop(specialist);
            tell_if_here(cx, caller).await;
            go_on(cx, job, EndCause::SpecialistHungUp)
        }
        Either::Second(Either::First(Err(_)) | Either::Second(())) => {
            drop(caller);
            not_reached(cx, specialist, job).await
        }
    }
}

async fn not_reached(cx: &Cx, specialist: Attempt, job: KeepTrying) -> EndCause {
    let sorry = vec![speech::phrase(&cx.plan(), Phrase::CallerNotReached)];
    specialist.leg().tell(sorry).await;
    drop(specialist);
    go_on(cx, job, EndCause::CallerNotReached)
}

/// Whoever answers the caller's phone hears what it is, and presses 1.
async fn reached(cx: &Cx, caller: &mut Attempt) -> Result<(), AttemptResult> {
    let mut result = caller.answered(|| {}).await;
    if result.is_ok() {
        cx.start_recording(caller.leg_id());
        let what = speech::after_answer(&cx.plan(), Phrase::YourCallBack);
        result = accept::accepted(cx, caller, what, Recording::Off).await;
    }
    if result.is_ok() {
        cx.note(Fact::CallerAnswered { call: cx.call() });
    }
    caller.end(result.err().unwrap_or(AttemptResult::Accepted));
    result
}

async fn patience(cx: &Cx) {
    let (timer, until) = (cx.timer(), cx.now() + MUSIC);
    std::future::poll_fn(|_| match timer.due(until) {
        true => std::task::Poll::Ready(()),
        false => std::task::Poll::Pending,
    })
    .await;
}

/// The specialist has left: whoever has answered the caller's phone is not left without a word.
async fn tell_if_here(cx: &Cx, mut caller: Attempt) {
    caller.end(AttemptResult::Abandoned);
    let leg: &Leg = caller.leg();
    if leg.with(|state| state.answered_at.is_some() && state.gone.is_none()) {
        leg.tell(vec![speech::phrase(&cx.plan(), Phrase::NobodyAnswered)])
            .await;
    }
}

/// Enough music for the whole wait, as far as its length is known; then ring tone.
fn music(plan: &Plan) -> Vec<Sound> {
    let piece = speech::phrase(plan, Phrase::WaitingMusic);
    let length_ms = plan
        .announcement(plan.phrase(Phrase::WaitingMusic))
        .map_or(0, |known| known.length_ms);
    let wanted_ms = u32::try_from(MUSIC.as_millis()).unwrap_or(u32::MAX);
    let pieces = wanted_ms.div_ceil(length_ms.max(1)).min(MAX_PIECES);
    let mut sounds = vec![piece; if length_ms == 0 { 0 } else { pieces as usize }];
    sounds.push(Sound::RingTone);
    sounds
}

/// The job goes on after this call, or is over; the end cause of the call, and then of the case.
fn go_on(cx: &Cx, mut job: KeepTrying, cause: EndCause) -> EndCause {
    job.hunts = job.hunts.saturating_add(1);
    if job.ring_backs >= MAX_RING_BACKS {
        end(cx, &job, KeepTryingEnd::CallerNotReached);
        return EndCause::CallerNotReached;
    }
    let spent = job.hunts >= MAX_HUNTS || cx.attempts_so_far() >= MAX_ATTEMPTS;
    if spent || cx.wall() >= job.until {
        end(cx, &job, KeepTryingEnd::HoursOver);
        return EndCause::KeptTryingInVain;
    }
    ring_back::go_on(cx, job);
    cause
}

fn end(cx: &Cx, job: &KeepTrying, end: KeepTryingEnd) {
    let job = job.job;
    cx.note(Fact::KeepTryingEnded { job, end });
}
