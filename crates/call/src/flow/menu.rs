//! The keys of the dial-in menu, and what each means (SERVICE 1.2).
//!
//! ```text
//! 1-8, or two digits of which the first is 1-8: a specialty    0: help
//! 9 and digits: a PIN, or a practice's code                    *: the menu again
//! #: the specialty that this practice called last
//! ```

use std::time::Duration;

use rotaline_model::{Digit, MenuKey, OrganisationId, SpecialtyId};
use rotaline_routing::Plan;

use super::arrive::practice_of;
use crate::cx::Cx;
use crate::leg::{Leg, Next};

/// How long the second digit of a key is waited for.
const SECOND_DIGIT: Duration = Duration::from_secs(3);

const HELP: char = '0';
const CODE: char = '9';

/// What was keyed.
pub(super) enum Choice {
    /// A specialty, and its key.
    Specialty(SpecialtyId, Option<MenuKey>),
    /// The specialty called last, where none was.
    NoLastOne,
    /// The help line.
    Help,
    /// A code follows.
    Code,
    /// The menu again.
    Repeat,
    /// Nothing that the menu has.
    Nothing,
}

/// The menu as one caller heard it; it stays so for them while the plan is edited.
pub(super) struct Menu {
    pub lines: Vec<(MenuKey, SpecialtyId)>,
    has_help: bool,
}

impl Menu {
    pub(super) fn of(plan: &Plan, organisation: &OrganisationId) -> Self {
        let lines = plan.menu(organisation).into_iter();
        Menu {
            lines: lines
                .filter_map(|it| Some((it.key?, it.id.clone())))
                .collect(),
            has_help: plan
                .organisation(organisation)
                .is_some_and(|it| it.help.is_some()),
        }
    }

    /// What a key means, with the one after it where it is the first of two: acted on as soon as
    /// it is complete.
    pub(super) async fn choice(&self, cx: &Cx, caller: &Leg, first: Digit) -> Choice {
        match first {
            Digit::STAR => return Choice::Repeat,
            Digit::HASH => return self.last_one(cx),
            _ if first.as_char() == HELP && self.has_help => return Choice::Help,
            _ if first.as_char() == CODE => return Choice::Code,
            _ => {}
        }
        if self.lines.iter().all(|(key, _)| !begins_two(*key, first)) {
            return self.line(first, None);
        }
        match caller.next(None, cx.now() + SECOND_DIGIT).await {
            Next::Key(second) if second.digit == Digit::STAR => Choice::Repeat,
            Next::Key(second) => self.line(first, Some(second.digit)),
            Next::Spoken | Next::Time | Next::Gone => Choice::Nothing,
        }
    }

    fn line(&self, first: Digit, second: Option<Digit>) -> Choice {
        let mut lines = self.lines.iter();
        let line = lines.find(|(key, _)| key.first() == first && key.second() == second);
        line.map_or(Choice::Nothing, |(key, specialty)| {
            Choice::Specialty(specialty.clone(), Some(*key))
        })
    }

    /// `#`: the specialty that this practice called last, if it is one of this menu.
    fn last_one(&self, cx: &Cx) -> Choice {
        let plan = cx.plan();
        let last = practice_of(cx, &plan)
            .and_then(|practice| cx.presence().borrow().last_choice(&practice.id).cloned());
        let known = last.filter(|last| self.lines.iter().any(|(_, it)| it == last));
        known.map_or(Choice::NoLastOne, |last| Choice::Specialty(last, None))
    }
}

fn begins_two(key: MenuKey, first: Digit) -> bool {
    key.second().is_some() && key.first() == first
}
