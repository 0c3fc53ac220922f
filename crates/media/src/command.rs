//! What the switch tells media, what media tells the switch, and what media asks of its driver.

use std::net::SocketAddr;

use rotaline_model::{AnswerphoneSign, CaseId, Digit, PlayId, Sound};

/// A leg's place: a socket pair of one media thread, and which use of it this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaLeg {
    /// The media thread that owns the sockets.
    pub thread: u16,
    /// The socket pair, an index on that thread.
    pub slot: u32,
    /// Grows each time the slot is taken into use; a message for another use is ignored.
    pub generation: u32,
}

/// Legs in one room hear each other. Unique per thread while it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaRoom(pub u64);

/// A recording: part 0 is the case's own, part n the whisper of attempt n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapeId {
    /// The case that it belongs to.
    pub case: CaseId,
    /// Which part.
    pub part: u16,
}

/// G.711 (RFC 3551 section 4.5.14), 8000 samples a second, one byte each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// A-law.
    Pcma,
    /// Mu-law.
    Pcmu,
}

/// Which way audio may flow, seen from us (RFC 3264 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send only.
    SendOnly,
    /// We receive only.
    RecvOnly,
    /// Neither way (hold).
    Inactive,
}

/// One leg's negotiated stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamConfig {
    /// Where RTP goes to; packets are accepted from this IP address only (any port of it).
    pub remote_rtp: SocketAddr,
    /// Where RTCP goes to.
    pub remote_rtcp: SocketAddr,
    /// What both sides speak.
    pub codec: Codec,
    /// Payload type that we send audio with.
    pub payload_out: u8,
    /// Payload type that we receive audio with.
    pub payload_in: u8,
    /// Telephone-event payload type that we send with (RFC 4733), if negotiated.
    pub events_out: Option<u8>,
    /// Telephone-event payload type that we receive, if negotiated.
    pub events_in: Option<u8>,
    /// Which way audio flows.
    pub direction: Direction,
}

/// What the switch tells a media thread.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Takes a slot into use. From now on a packet leaves every 20 ms, silence if nothing else.
    Open {
        /// Which.
        leg: MediaLeg,
        /// How.
        stream: StreamConfig,
    },
    /// The stream was negotiated anew (re-INVITE). SSRC, sequence and timestamps go on.
    Update {
        /// Which.
        leg: MediaLeg,
        /// How, from now on.
        stream: StreamConfig,
    },
    /// Plays sounds in place of whatever is playing; while they last they replace the room, but
    /// for a beep, which is heard over it.
    Play {
        /// To whom.
        leg: MediaLeg,
        /// Names this playing in [`Event::Played`].
        play: PlayId,
        /// One after another.
        sounds: Vec<Sound>,
    },
    /// Stops what is playing.
    Stop {
        /// On which leg.
        leg: MediaLeg,
    },
    /// Listens for signs of an answerphone, until the leg enters a room.
    WatchForAnswerphone {
        /// On which leg.
        leg: MediaLeg,
    },
    /// Puts a leg into a room (leaving the one it was in).
    Enter {
        /// Which leg.
        leg: MediaLeg,
        /// Which room.
        room: MediaRoom,
    },
    /// Takes a leg out of its room.
    Leave {
        /// Which leg.
        leg: MediaLeg,
    },
    /// Begins a recording of one leg: left what it says, right what it hears.
    StartTape {
        /// Which recording.
        tape: TapeId,
        /// Of which leg.
        leg: MediaLeg,
    },
    /// Goes on with the recording on another leg, the sides exchanged: left what that leg hears,
    /// right what it says (the caller has left; the specialist is asked for the outcome).
    TurnTape {
        /// Which recording.
        tape: TapeId,
        /// Of which leg.
        leg: MediaLeg,
    },
    /// Begins or ends silence in place of what is recorded (codes, PINs).
    MaskTape {
        /// Which recording.
        tape: TapeId,
        /// From now on.
        masked: bool,
    },
    /// Ends a recording.
    StopTape {
        /// Which.
        tape: TapeId,
    },
    /// Ends the leg; answered by [`Event::Closed`], after which the slot may be used again.
    Close {
        /// Which.
        leg: MediaLeg,
    },
}

/// What media tells the switch.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A key went down: what is playing may stop.
    KeyDown {
        /// On which leg.
        leg: MediaLeg,
        /// Which key.
        digit: Digit,
    },
    /// A key is complete.
    Digit {
        /// On which leg.
        leg: MediaLeg,
        /// Which key.
        digit: Digit,
    },
    /// A sign of an answerphone; each kind is told once.
    AnswerphoneSign {
        /// On which leg.
        leg: MediaLeg,
        /// Which sign.
        sign: AnswerphoneSign,
    },
    /// A playing is over: complete, stopped or replaced.
    Played {
        /// On which leg.
        leg: MediaLeg,
        /// Which.
        play: PlayId,
        /// How much was heard, in milliseconds.
        heard_ms: u32,
        /// Whether it came to its own end.
        complete: bool,
    },
    /// Neither RTP nor RTCP for the limit (not while the stream is held).
    Dead {
        /// Which leg.
        leg: MediaLeg,
    },
    /// The leg is closed, its slot free.
    Closed {
        /// Which leg.
        leg: MediaLeg,
        /// How well it was heard.
        quality: Quality,
    },
}

/// Quality of one leg's incoming audio.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Quality {
    /// Packets received.
    pub received: u64,
    /// Packets sent.
    pub sent: u64,
    /// Packets lost on the way to us.
    pub lost: u64,
    /// Holes of two packets or more among them.
    pub gaps: u32,
    /// Interarrival jitter (RFC 3550 section 6.4.1), in milliseconds.
    pub jitter_ms: f32,
    /// Mean opinion score by the E-model (ITU-T G.107), 1.0 to 4.5, an estimate.
    pub mos: f32,
}

/// A piece of a recording, in order: interleaved stereo A-law, left first, at 8000 frames a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeChunk {
    /// Which recording.
    pub tape: TapeId,
    /// Position of its first frame on the case's timeline, in frames from the recording's start.
    pub start: u64,
    /// The frames; emptied and used again by way of [`Io::spare_chunk`].
    pub frames: Vec<[u8; 2]>,
}

/// What goes to the recording writer, in order.
#[derive(Debug)]
pub enum TapeMessage {
    /// A recording begins.
    Started(TapeId),
    /// The next piece.
    Chunk(Box<TapeChunk>),
    /// The recording is complete.
    Stopped(TapeId),
}

/// What media asks of its driver while it handles a packet or a tick. Nothing here may block.
pub trait Io {
    /// Sends RTP from a slot's RTP socket.
    fn send_rtp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]);
    /// Sends RTCP from a slot's RTCP socket.
    fn send_rtcp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]);
    /// Hands a piece of a recording to the writer.
    fn tape(&mut self, message: TapeMessage);
    /// An empty chunk, one that the writer has given back if there is one.
    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk>;
    /// Tells the switch.
    fn event(&mut self, event: Event);
}
