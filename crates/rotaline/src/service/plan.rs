//! Who keeps the plan: the database has it, calls and API read it from memory.
//!
//! ```text
//!  wishes ─▶ items ─▶ whole plan checked ─▶ database ─▶ engine, API
//!                          └─ faults: nothing is changed
//! ```
//!
//! One change at a time. The database decides which of two changes by two processes came first; a
//! service looks once a second whether another one, or an import, has changed the plan.
//! Each edition is copied beside the journal (`copy`): a start without the database goes by that,
//! and by the database's plan as soon as it answers.

mod copy;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rotaline_api::{Changing, Edition, NotChanged, PlanDesk, Wish};
use rotaline_engine::Remote;
use rotaline_media::PromptBank;
use rotaline_routing::{DialOutRules, Fault, Item, ItemKey, ItemKind, Items, Plan};
use rotaline_store::{
    Backend, ChangeSet, Changed, Expected, HistoryQuery, Pending, PlanChange, PlanKey, PlanRows,
    PlanVersion, StoreError,
};
use tokio::sync::{Mutex, watch};
use tokio::time::MissedTickBehavior;

pub use copy::PlanCopy;

use super::speech::Speech;
use crate::settings::{PlanOf, Settings, announced, prompts_missing};

/// How often a change is checked and sent: anew where another process was faster; then a conflict.
const TRIES: u32 = 3;
/// How often it is looked whether another process has changed the plan.
const FOLLOWED_EVERY: Duration = Duration::from_secs(1);
/// Where rendered names are kept, in the data folder.
const SPEECH: &str = "speech";
/// Who the first plan is by.
const SETTINGS: &str = "settings";

/// The plan, in memory and in the database.
pub struct PlanKeeper {
    backend: Backend,
    /// What the files say.
    files: Items,
    plan_of: PlanOf,
    speech: Speech,
    dial_out: Arc<DialOutRules>,
    current: watch::Sender<Arc<Edition>>,
    one_at_a_time: Mutex<()>,
    engine: OnceLock<Remote>,
    /// The start could not make this plan and the database's the same.
    unsettled: AtomicBool,
}

impl PlanKeeper {
    /// The plan that holds, kept in the database and copied from now on. With the database away it
    /// is the copy's, until the database answers.
    pub async fn start(
        backend: impl Into<Backend>,
        settings: &Settings,
        copy: PlanCopy,
    ) -> Result<Arc<PlanKeeper>> {
        let keeper = Arc::new(PlanKeeper::new(backend.into(), settings));
        match keeper.settle(0).await {
            Ok(()) => {
                if let Err(error) = copy.write(keeper.current()).await {
                    tracing::warn!(%error, "the plan could not be copied beside the journal");
                }
            }
            Err(NotFollowed::Store(error)) => keeper.go_by(&copy, error).await?,
            Err(NotFollowed::Faults { faults, .. }) => return Err(faulty(faults)),
            Err(NotFollowed::Contested) => {
                anyhow::bail!("the plan could not be put into the database")
            }
        }
        tokio::spawn(copy.keep(keeper.current.subscribe()));
        Ok(keeper)
    }

    /// The plan as the database has it, with its faults; nothing is changed. A plan that an older
    /// version took may be faulty for this one, and can be put right through this keeper; what
    /// goes by it meanwhile is the plan of the settings.
    pub async fn open(
        backend: impl Into<Backend>,
        settings: &Settings,
    ) -> Result<(Arc<PlanKeeper>, Vec<Fault>)> {
        let keeper = PlanKeeper::new(backend.into(), settings);
        let rows = keeper.rows().await.context("the plan in the database")?;
        let mut faults = Vec::new();
        if rows.revision > 0 {
            let (items, versions) = items_of(&rows).map_err(faulty)?;
            keeper.speech.render(&items).await;
            let plan = keeper.checked(&items).unwrap_or_else(|found| {
                faults = found;
                Arc::clone(&settings.plan)
            });
            keeper.publish(Edition {
                revision: rows.revision,
                plan,
                items,
                versions,
            });
        }
        Ok((Arc::new(keeper), faults))
    }

