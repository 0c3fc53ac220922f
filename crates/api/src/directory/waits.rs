//! How long callers wait today, counted at most once a minute: the page is open to anybody.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rotaline_model::SpecialtyId;
use rotaline_store::{CallQuery, Limit, Store};
use tokio::sync::Mutex;

/// What was counted holds for so long.
const HOLDS: Duration = Duration::from_secs(60);
/// Of how many calls, the newest ones.
const CALLS: u16 = Limit::MAX;

/// What was counted last, and when.
#[derive(Debug, Default)]
pub(crate) struct Waits(Mutex<BTreeMap<SpecialtyId, (Instant, Option<f64>)>>);

impl Waits {
    /// The median wait, in seconds, of today's callers who were joined. One at a time asks the
    /// store; the others wait for its answer.
    pub(crate) async fn typical(
        &self,
        store: &Store,
        specialty: &SpecialtyId,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<f64> {
        let mut known = self.0.lock().await;
        if let Some((at, wait_s)) = known.get(specialty)
            && at.elapsed() < HOLDS
        {
            return *wait_s;
        }
        let query = CallQuery {
            from: start_of_day(zone, now),
            specialty: Some(specialty.clone()),
            limit: Limit::new(CALLS).unwrap_or_default(),
            ..CallQuery::default()
        };
        let page = store.calls(&query).await;
        let joined = page.cases.iter().filter(|case| case.joined().is_some());
        let wait_s = median(joined.filter_map(|case| case.wait_ms).collect());
        // Specialties that the plan has are few; those that it had are let go.
        known.retain(|_, (at, _)| at.elapsed() < HOLDS);
        known.insert(specialty.clone(), (Instant::now(), wait_s));
        wait_s
    }
}

fn start_of_day(zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let midnight = zone.to_datetime(now).date().at(0, 0, 0, 0);
    zone.to_timestamp(midnight).ok()
}

/// In seconds, of milliseconds.
fn median(mut waits: Vec<u64>) -> Option<f64> {
    waits.sort_unstable();
    let upper = *waits.get(waits.len() / 2)?;
    let lower = *waits.get(waits.len().saturating_sub(1) / 2)?;
    Some((upper + lower) as f64 / 2_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_middle_ones() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![30_000]), Some(30.0));
        assert_eq!(median(vec![90_000, 10_000, 30_000]), Some(30.0));
        assert_eq!(median(vec![40_000, 10_000, 30_000, 90_000]), Some(35.0));
    }

    #[test]
    fn a_day_begins_at_the_organisations_midnight() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let at: Timestamp = "2026-07-01T23:30:00Z".parse().unwrap();
        let start = start_of_day(&zone, at).unwrap();
        assert_eq!(start.to_string(), "2026-07-01T23:00:00Z");
    }
}
