//! What the handlers need of whoever keeps the plan.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rotaline_routing::{Fault, Item, ItemKey, Items, Plan};
use rotaline_store::{Expected, HistoryQuery, Pending, PlanVersion, StoreError};

/// The plan at one revision.
#[derive(Debug)]
pub struct Edition {
    /// The newest revision that is in it; 0: nothing of it is in the database yet.
    pub revision: u64,
    /// As calls read it.
    pub plan: Arc<Plan>,
    /// As it is edited.
    pub items: Items,
    /// The revision that changed each item last.
    pub versions: BTreeMap<ItemKey, u64>,
}

/// A change of one item.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which.
    pub key: ItemKey,
    /// What it is to be; none: it is to be no more.
    pub item: Option<Item>,
    /// What is believed of it.
    pub expected: Expected,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// The plan would be faulty.
    #[error("the plan would have {} fault(s)", .0.len())]
    Faults(Vec<Fault>),
    /// Somebody else was first.
    #[error("{key} is not as it was believed to be")]
    Conflict {
        /// Which item.
        key: ItemKey,
        /// Its version; none: there is no such item.
        version: Option<u64>,
    },
    /// There is no such revision.
    #[error("there is no such revision")]
    NoSuchRevision,
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A change on its way: the edition that holds once it is made.
pub type Changing<'a> = Pin<Box<dyn Future<Output = Result<Arc<Edition>, NotChanged>> + Send + 'a>>;

/// Who keeps the plan.
pub trait PlanDesk: Send + Sync {
    /// The plan as it is now.
    fn current(&self) -> Arc<Edition>;

    /// Changes items together, or nothing.
    fn change(&self, wishes: Vec<Wish>, by: String) -> Changing<'_>;

    /// Versions that its items had, newest first, revision by revision.
    fn history(&self, query: HistoryQuery) -> Pending<'_, Vec<PlanVersion>>;

    /// Takes a revision back, if nothing that it changed was changed since.
    fn undo(&self, revision: u64, by: String) -> Changing<'_>;
}
