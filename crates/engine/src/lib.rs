//! Sockets, real clock, media threads, recording writer, journal.

// This crate owns the real clock.
#![allow(clippy::disallowed_methods)]

pub mod recording;
