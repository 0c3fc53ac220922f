//! The call flows of the service, over legs and rooms: async functions without a runtime.

mod boundary;

pub use boundary::{Action, Gone, Input, LegEvent, Output, PhoneAddress, Refusal, RejectCause};
