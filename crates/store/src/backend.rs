//! The database from when it is open: a service may have started without it.

use std::sync::{Arc, OnceLock};

use crate::{Storage, StoreError};

/// A database that is open, or will be.
#[derive(Clone, Default)]
pub struct Backend(Arc<OnceLock<Arc<dyn Storage>>>);

impl Backend {
    /// One that is not open yet: whatever is asked is refused until then.
    pub fn awaited() -> Backend {
        Backend::default()
    }

    /// It is open. A second opening changes nothing.
    pub fn open(&self, storage: Arc<dyn Storage>) {
        let _ = self.0.set(storage);
    }

    /// Whoever answers; refused as long as it is not open.
    pub fn get(&self) -> Result<&Arc<dyn Storage>, StoreError> {
        self.0.get().ok_or(StoreError::NotOpen)
    }
}

impl From<Arc<dyn Storage>> for Backend {
    fn from(storage: Arc<dyn Storage>) -> Backend {
        let backend = Backend::awaited();
        backend.open(storage);
        backend
    }
}

impl<S: Storage> From<Arc<S>> for Backend {
    fn from(storage: Arc<S>) -> Backend {
        let storage: Arc<dyn Storage> = storage;
        Backend::from(storage)
    }
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let open = self.0.get().is_some();
        f.debug_struct("Backend").field("open", &open).finish()
    }
}
