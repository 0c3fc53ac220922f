//! A place in the journal.

use std::fmt;
use std::str::FromStr;

/// A place between two frames: everything before it has been consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cursor {
    /// Number of the segment.
    pub segment: u64,
    /// Bytes into it.
    pub offset: u64,
}

impl Cursor {
    /// Before everything.
    pub const START: Cursor = Cursor {
        segment: 0,
        offset: 0,
    };
}

/// Why a text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a journal cursor: use <segment>:<offset>")]
pub struct BadCursor;

/// As the store keeps it: `<segment>:<offset>`.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let (segment, offset) = text.split_once(':').ok_or(BadCursor)?;
        Ok(Cursor {
            segment: segment.parse().map_err(|_| BadCursor)?,
            offset: offset.parse().map_err(|_| BadCursor)?,
        })
    }
}
