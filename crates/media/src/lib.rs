//! RTP, digits, prompts, rooms and recording frames, sans-IO.

mod answerphone;
mod command;
mod digits;
pub mod g711;
mod inband;
mod leg;
mod media;
mod mix;
mod packets;
mod phases;
mod play;
mod prompts;
mod quality;
mod receive;
mod recordings;
mod room;
mod rtcp;
pub mod rtp;
mod send;
pub mod tape;
mod ticks;
mod tone;

pub use command::{
    Codec, Command, Direction, Event, Io, MediaLeg, MediaRoom, Quality, StreamConfig, TapeChunk,
    TapeId, TapeMessage,
};
pub use media::{Config, Counts, Media};
pub use play::MAX_SOUNDS;
pub use prompts::{MAX_PROMPT_SAMPLES, Prompt, PromptBank};
pub use room::MAX_LEGS as MAX_LEGS_IN_ROOM;
