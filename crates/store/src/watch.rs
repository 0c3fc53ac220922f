//! Who wants to know which cases change, for as long as they want to: nothing is remembered while
//! nobody does.

use std::fmt;
use std::sync::Arc;

use rotaline_model::CaseId;
use rotaline_record::Case;

use crate::live::Live;
use crate::{Completeness, Store};

/// Remembers which cases change until it is dropped. One of them at a time takes the changes.
pub struct Watch(Arc<Live>);

/// The cases that have changed.
#[derive(Debug)]
pub struct Changes {
    /// By id; none: it is not in memory any more.
    pub cases: Vec<(CaseId, Option<Arc<Case>>)>,
    /// Whether these are all.
    pub completeness: Completeness,
}

impl Store {
    /// Watches from now on.
    pub fn watch(&self) -> Watch {
        self.live.watch();
        Watch(Arc::clone(&self.live))
    }
}

impl Watch {
    /// Resolves when something changes after this is polled. A change before that is in
    /// [`Watch::take`].
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// What has changed since it was last taken.
    pub fn take(&self) -> Changes {
        self.0.take_touched()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.unwatch();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
