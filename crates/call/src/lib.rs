//! The call flows of the service, over legs and rooms: async functions without a runtime.
//!
//! A [`Call`] is told what happens on its legs ([`Input`]) and says what is to be done
//! ([`Action`]). Inside, each flow is an `async fn` that reads like its paragraph of SERVICE.md; it
//! is polled once after every input, with a waker that does nothing, so the same inputs at the
//! same times always give the same actions. No SIP, RTP, SQL or clock here.

mod attempt;
mod boundary;
mod call;
mod cx;
mod flow;
mod leg;
mod leg_state;
mod mask;
mod speech;

pub use boundary::{
    Action, Gone, Input, LegEvent, Output, PhoneAddress, Presents, Refusal, RejectCause,
};
pub use call::{Call, Flow, Inbound, Vouched, World};
