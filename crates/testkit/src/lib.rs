//! For tests: a virtual network, tones and their detection, a database server.
//!
//! It knows nothing of our protocols and shares no code with them, so that it can judge them.

pub mod alaw;
pub mod network;
pub mod postgres;
pub mod tones;
