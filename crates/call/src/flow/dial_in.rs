//! The dial-in number: greeting, menu, and the specialty that is keyed (SERVICE 1.1, 1.2, 1.3);
//! and a number with one specialty behind it.

use std::time::Duration;

use rotaline_model::{Acceptance, EndCause, MenuKey, NotAsked, OrganisationId, Sound, SpecialtyId};
use rotaline_record::{AttemptResult, Fact, PhoneKind};
use rotaline_routing::Phrase;

use super::arrive::{practice_of, while_here};
use super::bypass::ring_practice;
use super::claim::{Length, NotOpened, PIN, claim, collect};
use super::errand;
use super::menu::{Choice, Menu};
use super::reach::{Reached, reach};
use super::talk::talk;
use crate::attempt::{Attempt, Patience, Target};
use crate::cx::Cx;
use crate::leg::{Asked, Leg};
use crate::speech;

/// "Nothing keyed for 5 s ..."
const PATIENCE: Duration = Duration::from_secs(5);
/// "... the menu again, twice": so often it is said in all.
const SPEAKINGS: u8 = 3;
/// Questions of one call's menu: somebody who keys on and on is let go.
const MAX_QUESTIONS: u8 = 30;
/// Digits of a practice's code, at most.
const MAX_CODE: usize = 6;
/// How long the help line rings.
const HELP_RING: Duration = Duration::from_secs(28);

/// Who was reached, and through which specialty; none: the help line, or a practice.
pub(super) struct Found {
    attempt: Attempt,
    specialty: Option<SpecialtyId>,
}

impl Found {
    fn through(specialty: Option<SpecialtyId>, attempt: Attempt) -> Self {
        Found { attempt, specialty }
    }
}

/// Answers at once, and lets the caller choose.
pub(super) async fn dial_in(cx: &Cx, caller: Leg, organisation: &OrganisationId) -> EndCause {
    answer(cx, &caller);
    let found = while_here(cx, &caller, Box::pin(find(cx, &caller, organisation))).await;
    join_if_found(cx, caller, found).await
}

/// Answers at once, and rings the specialty's people while the greeting is said.
pub(super) async fn one_specialty(cx: &Cx, caller: Leg, specialty: SpecialtyId) -> EndCause {
    answer(cx, &caller);
    to_specialty(cx, caller, specialty).await
}

/// The same with somebody who is answered already.
pub(super) async fn to_specialty(cx: &Cx, caller: Leg, specialty: SpecialtyId) -> EndCause {
    let found = while_here(cx, &caller, Box::pin(find_directly(cx, &caller, specialty))).await;
    join_if_found(cx, caller, found).await
}

fn answer(cx: &Cx, caller: &Leg) {
    caller.answer();
    cx.start_recording(caller.id());
}

async fn join_if_found(
    cx: &Cx,
    caller: Leg,
    found: Result<Result<Found, EndCause>, EndCause>,
) -> EndCause {
    match found {
        Err(left) => left,
        Ok(Err(cause)) => cause,
        Ok(Ok(Found { attempt, specialty })) => {
            Box::pin(talk(cx, caller, attempt, specialty)).await
        }
    }
}

pub(super) async fn find(
    cx: &Cx,
    caller: &Leg,
    organisation: &OrganisationId,
) -> Result<Found, EndCause> {
    let menu = Menu::of(&cx.plan(), organisation);
    let mut before = speech::greeting(&cx.plan(), organisation);
    let mut silences = 0;
    let mut unserved = EndCause::NothingKeyed;
    for _ in 0..MAX_QUESTIONS {
        let mut sounds = std::mem::take(&mut before);
        sounds.extend(speech::menu(cx, &menu.lines));
        let key = match caller.ask(sounds, PATIENCE).await {
            Asked::Gone => return Err(unserved),
            Asked::Key(key) => key.digit,
            Asked::Nothing => {
                silences += 1;
                if silences == SPEAKINGS {
                    break;
                }
                continue;
            }
        };
        silences = 0;
        match menu.choice(cx, caller, key).await {
            Choice::Repeat => {}
            Choice::NoLastOne => {
                before = vec![speech::phrase(&cx.plan(), Phrase::NothingCalledBefore)];
            }
            Choice::Code => match Box::pin(by_code(cx, caller, organisation)).await {
                Ok(found) => return Ok(found),
                Err(ByCode::Again(why)) => before = vec![speech::phrase(&cx.plan(), why)],
                Err(ByCode::Over(why)) => {
                    let told = vec![speech::phrase(&cx.plan(), why.phrase())];
                    caller.tell(told).await;
                    return Err(why.cause());
                }
            },
            Choice::Nothing => before = vec![speech::phrase(&cx.plan(), Phrase::NotAChoice)],
            Choice::Help => match Box::pin(ring_help(cx, caller, organisation)).await {
                Some(attempt) => return Ok(Found::through(None, attempt)),
                None => before = vec![speech::phrase(&cx.plan(), Phrase::HelpUnavailable)],
            },
            Choice::Specialty(specialty, key) => {
                if let Some(closed) = speech::if_closed(cx, &specialty) {
                    unserved = EndCause::Closed;
                    cx.if_left(unserved);
                    before = closed;
                    continue;
                }
                match choose(cx, caller, &specialty, key).await {
                    Reached::Accepted(attempt) => {
                        return Ok(Found::through(Some(specialty), attempt));
                    }
                    Reached::Nobody(cause) => return Err(cause),
                    Reached::BackToMenu => cx.if_left(EndCause::CallerLeftInMenu),
                }
            }
        }
    }
    caller
        .tell(vec![speech::phrase(&cx.plan(), Phrase::NothingKeyed)])
        .await;
    Err(unserved)
}

