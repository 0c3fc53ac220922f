//! Who is rung: organisations, numbers, hours, rota, presence, hunt order.
//!
//! [`Plan`] is read from TOML and never changes; an edit makes a new one. [`Presence`] is what
//! changes while calls are up. Nothing here reads a clock: the time is passed in.

mod address;
mod fault;
mod hours;
mod hunt;
mod parse;
mod phrase;
mod plan;
mod presence;
mod read;
mod service;

pub use address::{BadAddress, PhoneAddress};
pub use fault::{Fault, Source};
pub use hours::{Opening, WeeklySpan};
pub use hunt::{Candidate, Hunt, Next};
pub use phrase::Phrase;
pub use plan::{
    Announcement, Organisation, Outcome, Person, Phone, PhoneKind, Plan, Practice, Session,
    Specialty,
};
pub use presence::{Availability, Presence};
pub use service::{Answer, Direct, Pifu, PifuOption, Recording, Service};
