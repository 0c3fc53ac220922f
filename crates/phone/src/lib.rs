//! A scripted SIP phone, sans-IO: it rings, answers, keys, talks and hangs up as it is told to.
//!
//! It is what the demo, an operator's self-test and the simulation call with. It knows SIP, SDP and
//! RTP, and nothing of the service. What it hears comes from RTP ([`Input::Rtp`]), or, where no
//! audio flows (most simulated calls), from whoever models it ([`Input::Hears`]).

mod audio;
mod boundary;
mod hear;
mod phone;
mod script;
mod sound;

pub use boundary::{Event, Hearing, Input, Output};
pub use phone::{Config, Phone};
pub use script::{Manner, Step};
