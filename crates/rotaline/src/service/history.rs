//! What calls did to people before this start, so that fair share, longest idle and best answer
//! rate go on where they were.

use jiff::{SignedDuration, Timestamp};
use rotaline_routing::{PastTurn, Plan};
use rotaline_store::{PastAttempt, Storage};
use rotaline_switch::Input;

/// How far back it goes: rates are by hour of the day.
const SINCE: SignedDuration = SignedDuration::from_hours(28 * 24);
/// At most so many attempts, the newest: what a busy service has in a month.
const MAX_ATTEMPTS: usize = 50_000;

/// What the engine is told before its first call. Without it calls are rung all the same, in the
/// rota's order at first.
pub async fn told(storage: &dyn Storage, plan: &Plan) -> Option<Input> {
    let since = Timestamp::now().checked_sub(SINCE).ok()?;
    match storage.attempts_since(since, MAX_ATTEMPTS).await {
        Ok(attempts) => Some(Input::History(turns(plan, attempts))),
        Err(error) => {
            tracing::warn!(%error, "orders of ringing begin without their history");
            None
        }
    }
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
