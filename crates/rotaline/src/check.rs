//! `rotaline check`, once there are no faults: what is amiss with the rotas of the weeks to come.
//!
//! These are warnings. A plan with a gap at night is a good plan, if that is what is meant.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rotaline_routing::{Finding, Plan, check};

use crate::plan_files::{holding, print};
use crate::serve::runtime;
use crate::settings::Settings;

/// So many days are looked at.
const DAYS: i32 = 28;
/// Most warnings that are printed; how many more there are is printed too.
const MAX_SHOWN: usize = 50;

/// Prints the warnings for the plan that `serve` would take.
pub fn run(settings: &Settings) -> Result<()> {
    let items = runtime()?.block_on(holding(settings))?;
    let plan = items.plan().map_err(|faults| {
        let list: String = faults.iter().map(|fault| format!("\n{fault}")).collect();
        anyhow::anyhow!("the plan in the database is faulty:{list}")
    })?;
    let findings = findings(&plan)?;
    let count = findings.len();
    let mut text = format!("{count} warning(s) about the rotas of the next {DAYS} days\n");
    for finding in findings.iter().take(MAX_SHOWN) {
        writeln!(text, "  {finding}")?;
    }
    if count > MAX_SHOWN {
        writeln!(text, "  and {} more", count - MAX_SHOWN)?;
    }
    print(&text)
}

/// What is amiss with the rotas of a plan from today on. When phones were answered is not asked
/// here, so none is judged by it.
pub fn findings(plan: &Plan) -> Result<Vec<Finding>> {
    let now = Timestamp::now();
    let first = TimeZone::UTC.to_datetime(now).date();
    let last = first.checked_add((DAYS - 1).days())?;
    Ok(check(plan, first, last, &BTreeMap::new(), now))
}