async fn choose(cx: &Cx, caller: &Leg, specialty: &SpecialtyId, key: Option<MenuKey>) -> Reached {
    note_choice(cx, specialty, key);
    reach(cx, caller, specialty, speech::trying(&cx.plan(), specialty)).await
}

/// The wait begins; `#` means this specialty from now on.
fn note_choice(cx: &Cx, specialty: &SpecialtyId, key: Option<MenuKey>) {
    if let Some(practice) = practice_of(cx, &cx.plan()) {
        cx.presence().borrow_mut().chose(&practice.id, specialty);
    }
    cx.note(Fact::SpecialtyChosen {
        specialty: specialty.clone(),
        key,
    });
}

/// `9`: a PIN, or a practice's directory code, ended by `#` or a pause. Which of the two is known
/// by its length only when it is keyed, so it is masked either way.
async fn by_code(cx: &Cx, caller: &Leg, organisation: &OrganisationId) -> Result<Found, ByCode> {
    caller.say(vec![speech::phrase(&cx.plan(), Phrase::KeyPinOrCode)]);
    let (keyed, masked) = collect(cx, caller, Length::UpTo(PIN)).await;
    if keyed.len() > MAX_CODE {
        let claimed = claim(cx, None, organisation, keyed).await;
        drop(masked);
        let errand = claimed.map_err(|why| match why {
            NotOpened::NotValid => ByCode::Again(why.phrase()),
            NotOpened::TooManyTries | NotOpened::LockedOut | NotOpened::Unavailable => {
                ByCode::Over(why)
            }
        })?;
        cx.if_left(EndCause::CallerLeftWaiting);
        let rung = Box::pin(errand::ring(cx, caller, &errand)).await;
        cx.if_left(EndCause::CallerLeftInMenu);
        let attempt = rung.map_err(ByCode::Again)?;
        return Ok(Found::through(errand.outcomes, attempt));
    }
    let plan = cx.plan();
    let code = std::str::from_utf8(keyed.expose()).unwrap_or_default();
    let practice = plan.practice_with_code(code);
    drop(masked);
    let practice = practice.ok_or(ByCode::Again(Phrase::CodeNotValid))?;
    cx.if_left(EndCause::CallerLeftWaiting);
    let rung = ring_practice(cx, caller, practice).await;
    cx.if_left(EndCause::CallerLeftInMenu);
    let attempt = rung.map_err(ByCode::Again)?;
    Ok(Found::through(None, attempt))
}

/// Why a code reached nobody.
enum ByCode {
    /// This is said, and the menu again.
    Again(Phrase),
    /// This is said, and the call is over.
    Over(NotOpened),
}

async fn find_directly(cx: &Cx, caller: &Leg, specialty: SpecialtyId) -> Result<Found, EndCause> {
    let plan = cx.plan();
    let organisation = plan.specialty(&specialty).map(|it| it.organisation.clone());
    let mut greeting = organisation
        .map(|id| speech::greeting(&plan, &id))
        .unwrap_or_default();
    if let Some(closed) = speech::if_closed(cx, &specialty) {
        cx.if_left(EndCause::Closed);
        greeting.extend(closed);
        greeting.push(speech::phrase(&plan, Phrase::Goodbye));
        caller.tell(greeting).await;
        return Err(EndCause::Closed);
    }
    note_choice(cx, &specialty, None);
    greeting.extend(speech::trying(&plan, &specialty));
    loop {
        // There is no menu to go back to: `*` begins again.
        match reach(cx, caller, &specialty, std::mem::take(&mut greeting)).await {
            Reached::Accepted(attempt) => return Ok(Found::through(Some(specialty), attempt)),
            Reached::Nobody(cause) => return Err(cause),
            Reached::BackToMenu => greeting = speech::trying(&cx.plan(), &specialty),
        }
    }
}

/// `0`: help. A trusted line: nobody has to accept.
async fn ring_help(cx: &Cx, caller: &Leg, organisation: &OrganisationId) -> Option<Attempt> {
    let plan = cx.plan();
    let to = plan.organisation(organisation)?.help.clone()?;
    cx.if_left(EndCause::CallerLeftWaiting);
    let target = Target {
        to,
        whose: None,
        kind: PhoneKind::Line,
        acceptance: Acceptance::NotAsked(NotAsked::Help),
        round: 1,
        reason: "help line".to_owned(),
        patience: Patience::Line {
            ring_timeout: HELP_RING,
        },
    };
    let mut attempt = Attempt::start(cx, target, None);
    let sounds = vec![speech::phrase(&plan, Phrase::TryingHelp), Sound::RingTone];
    caller.play_on(sounds);
    let result = attempt.answered(|| {}).await;
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    cx.if_left(EndCause::CallerLeftInMenu);
    // What was keyed meanwhile chose nothing.
    caller.forget_keys();
    result.ok().map(|()| attempt)
}