    fn new(backend: Backend, settings: &Settings) -> PlanKeeper {
        let first = Edition {
            revision: 0,
            plan: Arc::clone(&settings.plan),
            items: Items::default(),
            versions: BTreeMap::new(),
        };
        PlanKeeper {
            backend,
            files: settings.items.clone(),
            plan_of: settings.plan_of,
            speech: Speech::new(
                Arc::clone(&settings.prompts),
                settings.speech.clone(),
                settings.data.join(SPEECH),
            ),
            dial_out: Arc::clone(&settings.dial_out),
            current: watch::Sender::new(Arc::new(first)),
            one_at_a_time: Mutex::new(()),
            engine: OnceLock::new(),
            unsettled: AtomicBool::new(false),
        }
    }

    /// Follows the database's plan; then that becomes the files', if those hold. The plan of the
    /// revision `refused` is not looked at again.
    async fn settle(&self, refused: u64) -> Result<(), NotFollowed> {
        let rows = self.rows().await?;
        let revision = rows.revision;
        if revision > 0 && revision == refused {
            return Ok(());
        }
        let faulty = |faults| NotFollowed::Faults { revision, faults };
        if revision > 0 && revision != self.current().revision {
            let _turn = self.one_at_a_time.lock().await;
            self.publish(self.edition(&rows).await.map_err(faulty)?);
        }
        let holding = self.holding().await?;
        if self.plan_of == PlanOf::Store && holding != self.files {
            tracing::warn!(
                revision,
                "the plan was edited and is the database's; its files differ and are not read"
            );
        }
        let differences = |edition: &Edition| Ok(wishes(&edition.items, &holding));
        match self.make(&differences, SETTINGS).await {
            Ok(_) => {
                self.set_unsettled(false);
                Ok(())
            }
            Err(NotChanged::Store(error)) => Err(NotFollowed::Store(error)),
            Err(NotChanged::Faults(faults)) => Err(faulty(faults)),
            Err(NotChanged::Conflict { .. } | NotChanged::NoSuchRevision) => {
                Err(NotFollowed::Contested)
            }
        }
    }

    /// Goes by the copy, since the database is away; or by what that let be read of it.
    async fn go_by(&self, copy: &PlanCopy, away: StoreError) -> Result<()> {
        if self.current().revision == 0 {
            let Some(rows) = copy.read()? else {
                return Err(anyhow::Error::new(away).context(
                    "there is no plan to answer calls by: no copy of one is beside the journal yet",
                ));
            };
            self.publish(self.edition(&rows).await.map_err(faulty)?);
        }
        self.set_unsettled(true);
        let revision = self.current().revision;
        tracing::warn!(
            revision,
            error = %away,
            "started without the database: calls go by the plan that it had last"
        );
        Ok(())
    }

