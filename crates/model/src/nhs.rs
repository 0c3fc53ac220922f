//! The NHS number: ten digits, the last a Mod-11 check.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A patient's NHS number, checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NhsNumber(u64);

/// Why a text is no NHS number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNhsNumber {
    /// Not ten digits.
    #[error("an NHS number has ten digits")]
    Length,
    /// The tenth digit does not fit the other nine.
    #[error(
        "this is not an NHS number: its check digit does not fit (a digit is wrong or swapped)"
    )]
    Check,
}

impl NhsNumber {
    /// Its ten digits, the first first.
    pub fn digits(self) -> impl Iterator<Item = u8> {
        let digit = move |place| u8::try_from(self.0 / 10_u64.pow(place) % 10).unwrap_or(0);
        (0..10).rev().map(digit)
    }

    /// Parses ten digits, spaces and `-` allowed between them.
    pub fn parse(text: &str) -> Result<Self, BadNhsNumber> {
        let mut digits = [0u64; 10];
        let mut count = 0;
        for character in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let digit = character.to_digit(10).ok_or(BadNhsNumber::Length)?;
            *digits.get_mut(count).ok_or(BadNhsNumber::Length)? = u64::from(digit);
            count += 1;
        }
        if count != digits.len() {
            return Err(BadNhsNumber::Length);
        }
        let sum: u64 = digits
            .iter()
            .zip((2..=10).rev())
            .map(|(digit, weight)| digit * weight)
            .sum();
        let check = (11 - sum % 11) % 11;
        if check != digits[9] {
            return Err(BadNhsNumber::Check);
        }
        Ok(NhsNumber(
            digits.iter().fold(0, |number, digit| number * 10 + digit),
        ))
    }
}

impl fmt::Display for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}", self.0)
    }
}

impl fmt::Debug for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NhsNumber(..)")
    }
}

impl TryFrom<String> for NhsNumber {
    type Error = BadNhsNumber;
    fn try_from(text: String) -> Result<Self, BadNhsNumber> {
        NhsNumber::parse(&text)
    }
}

impl From<NhsNumber> for String {
    fn from(number: NhsNumber) -> String {
        number.to_string()
    }
}
