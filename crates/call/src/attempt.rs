//! An attempt: one phone rung for this call, from its INVITE to its result.
//!
//! ```text
//! ringing ──answer──▶ answered ──key 1, or not asked──▶ accepted (joined by `flow::talk`)
//!    │                   │
//!    └ no reply 2 s      ├ 2: passed on
//!      no ring 10 s      ├ hangs up
//!      ring time over    └ window over
//!      refused
//! ```
//!
//! Each phase has its own timers. However its scope is left, an attempt ends once: dropped
//! unfinished, it is `Abandoned`. The person stays reserved until it is dropped.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use rotaline_model::{
    Acceptance, Dialled, LegId, Mono, NotAsked, OrganisationId, PersonId, PhoneNumber,
};
use rotaline_record::{AttemptResult, CallerId, Evidence, Fact, PhoneKind, RecordingPart};
use rotaline_routing::{DialOut, NotPlaced, Presence, Recording};

use crate::boundary::{Action, Gone, PhoneAddress, Presents, Refusal};
use crate::cx::Cx;
use crate::leg::Leg;
use crate::leg_state::{Key, LegState};

/// Keys on one leg that are kept as evidence; later ones are not.
const MAX_EVIDENCE: usize = 32;

/// SERVICE 1.6: no longer than this from the INVITE.
const LONGEST_RING: Duration = Duration::from_secs(28);
/// SERVICE 1.6: no 100 in 2 s.
const FIRST_REPLY: Duration = Duration::from_secs(2);
/// SERVICE 1.6: no 18x in 10 s.
const FIRST_RING: Duration = Duration::from_secs(10);

/// A person who is nobody else's while this lives.
pub(crate) struct Reserved {
    presence: Rc<RefCell<Presence>>,
    person: PersonId,
}

impl Reserved {
    /// Reserves somebody; none if another call was faster.
    pub(crate) fn new(cx: &Cx, person: &PersonId) -> Option<Self> {
        let presence = cx.presence().clone();
        let free = presence.borrow_mut().reserve(person);
        free.then(|| Reserved {
            presence,
            person: person.clone(),
        })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.presence.borrow_mut().release(&self.person);
    }
}

/// A call to a number that somebody named, counted while this lives.
pub(crate) struct Placed {
    dial_out: Rc<RefCell<DialOut>>,
    organisation: OrganisationId,
}

impl Placed {
    /// Counts it, if it may be placed.
    pub(crate) fn new(
        cx: &Cx,
        organisation: &OrganisationId,
        number: &PhoneNumber,
    ) -> Result<Self, NotPlaced> {
        let dial_out = cx.dial_out().clone();
        let plan = cx.plan();
        let limits = plan.dial_out(organisation);
        dial_out
            .borrow_mut()
            .place(organisation, limits, number, cx.now())?;
        Ok(Placed {
            dial_out,
            organisation: organisation.clone(),
        })
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.dial_out.borrow_mut().over(&self.organisation);
    }
}

/// A line that rings: if its call comes round to us meanwhile, it is diverted to us.
struct RingingLine {
    presence: Rc<RefCell<Presence>>,
    line: Option<Dialled>,
}

impl RingingLine {
    fn new(cx: &Cx, to: &PhoneAddress) -> Self {
        let (presence, line) = (cx.presence().clone(), to.line());
        if let Some(line) = &line {
            presence.borrow_mut().rings(line);
        }
        RingingLine { presence, line }
    }

    /// SERVICE 1.13: "the attempt reads 'diverted to us'", whatever its refusal said.
    fn judge(&self, result: AttemptResult) -> AttemptResult {
        let round = self
            .line
            .as_ref()
            .is_some_and(|line| self.presence.borrow().has_come_round(line));
        if round {
            AttemptResult::DivertedToUs
        } else {
            result
        }
    }
}

impl Drop for RingingLine {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            self.presence.borrow_mut().rings_no_more(line);
        }
    }
}

/// How long a phone may take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// Of a hunt: so long from the first ring, and the limits above.
    Hunt { ring_time: Duration },
    /// Of a direct line: so long from the INVITE.
    Line { ring_timeout: Duration },
}

/// Whom to ring, and why.
pub(crate) struct Target {
    pub to: PhoneAddress,
    /// Whose phone it is, if it is somebody's of the plan.
    pub whose: Option<PersonId>,
    pub kind: PhoneKind,
    pub acceptance: Acceptance,
    pub round: u8,
    pub reason: String,
    pub patience: Patience,
}

