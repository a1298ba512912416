use crossbeam_queue::ArrayQueue;
use mib_core::bar::Bar;
use mib_core::sink::Position;
use mib_protocol::messages::{BarInterval, Quote, Trade};
use mib_ring::Parker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Something to publish.
#[derive(Clone, Debug)]
pub enum Output {
    Trade(Position, Trade),
    FinalBar(Position, u32, BarInterval, Bar),
    /// State: a newer one replaces it.
    Quote(u64, Quote),
    CurrentBar(u64, u32, BarInterval, Bar),
}

impl Output {
    pub fn position(&self) -> Position {
        match self {
            Output::Trade(position, _) | Output::FinalBar(position, ..) => *position,
            Output::Quote(sequence, _) | Output::CurrentBar(sequence, ..) => Position {
                sequence: *sequence,
                ordinal: 0,
            },
        }
    }

    /// One of a series in which none may be missing.
    pub fn is_event(&self) -> bool {
        matches!(self, Output::Trade(..) | Output::FinalBar(..))
    }
}

/// From the owner of the state to the publisher. Bounded: when it is full, the publisher computes what it missed from the
/// journal, so that a broker that is away never holds the engine up.
pub struct OutputQueue {
    queue: ArrayQueue<Output>,
    pub handover: Handover,
    pub publisher: Arc<Parker>,
}

/// How the publisher, having caught up from the journal, is handed the live outputs again without hole or repeat.
#[derive(Default)]
pub struct Handover {
    /// The publisher is near the end of the journal and wants the live outputs.
    requested: AtomicBool,
    /// Outputs of inputs after this sequence come through the queue; `u64::MAX`: none do.
    live_after: AtomicU64,
}

impl OutputQueue {
    pub fn new(publisher: Arc<Parker>, queue_max: usize) -> Self {
        let handover = Handover {
            requested: AtomicBool::new(false),
            live_after: AtomicU64::new(u64::MAX),
        };
        OutputQueue {
            queue: ArrayQueue::new(queue_max),
            handover,
            publisher,
        }
    }

    /// False when the queue is full.
    pub fn push(&self, output: Output) -> bool {
        self.queue.push(output).is_ok()
    }

    pub fn pop(&self) -> Option<Output> {
        self.queue.pop()
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Share of the queue that is in use is small enough for state that can wait.
    pub fn has_room(&self) -> bool {
        self.queue.len() <= self.queue.capacity() / 2
    }
}

impl Handover {
    pub fn request(&self) {
        self.requested.store(true, Ordering::Release);
    }

    /// Asked by the state's owner between inputs: whether to push from here on.
    pub fn take_request(&self) -> bool {
        self.requested.load(Ordering::Acquire) && self.requested.swap(false, Ordering::AcqRel)
    }

    pub fn go_live(&self, after: u64) {
        self.live_after.store(after, Ordering::Release);
    }

    /// Live outputs are not (or no longer) complete: said by the owner of the state when the queue is full, and by the
    /// publisher when it has lost some. Both then stop, until the publisher asks again.
    pub fn withdraw(&self) {
        self.live_after.store(u64::MAX, Ordering::Release);
    }

    pub fn live_after(&self) -> Option<u64> {
        Some(self.live_after.load(Ordering::Acquire)).filter(|&after| after != u64::MAX)
    }
}
