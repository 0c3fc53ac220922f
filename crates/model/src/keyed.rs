//! Digits that somebody keys and that nobody else may learn: codes and PINs (SERVICE 3, 5).
//!
//! They are never shown, never serialised and compared in constant time; only whoever checks them
//! reads them, by [`Keyed::expose`].

use std::fmt;

use crate::Digit;

/// Most digits of a code or PIN.
pub const MAX_KEYED: usize = 12;

/// Secret digits, `0` to `9`, as they were keyed.
#[derive(Clone, Copy, Default)]
pub struct Keyed {
    digits: [u8; MAX_KEYED],
    length: u8,
}

impl Keyed {
    /// Adds a digit; false, and nothing is added, if it is no number or there is no room.
    pub fn push(&mut self, digit: Digit) -> bool {
        let place = self.digits.get_mut(usize::from(self.length));
        let (Some(place), Some(number)) = (place, digit.number()) else {
            return false;
        };
        *place = b'0' + number;
        self.length += 1;
        true
    }

    /// How many digits there are.
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The digits in ASCII, for whoever checks them.
    pub fn expose(&self) -> &[u8] {
        self.digits.get(..self.len()).unwrap_or_default()
    }
}

impl PartialEq for Keyed {
    /// In a time that tells nothing of the digits.
    fn eq(&self, other: &Self) -> bool {
        let differences = self.digits.iter().zip(&other.digits);
        let different = differences.fold(0, |sum, (one, other)| sum | (one ^ other));
        different | (self.length ^ other.length) == 0
    }
}

impl Eq for Keyed {}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyed_digits_are_kept_compared_and_never_shown() {
        let keyed = |text: &str| {
            let mut keyed = Keyed::default();
            for character in text.chars() {
                assert!(keyed.push(Digit::parse(character).unwrap()));
            }
            keyed
        };
        assert_eq!(keyed("4711").expose(), b"4711");
        assert_eq!(keyed("4711"), keyed("4711"));
        assert_ne!(keyed("4711"), keyed("4712"));
        assert_ne!(keyed("471"), keyed("4710"));
        assert!(!format!("{:?}", keyed("4711")).contains('4'));
        assert!(!keyed("1").push(Digit::STAR));
        let mut full = keyed("123456789012");
        assert!(!full.push(Digit::parse('3').unwrap()));
        assert_eq!(full.len(), MAX_KEYED);
    }
}
