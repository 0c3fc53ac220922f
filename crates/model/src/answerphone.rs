//! What makes a phone that answered look like an answerphone.

use serde::{Deserialize, Serialize};

/// A sign; each alone may be wrong, and none proves anything (SERVICE 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerphoneSign {
    /// It answered within 2 s of the INVITE, without ringing.
    AtOnce,
    /// It talked for long without a pause.
    LongTalk,
    /// It beeped.
    Beep,
}
