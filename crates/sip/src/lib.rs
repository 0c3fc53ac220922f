//! SIP user agent core, sans-IO: messages, transactions, dialogs, INVITE sessions.

mod boundary;
pub mod message;

pub use boundary::{
    Config, Event, Incoming, Input, Invite, Output, RejectWith, SessionId, TimerConfig, Traced,
    TracedWhat,
};
