//! Who is hunted when a specialty's rota is exhausted or empty: its overflow, a regional or
//! national pool, and that one's (SERVICE 1.10). Each has its own rota, budget and order.

use rotaline_model::{Mono, Sound, SpecialtyId};
use rotaline_routing::Phrase;

use super::hunt::{Hunted, hunt, search_once};
use crate::cx::Cx;
use crate::leg::Leg;
use crate::speech;

/// Pools behind one specialty; the plan allows no circle.
const MAX_OVERFLOWS: u8 = 4;

/// Hunts through the specialty and then through what it overflows to. `opening` is said while the
/// first phone rings, and taken then.
pub(super) async fn hunt_here_and_beyond(
    cx: &Cx,
    caller: &Leg,
    specialty: &SpecialtyId,
    opening: &mut Vec<Sound>,
) -> Hunted {
    let mut hunted = hunt(cx, caller, specialty, opening).await;
    let mut team = specialty.clone();
    for _ in 0..MAX_OVERFLOWS {
        let nobody = match hunted {
            Hunted::Accepted(_) | Hunted::BackToMenu => return hunted,
            Hunted::Exhausted | Hunted::NobodyOnRota => hunted,
        };
        let Some(next) = open_overflow(cx, &team) else {
            return nobody;
        };
        opening.push(speech::phrase(&cx.plan(), Phrase::TryingAnotherTeam));
        hunted = match hunt(cx, caller, &next, opening).await {
            // Somebody was tried, though not there.
            Hunted::NobodyOnRota => nobody,
            other => other,
        };
        team = next;
    }
    hunted
}

/// The same while no caller waits: one round in each team, nobody rung from `bar` on.
pub(super) async fn search_here_and_beyond(cx: &Cx, specialty: &SpecialtyId, bar: Mono) -> Hunted {
    let mut hunted = Box::pin(search_once(cx, specialty, bar)).await;
    let mut team = specialty.clone();
    for _ in 0..MAX_OVERFLOWS {
        let nobody = match hunted {
            Hunted::Accepted(_) | Hunted::BackToMenu => return hunted,
            Hunted::Exhausted | Hunted::NobodyOnRota => hunted,
        };
        let Some(next) = open_overflow(cx, &team) else {
            return nobody;
        };
        hunted = match Box::pin(search_once(cx, &next, bar)).await {
            Hunted::NobodyOnRota => nobody,
            other => other,
        };
        team = next;
    }
    hunted
}

fn open_overflow(cx: &Cx, team: &SpecialtyId) -> Option<SpecialtyId> {
    let plan = cx.plan();
    let overflow = plan.specialty(team)?.overflow.as_ref()?;
    let open = plan.open_at(plan.specialty(overflow)?, cx.wall());
    open.then(|| overflow.clone())
}
