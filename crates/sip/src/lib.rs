//! SIP user agent core, sans-IO: messages, transactions, dialogs, INVITE sessions.

mod boundary;
mod dialog;
mod endpoint;
pub mod message;
mod names;
mod network;
mod session;
mod transaction;

pub use boundary::{
    Asserted, CallerFrom, Config, Event, Identity, Incoming, Input, Invite, Output, RejectWith,
    SessionId, Shown, TimerConfig, Traced, TracedWhat,
};
pub use dialog::destination;
pub use endpoint::{Counters, Endpoint, MAX_PENDING_OUTPUTS};
pub use network::{Network, NetworkError};