    /// Whether calls go by a plan that may not be the database's, since that is away.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled.load(Ordering::Acquire)
    }

    fn set_unsettled(&self, unsettled: bool) {
        self.unsettled.store(unsettled, Ordering::Release);
        metrics::gauge!("rotaline_plan_by_copy").set(f64::from(u8::from(unsettled)));
    }

    /// The items of the plan that holds: the database's, if anybody has edited it; else those of
    /// the settings, so that whoever edits files and starts anew sees what they wrote.
    pub async fn holding(&self) -> Result<Items, StoreError> {
        let newest = HistoryQuery {
            revisions: 1,
            ..HistoryQuery::default()
        };
        let newest = self.backend.get()?.plan_history(newest).await?;
        let edited = newest.iter().any(|version| version.changed_by != SETTINGS);
        if edited && self.plan_of == PlanOf::Store {
            Ok(self.current().items.clone())
        } else {
            Ok(self.files.clone())
        }
    }

    async fn rows(&self) -> Result<PlanRows, StoreError> {
        self.backend.get()?.plan().await
    }

    /// Makes the plan what `items` says of the plan that there is, as one change.
    pub async fn replace(
        &self,
        items: impl Fn(&Edition) -> Result<Items, Vec<Fault>> + Sync,
        by: &str,
    ) -> Result<Arc<Edition>, NotChanged> {
        let differences = |edition: &Edition| {
            let items = items(edition).map_err(NotChanged::Faults)?;
            Ok(wishes(&edition.items, &items))
        };
        self.make(&differences, by).await
    }

    async fn catch_up(&self, refused: u64) -> Result<(), NotFollowed> {
        let revision = self.backend.get()?.plan_revision().await?;
        if revision == refused || revision == self.current().revision {
            return Ok(());
        }
        let _turn = self.one_at_a_time.lock().await;
        let rows = self.rows().await?;
        if rows.revision == self.current().revision {
            return Ok(());
        }
        let revision = rows.revision;
        let edition = self.edition(&rows).await;
        let edition = edition.map_err(|faults| NotFollowed::Faults { revision, faults })?;
        self.publish(edition);
        tracing::info!(revision, "the plan was changed by another process");
        Ok(())
    }

    /// From now on the engine follows every change, those of other processes too.
    pub fn serve(self: &Arc<Self>, engine: Remote) {
        let _ = self.engine.set(engine);
        tokio::spawn(follow(Arc::downgrade(self)));
    }

    async fn make(
        &self,
        wishes: &(dyn Fn(&Edition) -> Result<Vec<Wish>, NotChanged> + Sync),
        by: &str,
    ) -> Result<Arc<Edition>, NotChanged> {
        let _turn = self.one_at_a_time.lock().await;
        let mut first = None;
        for _ in 0..TRIES {
            let wishes = wishes(&self.current())?;
            if let Some(edition) = self.try_once(&wishes, by).await? {
                return Ok(edition);
            }
            first = first.or_else(|| wishes.into_iter().next());
            let rows = self.rows().await?;
            let edition = self.edition(&rows).await.map_err(NotChanged::Faults)?;
            self.publish(edition);
        }
        let key = first.map_or(ItemKey::DEPLOYMENT, |wish| wish.key);
        let version = self.current().versions.get(&key).copied();
        Err(NotChanged::Conflict { key, version })
    }

    /// None: another process has changed the plan, which must be read anew.
    async fn try_once(
        &self,
        wishes: &[Wish],
        by: &str,
    ) -> Result<Option<Arc<Edition>>, NotChanged> {
        let before = self.current();
        let mut items = before.items.clone();
        for wish in wishes {
            let version = before.versions.get(&wish.key).copied();
            if !wish.expected.holds(version) {
                let key = wish.key.clone();
                return Err(NotChanged::Conflict { key, version });
            }
            items.apply((wish.key.clone(), wish.item.clone()));
        }
        if wishes.is_empty() || (items == before.items && before.revision > 0) {
            return Ok(Some(before));
        }
        self.speech.render(&items).await;
        let plan = self.checked(&items).map_err(NotChanged::Faults)?;
        let set = ChangeSet {
            changes: wishes.iter().map(change).collect(),
            checked_against: before.revision,
            at: Timestamp::now(),
            by: by.to_owned(),
        };
        let revision = match self.backend.get()?.change_plan(set).await? {
            Changed::Done(revision) => revision,
            Changed::Overtaken(_) | Changed::Conflict(_) => return Ok(None),
        };
        let mut versions = before.versions.clone();
        for wish in wishes {
            match &wish.item {
                Some(_) => versions.insert(wish.key.clone(), revision),
                None => versions.remove(&wish.key),
            };
        }
        let edition = Edition {
            revision,
            plan,
            items,
            versions,
        };
        self.publish(edition);
        Ok(Some(self.current()))
    }

    async fn take_back(&self, revision: u64, by: String) -> Result<Arc<Edition>, NotChanged> {
        self.catch_up(0).await?;
        let before = self.backend.get()?.plan_before(revision).await?;
        if before.is_empty() {
            return Err(NotChanged::NoSuchRevision);
        }
        let mut wishes = Vec::with_capacity(before.len());
        for version in before {
            let Some(key) = key_of(&version.key) else {
                return Err(NotChanged::NoSuchRevision);
            };
            // It must be as that revision left it: there with its version, or taken away by it.
            let expected = match self.current().versions.get(&key) {
                Some(_) => Expected::Version(revision),
                None if self.changed_last(&version.key).await? == Some(revision) => {
                    Expected::Absent
                }
                None => return Err(NotChanged::Conflict { key, version: None }),
            };
            let item = version.body.as_deref().map(Item::parse).transpose();
            let item = item.map_err(|_| NotChanged::NoSuchRevision)?;
            wishes.push(Wish {
                key,
                item,
                expected,
            });
        }
        self.make(&|_: &Edition| Ok(wishes.clone()), &by).await
    }

    /// The revision that changed an item last, also if it took it away.
    async fn changed_last(&self, key: &PlanKey) -> Result<Option<u64>, StoreError> {
        let query = HistoryQuery {
            key: Some(key.clone()),
            before: None,
            revisions: 1,
        };
        let newest = self.backend.get()?.plan_history(query).await?;
        Ok(newest.first().map(|version| version.revision))
    }

    /// The plan of some items; its faults, and every prompt that is not there.
    pub fn checked(&self, items: &Items) -> Result<Arc<Plan>, Vec<Fault>> {
        let mut unsaid: Vec<Fault> = Vec::new();
        let prompts = self.speech.bank(items);
        for (prompt, places) in items.prompts() {
            if prompts.get(&prompt).is_some() {
                continue;
            }
            unsaid.extend(places.into_iter().map(|(item, key)| {
                Fault {
                    file: item.to_string(),
                    key,
                    problem: format!("{:?} is not among the prompts", prompt.as_str()),
                    remedy: "name one of manifest.toml, e.g. practice/a-practice, or add it there"
                        .to_owned(),
                }
            }));
        }
        let plan = match items.plan() {
            Ok(plan) => plan,
            Err(mut faults) => {
                faults.extend(unsaid);
                return Err(faults);
            }
        };
        if unsaid.is_empty() {
            // What the flows say by themselves.
            unsaid = prompts_missing(&plan, &prompts, "prompts");
        }
        if unsaid.is_empty() {
            let plan = announced(plan, &prompts);
            Ok(Arc::new(plan.with_dial_out(Arc::clone(&self.dial_out))))
        } else {
            Err(unsaid)
        }
    }

    async fn edition(&self, rows: &PlanRows) -> Result<Edition, Vec<Fault>> {
        let (items, versions) = items_of(rows)?;
        self.speech.render(&items).await;
        Ok(Edition {
            revision: rows.revision,
            plan: self.checked(&items)?,
            items,
            versions,
        })
    }

    /// The plan as it is now.
    pub fn current(&self) -> Arc<Edition> {
        Arc::clone(&self.current.borrow())
    }

    /// What is said under it.
    pub fn prompts(&self) -> Arc<PromptBank> {
        Arc::new(self.speech.bank(&self.current().items))
    }

    /// Lets everybody see it.
    fn publish(&self, edition: Edition) {
        let edition = Arc::new(edition);
        self.current.send_replace(Arc::clone(&edition));
        if let Some(engine) = self.engine.get() {
            engine.set_prompts(self.prompts());
            engine.set_plan(Arc::clone(&edition.plan));
        }
    }
}

