//! What a call asks of the world outside, and the answers. Each question has a deadline: no answer
//! is [`Answer::Unavailable`], and the call goes on without.

use jiff::Timestamp;
use rotaline_model::{CaseId, Dialled, Keyed, OrganisationId, PersonId, SpecialtyId};

use crate::{CallerId, Errand};

/// What a call asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A code or PIN was keyed: what does it open? Whoever answers takes it: it opens nothing more
    /// unless it may be used again. Guesses are counted before they are asked.
    Claim {
        /// Where it was keyed.
        line: Option<Dialled>,
        /// Whose line that is; codes of others open nothing there.
        organisation: OrganisationId,
        /// What was keyed.
        code: Keyed,
        /// Who keyed it: some codes are bound to the numbers of whoever asked for them.
        caller: CallerId,
    },
    /// Is this somebody's own PIN?
    CheckPin {
        /// Whose.
        person: PersonId,
        /// What was keyed.
        pin: Keyed,
    },
    /// Has an outcome been given to the case?
    OutcomeGiven {
        /// Which.
        case: CaseId,
    },
    /// Which calls did somebody miss (SERVICE 2)?
    Missed {
        /// Who.
        person: PersonId,
        /// From when on.
        since: Timestamp,
    },
    /// Which talk of somebody's waits for its outcome (SERVICE 2)?
    AwaitedOutcome {
        /// Who.
        person: PersonId,
        /// From when on.
        since: Timestamp,
    },
    /// Keep the outcome of an earlier case; confirmed once it is on disk.
    GiveOutcome {
        /// Which.
        case: CaseId,
        /// The choice's id, one of the specialty's.
        outcome: String,
        /// Who gives it.
        by: PersonId,
    },
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A fact is on disk.
    Kept,
    /// What the code opens.
    Claimed(Box<Errand>),
    /// The code opens nothing (unknown, used, expired, another's), or the PIN is wrong; no outcome
    /// has been given, or none is awaited.
    Refused,
    /// The PIN is right; an outcome has been given, or is kept.
    Confirmed,
    /// Missed calls, the newest first.
    Missed(Vec<MissedCall>),
    /// The newest talk that waits for its outcome.
    AwaitedOutcome {
        /// Its case.
        case: CaseId,
        /// Whose menu it is chosen from.
        specialty: SpecialtyId,
    },
    /// It cannot be told now, or a fact could not be kept.
    Unavailable,
}

/// A call that somebody did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedCall {
    /// Its case.
    pub case: CaseId,
    /// For which team.
    pub specialty: Option<SpecialtyId>,
    /// When they were rung.
    pub at: Timestamp,
    /// Who rang.
    pub caller: CallerId,
    /// Whether a colleague has answered it, or the caller came through later.
    pub answered: bool,
}
