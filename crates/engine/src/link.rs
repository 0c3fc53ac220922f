//! A bounded one-way queue between two threads of the engine, with a poller at its far end.
//!
//! One producer, one consumer, no lock. The producer pushes any number of messages and then wakes
//! the consumer once. At the bound messages wait on the producer's side, in order, and the first of
//! them raises an alarm: a consumer that is that far behind is stuck or overloaded.

use std::collections::VecDeque;

use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::poller::Waker;

/// The sending end.
pub(crate) struct Sender<T> {
    ring: Producer<T>,
    waiting: VecDeque<T>,
    waker: Waker,
    unwoken: bool,
    name: &'static str,
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
        unwoken: false,
        name,
    };
    (sender, Receiver(consumer))
}

impl<T> Sender<T> {
    /// Puts a message into the queue.
    pub fn push(&mut self, message: T) {
        self.unwoken = true;
        if !self.waiting.is_empty() {
            return self.waiting.push_back(message);
        }
        if let Err(PushError::Full(message)) = self.ring.push(message) {
            tracing::error!(link = self.name, "the queue between two threads is full");
            metrics::counter!("rotaline_link_full_total", "link" => self.name).increment(1);
            self.waiting.push_back(message);
        }
    }

    /// Wakes the consumer if anything was pushed since the last time.
    pub fn flush(&mut self) {
        while let Some(message) = self.waiting.pop_front() {
            if let Err(PushError::Full(message)) = self.ring.push(message) {
                self.waiting.push_front(message);
                break;
            }
        }
        if std::mem::take(&mut self.unwoken) {
            self.waker.wake();
        }
    }
}

impl<T> Receiver<T> {
    /// The next message, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop().ok()
    }
}
