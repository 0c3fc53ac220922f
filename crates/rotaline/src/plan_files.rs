//! `rotaline import` and `rotaline export`: the plan as a folder of files.
//!
//! An import is an edit like one through the API: the same checks, one revision that can be undone,
//! in the database that the service has, running or not. What is wrong is said whole, and nothing
//! is changed.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rotaline_api::{Edition, NotChanged};
use rotaline_exchange::{Extent, PlanFile, Reading, Rotas, write};
use rotaline_routing::{Fault, Items};
use rotaline_store::{Database, StoreError};

use crate::check;
use crate::folder;
use crate::serve::runtime;
use crate::service::{PlanKeeper, private_folder};
use crate::settings::Settings;

/// Who a change is by.
const BY: &str = "import";

/// Whether an import does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is made.
    Made,
    /// It is only said what it would do.
    Shown,
}

/// An import.
pub struct Import<'f> {
    /// What is read.
    pub folder: &'f Path,
    /// Whether that is a whole plan.
    pub extent: Extent,
    /// Whether something is done.
    pub effect: Effect,
}

/// Why an import was not made.
#[derive(Debug, thiserror::Error)]
enum NotImported {
    #[error("{0}")]
    Faults(Told),
    #[error(
        "somebody edits the plan at this very moment, again and again; nothing was changed: import \
         once more"
    )]
    Conflict,
    #[error(
        "nothing was changed: the database {database} cannot be used ({why}). Import as the \
         service's user; if another program holds it, once more when it is free"
    )]
    Store { database: String, why: StoreError },
}

impl Import<'_> {
    /// Makes it, or says why not.
    pub fn run(&self, settings: &Settings) -> Result<()> {
        let files = folder::read(self.folder)?;
        anyhow::ensure!(
            !files.is_empty(),
            "{} has no file of a plan: TOML, CSV or iCalendar (README.md, \"A plan in files\")",
            self.folder.display()
        );
        runtime()?.block_on(self.put(settings, &files))
    }

    async fn put(&self, settings: &Settings, files: &[PlanFile]) -> Result<()> {
        let database = settings.database();
        if self.effect == Effect::Shown && !database.is_there() {
            let (items, _) = self.read(files, &settings.items, |items| items.plan())?;
            return self.tell(&database, &Items::default(), &items, None);
        }
        private_folder(&settings.data)?;
        let failed = |why| NotImported::Store {
            database: database.to_string(),
            why,
        };
        let storage = database.open().await.map_err(failed)?;
        // What is faulty in it may be what is put right now.
        let (keeper, _) = PlanKeeper::open(storage.clone(), settings).await?;
        let holding = keeper.holding().await?;
        let before = keeper.current();
        let done = if self.effect == Effect::Shown {
            let (items, _) = self.read(files, &holding, |items| keeper.checked(items))?;
            self.tell(&database, &before.items, &items, None)
        } else {
            // A plan that nobody has edited is the files', also where the database has older ones.
            let edited = holding == before.items;
            let items = |edition: &Edition| {
                let onto = if edited { &edition.items } else { &holding };
                let read = self.reading(files, onto);
                let read = read.judged(|items| keeper.checked(items));
                read.map(|(items, _)| items)
            };
            match keeper.replace(items, BY).await {
                Ok(edition) => {
                    let revision = Some(edition.revision);
                    self.tell(&database, &before.items, &edition.items, revision)?;
                    let count = check::findings(&edition.plan)?.len();
                    print(&format!(
                        "rotaline check names {count} warning(s) about its rotas\n"
                    ))
                }
                Err(NotChanged::Faults(faults)) => {
                    Err(NotImported::Faults(self.told(faults)).into())
                }
                Err(NotChanged::Conflict { .. } | NotChanged::NoSuchRevision) => {
                    Err(NotImported::Conflict.into())
                }
                Err(NotChanged::Store(why)) => Err(failed(why).into()),
            }
        };
        storage.close().await;
        done
    }

    fn reading(&self, files: &[PlanFile], onto: &Items) -> Reading {
        Reading::of(files, self.extent, onto, Timestamp::now())
    }

    fn read<T>(
        &self,
        files: &[PlanFile],
        onto: &Items,
        judge: impl FnOnce(&Items) -> Result<T, Vec<Fault>>,
    ) -> Result<(Items, T), NotImported> {
        let read = self.reading(files, onto).judged(judge);
        read.map_err(|faults| NotImported::Faults(self.told(faults)))
    }

    fn told(&self, mut faults: Vec<Fault>) -> Told {
        let folder = self.folder.display().to_string();
        for fault in &mut faults {
            // The one thing that no file of the folder says.
            if fault.key == "inbound_number" && self.extent == Extent::Whole {
                fault.file.clone_from(&folder);
                fault.remedy = format!(
                    "{}; or, if this folder is a part of a plan, import it with --add",
                    fault.remedy
                );
            }
        }
        Told { folder, faults }
    }

    /// What an import did or would do.
    fn tell(
        &self,
        database: &Database,
        before: &Items,
        after: &Items,
        revision: Option<u64>,
    ) -> Result<()> {
        let (mut added, mut changed, mut gone) = (0, 0, Vec::new());
        for (key, item) in before.differences(after) {
            match (before.get(&key), item) {
                (None, _) => added += 1,
                (Some(_), Some(_)) => changed += 1,
                (Some(_), None) => gone.push(key.to_string()),
            }
        }
        let folder = self.folder.display();
        let count = gone.len();
        let done = match revision {
            Some(revision) => format!(
                "the plan is at revision {revision} of {}; a service that runs follows at once",
                database
            ),
            None => "nothing was done (--dry-run)".to_owned(),
        };
        let mut text =
            format!("{folder}: {added} added, {changed} changed, {count} taken away; {done}\n");
        for key in gone {
            writeln!(text, "  taken away: {key}")?;
        }
        print(&text)
    }
}

/// Prints to whoever still reads.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Faults of a folder, a line each; nothing in them moves the cursor of a terminal.
#[derive(Debug)]
struct Told {
    folder: String,
    faults: Vec<Fault>,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.faults.len();
        write!(
            f,
            "{count} fault(s) in {}; nothing was changed",
            self.folder
        )?;
        for fault in &self.faults {
            f.write_str("\n")?;
            for character in fault.to_string().chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
        }
        Ok(())
    }
}

/// Writes the plan that holds into a folder.
pub fn export(settings: &Settings, folder: &Path, rotas: Rotas) -> Result<()> {
    let items = runtime()?.block_on(holding(settings))?;
    let files = write(&items, rotas);
    folder::write(folder, &files)?;
    print(&format!("{}: {} files\n", folder.display(), files.len()))
}

/// The items of the plan that `serve` would take, read without a change.
pub async fn holding(settings: &Settings) -> Result<Items> {
    let database = settings.database();
    if !database.is_there() {
        return Ok(settings.items.clone());
    }
    let storage = database.open_to_read().await;
    let storage = storage.with_context(|| format!("database {database}"))?;
    let Some(storage) = storage else {
        // What `serve` would take, once it has brought the database to this version.
        return Ok(settings.items.clone());
    };
    let (keeper, _) = PlanKeeper::open(Arc::clone(&storage), settings).await?;
    let items = keeper.holding().await;
    storage.close().await;
    Ok(items?)
}
