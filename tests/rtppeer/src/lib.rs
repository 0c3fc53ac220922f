//! An RTP phone for tests, and a judge of recordings. Independent of the product: std only, none of
//! its crates, so that a fault of the product is not in its judge as well.
//!
//! RFC 3550 (RTP, RTCP), RFC 3551 (PCMA, PCMU), RFC 4733 (keys). Not here: signalling (SIPp does it
//! and names this peer's address in its SDP), SRTP, sending RTCP, other codecs, a jitter buffer
//! (packets are heard in order of arrival). How to use it: README.md.

#![allow(clippy::disallowed_methods)] // programs on real time: they have a clock

pub mod arrival;
pub mod audio;
pub mod hear;
pub mod hearing;
pub mod json;
pub mod options;
pub mod peer;
pub mod rtp;
pub mod runner;
pub mod script;
pub mod send;
