//! What a call is told and what it asks for: the boundary between the flows and the switch.

use rotaline_model::{
    AnswerphoneSign, AskId, Digit, HangupCause, LegId, Mono, PlayId, RoomId, Sound,
};
use rotaline_record::{Answer, Fact, Intent, Question, RecordingPart};
pub use rotaline_routing::PhoneAddress;

/// What a call is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Something happened on a leg.
    Leg(LegId, LegEvent),
    /// The answer to a question, or to a fact that was to be durable.
    Answer(AskId, Answer),
    /// The time that [`Output::Timeout`] asked for has come.
    Timeout,
}

/// What happens on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// An outbound leg: the first 100 or other provisional response; the network took the call.
    Proceeding,
    /// An outbound leg is tried by another trunk: no reply of this one is known yet.
    NextTrunk,
    /// An outbound leg rings (first 18x).
    Ringing,
    /// An outbound leg answered: its 2xx is acknowledged, its media flows.
    Answered,
    /// An outbound leg failed before an answer. The leg is gone.
    Refused(Refusal),
    /// A key went down.
    KeyDown(Digit),
    /// A key is complete.
    Digit(Digit),
    /// A sign of an answerphone, where [`Action::WatchForAnswerphone`] asked for it.
    AnswerphoneSign(AnswerphoneSign),
    /// A playing is over.
    Played {
        /// Which.
        play: PlayId,
        /// How much of it was heard, in milliseconds.
        heard_ms: u32,
        /// Whether it came to its own end.
        complete: bool,
    },
    /// The far end hung up (or cancelled), or its line is dead. The leg is gone.
    Ended(Gone),
}

/// How a leg went away by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gone {
    /// BYE or CANCEL.
    HungUp,
    /// Neither RTP nor RTCP, no ACK, no answer to a request in the dialog, or too old.
    LineDead,
}

/// Why an outbound leg failed before its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// 486, 600.
    Busy,
    /// 403, 603 and other refusals.
    Refused,
    /// 404, 410, 484, 604.
    NoSuchNumber,
    /// 408, 480, 487: it did not answer.
    NoAnswer,
    /// No reply at all, 500, 502, 503, 504, no media port or no common codec.
    Unreachable,
    /// 482, 483, or a diversion to us.
    DivertedToUs,
}

/// Why an inbound leg is refused before its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectCause {
    /// 404.
    NoSuchNumber,
    /// 480: the called phone did not answer, or refused.
    Unavailable,
    /// 486: the called phone is busy, or the call loops.
    Busy,
    /// 503 with Retry-After.
    Overloaded,
    /// 500.
    Fault,
}

/// What a call asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Inbound leg: 180.
    Progress(LegId),
    /// Inbound leg: 200; its media flows from now on.
    Answer(LegId),
    /// Inbound leg, not yet answered: a final refusal.
    Reject(LegId, RejectCause),
    /// A new outbound leg: INVITE.
    Dial {
        /// Its id, chosen by the call.
        leg: LegId,
        /// Whom to ring.
        to: PhoneAddress,
        /// What is shown there.
        presents: Presents,
    },
    /// Ends a leg, whatever its state: CANCEL, BYE, or a refusal.
    HangUp(LegId, HangupCause),
    /// Plays sounds in place of whatever is playing.
    Play {
        /// To whom.
        leg: LegId,
        /// Names this playing.
        play: PlayId,
        /// One after another.
        sounds: Vec<Sound>,
    },
    /// Stops what is playing.
    StopPlaying(LegId),
    /// Listens for signs of an answerphone, until the leg enters a room.
    WatchForAnswerphone(LegId),
    /// Puts a leg into a room, leaving the one it was in.
    Enter(LegId, RoomId),
    /// Takes a leg out of its room.
    Leave(LegId),
    /// Begins a recording of a leg.
    StartRecording(LegId, RecordingPart),
    /// The recording goes on with another leg (see `media::Command::TurnTape`).
    TurnRecording(LegId, RecordingPart),
    /// Silence in place of what is recorded, from now on or no longer.
    MaskRecording(RecordingPart, bool),
    /// Ends a recording.
    StopRecording(RecordingPart),
    /// To be journalled.
    Note(Fact),
    /// To be journalled, and answered with [`Answer::Kept`] once it is on disk.
    NoteDurably(AskId, Box<Fact>),
    /// A question to the world outside.
    Ask(AskId, Box<Question>),
    /// A job to be held, and started when it is due; the case stays open for it.
    Undertake(Box<Intent>),
}

/// Who a phone that is rung sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presents {
    /// "The presented number is always the inbound number,
    InboundNumber,
    /// except a withheld caller, who stays withheld on direct lines."
    Nothing,
}

/// What a call puts out; drained until [`Output::Timeout`].
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Something to do.
    Action(Action),
    /// Nothing more now. Call again at this time, if any.
    Timeout(Option<Mono>),
    /// The call is over: its facts are noted, its legs hung up. Nothing follows.
    Finished,
}
