//! What calls need of the world outside, answered without ever keeping the signalling thread.

use rotaline_engine::journal::Journal;
use rotaline_engine::{Outside, Reply};
use rotaline_record::{Answer, Question, Record};
use tokio::runtime::Handle;

/// The journal, and whoever answers questions.
pub struct Desk {
    journal: Journal,
    runtime: Handle,
}

impl Desk {
    /// Answers on the runtime that it is made on.
    pub fn new(journal: Journal) -> Self {
        Desk {
            journal,
            runtime: Handle::current(),
        }
    }
}

impl Outside for Desk {
    fn journal(&mut self, record: Record) {
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
        // Nothing that a plan can name asks anything yet.
        tracing::debug!(?question, "a question that nobody answers");
        reply.answer(Answer::Unavailable);
    }
}
