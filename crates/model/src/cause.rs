//! Why legs and calls end, and how a called person is let in.

use serde::{Deserialize, Serialize};

/// Why we end a leg; the switch turns it into a SIP status or a Reason header (RFC 3326).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangupCause {
    /// The conversation or announcement is over.
    Normal,
    /// Nobody answered in the ring time.
    NoAnswer,
    /// Another phone answered first, or the caller has left.
    NotNeeded,
    /// The number dialled is not ours.
    NoSuchNumber,
    /// A call that would loop: it presents our own number, or carries our diversion.
    Loop,
    /// A limit was reached; try again later.
    Overloaded,
    /// What was offered cannot be talked over (no common codec).
    Incompatible,
    /// The service stops, and waits no longer.
    Stopping,
    /// An administrator has ended the call.
    EndedByAdministrator,
    /// A fault of ours.
    Fault,
}

/// How a case or call ended, in the service's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Joined, and the caller hung up first.
    CallerHungUp,
    /// Joined, and the other party hung up first.
    SpecialistHungUp,
    /// The caller left before anything was chosen.
    CallerLeftInMenu,
    /// The caller left while people were being tried.
    CallerLeftWaiting,
    /// Nothing usable was keyed in the menu.
    NothingKeyed,
    /// Everybody on the rota was tried; nobody accepted.
    NobodyAccepted,
    /// Nobody is on the rota now.
    NobodyOnRota,
    /// The specialty is closed.
    Closed,
    /// The called party of a direct line did not answer, was busy or refused.
    NotAnswered,
    /// The number dialled is not in the plan.
    NoSuchNumber,
    /// The call would have looped.
    DivertedToUs,
    /// No code or PIN was keyed that opens anything.
    NoValidCode,
    /// Codes could not be checked.
    CodesUnavailable,
    /// The number that was to be rung is not allowed, or too many calls go out.
    NotAllowed,
    /// The caller left a request to be rung back.
    CallBackRequested,
    /// The caller heard what there is to say on this number.
    Told,
    /// Neither RTP nor RTCP from a leg, or a leg older than the limit.
    LineDead,
    /// We kept trying for the caller until closing time, or as often as we may.
    KeptTryingInVain,
    /// We rang the caller back, and they were not reached or did not want it any more.
    CallerNotReached,
    /// We kept trying, and the caller came through with a call of their own.
    CallerCameThrough,
    /// We kept trying until somebody called it off.
    CalledOff,
    /// An administrator ended it while it was up.
    EndedByAdministrator,
    /// No room for another call.
    Overloaded,
    /// The process stopped while the call was up; closed then, or at the next start.
    Interrupted,
    /// A fault of ours; the log has more.
    Fault,
}

impl EndCause {
    /// The cause in plain words, as reports show it.
    pub const fn words(self) -> &'static str {
        match self {
            EndCause::CallerHungUp => "The caller hung up",
            EndCause::SpecialistHungUp => "The specialist hung up",
            EndCause::CallerLeftInMenu => "The caller left in the menu",
            EndCause::CallerLeftWaiting => "The caller left while waiting",
            EndCause::NothingKeyed => "Nothing was keyed",
            EndCause::NobodyAccepted => "Nobody on the rota accepted",
            EndCause::NobodyOnRota => "Nobody was on the rota",
            EndCause::Closed => "The specialty was closed",
            EndCause::NotAnswered => "The called phone did not answer",
            EndCause::NoSuchNumber => "The number dialled is not in use",
            EndCause::DivertedToUs => "A phone was diverted to us",
            EndCause::NoValidCode => "No valid code was keyed",
            EndCause::CodesUnavailable => "Codes could not be checked",
            EndCause::NotAllowed => "The number may not be rung",
            EndCause::CallBackRequested => "The caller asked to be rung back",
            EndCause::Told => "The caller heard an announcement",
            EndCause::LineDead => "The line went dead",
            EndCause::KeptTryingInVain => "We kept trying, and nobody accepted",
            EndCause::CallerNotReached => "The caller was rung back and not reached",
            EndCause::CallerCameThrough => "The caller came through with another call",
            EndCause::CalledOff => "The search was called off",
            EndCause::EndedByAdministrator => "Ended by an administrator",
            EndCause::Overloaded => "The service was full",
            EndCause::Interrupted => "The call was interrupted by a restart",
            EndCause::Fault => "A fault in the service",
        }
    }
}

/// Whether a called party must accept before the caller is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// A key on that very leg, after its answer.
    Required,
    /// A trusted line, and why.
    NotAsked(NotAsked),
}

/// Why no acceptance is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAsked {
    /// A direct line, configured as trusted.
    DirectLine,
    /// A secretary's line.
    Secretary,
    /// A practice's bypass number.
    Bypass,
    /// The help line.
    Help,
    /// A patient.
    Patient,
    /// Somebody's own app, on which they asked for the call.
    OwnApp,
}
