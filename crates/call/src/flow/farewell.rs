//! An administrator ends a call that is up: nobody is hung up without a word.
//!
//! Whoever has answered leaves the room and is told, all at the same time; a phone that rings has
//! stopped before this begins, with the flow that rang it.

use std::time::Duration;

use rotaline_model::{EndCause, LegId};
use rotaline_routing::Phrase;

use crate::boundary::Action;
use crate::cx::Cx;
use crate::leg::{Leg, Next};
use crate::speech;

/// However slowly it is said, the call is over then.
const LONGEST: Duration = Duration::from_secs(6);

/// Tells those who are left, and ends.
pub(crate) async fn farewell(cx: Cx, legs: Vec<LegId>) -> EndCause {
    let legs: Vec<Leg> = legs.into_iter().map(|id| Leg::kept(&cx, id)).collect();
    let until = cx.now() + LONGEST;
    let plan = cx.plan();
    let mut told = Vec::with_capacity(legs.len());
    for leg in &legs {
        cx.act(Action::Leave(leg.id()));
        let words = vec![speech::phrase(&plan, Phrase::EndedByAdministrator)];
        told.push((leg, leg.play_on(words)));
    }
    for (leg, play) in told {
        while let Next::Key(_) = leg.next(Some(play), until).await {}
    }
    EndCause::EndedByAdministrator
}