/// The keeper as the API knows it.
#[derive(Clone)]
pub struct PlanDoor(pub Arc<PlanKeeper>);

/// A change that has begun is made whole, even if whoever wished for it goes away meanwhile: the
/// engine follows what the database has.
impl PlanDesk for PlanDoor {
    fn current(&self) -> Arc<Edition> {
        self.0.current()
    }

    fn change(&self, wishes: Vec<Wish>, by: String) -> Changing<'_> {
        let keeper = Arc::clone(&self.0);
        Box::pin(to_its_end(async move {
            keeper.make(&|_: &Edition| Ok(wishes.clone()), &by).await
        }))
    }

    fn history(&self, query: HistoryQuery) -> Pending<'_, Vec<PlanVersion>> {
        Box::pin(async move { self.0.backend.get()?.plan_history(query).await })
    }

    fn undo(&self, revision: u64, by: String) -> Changing<'_> {
        let keeper = Arc::clone(&self.0);
        Box::pin(to_its_end(
            async move { keeper.take_back(revision, by).await },
        ))
    }
}

async fn to_its_end<T: Send + 'static>(change: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(change).await {
        Ok(made) => made,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// Follows what other processes change, as long as the keeper is there.
async fn follow(keeper: Weak<PlanKeeper>) {
    let mut every = tokio::time::interval(FOLLOWED_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Of a revision that cannot be followed is told once.
    let mut refused = 0;
    loop {
        every.tick().await;
        let Some(keeper) = keeper.upgrade() else {
            return;
        };
        let followed = if keeper.is_unsettled() {
            keeper.settle(refused).await
        } else {
            keeper.catch_up(refused).await
        };
        match followed {
            Ok(()) | Err(NotFollowed::Contested) => {}
            Err(NotFollowed::Store(error)) => {
                tracing::debug!(%error, "the plan's revision could not be read");
            }
            Err(NotFollowed::Faults { revision, faults }) => {
                refused = revision;
                let faults = faults.len();
                tracing::warn!(
                    revision,
                    faults,
                    "the plan of another process is faulty here; calls go on by the last one"
                );
            }
        }
    }
}

/// Why a change by another process was not taken over.
#[derive(Debug, thiserror::Error)]
enum NotFollowed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("revision {revision} has {} fault(s)", faults.len())]
    Faults { revision: u64, faults: Vec<Fault> },
    #[error("somebody else edits the plan at this very moment, again and again")]
    Contested,
}

