//! What is said to whom: nobody hears a patient's detail before they have accepted (SERVICE.md 6),
//! a patient hears first that the call is recorded (5), and whoever rings the inbound number back
//! hears no surgery's name (2).

use std::collections::BTreeSet;

use rotaline_media::{Command, MediaLeg};
use rotaline_model::{CaseId, Dialled, Sound};
use rotaline_record::{Fact, Record, RecordingPart};

use crate::judge::Line;
use crate::sounds::Legs;
use crate::tapes::Tapes;

/// Whose phone it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Somebody who rings us, and may be rung back.
    #[default]
    Caller,
    /// A specialist, who must accept.
    Specialist,
    /// A patient who is rung.
    Patient,
    /// A line that need not accept.
    Line,
}

/// What may name a patient, or spell a number of theirs.
const DETAILS: [&str; 2] = ["number/", "nhs/"];
/// What names who calls.
const PRACTICE: &str = "practice/";
/// The first that a patient hears.
const RECORDED: &str = "patient/this-call-is-recorded";

/// Watches what is said.
#[derive(Default)]
pub struct Hearing {
    /// Cases of patients who rang their line.
    patients: BTreeSet<CaseId>,
    /// Cases of the inbound number.
    missed: BTreeSet<CaseId>,
    /// Legs that have been told something.
    told: BTreeSet<MediaLeg>,
}

impl Hearing {
    /// A record left the switch.
    pub fn record(&mut self, record: &Record) {
        if let Fact::CaseOpened { dialled, .. } = &record.fact {
            match Line::of(dialled.as_ref().map(Dialled::as_str)) {
                Line::Pifu(_) => self.patients.insert(record.case),
                Line::Inbound => self.missed.insert(record.case),
                Line::DialIn | Line::Screen | Line::Specialty | Line::Other => false,
            };
        }
    }

    /// A command is about to be done; what is wrong with it, if anything.
    pub fn command(
        &mut self,
        command: &Command,
        role: Role,
        tapes: &Tapes,
        legs: &Legs,
    ) -> Option<String> {
        if let Command::Close { leg } = command {
            self.told.remove(leg);
        }
        let Command::Play { leg, sounds, .. } = command else {
            return None;
        };
        let tape = tapes.of(*leg);
        let case = tape.map(|tape| tape.case);
        let part = tape.map(|tape| RecordingPart::from_number(tape.part));
        // A caller's own phone: what it is told is theirs.
        let own = matches!(part, Some(RecordingPart::Case | RecordingPart::Later(_)));
        let first = self.told.insert(*leg);
        let has = |what: &[&str]| sounds.iter().any(|sound| begins(sound, what));
        let accepted = legs.keys(*leg).iter().any(|key| key.as_char() == '1');
        let unasked = role == Role::Specialist && !own && !accepted;
        let of_patient = case.is_some_and(|case| self.patients.contains(&case));
        if unasked && (has(&DETAILS) || (of_patient && has(&[PRACTICE]))) {
            return Some(format!(
                "{leg:?} hears a patient's detail, and has not accepted"
            ));
        }
        if case.is_some_and(|case| self.missed.contains(&case)) && has(&[PRACTICE]) {
            return Some(format!("{leg:?} hears which surgery it missed"));
        }
        let prompt = sounds.iter().find(|it| matches!(it, Sound::Prompt(_)));
        let told = prompt.is_some_and(|it| begins(it, &[RECORDED]));
        (role == Role::Patient && first && !own && !told)
            .then(|| format!("{leg:?} is a patient's, and hears something else first"))
    }
}

fn begins(sound: &Sound, what: &[&str]) -> bool {
    let Sound::Prompt(prompt) = sound else {
        return false;
    };
    what.iter().any(|it| prompt.as_str().starts_with(it))
}
