//! Who is rung: organisations, numbers, hours, rota, presence, hunt order.
//!
//! [`Plan`] is read from TOML and never changes; an edit makes a new one. [`Presence`] is what
//! changes while calls are up. Nothing here reads a clock: the time is passed in.

mod address;
mod bank_holidays;
mod check;
mod closing;
mod day;
mod dial_out;
mod directory;
mod explain;
mod fault;
mod guard;
mod hours;
mod hunt;
mod items;
mod order;
mod parse;
mod phrase;
mod plan;
mod presence;
mod read;
mod rota;
mod service;
mod tally;
mod week;

pub use address::{BadAddress, PhoneAddress};
pub use bank_holidays::Nation;
pub use check::{Finding, Problem, check};
pub use day::{HoursFrom, SessionFrom};
pub use dial_out::{
    BadPrefix, DialOut, DialOutLimits, DialOutRules, NotPlaced, OwnDialOut, Prefix,
};
pub use directory::{Directory, Entry, Openness};
pub use explain::{Explanation, NotRung, Rung, WhyNot, explain};
pub use fault::{Fault, Source};
pub use guard::{EVALUATIONS_A_NUMBER, EVALUATIONS_IN_ALL, Guard, TRIES_A_CALL, Verdict};
pub use hours::{DaySpan, Opening, WeeklySpan};
pub use hunt::{Candidate, Hunt, Next};
pub use items::{
    BadItem, Difference, EditedDates, Item, ItemKey, ItemKind, Items, Name, Named, NotCopied,
    OnPart, RotaPart, SwapOn, copied_week,
};
pub use order::Order;
pub use phrase::Phrase;
pub use plan::{
    Activity, Announcement, Organisation, Outcome, Person, Phone, PhoneKind, Plan, Practice,
    Specialty,
};
pub use presence::{Availability, Presence};
pub use rota::{
    Absence, Dates, HolidaySession, HoursOn, OnBankHoliday, Override, Session, SessionOn, Swap,
    name_of,
};
pub use service::{Answer, Direct, Pifu, PifuOption, Recording, Service};
pub use tally::{PastTurn, Rate, Tally};
pub use week::{Away, DayOfWeek, SessionOfWeek, TurnOfWeek, week};
