//! "Before you go": what came of the talk, asked of whoever is left (SERVICE 1.11).

use std::sync::Arc;
use std::time::Duration;

use rotaline_model::{CaseId, Digit, PersonId, SpecialtyId};
use rotaline_record::{Answer, Fact, OutcomeHow, Question};
use rotaline_routing::{Outcome, Phrase, Plan};

use crate::call::CallOrigin;
use crate::cx::Cx;
use crate::leg::{Asked, Leg, Next};
use crate::speech;

/// How long a key is waited for after the menu, and after "Star to change."
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the disk may take to keep an outcome.
const STORED_WITHIN: Duration = Duration::from_secs(2);
/// How often the menu is said to somebody who keys nothing.
const SPEAKINGS: u8 = 2;
/// How often anything is asked at all: somebody who keys on and on is let go.
const MAX_QUESTIONS: u8 = 12;

/// A specialty's outcomes, under the plan by which its call was joined.
#[derive(Clone)]
pub(super) struct Menu {
    plan: Arc<Plan>,
    specialty: SpecialtyId,
}

impl Menu {
    /// A specialty's menu; none if it has no outcomes.
    pub(super) fn of(cx: &Cx, specialty: &SpecialtyId) -> Option<Menu> {
        let menu = Menu {
            plan: cx.plan(),
            specialty: specialty.clone(),
        };
        (!menu.outcomes().is_empty()).then_some(menu)
    }

    fn outcomes(&self) -> &[Outcome] {
        self.plan
            .specialty(&self.specialty)
            .map_or(&[], |specialty| &specialty.outcomes)
    }

    fn choice(&self, key: Digit) -> Option<&Outcome> {
        self.outcomes().iter().find(|outcome| outcome.key == key)
    }
}

/// Which talk the outcome is of, and who gives it.
pub(super) enum Talk {
    /// The one that has just ended; the name goes into the record.
    This { by: String },
    /// One of theirs before this call.
    Earlier { case: CaseId, by: PersonId },
}

impl Talk {
    fn opening(&self) -> Phrase {
        match self {
            Talk::This { .. } => Phrase::BeforeYouGo,
            Talk::Earlier { .. } => Phrase::YourLastCall,
        }
    }

    /// "A key is stored before" it is said.
    async fn keeps(&self, cx: &Cx, outcome: &Outcome) -> bool {
        let outcome = outcome.id.clone();
        match self {
            Talk::This { by } => {
                let (by, how) = (by.clone(), OutcomeHow::Key);
                let fact = Fact::OutcomeSet { outcome, by, how };
                cx.note_durably(fact, STORED_WITHIN).await == Answer::Kept
            }
            Talk::Earlier { case, by } => {
                let (case, by) = (*case, by.clone());
                let question = Question::GiveOutcome { case, outcome, by };
                cx.ask(question, STORED_WITHIN).await == Answer::Confirmed
            }
        }
    }
}

/// How the question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// There is an outcome.
    Given,
    /// There is none, and they have heard a goodbye, or are gone.
    Left,
}

/// On a screen it is set there; if it is not so long after the talk, it is asked for.
const ON_SCREEN_WITHIN: Duration = Duration::from_secs(5);

/// Whether it has been given on the screen that the call came from, or nobody is left to be asked.
async fn is_given_on_screen(cx: &Cx, leg: &Leg) -> bool {
    let until = cx.now() + ON_SCREEN_WITHIN;
    loop {
        match leg.next(None, until).await {
            Next::Gone => return true,
            Next::Time => break,
            Next::Key(_) | Next::Spoken => {}
        }
    }
    let question = Question::OutcomeGiven { case: cx.case() };
    cx.ask(question, STORED_WITHIN).await == Answer::Confirmed
}

/// Asks one leg. Ends when it has an outcome, hangs up, or is silent.
pub(super) async fn ask(cx: &Cx, leg: &Leg, menu: &Menu, talk: &Talk) -> Asking {
    if cx.origin() == CallOrigin::Screen && Box::pin(is_given_on_screen(cx, leg)).await {
        return Asking::Left;
    }
    // What was keyed during the talk answers nothing.
    leg.forget_keys();
    let mut silences = 0;
    for _ in 0..MAX_QUESTIONS {
        match leg
            .ask(
                speech::outcomes(&menu.plan, talk.opening(), menu.outcomes()),
                PATIENCE,
            )
            .await
        {
            Asked::Gone => return Asking::Left,
            Asked::Nothing => {
                silences += 1;
                if silences == SPEAKINGS {
                    break;
                }
            }
            Asked::Key(key) => {
                let Some(outcome) = menu.choice(key.digit) else {
                    continue;
                };
                if !talk.keeps(cx, outcome).await {
                    // It is not confirmed, so it is asked again.
                    continue;
                }
                match leg
                    .ask(speech::outcome_set(&menu.plan, outcome), PATIENCE)
                    .await
                {
                    Asked::Key(key) if key.digit == Digit::STAR => {}
                    Asked::Key(_) | Asked::Nothing | Asked::Gone => return Asking::Given,
                }
            }
        }
    }
    leg.tell(vec![speech::phrase(&menu.plan, Phrase::Goodbye)])
        .await;
    Asking::Left
}
