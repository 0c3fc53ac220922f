//! RTP, digits, prompts, rooms and recording frames, sans-IO.

mod command;
pub mod tape;

pub use command::{
    Codec, Command, Direction, Event, Io, MediaLeg, MediaRoom, Quality, StreamConfig, TapeChunk,
    TapeId, TapeMessage,
};
