//! Stories of a media thread under virtual time: phones talk to it by packets and it answers.

#![allow(clippy::unwrap_used)]

mod answerphone;
mod hold;
mod keys;
mod mixing;
mod network;
mod playing;
mod random;
mod recording;
mod relay;
mod reports;
mod standing_in;
mod world;
