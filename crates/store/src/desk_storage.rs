//! What a database must be able to do for codes, PINs, pauses, requests and missed calls.

use jiff::Timestamp;
use rotaline_model::{CaseId, ErrandId, PersonId, PracticeId, RequestId, SpecialtyId};
use rotaline_record::{PhoneKind, RequestState};

use crate::{Added, Claim, CodeMac, ErrandRow, Pending};

/// Errands that a list has at most.
pub const LIST_BOUND: i64 = 500;

/// How somebody's phones of a kind have answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneUse {
    /// Whose.
    pub person: PersonId,
    /// Of which kind.
    pub kind: PhoneKind,
    /// When one was rung first.
    pub first_rung_at: Timestamp,
    /// When one answered last.
    pub answered_at: Option<Timestamp>,
}

/// An attempt that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAttempt {
    /// Who was rung.
    pub person: PersonId,
    /// For which team.
    pub specialty: Option<SpecialtyId>,
    /// When.
    pub rung_at: Timestamp,
    /// When they were joined, and when the talk was over; none: they were not.
    pub talked: Option<(Timestamp, Timestamp)>,
}

/// The part of a database that calls and clinicians ask.
pub trait DeskStorage: Send + Sync + 'static {
    /// Adds an errand, unless a live one of its organisation has its code, or `live` of its kind
    /// and organisation are live. One step, whatever else is asked meanwhile.
    fn add_errand(&self, row: ErrandRow, live: i64) -> Pending<'_, Added>;

    /// Takes one use of the live errand with this code, and gives its body. One step: of two who
    /// key the last use, one has it.
    fn claim_errand(&self, claim: Claim) -> Pending<'_, Option<String>>;

    /// Errands of a kind that can be claimed, the newest first, at most [`LIST_BOUND`].
    fn live_errands(&self, kind: String, now_us: i64) -> Pending<'_, Vec<ErrandRow>>;

    /// Ends an errand of a kind; false: there is no such live one.
    fn withdraw_errand(&self, kind: String, id: ErrandId, now_us: i64) -> Pending<'_, bool>;

    /// Sets somebody's PIN.
    fn set_pin(&self, person: PersonId, mac: CodeMac) -> Pending<'_, ()>;

    /// Somebody's PIN.
    fn pin(&self, person: PersonId) -> Pending<'_, Option<Vec<u8>>>;

    /// Pauses somebody's calls until a time; none: they take calls again.
    fn set_pause(&self, person: PersonId, until: Option<Timestamp>) -> Pending<'_, ()>;

    /// Who has paused beyond `now`, by name.
    fn pauses(&self, now: Timestamp) -> Pending<'_, Vec<(PersonId, Timestamp)>>;

    /// The cases whose requests are in a state, the newest request first, at most [`LIST_BOUND`].
    fn cases_with_requests(&self, state: RequestState) -> Pending<'_, Vec<CaseId>>;

    /// The cases in which somebody was rung since a time and not joined, the newest first, at most
    /// `bound`.
    fn cases_missed_by(
        &self,
        person: PersonId,
        since: Timestamp,
        bound: usize,
    ) -> Pending<'_, Vec<CaseId>>;

    /// How everybody's phones have answered, by person and kind.
    fn phone_uses(&self) -> Pending<'_, Vec<PhoneUse>>;

    /// The newest attempts since a time, at most `bound`, the oldest first.
    fn attempts_since(&self, since: Timestamp, bound: usize) -> Pending<'_, Vec<PastAttempt>>;

    /// The case that a request belongs to; none: there is no such request.
    fn case_of_request(&self, request: RequestId) -> Pending<'_, Option<CaseId>>;

    /// Which practices a caller number was said to be of, each once, the newest saying first, at
    /// most `bound`.
    fn practices_of_caller(&self, caller: String, bound: usize) -> Pending<'_, Vec<PracticeId>>;
}
