//! The copy of the plan beside the journal: what a start goes by while the database is away.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_api::Edition;
use rotaline_engine::journal::{KeptError, KeptFile};
use rotaline_routing::Items;
use rotaline_store::{PlanItem, PlanRows};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::wishes;

/// What is in the file.
const VERSION: u8 = 1;
/// After it could not be written, before it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// The file that the copy is in.
#[derive(Clone)]
pub struct PlanCopy(Arc<KeptFile>);

/// Why there is no copy to go by.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file.
    #[error("the copy of the plan, {0}, {1}")]
    File(String, KeptError),
    /// What is in it.
    #[error("the copy of the plan, {0}, is of another version of this program")]
    OtherVersion(String),
}

#[derive(Serialize, Deserialize)]
struct Content {
    version: u8,
    revision: u64,
    items: Vec<KeptItem>,
}

#[derive(Serialize, Deserialize)]
struct KeptItem {
    kind: String,
    id: String,
    version: u64,
    body: String,
}

impl PlanCopy {
    /// In this file.
    pub fn new(file: KeptFile) -> Self {
        PlanCopy(Arc::new(file))
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.0.path().exists()
    }

    /// The items as they were kept last; none: never.
    pub fn read(&self) -> Result<Option<PlanRows>, CopyError> {
        let path = || self.0.path().display().to_string();
        let bytes = self
            .0
            .read()
            .map_err(|error| CopyError::File(path(), error))?;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let content = serde_json::from_slice(&bytes).ok();
        let content: Content = content
            .filter(|content: &Content| content.version == VERSION)
            .ok_or_else(|| CopyError::OtherVersion(path()))?;
        let item = |item: KeptItem| {
            let kept = PlanItem {
                body: item.body,
                version: item.version,
                changed_at: Timestamp::UNIX_EPOCH,
                changed_by: String::new(),
            };
            ((item.kind, item.id), kept)
        };
        Ok(Some(PlanRows {
            revision: content.revision,
            items: content.items.into_iter().map(item).collect(),
        }))
    }

    /// Keeps this edition. Waits for the disk.
    pub async fn write(&self, edition: Arc<Edition>) -> io::Result<()> {
        let file = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || {
            let content = serde_json::to_vec(&Content::of(&edition))?;
            file.write(&content)
        });
        written.await?
    }

    /// Keeps every edition from the next one on, as long as there are any.
    pub async fn keep(self, mut editions: watch::Receiver<Arc<Edition>>) {
        while editions.changed().await.is_ok() {
            loop {
                let edition = editions.borrow_and_update().clone();
                let Err(error) = self.write(edition).await else {
                    break;
                };
                tracing::warn!(%error, "the plan's copy beside the journal could not be written");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

impl Content {
    fn of(edition: &Edition) -> Content {
        let all = wishes(&Items::default(), &edition.items).into_iter();
        let items = all.filter_map(|wish| {
            Some(KeptItem {
                kind: wish.key.kind.name().to_owned(),
                version: edition.versions.get(&wish.key).copied().unwrap_or(0),
                id: wish.key.id,
                body: wish.item?.text(),
            })
        });
        Content {
            version: VERSION,
            revision: edition.revision,
            items: items.collect(),
        }
    }
}