/// One phone rung for this call.
pub(crate) struct Attempt {
    cx: Cx,
    number: u16,
    acceptance: Acceptance,
    result: Option<AttemptResult>,
    evidence: Vec<Evidence>,
    whisper: Recording,
    patience: Patience,
    to: PhoneAddress,
    /// Until its answer or refusal.
    line: Option<RingingLine>,
    // Dropped in this order: the phone is hung up before the person is free again.
    leg: Leg,
    person: Option<Reserved>,
    /// Boxed, since it is rare.
    placed: Option<Box<Placed>>,
    whose: Option<PersonId>,
}

impl Attempt {
    /// Rings a phone.
    pub(crate) fn start(cx: &Cx, target: Target, person: Option<Reserved>) -> Attempt {
        let (number, leg) = (cx.new_attempt(), cx.new_leg());
        let Target {
            to,
            whose,
            kind,
            acceptance,
            round,
            reason,
            patience,
        } = target;
        let line = Some(RingingLine::new(cx, &to));
        let handle = Leg::dial(cx, leg, to.clone(), presents(cx, kind, acceptance));
        cx.note(Fact::AttemptStarted {
            attempt: number,
            call: cx.call(),
            leg,
            person: whose.clone(),
            phone: kind,
            acceptance,
            round,
            reason,
        });
        Attempt {
            cx: cx.clone(),
            number,
            acceptance,
            result: None,
            evidence: Vec::new(),
            whisper: Recording::Off,
            patience,
            to,
            line,
            leg: handle,
            person,
            placed: None,
            whose,
        }
    }

