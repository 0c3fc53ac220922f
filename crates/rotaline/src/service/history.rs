//! What calls did to people before this start, so that fair share, longest idle and best answer
//! rate go on where they were.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rotaline_engine::journal::KeptFile;
use rotaline_model::PersonId;
use rotaline_routing::{PastTurn, Plan};
use rotaline_store::{Backend, PastAttempt, StoreError};
use rotaline_switch::Input;

use super::plan::PlanKeeper;

/// How far back it goes: rates are by hour of the day.
const SINCE: SignedDuration = SignedDuration::from_hours(28 * 24);
/// At most so many attempts, the newest: what a busy service has in a month.
const MAX_ATTEMPTS: usize = 50_000;

/// After a copy of it was made, before the next.
const COPIED_EVERY: Duration = Duration::from_secs(3600);
/// After the start, or after it could not be copied, before it is.
const COPIED_AFTER: Duration = Duration::from_secs(60);

/// A turn as it is copied: who, at which hour, and when they talked.
type Copied = (PersonId, u8, Option<(Timestamp, Timestamp)>);

/// What the engine is told before its first call; with the database away, what was copied last.
/// Without it calls are rung all the same, in the rota's order at first.
pub async fn told(backend: &Backend, plan: &Plan, copy: &KeptFile) -> Option<Input> {
    let error = match read(backend, plan).await {
        Ok(turns) => return Some(Input::History(turns)),
        Err(error) => error,
    };
    let copied = copy.read().ok().flatten();
    let copied = copied.and_then(|bytes| decoded(&bytes));
    if copied.is_none() {
        tracing::warn!(%error, "orders of ringing begin without their history");
    }
    copied.map(Input::History)
}

/// Copies it beside the journal every hour, for as long as the runtime lives.
pub async fn keep(backend: Backend, plan: Arc<PlanKeeper>, copy: KeptFile) {
    let copy = Arc::new(copy);
    let mut pause = COPIED_AFTER;
    loop {
        tokio::time::sleep(pause).await;
        pause = COPIED_AFTER;
        let Ok(turns) = read(&backend, &plan.current().plan).await else {
            continue;
        };
        let file = Arc::clone(&copy);
        let written = tokio::task::spawn_blocking(move || file.write(&encoded(turns)?));
        match written.await {
            Ok(Ok(())) => pause = COPIED_EVERY,
            Ok(Err(error)) => tracing::warn!(%error, "orders' history could not be copied"),
            Err(_) => tracing::error!("what copies the orders' history had panicked"),
        }
    }
}

fn encoded(turns: Vec<PastTurn>) -> serde_json::Result<Vec<u8>> {
    let turns = turns.into_iter();
    let copied: Vec<Copied> = turns.map(|it| (it.person, it.hour, it.talked)).collect();
    serde_json::to_vec(&copied)
}

/// None: of another version.
fn decoded(bytes: &[u8]) -> Option<Vec<PastTurn>> {
    let copied: Vec<Copied> = serde_json::from_slice(bytes).ok()?;
    let turn = |(person, hour, talked)| PastTurn {
        person,
        hour,
        talked,
    };
    Some(copied.into_iter().map(turn).collect())
}

async fn read(backend: &Backend, plan: &Plan) -> Result<Vec<PastTurn>, StoreError> {
    let Ok(since) = Timestamp::now().checked_sub(SINCE) else {
        return Ok(Vec::new());
    };
    let attempts = backend.get()?.attempts_since(since, MAX_ATTEMPTS).await?;
    Ok(turns(plan, attempts))
}

/// Those for teams that the plan has, whose zone says which hour of the day it was.
fn turns(plan: &Plan, attempts: Vec<PastAttempt>) -> Vec<PastTurn> {
    let turn = |attempt: PastAttempt| {
        let specialty = plan.specialty(&attempt.specialty?)?;
        Some(PastTurn {
            hour: plan.hour_of_day(specialty, attempt.rung_at),
            person: attempt.person,
            talked: attempt.talked,
        })
    };
    attempts.into_iter().filter_map(turn).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn with_the_database_away_the_history_is_what_was_copied_last() {
        let folder = tempfile::tempdir().unwrap();
        let copy = KeptFile::new(folder.path(), "history");
        let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/demo/rotaline.toml");
        let plan = crate::settings::load(&demo).unwrap().plan;
        let away = Backend::awaited();
        assert!(told(&away, &plan, &copy).await.is_none());
        let now = Timestamp::now();
        let turns = [None, Some((now, now))].map(|talked| PastTurn {
            person: PersonId::parse("ann").unwrap(),
            hour: 9,
            talked,
        });
        copy.write(&encoded(turns.to_vec()).unwrap()).unwrap();
        let Some(Input::History(known)) = told(&away, &plan, &copy).await else {
            panic!("there is a copy");
        };
        let of = |turn: &PastTurn| (turn.person.clone(), turn.hour, turn.talked);
        assert!(known.iter().map(of).eq(turns.iter().map(of)));
    }
}
