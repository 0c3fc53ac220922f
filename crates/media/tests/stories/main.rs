//! Stories of a media thread under virtual time: phones talk to it by packets and it answers.

mod playing;
mod relay;
mod world;
