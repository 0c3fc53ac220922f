//! Telephone numbers, kept as E.164, and what people dial.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A number in E.164: `+`, a country code that does not begin with 0, at most 15 digits in all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Arc<str>);

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Something that is neither a digit nor the usual punctuation.
    #[error(
        "a telephone number has digits, spaces, -, ., ( and ) only, with an optional leading +"
    )]
    Character,
    /// Fewer than seven or more than fifteen digits.
    #[error("a full telephone number has 7 to 15 digits, e.g. +44 20 7946 0000 or 020 7946 0000")]
    Length,
    /// A national number without a leading 0, or a country code that begins with 0.
    #[error("write the number in full, as +44... or with its leading 0")]
    Form,
    /// What was dialled is empty or longer than 32 characters.
    #[error("a dialled number has 1 to 32 digits")]
    Dialled,
}

impl PhoneNumber {
    /// Parses `+44...`, `0044...` or a UK national number (`0...`); punctuation is dropped.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        let text = text.trim();
        let (plus, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut digits = String::with_capacity(16);
        for character in rest.chars() {
            match character {
                '0'..='9' => digits.push(character),
                ' ' | '-' | '.' | '(' | ')' => {}
                _ => return Err(BadNumber::Character),
            }
        }
        let full = if plus {
            digits
        } else if let Some(international) = digits.strip_prefix("00") {
            international.to_owned()
        } else if let Some(national) = digits.strip_prefix('0') {
            format!("44{national}")
        } else {
            return Err(BadNumber::Form);
        };
        if full.starts_with('0') {
            return Err(BadNumber::Form);
        }
        if !(7..=15).contains(&full.len()) {
            return Err(BadNumber::Length);
        }
        Ok(PhoneNumber(format!("+{full}").into()))
    }

    /// The number in E.164, with its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = BadNumber;
    fn try_from(text: String) -> Result<Self, BadNumber> {
        PhoneNumber::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> String {
        number.0.as_ref().to_owned()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(..)")
    }
}

/// What was dialled: a full number, or a short one within this system (an extension).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Dialled {
    /// A full number.
    Full(PhoneNumber),
    /// Digits, letters and `*#-_.` that are no full number, e.g. `1001`.
    Short(Arc<str>),
}

impl Dialled {
    /// Parses the user part of a SIP URI, or a number in a configuration.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        if let Ok(number) = PhoneNumber::parse(text) {
            return Ok(Dialled::Full(number));
        }
        let good = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"*#-_.".contains(&b));
        if good {
            Ok(Dialled::Short(text.into()))
        } else {
            Err(BadNumber::Dialled)
        }
    }

    /// As it is kept: E.164, or the short number.
    pub fn as_str(&self) -> &str {
        match self {
            Dialled::Full(number) => number.as_str(),
            Dialled::Short(text) => text,
        }
    }
}

impl TryFrom<String> for Dialled {
    type Error = BadNumber;
    fn try_from(text: String) -> Result<Self, BadNumber> {
        Dialled::parse(&text)
    }
}

impl From<Dialled> for String {
    fn from(dialled: Dialled) -> String {
        dialled.as_str().to_owned()
    }
}

impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
