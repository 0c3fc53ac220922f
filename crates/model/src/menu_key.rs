//! The key of a specialty in a menu (SERVICE 1.2): one digit, 1 to 8, or two, 10 to 89.
//!
//! Which keys may stand beside each other is the plan's: 1 and 12 are not in one menu.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digit::Digit;

/// A key of a menu, of one digit or two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MenuKey(u8);

/// Why something is no key of a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a menu key: use 1 to 8, or 10 to 89")]
pub struct BadMenuKey;

impl MenuKey {
    /// From its number, 1 to 8 or 10 to 89.
    pub fn from_number(number: u32) -> Result<Self, BadMenuKey> {
        match u8::try_from(number) {
            Ok(key @ (1..=8 | 10..=89)) => Ok(MenuKey(key)),
            Ok(_) | Err(_) => Err(BadMenuKey),
        }
    }

    /// Its number, as it is read out.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The digit that is pressed first.
    pub fn first(self) -> Digit {
        digit(if self.0 < 10 { self.0 } else { self.0 / 10 })
    }

    /// The digit that completes it; none if the first one does.
    pub fn second(self) -> Option<Digit> {
        (self.0 >= 10).then(|| digit(self.0 % 10))
    }
}

fn digit(number: u8) -> Digit {
    Digit::from_event(number).expect("0 to 9 are the events of the digits")
}

impl TryFrom<String> for MenuKey {
    type Error = BadMenuKey;
    fn try_from(text: String) -> Result<Self, BadMenuKey> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let number = text.parse().map_err(|_| BadMenuKey)?;
        if plain {
            MenuKey::from_number(number)
        } else {
            Err(BadMenuKey)
        }
    }
}

impl From<MenuKey> for String {
    fn from(key: MenuKey) -> String {
        key.0.to_string()
    }
}

impl fmt::Display for MenuKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for MenuKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MenuKey({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_digit_from_1_to_8_or_two_of_which_the_first_is() {
        let good: Vec<u32> = (0..=300)
            .filter(|n| MenuKey::from_number(*n).is_ok())
            .collect();
        assert_eq!(good, (1..=8).chain(10..=89).collect::<Vec<u32>>());
    }

    #[test]
    fn it_is_pressed_digit_by_digit() {
        let pressed = |number| {
            let key = MenuKey::from_number(number).unwrap();
            (key.first().as_char(), key.second().map(Digit::as_char))
        };
        assert_eq!(pressed(7), ('7', None));
        assert_eq!(pressed(10), ('1', Some('0')));
        assert_eq!(pressed(89), ('8', Some('9')));
    }

    #[test]
    fn its_text_is_its_number_and_nothing_else() {
        let key = MenuKey::try_from("4".to_owned()).unwrap();
        assert_eq!(String::from(key), "4");
        for bad in ["9", "04", "+4", "", "90", "4a"] {
            assert!(MenuKey::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
