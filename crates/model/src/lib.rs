//! Leaf value types that every crate shares: time, ids, telephone numbers, digits, causes.
//!
//! Nothing here knows SIP, RTP, SQL or the service's rules, and nothing reads a clock: time and
//! randomness are passed in ([`Now`], [`Seed`]).

mod answerphone;
mod cause;
mod digit;
mod id;
mod keyed;
mod menu_key;
mod nhs;
mod phone;
mod pii;
mod prompt;
mod seed;
mod sound;
mod time;

pub use answerphone::AnswerphoneSign;
pub use cause::{Acceptance, EndCause, HangupCause, NotAsked};
pub use digit::{Digit, NotADigit};
pub use id::{
    AskId, BadSlug, CallId, CaseId, ErrandId, JobId, LegId, NodeId, OrganisationId, PersonId,
    PlayId, PracticeId, RequestId, RoomId, SpecialtyId,
};
pub use keyed::{Keyed, MAX_KEYED};
pub use menu_key::{BadMenuKey, MenuKey};
pub use nhs::{BadNhsNumber, NhsNumber};
pub use phone::{BadNumber, Dialled, PhoneNumber};
pub use pii::Pii;
pub use prompt::{BadPromptId, PromptId};
pub use seed::Seed;
pub use sound::Sound;
pub use time::{Mono, Now};
