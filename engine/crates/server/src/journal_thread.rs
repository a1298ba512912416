use crate::progress::Progress;
use crate::slot::Slot;
use crate::subscribers::SubscriberWaker;
use mib_journal::{Entry, Journal, JournalError};
use mib_ring::{Consumer, Parker};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A group commit takes at most so much; what arrives during the flush is the next group.
const GROUP_BYTES_MAX: usize = 512 * 1_024;
const DISK_FULL_RETRY: Duration = Duration::from_millis(500);
/// EX_IOERR of sysexits.h: the disk can't be relied on.
const EXIT_CODE_IO: i32 = 74;

pub struct JournalThread {
    pub journal: Journal,
    pub consumer: Consumer<Slot>,
    pub progress: Arc<Progress>,
    pub io: Arc<mio::Waker>,
    pub publisher: Arc<Parker>,
    pub subscribers: Arc<SubscriberWaker>,
}

impl JournalThread {
    /// Runs until the ring is closed and empty. Ends the process when the disk fails: what may not be on disk must not be
    /// acknowledged.
    pub fn run(mut self) {
        loop {
            let available = self.consumer.available();
            if available == 0 {
                if self.consumer.is_closed() && self.consumer.available() == 0 {
                    break;
                }
                self.consumer.wait(None);
                continue;
            }
            let taken = self.take(available);
            self.consumer.release(taken);
            self.commit();
            self.trim();
        }
    }

    /// Puts slots into the pending group; returns how many.
    fn take(&mut self, available: u64) -> u64 {
        for ahead in 0..available {
            let entry = self.consumer.peek(ahead).entry();
            if self.journal.pending_bytes() >= GROUP_BYTES_MAX
                || !Self::reserve(&mut self.journal, &entry, &self.progress)
            {
                return ahead;
            }
            self.journal.append(&entry);
            self.progress
                .journal_bytes_written
                .fetch_add(entry.body.len() as u64 + 48, Ordering::Relaxed);
        }
        available
    }

    /// False when the disk is full. Nothing is lost by that: the ring fills up, and feeds keep what is not durable.
    fn reserve(journal: &mut Journal, entry: &Entry<'_>, progress: &Progress) -> bool {
        match journal.reserve(entry) {
            Ok(()) => {
                if progress.disk_full.swap(false, Ordering::AcqRel) {
                    crate::info!("the journal has room again");
                }
                true
            }
            Err(JournalError::DiskFull { path }) => {
                if !progress.disk_full.swap(true, Ordering::AcqRel) {
                    crate::error!("the disk is full: nothing is accepted until there is room", "path": path.display());
                }
                false
            }
            Err(error) => fatal(&error),
        }
    }

    fn commit(&mut self) {
        match self.journal.commit() {
            Ok(durable) => {
                // Release: whoever sees the sequence may rely on the disk.
                self.progress.durable.store(durable, Ordering::Release);
                self.progress.commits.fetch_add(1, Ordering::Relaxed);
                self.progress
                    .journal_bytes
                    .store(self.journal.bytes(), Ordering::Relaxed);
                self.publisher.wake();
                self.subscribers.wake();
                let _ = self.io.wake();
            }
            Err(error) => fatal(&error),
        }
        if self.progress.disk_full.load(Ordering::Acquire) {
            if self.progress.stopping() {
                // What is in the ring was never acknowledged: the feeds have it.
                self.consumer.release(self.consumer.available());
            } else {
                std::thread::sleep(DISK_FULL_RETRY);
            }
        }
    }

    fn trim(&mut self) {
        match self.journal.trim(self.progress.keep_after.load(Ordering::Acquire)) {
            Ok(0) => {}
            Ok(segments) => crate::info!("journal trimmed", "segments": segments),
            Err(error) => crate::warning!("the journal can't be trimmed", "err": error),
        }
    }
}

fn fatal(error: &JournalError) -> ! {
    crate::error!("the journal failed, the engine ends", "err": error);
    std::process::exit(EXIT_CODE_IO);
}
