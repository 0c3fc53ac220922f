//! The demo's picture: a column for each party, a line for each thing that happens, as it happens.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use rotaline_phone::{Event, Hearing};

/// Width of the time column, in characters.
const TIME_WIDTH: usize = 9;
/// Width of a party's column, in characters.
const COLUMN_WIDTH: usize = 24;

/// Draws the ladder on a terminal, or plainly where there is none.
pub struct Ladder {
    parties: Vec<String>,
    hears: Vec<Option<Hearing>>,
    colour: bool,
}

impl Ladder {
    /// A ladder with these columns, from left to right.
    pub fn new(parties: Vec<String>) -> Self {
        let hears = vec![None; parties.len()];
        Ladder {
            parties,
            hears,
            colour: io::stdout().is_terminal(),
        }
    }

    /// The columns' heads.
    pub fn head(&self) {
        let mut line = format!("{:>TIME_WIDTH$}   ", "time");
        for party in &self.parties {
            line.push_str(&format!("{party:<COLUMN_WIDTH$}"));
        }
        self.print(&line, "1");
        self.print(&"─".repeat(line.chars().count()), "2");
    }

    /// What one party does or hears, in its column.
    pub fn line(&mut self, at: Duration, party: usize, event: &Event) {
        // A pause between two announcements is no news.
        if let Event::Hears(hearing) = event
            && *hearing != Hearing::Silence
            && self.hears[party].replace(*hearing) == Some(*hearing)
        {
            return;
        }
        let Some((words, style)) = words(event) else {
            return;
        };
        let mut line = format!("{:>TIME_WIDTH$.1}   ", at.as_secs_f64());
        for column in 0..self.parties.len() {
            let text = if column == party {
                words.as_str()
            } else {
                "│"
            };
            line.push_str(&format!("{text:<COLUMN_WIDTH$}"));
        }
        self.print(line.trim_end(), style);
    }

    /// A line of words below or above the ladder.
    pub fn say(&self, words: &str) {
        self.print(words, "0");
    }

    fn print(&self, line: &str, style: &str) {
        let line = if self.colour {
            format!("\x1b[{style}m{line}\x1b[0m")
        } else {
            line.to_owned()
        };
        // A closed pipe ends the picture, not the call.
        let _ = writeln!(io::stdout(), "{line}");
    }
}

/// An event in a clinician's words, and its colour; none if it is not worth a line.
fn words(event: &Event) -> Option<(String, &'static str)> {
    Some(match event {
        Event::Dials => ("dials".to_owned(), "36"),
        Event::Rings => ("rings".to_owned(), "33"),
        Event::Answered => ("is answered".to_owned(), "32"),
        Event::Hears(Hearing::Silence) => return None,
        Event::Hears(Hearing::RingTone) => ("hears ringing".to_owned(), "2"),
        Event::Hears(Hearing::Tone(hz)) => (format!("hears the other ({hz} Hz)"), "1;32"),
        Event::Hears(Hearing::Speech) => ("hears an announcement".to_owned(), "2"),
        Event::Keys(digit) => (format!("presses {digit}"), "1;36"),
        Event::HangsUp => ("hangs up".to_owned(), "31"),
        Event::Ended => ("line is released".to_owned(), "31"),
        Event::Refused(status) => (format!("is refused ({status})"), "31"),
        Event::GaveUpWaiting => ("gives up waiting".to_owned(), "1;31"),
    })
}
