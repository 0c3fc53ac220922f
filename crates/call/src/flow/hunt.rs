//! The hunt: people of the session rung one after another, while the caller is kept company
//! (SERVICE 1.3, 1.5, 1.6).

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use rotaline_model::{Acceptance, Digit, LegId, Mono, PlayId, Sound, SpecialtyId};
use rotaline_record::{AttemptResult, PhoneKind};
use rotaline_routing as routing;
use rotaline_routing::{Candidate, Phrase, Recording};

use super::{accept, nhs};
use crate::attempt::{Attempt, Patience, Reserved, Target};
use crate::cx::{Cx, Either, Timer, WhoCalls, first};
use crate::leg::{Leg, MAX_SPEAKING, Next};
use crate::leg_state::Key;
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

/// Rings the people on the rota until one accepts. `opening` is said while the first phone rings,
/// and taken then: where nobody is rung it is left.
pub(super) async fn hunt(
    cx: &Cx,
    caller: &Leg,
    specialty: &SpecialtyId,
    opening: &mut Vec<Sound>,
) -> Hunted {
    let attempts = Cell::new(0);
    // The search is polled first: an INVITE leaves before anything is said about it.
    let search = Box::pin(search(cx, specialty, &attempts));
    let company = Box::pin(keep_company(cx, caller, specialty, opening, &attempts));
    match first(search, company).await {
        Either::First(hunted) => hunted,
        Either::Second(()) => Hunted::BackToMenu,
    }
}

pub(super) fn search<'a>(
    cx: &'a Cx,
    specialty: &'a SpecialtyId,
    attempts: &'a Cell<u32>,
) -> impl Future<Output = Hunted> + 'a {
    let order = routing::Hunt::new(specialty.clone());
    search_in_order(cx, specialty, order, attempts, cx.now() + NEVER)
}

/// One round; nobody is rung from `bar` on.
pub(super) async fn search_once(cx: &Cx, specialty: &SpecialtyId, bar: Mono) -> Hunted {
    let order = routing::Hunt::new(specialty.clone()).of_one_round();
    search_in_order(cx, specialty, order, &Cell::new(0), bar).await
}

async fn search_in_order(
    cx: &Cx,
    specialty: &SpecialtyId,
    mut order: routing::Hunt,
    attempts: &Cell<u32>,
    bar: Mono,
) -> Hunted {
    let began = cx.now();
    let mut rung = Rung::default();
    loop {
        // The budget bars new attempts; it never cuts one that has begun.
        let next = if cx.now() < (began + budget(cx, specialty)).min(bar) {
            let (plan, presence) = (cx.plan(), cx.presence().borrow());
            order.next(&plan, &presence, &cx.passed_on(), cx.wall())
        } else {
            routing::Next::Exhausted
        };
        let overlap = match next {
            routing::Next::Ring(candidate) => {
                let Some(person) = Reserved::new(cx, &candidate.person) else {
                    continue;
                };
                attempts.set(attempts.get() + 1);
                rung.ring(cx, specialty, *candidate, person);
                overlap(cx, specialty)
            }
            routing::Next::Exhausted if rung.is_empty() => return Hunted::Exhausted,
            routing::Next::NobodyOnRota if rung.is_empty() => return Hunted::NobodyOnRota,
            routing::Next::Exhausted | routing::Next::NobodyOnRota => None,
        };
        if let Some(attempt) = rung.accepted_or_next(cx, overlap).await {
            return Hunted::Accepted(attempt);
        }
    }
}

/// How long before a phone is given up the next one begins to ring, if the specialty asks for it.
fn overlap(cx: &Cx, specialty: &SpecialtyId) -> Option<Duration> {
    cx.plan().specialty(specialty)?.overlap
}

/// The phones that ring for a hunt: one, or two where the specialty asks for overlap.
#[derive(Default)]
struct Rung {
    phones: Vec<Phone>,
    /// Somebody has accepted: the call is theirs.
    taken: Rc<Cell<bool>>,
}

struct Phone {
    leg: LegId,
    patience: Patience,
    persuaded: Pin<Box<dyn Future<Output = Option<Attempt>>>>,
}

