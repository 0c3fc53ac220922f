//! The switch: SIP sessions, media commands and call flows put together, sans-IO.
//!
//! It is the only translation between them: a flow's `Dial` becomes a socket pair, an SDP offer and
//! an INVITE; a 200 becomes a negotiated stream, an open media leg and `Answered`. It holds every
//! live call and every media slot, and it is told the time. It opens no socket, file or thread, and
//! it decides nothing about the service: that is `call` and `routing`.
//!
//! ```text
//!  datagram ─▶ sip::Endpoint ─event─▶ leg ─LegEvent─▶ call flow ─Action─▶ leg ─▶ endpoint, media
//!  media event ─────────────────────▶ leg ─────────┘            └─ Fact ─▶ Record
//! ```

mod actions;
mod boundary;
mod causes;
mod config;
mod ending;
mod jobs;
mod leg;
mod live_call;
mod media_events;
mod ports;
mod sip_events;
#[cfg(test)]
mod small;
mod switch;
mod trunks;

pub use boundary::{Admission, AskHandle, Input, MediaSlot, Output};
pub use config::{Adjustable, Config};
pub use rotaline_call::{Call, Flow, Inbound, World};
pub use rotaline_routing::Plan;
pub use rotaline_sip::Counters as SipCounters;
pub use switch::{Begin, Load, Switch};
pub use trunks::{MAX_TRUNKS, NumberForm, Trunk, UserPhone, Vouches};
