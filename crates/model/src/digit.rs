//! Keypad digits (RFC 4733 section 3.2, events 0 to 15).

use std::fmt;

use serde::{Deserialize, Serialize};

/// One key of a telephone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Digit(u8);

/// Why a character or event is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a keypad digit: use 0-9, *, # or A-D")]
pub struct NotADigit;

const CHARACTERS: &[u8; 16] = b"0123456789*#ABCD";

impl Digit {
    /// The `*` key.
    pub const STAR: Digit = Digit(10);
    /// The `#` key.
    pub const HASH: Digit = Digit(11);

    /// From its character.
    pub fn parse(character: char) -> Result<Self, NotADigit> {
        let upper = character.to_ascii_uppercase();
        let event = CHARACTERS
            .iter()
            .position(|c| char::from(*c) == upper)
            .ok_or(NotADigit)?;
        Self::from_event(u8::try_from(event).map_err(|_| NotADigit)?)
    }

    /// From its telephone-event code.
    pub fn from_event(event: u8) -> Result<Self, NotADigit> {
        if event < 16 {
            Ok(Digit(event))
        } else {
            Err(NotADigit)
        }
    }

    /// Its telephone-event code.
    pub const fn event(self) -> u8 {
        self.0
    }

    /// Its character.
    pub fn as_char(self) -> char {
        char::from(CHARACTERS[usize::from(self.0)])
    }

    /// Its value, for `0` to `9`.
    pub fn number(self) -> Option<u8> {
        (self.0 < 10).then_some(self.0)
    }
}

impl TryFrom<char> for Digit {
    type Error = NotADigit;
    fn try_from(character: char) -> Result<Self, NotADigit> {
        Digit::parse(character)
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> char {
        digit.as_char()
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.as_char())
    }
}