impl Rung {
    fn is_empty(&self) -> bool {
        self.phones.is_empty()
    }

    fn ring(&mut self, cx: &Cx, specialty: &SpecialtyId, candidate: Candidate, person: Reserved) {
        let target = Target {
            to: candidate.to,
            whose: Some(candidate.person),
            kind: phone_kind(candidate.kind),
            acceptance: Acceptance::Required,
            round: candidate.round,
            reason: candidate.reason,
            patience: Patience::Hunt {
                ring_time: candidate.ring_time,
            },
        };
        let attempt = Attempt::start(cx, target, Some(person));
        self.phones.push(Phone {
            leg: attempt.leg_id(),
            patience: attempt.patience(),
            persuaded: Box::pin(persuade(
                cx.clone(),
                specialty.clone(),
                attempt,
                self.taken.clone(),
            )),
        });
    }

    /// Waits until somebody accepts, or another phone may ring: the last one has failed, or is
    /// given up within `overlap`.
    async fn accepted_or_next(&mut self, cx: &Cx, overlap: Option<Duration>) -> Option<Attempt> {
        let timer = cx.timer();
        let (place, accepted) = poll_fn(|context| {
            for (place, phone) in self.phones.iter_mut().enumerate() {
                if let Poll::Ready(accepted) = phone.persuaded.as_mut().poll(context) {
                    return Poll::Ready((Some(place), accepted));
                }
            }
            match (self.phones.as_slice(), overlap) {
                ([phone], Some(overlap)) if phone.gives_up_within(cx, overlap, &timer) => {
                    Poll::Ready((None, None))
                }
                _ => Poll::Pending,
            }
        })
        .await;
        if let Some(place) = place {
            self.phones.remove(place);
        }
        if accepted.is_some() {
            self.say_goodbye_to_the_others(cx);
        }
        accepted
    }

    /// "The other hears 'A colleague has answered'"; one that only rings is given up at once.
    fn say_goodbye_to_the_others(&mut self, cx: &Cx) {
        self.taken.set(true);
        for phone in self.phones.drain(..) {
            let answered = |leg| cx.leg_state(leg).is_some_and(|it| it.answered_at.is_some());
            if answered(phone.leg) {
                cx.in_background(async move {
                    phone.persuaded.await;
                });
            }
        }
    }
}

impl Phone {
    fn gives_up_within(&self, cx: &Cx, overlap: Duration, timer: &Timer<'_>) -> bool {
        match Attempt::rings_until(cx, self.leg, self.patience) {
            Some(until) => timer.due(until.before(overlap)),
            None => {
                timer.rest();
                false
            }
        }
    }
}

/// How long people are tried, by the organisation's word.
pub(super) fn budget(cx: &Cx, specialty: &SpecialtyId) -> Duration {
    let plan = cx.plan();
    plan.specialty(specialty)
        .and_then(|specialty| plan.organisation(&specialty.organisation))
        .map_or(Duration::ZERO, |organisation| organisation.budget)
}

fn hour_of_day(cx: &Cx, specialty: &SpecialtyId) -> u8 {
    let plan = cx.plan();
    plan.specialty(specialty)
        .map_or(0, |specialty| plan.hour_of_day(specialty, cx.wall()))
}

/// Waits for one phone's answer and acceptance; the attempt, if it was accepted before the call
/// was `taken` by somebody else.
async fn persuade(
    cx: Cx,
    specialty: SpecialtyId,
    mut attempt: Attempt,
    taken: Rc<Cell<bool>>,
) -> Option<Attempt> {
    let hour = hour_of_day(&cx, &specialty);
    if let Some(person) = attempt.person() {
        cx.presence().borrow_mut().tally_mut().rang(person, hour);
    }
    let mut result = attempt.answered(|| {}).await;
    if result.is_ok() {
        let whisper = speech::whisper(&cx, &specialty);
        let accepted = accept::accepted(&cx, &mut attempt, whisper, Recording::On);
        result = match first(is_set(&taken), accepted).await {
            Either::First(()) => Err(AttemptResult::Abandoned),
            Either::Second(result) => result,
        };
    }
    if result == Err(AttemptResult::PassedOn)
        && let Some(person) = attempt.person()
    {
        cx.passed_on().push(person.clone());
    }
    if result.is_ok()
        && let Some(person) = attempt.person()
    {
        let mut presence = cx.presence().borrow_mut();
        presence.tally_mut().accepted(person, hour, cx.wall());
    }
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    if taken.get() {
        let goodbye = speech::phrase(&cx.plan(), Phrase::ColleagueAnswered);
        attempt.leg().tell(vec![goodbye]).await;
    }
    result.ok().map(|()| attempt)
}

