//! The plan in the database: items, and every version that they had.
//!
//! Each change is one revision, of one item or of many, all or nothing; an item's version is the
//! revision that changed it last, so a version never comes back. What stands in an item is text
//! here; whether it makes a plan is judged before it comes.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Rows of history that one question may ask for.
pub const HISTORY_BOUND: usize = 200;

/// Kind and id of an item.
pub type PlanKey = (String, String);

/// An item as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanItem {
    /// What it is.
    pub body: String,
    /// The revision that changed it last.
    pub version: u64,
    /// When that was.
    pub changed_at: Timestamp,
    /// Who did it.
    pub changed_by: String,
}

/// Every item, and the newest revision; 0: there was never a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanRows {
    /// The newest revision.
    pub revision: u64,
    /// The items.
    pub items: BTreeMap<PlanKey, PlanItem>,
}

/// What somebody who changes an item believes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Anything,
    /// There is no such item.
    Absent,
    /// It has this version.
    Version(u64),
}

impl Expected {
    /// Whether it is so, of an item with this version.
    pub fn holds(self, version: Option<u64>) -> bool {
        match self {
            Expected::Anything => true,
            Expected::Absent => version.is_none(),
            Expected::Version(expected) => version == Some(expected),
        }
    }
}

/// A change of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanChange {
    /// Which.
    pub key: PlanKey,
    /// What it is to be; none: it is to be no more.
    pub body: Option<String>,
    /// What is believed of it.
    pub expected: Expected,
}

/// Changes that are made together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSet {
    /// The changes, each of another item.
    pub changes: Vec<PlanChange>,
    /// The revision of the plan that they were checked against.
    pub checked_against: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// What became of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was made, as this revision.
    Done(u64),
    /// Nothing was: these are not as they were believed to be.
    Conflict(Vec<PlanConflict>),
    /// Nothing was: the plan has this newer revision, and the changes were not checked with it.
    Overtaken(u64),
}

/// An item that somebody else has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanConflict {
    /// Which.
    pub key: PlanKey,
    /// Its version; none: there is no such item.
    pub version: Option<u64>,
}

/// A version that an item had, or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanVersion {
    /// The revision that made it.
    pub revision: u64,
    /// Which item.
    pub key: PlanKey,
    /// What it was; none: it was taken away.
    pub body: Option<String>,
    /// When that was done.
    pub changed_at: Timestamp,
    /// Who did it.
    pub changed_by: String,
}

/// Which versions are asked for, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Of this item only.
    pub key: Option<PlanKey>,
    /// Of revisions before this one.
    pub before: Option<u64>,
    /// How many revisions at most; at most [`HISTORY_BOUND`].
    pub revisions: usize,
}
