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
use rotaline_record::{Answer, Case, MissedCall, Question, Record};
use rotaline_store::{Codes, Store, StoreError};
use tokio::runtime::Handle;

use super::pauses::PauseKeeper;

/// A call waits 2 s; what comes later would be claimed for nobody.
const ANSWERED_WITHIN: Duration = Duration::from_millis(1_800);

/// The journal, and whoever answers questions.
pub struct Desk {
    /// Takes what calls note.
    pub journal: Journal,
    /// Knows codes and PINs.
    pub codes: Codes,
    /// Knows calls.
    pub store: Store,
    /// Keeps what calls say of pauses.
    pub pauses: Arc<PauseKeeper>,
    /// Where questions are answered.
    pub runtime: Handle,
}

impl Outside for Desk {
    fn journal(&mut self, record: Record) {
        self.pauses.noted(&record.fact);
        self.journal.append(record);
    }

    fn journal_durably(&mut self, record: Record, reply: Reply) {
        let receipt = self.journal.append_durably(record);
        self.runtime.spawn(async move {
            reply.answer(match receipt.await {
                Ok(()) => Answer::Kept,
                Err(_) => Answer::Unavailable,
            });
        });
    }

    fn ask(&mut self, question: Question, reply: Reply) {
        let (codes, store) = (self.codes.clone(), self.store.clone());
        self.runtime.spawn(async move {
            reply.answer(in_time(answer(&codes, &store, question)).await);
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

async fn answer(codes: &Codes, store: &Store, question: Question) -> Result<Answer, StoreError> {
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
    })
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
