//! The hunt: people of the session rung one after another, while the caller is kept company
//! (SERVICE 1.3, 1.5, 1.6).

use std::cell::Cell;
use std::time::Duration;

use rotaline_model::{Acceptance, Digit, Mono, Sound, SpecialtyId};
use rotaline_record::{AttemptResult, PhoneKind};
use rotaline_routing as routing;
use rotaline_routing::{Candidate, Phrase, Recording};

use super::accept;
use crate::attempt::{Attempt, Patience, Reserved, Target};
use crate::cx::{Cx, Either, first};
use crate::leg::{Leg, MAX_SPEAKING, Next};
use crate::speech;

/// "Still trying" at the second attempt, then every 30 s.
const STILL_TRYING_EVERY: Duration = Duration::from_secs(30);

/// Later than any call lives; a wait until then is a wait for something else.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of a hunt.
pub(super) enum Hunted {
    /// Somebody accepted.
    Accepted(Attempt),
    /// Everybody was tried, or the budget is spent.
    Exhausted,
    /// There is nobody on the rota.
    NobodyOnRota,
    /// The caller pressed `*`.
    BackToMenu,
}

/// Rings the people on the rota until one accepts. `opening` is said while the first phone rings.
pub(super) async fn hunt(
    cx: &Cx,
    caller: &Leg,
    specialty: &SpecialtyId,
    opening: Vec<Sound>,
) -> Hunted {
    let attempts = Cell::new(0);
    // The search is polled first: an INVITE leaves before anything is said about it.
    let search = Box::pin(search(cx, specialty, &attempts));
    let company = Box::pin(keep_company(cx, caller, opening, &attempts));
    match first(search, company).await {
        Either::First(hunted) => hunted,
        Either::Second(()) => Hunted::BackToMenu,
    }
}

pub(super) async fn search(cx: &Cx, specialty: &SpecialtyId, attempts: &Cell<u32>) -> Hunted {
    let began = cx.now();
    let mut order = routing::Hunt::new(specialty.clone());
    // The budget bars new attempts; it never cuts one that has begun.
    while cx.now() < began + budget(cx, specialty) {
        let next = {
            let (plan, presence) = (cx.plan(), cx.presence().borrow());
            order.next(&plan, &presence, &cx.passed_on(), cx.wall())
        };
        let candidate = match next {
            routing::Next::Ring(candidate) => *candidate,
            routing::Next::Exhausted => return Hunted::Exhausted,
            routing::Next::NobodyOnRota => return Hunted::NobodyOnRota,
        };
        let Some(person) = Reserved::new(cx, &candidate.person) else {
            continue;
        };
        attempts.set(attempts.get() + 1);
        if let Some(attempt) = try_one(cx, specialty, candidate, person).await {
            return Hunted::Accepted(attempt);
        }
    }
    Hunted::Exhausted
}

fn budget(cx: &Cx, specialty: &SpecialtyId) -> Duration {
    let plan = cx.plan();
    plan.specialty(specialty)
        .and_then(|specialty| plan.organisation(&specialty.organisation))
        .map_or(Duration::ZERO, |organisation| organisation.budget)
}

/// Rings one phone; the attempt, if it was accepted.
async fn try_one(
    cx: &Cx,
    specialty: &SpecialtyId,
    candidate: Candidate,
    person: Reserved,
) -> Option<Attempt> {
    let Candidate {
        person: id,
        kind,
        to,
        ring_time,
        round,
        reason,
    } = candidate;
    let target = Target {
        to,
        kind: phone_kind(kind),
        acceptance: Acceptance::Required,
        round,
        reason,
        patience: Patience::Hunt { ring_time },
    };
    let mut attempt = Attempt::start(cx, target, Some(person));
    let mut result = attempt.answered(|| {}).await;
    if result.is_ok() {
        let whisper = speech::whisper(cx, specialty);
        result = accept::accepted(cx, &mut attempt, whisper, Recording::On).await;
    }
    if result == Err(AttemptResult::PassedOn) {
        cx.passed_on().push(id);
    }
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    result.ok().map(|()| attempt)
}

/// What the caller hears meanwhile: the opening, ring tone, "Still trying". Ends with a `*`.
pub(super) async fn keep_company(cx: &Cx, caller: &Leg, opening: Vec<Sound>, attempts: &Cell<u32>) {
    let mut sounds = opening;
    let mut said_at: Option<Mono> = None;
    loop {
        let play = caller.play_on(sounds);
        let spoken_by = cx.now() + MAX_SPEAKING;
        loop {
            match caller.next(Some(play), spoken_by).await {
                Next::Key(key) if key.digit == Digit::STAR => return,
                Next::Key(_) => {}
                Next::Spoken | Next::Time | Next::Gone => break,
            }
        }
        caller.play_on(vec![Sound::RingTone]);
        let again = first(still_trying_is_due(cx, attempts, said_at), star(cx, caller)).await;
        if let Either::Second(()) = again {
            return;
        }
        said_at = Some(cx.now());
        sounds = vec![speech::phrase(&cx.plan(), Phrase::StillTrying)];
    }
}

async fn still_trying_is_due(cx: &Cx, attempts: &Cell<u32>, said_at: Option<Mono>) {
    let timer = cx.timer();
    std::future::poll_fn(|_| {
        let due = match said_at {
            None => attempts.get() >= 2,
            Some(at) => timer.due(at + STILL_TRYING_EVERY),
        };
        if due {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

async fn star(cx: &Cx, caller: &Leg) {
    loop {
        match caller.next(None, cx.now() + NEVER).await {
            Next::Key(key) if key.digit == Digit::STAR => return,
            Next::Key(_) | Next::Spoken | Next::Time => {}
            // Whoever runs the hunt sees the end of the caller's leg, and drops this.
            Next::Gone => std::future::pending().await,
        }
    }
}

fn phone_kind(kind: routing::PhoneKind) -> PhoneKind {
    match kind {
        routing::PhoneKind::Mobile => PhoneKind::Mobile,
        routing::PhoneKind::Desk => PhoneKind::Desk,
        routing::PhoneKind::Home => PhoneKind::Home,
        routing::PhoneKind::App => PhoneKind::App,
    }
}
