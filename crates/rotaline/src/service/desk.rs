//! What calls need of the world outside, answered without ever keeping the signalling thread.
//!
//! Each answer is a task of the runtime with a deadline of its own, shorter than a call's patience:
//! with the database away it is [`Answer::Unavailable`] in time, and the caller is told so.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_engine::journal::Journal;
use rotaline_engine::{Outside, Reply};
use rotaline_model::{CaseId, NodeId, PersonId};
use rotaline_record::{Answer, Case, Fact, MissedCall, Origin, OutcomeHow, Question, Record};
use rotaline_store::{CallQuery, CaseState, Codes, Completeness, OutcomeFilter, Store, StoreError};
use tokio::runtime::Handle;

use super::figures::{self, Figures};
use super::pauses::PauseKeeper;

/// A call waits 2 s; what comes later would be claimed for nobody.
const ANSWERED_WITHIN: Duration = Duration::from_millis(1_800);

/// What questions are answered from.
#[derive(Clone)]
pub struct Known {
    /// Takes what calls note.
    pub journal: Journal,
    /// Knows codes and PINs.
    pub codes: Codes,
    /// Knows calls.
    pub store: Store,
    /// Which process keeps outcomes.
    pub node: NodeId,
}

/// The journal, and whoever answers questions.
pub struct Desk {
    known: Known,
    /// Keeps what calls say of pauses.
    pauses: Arc<PauseKeeper>,
    /// Counts what calls note.
    figures: Figures,
    /// Where questions are answered.
    runtime: Handle,
}

impl Desk {
    /// Within the runtime that is to answer.
    pub fn new(known: Known, pauses: Arc<PauseKeeper>) -> Self {
        let runtime = Handle::current();
        Desk {
            known,
            pauses,
            figures: Figures::new(),
            runtime,
        }
    }
}

impl Outside for Desk {
    fn journal(&mut self, record: Record) {
        self.figures.see(&record);
        self.pauses.noted(&record.fact);
        self.known.journal.append(record);
    }

    fn journal_durably(&mut self, record: Record, reply: Reply) {
        self.figures.see(&record);
        let receipt = self.known.journal.append_durably(record);
        self.runtime.spawn(async move {
            reply.answer(match receipt.await {
                Ok(()) => Answer::Kept,
                Err(_) => Answer::Unavailable,
            });
        });
    }

    fn ask(&mut self, question: Question, reply: Reply) {
        let known = self.known.clone();
        self.runtime.spawn(async move {
            reply.answer(in_time(known.answer(question)).await);
        });
    }
}

async fn in_time(answer: impl Future<Output = Result<Answer, StoreError>>) -> Answer {
    match tokio::time::timeout(ANSWERED_WITHIN, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::warn!(%error, "a call's question cannot be answered");
            Answer::Unavailable
        }
        Err(_) => {
            tracing::warn!("a call's question was not answered in time");
            Answer::Unavailable
        }
    }
}

impl Known {
    async fn answer(&self, question: Question) -> Result<Answer, StoreError> {
        let (codes, store) = (&self.codes, &self.store);
        Ok(match question {
            Question::Claim {
                line: _,
                organisation,
                code,
                caller,
            } => {
                let claimed = codes.claim(&organisation, &code, &caller, Timestamp::now());
                let errand = claimed.await?;
                errand.map_or(Answer::Refused, |errand| Answer::Claimed(Box::new(errand)))
            }
            Question::CheckPin { person, pin } => match codes.check_pin(&person, &pin).await? {
                true => Answer::Confirmed,
                false => Answer::Refused,
            },
            Question::OutcomeGiven { case } => {
                let case = store.case(case).await?;
                match case.is_some_and(|case| case.outcome().is_some()) {
                    true => Answer::Confirmed,
                    false => Answer::Refused,
                }
            }
            Question::Missed { person, since } => {
                let cases = store.missed(&person, since).await?;
                Answer::Missed(cases.iter().map(|case| missed(case)).collect())
            }
            Question::AwaitedOutcome { person, since } => self.awaited(person, since).await,
            Question::GiveOutcome { case, outcome, by } => self.keep(case, outcome, by).await?,
        })
    }

    async fn awaited(&self, person: PersonId, since: Timestamp) -> Answer {
        let query = CallQuery {
            from: Some(since),
            person: Some(person),
            outcome: Some(OutcomeFilter::Missing),
            state: Some(CaseState::Closed),
            ..CallQuery::default()
        };
        let page = self.store.calls(&query).await;
        let awaited = page.cases.iter().find_map(|case| {
            let specialty = case.specialty.clone()?;
            Some((case.id, specialty))
        });
        match awaited {
            Some((case, specialty)) => Answer::AwaitedOutcome { case, specialty },
            None if page.completeness == Completeness::MemoryOnly => Answer::Unavailable,
            None => Answer::Refused,
        }
    }

    async fn keep(
        &self,
        case: CaseId,
        outcome: String,
        by: PersonId,
    ) -> Result<Answer, StoreError> {
        let Some(case) = self.store.case(case).await? else {
            return Ok(Answer::Refused);
        };
        let at = Timestamp::now();
        let time = u64::try_from(at.as_microsecond()).unwrap_or(0);
        let record = Record {
            case: case.id,
            origin: Origin::Telephone,
            sequence: time.max(case.applied(Origin::Telephone).saturating_add(1)),
            at,
            node: self.node,
            fact: Fact::OutcomeSet {
                outcome,
                by: by.to_string(),
                how: OutcomeHow::Key,
            },
        };
        Ok(match self.journal.append_durably(record).await {
            Ok(()) => {
                figures::outcome(OutcomeHow::Key, 1);
                Answer::Confirmed
            }
            Err(_) => Answer::Unavailable,
        })
    }
}

fn missed(case: &Case) -> MissedCall {
    MissedCall {
        case: case.id,
        specialty: case.specialty.clone(),
        at: case.opened_at,
        caller: case.caller.clone(),
        answered: case.joined().is_some(),
    }
}
