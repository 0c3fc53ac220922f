//! A bounded one-way queue between two threads of the engine, with a poller at its far end.
//!
//! One producer, one consumer, no lock. The producer pushes any number of messages and then wakes
//! the consumer once, if it must. At the bound messages wait on the producer's side, in order,
//! and the first of them raises an alarm: a consumer that is that far behind is stuck or
//! overloaded.

use std::collections::VecDeque;

use metrics::Counter;
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::poller::{Haste, Waker};

/// The sending end.
pub(crate) struct Sender<T> {
    ring: Producer<T>,
    waiting: VecDeque<T>,
    waker: Waker,
    /// Pushed and not announced.
    news: Option<Haste>,
    name: &'static str,
    full: Counter,
}

/// The receiving end.
pub(crate) struct Receiver<T>(Consumer<T>);

/// A link of `bound` messages whose consumer sleeps in the poller of `waker`.
pub(crate) fn link<T>(name: &'static str, bound: usize, waker: Waker) -> (Sender<T>, Receiver<T>) {
    let (ring, consumer) = RingBuffer::new(bound);
    let sender = Sender {
        ring,
        waiting: VecDeque::new(),
        waker,
        news: None,
        name,
        full: metrics::counter!("rotaline_link_full_total", "link" => name),
    };
    (sender, Receiver(consumer))
}

impl<T> Sender<T> {
    /// Puts a message into the queue.
    pub fn push(&mut self, message: T, haste: Haste) {
        self.news = self.news.max(Some(haste));
        if !self.waiting.is_empty() {
            return self.waiting.push_back(message);
        }
        if let Err(PushError::Full(message)) = self.ring.push(message) {
            tracing::error!(link = self.name, "the queue between two threads is full");
            self.full.increment(1);
            self.waiting.push_back(message);
        }
    }

    /// Wakes the consumer if anything was pushed since the last time that cannot wait until it
    /// comes by itself.
    pub fn flush(&mut self) {
        while let Some(message) = self.waiting.pop_front() {
            if let Err(PushError::Full(message)) = self.ring.push(message) {
                self.waiting.push_front(message);
                break;
            }
        }
        if let Some(haste) = self.news.take() {
            self.waker.announce(haste);
        }
    }
}

impl<T> Receiver<T> {
    /// Whether no message is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next message, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop().ok()
    }
}
