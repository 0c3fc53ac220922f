//! Who takes part in the demo, and what each of them does.

use std::time::Duration;

use rotaline_model::Digit;
use rotaline_phone::{Hearing, Manner, Step};

/// The caller's tone, in hertz.
pub const CALLER_HZ: u16 = 700;
/// The tone of the specialist who accepts, in hertz.
const ACCEPTS_HZ: u16 = 1130;
/// The tone that stands for a voicemail's greeting, in hertz.
const VOICEMAIL_HZ: u16 = 850;

/// The number that the caller dials.
pub const DIALLED: &str = "02079460001";
/// The caller's own number, which the plan knows as a practice's.
pub const CALLER: &str = "01632960101";

/// A specialist of the demo's rota.
pub struct Specialist {
    /// The user part of their phone's address in the plan.
    pub user: &'static str,
    /// As the ladder names them.
    pub name: &'static str,
    /// What their phone sends.
    pub tone_hz: u16,
    /// What they do when it rings.
    pub manner: Manner,
}

/// The three specialists, in the order of the rota.
pub fn specialists() -> [Specialist; 3] {
    [
        Specialist {
            user: "ann",
            name: "Dr Ann Archer",
            tone_hz: 600,
            manner: Manner::RingOut,
        },
        Specialist {
            user: "ben",
            name: "Dr Ben Bright",
            tone_hz: VOICEMAIL_HZ,
            // A voicemail: it answers, speaks, and never presses a key.
            manner: Manner::Answer {
                after: Duration::from_secs(1),
                then: Vec::new(),
            },
        },
        Specialist {
            user: "cat",
            name: "Dr Cat Cole",
            tone_hz: ACCEPTS_HZ,
            manner: Manner::Answer {
                after: Duration::from_secs(2),
                then: accepts(),
            },
        },
    ]
}

fn accepts() -> Vec<Step> {
    vec![
        hears(Hearing::Speech, 400),
        Step::Pause(Duration::from_millis(2500)),
        key('1'),
        hears(Hearing::Tone(CALLER_HZ), 4000),
        Step::HangUp,
    ]
}

/// What the caller does once the service has answered.
pub fn caller() -> Vec<Step> {
    vec![
        hears(Hearing::Speech, 400),
        Step::Pause(Duration::from_millis(3000)),
        key('1'),
        hears(Hearing::Tone(ACCEPTS_HZ), 2000),
        hears(Hearing::Speech, 400),
        Step::Pause(Duration::from_millis(2500)),
        key('1'),
        hears(Hearing::Speech, 400),
    ]
}

fn hears(hearing: Hearing, lasting_ms: u64) -> Step {
    Step::WaitFor {
        hearing,
        lasting: Duration::from_millis(lasting_ms),
    }
}

fn key(character: char) -> Step {
    Step::Key(Digit::parse(character).expect("the cast's keys are keypad digits"))
}