/// Waits for a flag, which is set by what is polled before.
async fn is_set(flag: &Cell<bool>) {
    poll_fn(|_| match flag.get() {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// What the caller hears meanwhile: the opening, ring tone, "Still trying". Ends with a `*`.
pub(super) async fn keep_company(
    cx: &Cx,
    caller: &Leg,
    specialty: &SpecialtyId,
    opening: &mut Vec<Sound>,
    attempts: &Cell<u32>,
) {
    let mut sounds = std::mem::take(opening);
    let mut said_at: Option<Mono> = None;
    loop {
        let play = caller.play_on(sounds);
        let ahead = match spoken(cx, caller, specialty, play).await {
            Spoken::ToTheEnd => None,
            Spoken::Over(ahead) => Some(ahead),
            Spoken::BackToMenu => return,
        };
        if nhs::is_wanted(cx, specialty)
            && Box::pin(nhs::ask(cx, caller, ahead)).await == nhs::Asked::BackToMenu
        {
            return;
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

/// How something that is said to a waiting caller ends.
enum Spoken {
    ToTheEnd,
    /// With the first digit of the patient's number: it will be asked for.
    Over(nhs::Ahead),
    BackToMenu,
}

async fn spoken(cx: &Cx, caller: &Leg, specialty: &SpecialtyId, play: PlayId) -> Spoken {
    let spoken_by = cx.now() + MAX_SPEAKING;
    loop {
        let is_asked = nhs::will_be_asked(cx, specialty);
        let next = caller.next(Some(play), spoken_by);
        match first(next, nhs::begins(caller, is_asked)).await {
            Either::First(Next::Key(key)) if goes_back(cx, key) => return Spoken::BackToMenu,
            Either::First(Next::Key(key)) if is_asked && key.digit.number().is_some() => {
                return Spoken::Over(nhs::Ahead::keyed(cx, key.digit));
            }
            Either::First(Next::Key(_)) => {}
            Either::First(Next::Spoken | Next::Time | Next::Gone) => return Spoken::ToTheEnd,
            Either::Second(()) => return Spoken::Over(nhs::Ahead::begun(cx)),
        }
    }
}

async fn still_trying_is_due(cx: &Cx, attempts: &Cell<u32>, said_at: Option<Mono>) {
    let timer = cx.timer();
    poll_fn(|_| {
        let due = match said_at {
            None => attempts.get() >= 2,
            Some(at) => timer.due(at + STILL_TRYING_EVERY),
        };
        if due { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

async fn star(cx: &Cx, caller: &Leg) {
    loop {
        match caller.next(None, cx.now() + NEVER).await {
            Next::Key(key) if goes_back(cx, key) => return,
            Next::Key(_) | Next::Spoken | Next::Time => {}
            // Whoever runs the hunt sees the end of the caller's leg, and drops this.
            Next::Gone => std::future::pending().await,
        }
    }
}

/// `*`; a patient's line has no menu to go back to.
fn goes_back(cx: &Cx, key: Key) -> bool {
    key.digit == Digit::STAR && cx.who_calls() == WhoCalls::Clinician
}

pub(super) fn phone_kind(kind: routing::PhoneKind) -> PhoneKind {
    match kind {
        routing::PhoneKind::Mobile => PhoneKind::Mobile,
        routing::PhoneKind::Desk => PhoneKind::Desk,
        routing::PhoneKind::Home => PhoneKind::Home,
        routing::PhoneKind::App => PhoneKind::App,
    }
}
