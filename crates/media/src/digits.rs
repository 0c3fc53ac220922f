//! Keys from telephone-events (RFC 4733 section 2), however they come.
//!
//! A press is known by its SSRC and timestamp. Phones repeat, lose and reorder its packets, and
//! some give every press of a call the same timestamp; so:
//!
//! | packet | is |
//! | --- | --- |
//! | SSRC, timestamp and key of the current press | more of it |
//! | the same, marker set, 200 ms after the last event packet | a new press |
//! | of the press before | late, ignored |
//! | same key and SSRC, no marker, beginning where the current segment ends | its next segment |
//! | anything else | a new press; the one before it is complete |
//!
//! A press is complete with its first end packet, or 100 ms after its last packet if the end was
//! lost. Events that are no keys (16 and above) are ignored.

use std::time::Duration;

use rotaline_model::{Digit, Mono};

use crate::rtp::{Header, Ssrc, TelephoneEvent};

/// How long after its last packet a press counts as complete without an end packet.
const END_LOST_AFTER: Duration = Duration::from_millis(100);
/// How long after the last event packet a repeated timestamp can be a new press.
const REPEATED_AFTER: Duration = Duration::from_millis(200);
/// A key held longer is sent in segments of at least this many samples (RFC 4733 2.5.1.3: a
/// segment ends when the duration field is full; some senders cut earlier).
const SHORTEST_SEGMENT: u16 = 8000;

/// The keys of one leg.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digits {
    current: Option<Press>,
    previous: Option<Name>,
    presses: u32,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Down(Digit),
    Complete(Digit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    ssrc: Ssrc,
    timestamp: u32,
    digit: Digit,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    name: Name,
    last_packet_at: Mono,
    duration: u16,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Down,
    Complete,
}

impl Digits {
    /// Takes an event packet; answers with the number of the press that it belongs to.
    pub(crate) fn packet(
        &mut self,
        now: Mono,
        header: &Header,
        event: TelephoneEvent,
        mut tell: impl FnMut(Key),
    ) -> Option<u32> {
        let digit = Digit::from_event(event.event).ok()?;
        let name = Name {
            ssrc: header.ssrc,
            timestamp: header.timestamp,
            digit,
        };
        let quiet = self
            .current
            .is_none_or(|press| now.since(press.last_packet_at) >= REPEATED_AFTER);
        let repeated = header.marker && quiet;
        match &mut self.current {
            Some(press) if press.name == name && !repeated => {
                press.last_packet_at = now;
                press.duration = press.duration.max(event.duration);
            }
            Some(press) if press.is_followed_by(name, header) => {
                press.name = name;
                press.last_packet_at = now;
                press.duration = event.duration;
            }
            Some(_) if self.previous == Some(name) && !repeated => {
                return Some(self.presses.saturating_sub(1));
            }
            Some(_) | None => {
                self.expire(&mut tell);
                self.begin(now, name, event.duration);
                tell(Key::Down(digit));
            }
        }
        if event.end {
            self.expire(&mut tell);
        }
        Some(self.presses)
    }

    /// When [`Digits::timeout`] is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.current
            .filter(|press| press.state == State::Down)
            .map(|press| press.last_packet_at + END_LOST_AFTER)
    }

    /// Completes a press whose end was lost.
    pub(crate) fn timeout(&mut self, now: Mono, tell: impl FnMut(Key)) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.expire(tell);
        }
    }

    /// How many presses there were; the newest has this number.
    pub(crate) fn presses(&self) -> u32 {
        self.presses
    }

    fn begin(&mut self, now: Mono, name: Name, duration: u16) {
        self.previous = self.current.map(|press| press.name);
        self.presses = self.presses.wrapping_add(1);
        self.current = Some(Press {
            name,
            last_packet_at: now,
            duration,
            state: State::Down,
        });
    }

    fn expire(&mut self, mut tell: impl FnMut(Key)) {
        if let Some(press) = &mut self.current
            && press.state == State::Down
        {
            press.state = State::Complete;
            tell(Key::Complete(press.name.digit));
        }
    }
}

impl Press {
    //= RFC 4733 section 2.5.1.3
    //# the RTP timestamp [of the next segment is] the timestamp of the previous segment plus its
    //# duration
    fn is_followed_by(&self, name: Name, header: &Header) -> bool {
        let step = name.timestamp.wrapping_sub(self.name.timestamp);
        self.state == State::Down
            && !header.marker
            && self.name.ssrc == name.ssrc
            && self.name.digit == name.digit
            && self.duration >= SHORTEST_SEGMENT
            && step == u32::from(self.duration)
    }
}

#[cfg(test)]
mod tests;
