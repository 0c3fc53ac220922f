//! Which recording each leg is heard on, and which recordings are masked: as media is told.

use std::collections::{BTreeMap, BTreeSet};

use rotaline_media::{Command, MediaLeg, TapeId};

/// The recordings of a world.
#[derive(Default)]
pub struct Tapes {
    by_leg: BTreeMap<MediaLeg, TapeId>,
    masked: BTreeSet<TapeId>,
}

impl Tapes {
    /// A command is about to be done; what is wrong with it, if anything.
    pub fn command(&mut self, command: &Command) -> Option<String> {
        match command {
            Command::StartTape { tape, leg } | Command::TurnTape { tape, leg } => {
                self.by_leg.insert(*leg, *tape);
            }
            Command::MaskTape { tape, masked: true } => {
                self.masked.insert(*tape);
            }
            Command::MaskTape { tape, .. } => {
                self.masked.remove(tape);
            }
            Command::StopTape { tape } => {
                if self.masked.remove(tape) {
                    return Some(format!("{tape:?} was still masked at its end"));
                }
            }
            Command::Close { leg } => {
                self.by_leg.remove(leg);
            }
            Command::Open { .. }
            | Command::Update { .. }
            | Command::Play { .. }
            | Command::Stop { .. }
            | Command::WatchForAnswerphone { .. }
            | Command::Enter { .. }
            | Command::Leave { .. } => {}
        }
        None
    }

    /// The recording that a leg is heard on.
    pub fn of(&self, leg: MediaLeg) -> Option<TapeId> {
        self.by_leg.get(&leg).copied()
    }

    /// Whether silence is recorded in place of it.
    pub fn is_masked(&self, tape: TapeId) -> bool {
        self.masked.contains(&tape)
    }
}
