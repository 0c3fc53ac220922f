//! Sockets, real clock, media threads, recording writer, journal.

// This crate owns the real clock.
#![allow(clippy::disallowed_methods)]

mod clock;
mod config;
pub mod drive;
mod engine;
pub mod journal;
mod link;
mod media_thread;
mod outside;
mod poller;
pub mod prompts;
pub mod recording;
mod refusal;
mod signalling;
mod sockets;
mod unserved;

pub use clock::Clock;
pub use config::Config;
pub use engine::{Engine, Parts, StartError};
pub use outside::{Outside, Remote, Reply};