impl From<NotFollowed> for NotChanged {
    fn from(error: NotFollowed) -> Self {
        match error {
            NotFollowed::Store(error) => NotChanged::Store(error),
            NotFollowed::Faults { faults, .. } => NotChanged::Faults(faults),
            NotFollowed::Contested => NotChanged::Conflict {
                key: ItemKey::DEPLOYMENT,
                version: None,
            },
        }
    }
}

/// The items that the database has, and the version of each.
fn items_of(rows: &PlanRows) -> Result<(Items, BTreeMap<ItemKey, u64>), Vec<Fault>> {
    let mut items = Vec::with_capacity(rows.items.len());
    let mut versions = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, row) in &rows.items {
        match (key_of(name), Item::parse(&row.body)) {
            (Some(key), Ok(item)) => {
                versions.insert(key.clone(), row.version);
                items.push((key, item));
            }
            (Some(_) | None, Ok(_) | Err(_)) => faults.push(Fault {
                file: format!("{} {}", name.0, name.1),
                key: String::new(),
                problem: "is of no kind that this version knows".to_owned(),
                remedy: "start the version that put it there, or a newer one".to_owned(),
            }),
        }
    }
    if faults.is_empty() {
        Ok((Items::from_iter(items), versions))
    } else {
        Err(faults)
    }
}

/// What makes one plan the other.
fn wishes(from: &Items, to: &Items) -> Vec<Wish> {
    let differences = from.differences(to).into_iter();
    let wishes = differences.map(|(key, item)| Wish {
        key,
        item,
        expected: Expected::Anything,
    });
    wishes.collect()
}

fn change(wish: &Wish) -> PlanChange {
    PlanChange {
        key: (wish.key.kind.name().to_owned(), wish.key.id.clone()),
        body: wish.item.as_ref().map(Item::text),
        expected: wish.expected,
    }
}

fn key_of((kind, id): &(String, String)) -> Option<ItemKey> {
    Some(ItemKey::new(ItemKind::parse(kind)?, id))
}

fn faulty(faults: Vec<Fault>) -> anyhow::Error {
    let list: String = faults.iter().map(|fault| format!("\n{fault}")).collect();
    anyhow::anyhow!("the plan in the database is faulty:{list}")
}
