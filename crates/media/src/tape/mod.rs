//! Recording frames: the clock that places a source's audio on the case's timeline, and the tape
//! that gathers both sides and hands them on in chunks.
//!
//! ```text
//!  packet ─▶ SourceClock::map ─▶ Tape::place ─▶ delay line (500 ms) ─▶ chunk (200 ms) ─▶ writer
//!            RTP time -> Mono                    └─ Tape::mask blanks what is still in here
//! ```
//!
//! Files, threads and the WAV format belong to the engine's recording writer.

mod clock;
mod law;
mod window;

pub use clock::SourceClock;
pub use law::is_silent;
pub use window::{CHUNK_FRAMES, DELAY_FRAMES, Side, Tape, TapeCounts};

#[cfg(test)]
mod tests;
