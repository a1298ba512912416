use crossbeam_utils::CachePadded;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far each stage is, by the engine's sequence, and what else several threads want to know.
#[derive(Default)]
pub struct Progress {
    pub received: CachePadded<AtomicU64>,
    pub applied: CachePadded<AtomicU64>,
    /// On disk. Stored after fdatasync returned, never before.
    pub durable: CachePadded<AtomicU64>,
    /// Outputs of all inputs up to here have been handed to the publisher, unless it is catching up by itself.
    pub emitted: CachePadded<AtomicU64>,
    /// Kafka has taken everything that came of inputs up to here.
    pub published: CachePadded<AtomicU64>,
    /// The journal may be trimmed up to here.
    pub keep_after: AtomicU64,
    pub journal_bytes_written: AtomicU64,
    pub journal_bytes: AtomicU64,
    pub commits: AtomicU64,
    pub disk_full: AtomicBool,
    pub stopping: AtomicBool,
    /// A session wants to hear what is visible.
    pub visible_wanted: AtomicBool,
    pub kafka_connected: AtomicBool,
    pub publish_errors: AtomicU64,
    pub published_messages: AtomicU64,
    pub catch_ups: AtomicU64,
    pub new_epochs: AtomicU64,
    pub connections: AtomicU64,
    pub bad_frames: AtomicU64,
    pub duplicates: AtomicU64,
    pub queries: AtomicU64,
    pub subscribers: AtomicU64,
    pub subscriber_records: AtomicU64,
    /// Times that one had no room for what was new.
    pub subscribers_slow: AtomicU64,
    pub subscriber_gaps: AtomicU64,
    /// The epoch, and the sequence after which it began.
    pub epoch: RwLock<([u8; 16], u64)>,
}

impl Progress {
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub fn epoch(&self) -> [u8; 16] {
        self.epoch_and_after().0
    }

    pub fn epoch_and_after(&self) -> ([u8; 16], u64) {
        *self.epoch.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn set_epoch(&self, epoch: [u8; 16], after: u64) {
        *self.epoch.write().unwrap_or_else(std::sync::PoisonError::into_inner) = (epoch, after);
    }

    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