    /// The call counts as one to a named number for as long as the attempt lives.
    pub(crate) fn counts_as(&mut self, placed: Placed) {
        self.placed = Some(Box::new(placed));
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    pub(crate) fn acceptance(&self) -> Acceptance {
        self.acceptance
    }

    pub(crate) fn leg(&self) -> &Leg {
        &self.leg
    }

    pub(crate) fn leg_id(&self) -> LegId {
        self.leg.id()
    }

    /// The phone alone: its attempt has ended, and it lives on as the caller's.
    pub(crate) fn into_leg(mut self) -> Leg {
        self.end(AttemptResult::Accepted);
        std::mem::replace(&mut self.leg, Leg::nobodys(&self.cx))
    }

    /// Whose phone it is, reserved by it or not.
    pub(crate) fn whose(&self) -> Option<&PersonId> {
        self.whose.as_ref()
    }

    /// Where it is reached.
    pub(crate) fn address(&self) -> &PhoneAddress {
        &self.to
    }

    /// The same person on another of their phones: it is they who are reserved, whichever it is.
    pub(crate) fn take_over(&mut self, former: &mut Attempt) {
        self.person = former.person.take();
    }

    pub(crate) fn person(&self) -> Option<&PersonId> {
        self.person.as_ref().map(|reserved| &reserved.person)
    }

    /// When the ringing of an attempt's leg is given up; none while it does not ring.
    pub(crate) fn rings_until(cx: &Cx, leg: LegId, patience: Patience) -> Option<Mono> {
        let mut state = cx.leg_state(leg)?;
        let rings = state.ringing_at.is_some() && state.answered_at.is_none();
        (rings && state.refused.is_none()).then(|| ring_until(&mut state, patience))
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// Waits for the answer; calls `on_ringing` at the first 18x.
    pub(crate) async fn answered(&mut self, on_ringing: impl Fn()) -> Result<(), AttemptResult> {
        let (cx, attempt, patience) = (&self.cx, self.number, self.patience);
        let timer = cx.timer();
        let mut told = false;
        let result = poll_fn(|_| {
            let (ringing, news) = self.leg.with(|s| (s.ringing_at.is_some(), ringing_over(s)));
            if ringing && !told {
                told = true;
                cx.note(Fact::AttemptRinging { attempt });
                on_ringing();
            }
            if let Some(result) = news {
                return Poll::Ready(result);
            }
            if self.has_paused() {
                return Poll::Ready(Err(AttemptResult::Paused));
            }
            let until = self.leg.with(|state| ring_until(state, patience));
            if timer.due(until) {
                Poll::Ready(Err(self.leg.with(rung_out)))
            } else {
                Poll::Pending
            }
        })
        .await;
        let line = self.line.take();
        match result {
            Ok(()) => self.cx.note(Fact::AttemptAnswered { attempt }),
            Err(result) => return Err(line.map_or(result, |line| line.judge(result))),
        }
        Ok(())
    }

    /// Whoever a hunt rings has paused their calls: the phone stops at once. One that is rung
    /// because somebody asked for this person rings on.
    fn has_paused(&self) -> bool {
        let hunted = matches!(self.patience, Patience::Hunt { .. });
        let person = self.person().filter(|_| hunted);
        person.is_some_and(|person| {
            let presence = self.cx.presence().borrow();
            presence.paused_until(person, self.cx.wall()).is_some()
        })
    }

    /// Records what is said to and by the called party before they are joined.
    pub(crate) fn record_whisper(&mut self) {
        self.whisper = Recording::On;
        let part = RecordingPart::Whisper(self.number);
        self.cx.act(Action::StartRecording(self.leg.id(), part));
    }

    /// What is said from now on is the case's.
    pub(crate) fn stop_whisper(&mut self) {
        if std::mem::replace(&mut self.whisper, Recording::Off) == Recording::On {
            self.cx
                .act(Action::StopRecording(RecordingPart::Whisper(self.number)));
        }
    }

    /// Keeps a key as evidence.
    pub(crate) fn keep(&mut self, key: Key) {
        if self.evidence.len() < MAX_EVIDENCE {
            let after = self
                .leg
                .with(|state| state.answered_at)
                .map(|at| key.at.since(at));
            let after_answer_ms = milliseconds(after.unwrap_or_default());
            self.evidence.push(Evidence {
                key: key.digit,
                at: key.wall,
                after_answer_ms,
            });
        }
    }

    /// Ends the attempt, once. Accepted, its leg lives on until it is dropped.
    pub(crate) fn end(&mut self, result: AttemptResult) {
        if self.result.is_some() {
            return;
        }
        self.result = Some(result);
        self.stop_whisper();
        let answerphone = self.leg.with(|state| std::mem::take(&mut state.signs));
        let ring = self.leg.with(|state| {
            let until = state.answered_at.unwrap_or(self.cx.now());
            state.ringing_at.map(|from| until.since(from))
        });
        self.cx.note(Fact::AttemptEnded {
            attempt: self.number,
            result,
            evidence: std::mem::take(&mut self.evidence),
            answerphone,
            ring_ms: milliseconds(ring.unwrap_or_default()),
        });
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.end(AttemptResult::Abandoned);
    }
}

/// A direct line is rung for its caller; every other phone sees the inbound number.
fn presents(cx: &Cx, kind: PhoneKind, acceptance: Acceptance) -> Presents {
    let is_direct = kind == PhoneKind::Line && acceptance != Acceptance::NotAsked(NotAsked::Help);
    match cx.caller() {
        CallerId::Withheld if is_direct => Presents::Nothing,
        CallerId::Withheld | CallerId::Number(_) | CallerId::Other(_) => Presents::InboundNumber,
    }
}

/// Whether ringing is over, and how.
fn ringing_over(state: &mut LegState) -> Option<Result<(), AttemptResult>> {
    if let Some(refusal) = state.refused {
        return Some(Err(result_of(refusal)));
    }
    match state.gone {
        Some(Gone::HungUp) => return Some(Err(AttemptResult::HungUp)),
        Some(Gone::LineDead) => return Some(Err(AttemptResult::Unreachable)),
        None => {}
    }
    state.answered_at.map(|_| Ok(()))
}

/// When its patience ends, as things stand.
fn ring_until(state: &mut LegState, patience: Patience) -> Mono {
    match (patience, state.ringing_at) {
        (Patience::Line { ring_timeout }, _) => state.began + ring_timeout,
        (Patience::Hunt { ring_time }, Some(ringing_at)) => {
            (ringing_at + ring_time).min(state.began + LONGEST_RING)
        }
        (Patience::Hunt { .. }, None) if state.proceeding => state.tried_at + FIRST_RING,
        (Patience::Hunt { .. }, None) => state.tried_at + FIRST_REPLY,
    }
}

fn rung_out(state: &mut LegState) -> AttemptResult {
    state.rang_out = true;
    match state.ringing_at {
        Some(_) => AttemptResult::NoAnswer,
        None => AttemptResult::Unreachable,
    }
}

fn result_of(refusal: Refusal) -> AttemptResult {
    match refusal {
        Refusal::Busy => AttemptResult::Busy,
        Refusal::Refused => AttemptResult::Refused,
        Refusal::NoSuchNumber => AttemptResult::NoSuchNumber,
        Refusal::NoAnswer => AttemptResult::NoAnswer,
        Refusal::Unreachable => AttemptResult::Unreachable,
        Refusal::DivertedToUs => AttemptResult::DivertedToUs,
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
