//! The lane between one media thread and the writer: messages one way, emptied chunks the other.
//!
//! The media thread never waits. If the writer falls behind for so long that the lane is full
//! (about four seconds of 200 recordings), audio is dropped and counted; the writer puts silence
//! in its place; beginnings and ends of recordings are kept aside, in order, and sent later.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;

use rotaline_media::tape::CHUNK_FRAMES;
use rotaline_media::{TapeChunk, TapeId, TapeMessage};
use rtrb::{Consumer, Producer, RingBuffer};

/// Messages that a lane holds.
const LANE_MESSAGES: usize = 4_096;
/// Beginnings and ends kept aside while a lane is full; what is beyond is dropped: the writer opens
/// a recording at its first audio, and closes it when none comes any more.
const MAX_ASIDE: usize = 1_024;
/// Chunks that a media thread keeps from those that it could not send.
const MAX_KEPT: usize = 64;
/// Chunks made ahead, so that the first calls allocate none.
const MADE_AHEAD: usize = 64;

/// The media thread's end.
#[derive(Debug)]
pub struct RecordingLane {
    messages: Producer<TapeMessage>,
    spare: Consumer<Box<TapeChunk>>,
    aside: VecDeque<TapeMessage>,
    #[expect(
        clippy::vec_box,
        reason = "chunks are passed as boxes, and go back as such"
    )]
    kept: Vec<Box<TapeChunk>>,
    lost: Arc<LaneLosses>,
    writer: Waker,
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct WriterEnd {
    pub(super) messages: Consumer<TapeMessage>,
    pub(super) spare: Producer<Box<TapeChunk>>,
    pub(super) lost: Arc<LaneLosses>,
}

/// What a full lane has cost, for the writer to report.
#[derive(Debug, Default)]
pub(super) struct LaneLosses {
    /// Chunks dropped.
    pub(super) chunks: AtomicU64,
    /// Beginnings and ends dropped.
    pub(super) edges: AtomicU64,
}

/// Wakes the writer, which sleeps while nothing is recorded.
#[derive(Clone, Debug)]
pub(super) struct Waker {
    thread: Thread,
    asleep: Arc<AtomicBool>,
}

impl Waker {
    pub(super) fn new(thread: Thread, asleep: Arc<AtomicBool>) -> Self {
        Waker { thread, asleep }
    }

    /// Costs a system call only if the writer sleeps.
    pub(super) fn wake(&self) {
        if self.asleep.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
    }
}

/// A lane's two ends.
pub(super) fn lane(writer: Waker) -> (RecordingLane, WriterEnd) {
    let (messages, writer_messages) = RingBuffer::new(LANE_MESSAGES);
    let (mut writer_spare, spare) = RingBuffer::new(LANE_MESSAGES);
    for _ in 0..MADE_AHEAD {
        let made = writer_spare.push(Box::new(empty_chunk()));
        debug_assert!(made.is_ok(), "a new ring has room for {MADE_AHEAD}");
    }
    let lost = Arc::new(LaneLosses::default());
    let media_end = RecordingLane {
        messages,
        spare,
        aside: VecDeque::new(),
        kept: Vec::new(),
        lost: Arc::clone(&lost),
        writer,
    };
    let writer_end = WriterEnd {
        messages: writer_messages,
        spare: writer_spare,
        lost,
    };
    (media_end, writer_end)
}

impl RecordingLane {
    /// Hands a message to the writer; never waits.
    pub fn tape(&mut self, message: TapeMessage) {
        self.send_aside();
        let wake = matches!(message, TapeMessage::Started(_));
        if self.aside.is_empty() {
            match self.messages.push(message) {
                Ok(()) => {}
                Err(rtrb::PushError::Full(message)) => self.keep(message),
            }
        } else {
            self.keep(message);
        }
        if wake {
            self.writer.wake();
        }
    }

    /// An empty chunk: one that came back, or a new one.
    pub fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        let mut chunk = self
            .kept
            .pop()
            .or_else(|| self.spare.pop().ok())
            .unwrap_or_else(|| Box::new(empty_chunk()));
        chunk.tape = tape;
        chunk
    }

    fn send_aside(&mut self) {
        while let Some(message) = self.aside.pop_front() {
            if let Err(rtrb::PushError::Full(message)) = self.messages.push(message) {
                self.aside.push_front(message);
                return;
            }
        }
    }

    fn keep(&mut self, message: TapeMessage) {
        match message {
            TapeMessage::Chunk(mut chunk) => {
                self.lost.chunks.fetch_add(1, Ordering::Relaxed);
                if self.kept.len() < MAX_KEPT {
                    chunk.frames.clear();
                    self.kept.push(chunk);
                }
            }
            edge @ (TapeMessage::Started(_) | TapeMessage::Stopped(_)) => {
                if self.aside.len() < MAX_ASIDE {
                    self.aside.push_back(edge);
                } else {
                    self.lost.edges.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

fn empty_chunk() -> TapeChunk {
    let nobody = rotaline_model::CaseId::from(uuid::Uuid::nil());
    TapeChunk {
        tape: TapeId {
            case: nobody,
            part: 0,
        },
        start: 0,
        frames: Vec::with_capacity(CHUNK_FRAMES as usize),
    }
}
