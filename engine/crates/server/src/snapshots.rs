use crate::progress::Progress;
use crate::replay;
use mib_core::limits::Limits;
use mib_core::sink::Discard;
use mib_core::state::State;
use mib_journal::{JournalError, Reader, write_atomically};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const MAGIC: &[u8; 8] = b"MIBSNAP1";
const HEADER_BYTES: usize = 48;
const POLL: Duration = Duration::from_millis(250);

/// States on disk. A snapshot is written only up to what is durable, and is one of this journal.
#[derive(Clone, Debug)]
pub struct Snapshots {
    dir: PathBuf,
    journal: [u8; 16],
    limits: Limits,
}

impl Snapshots {
    /// Those that are there, for reading; makes nothing.
    pub fn of(data_dir: &Path, journal: [u8; 16], limits: Limits) -> Self {
        let dir = data_dir.join("snapshots");
        Snapshots { dir, journal, limits }
    }

    pub fn new(data_dir: &Path, journal: [u8; 16], limits: Limits) -> Result<Self, JournalError> {
        let snapshots = Self::of(data_dir, journal, limits);
        fs::create_dir_all(&snapshots.dir).map_err(|error| JournalError::Io {
            path: snapshots.dir.clone(),
            error,
        })?;
        Ok(snapshots)
    }

    /// The newest state at or before a sequence; an empty one when there is none. What can't be read is skipped with a warning:
    /// the journal still has what follows the older one.
    pub fn load(&self, at_most: u64) -> State {
        for (sequence, path) in self
            .list()
            .into_iter()
            .rev()
            .filter(|(sequence, _)| *sequence <= at_most)
        {
            match self.read(&path, sequence) {
                Ok(state) => return state,
                Err(what) => crate::warning!("a snapshot is skipped", "path": path.display(), "reason": what),
            }
        }
        State::new(self.limits)
    }

    /// The oldest state there is; an empty one when there is none. One that was deleted meanwhile is followed by a newer one.
    pub fn load_oldest(&self) -> State {
        loop {
            let all = self.list();
            for (sequence, path) in &all {
                match self.read(path, *sequence) {
                    Ok(state) => return state,
                    Err(what) => crate::warning!("a snapshot is skipped", "path": path.display(), "reason": what),
                }
            }
            if all.iter().all(|(_, path)| path.exists()) {
                return State::new(self.limits);
            }
        }
    }

    /// Sequence of the newest snapshot at or before a sequence; 0 when there is none.
    pub fn newest(&self, at_most: u64) -> u64 {
        self.list()
            .into_iter()
            .map(|(sequence, _)| sequence)
            .filter(|&sequence| sequence <= at_most)
            .max()
            .unwrap_or(0)
    }

    /// Sequence of the oldest snapshot; 0 when there is none.
    pub fn oldest(&self) -> u64 {
        self.list().first().map_or(0, |(sequence, _)| *sequence)
    }

    pub fn store(&self, state: &State) -> Result<u64, JournalError> {
        let body = state.to_bytes();
        let sequence = state.applied_sequence();
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.journal);
        bytes.extend_from_slice(&sequence.to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        bytes.resize(HEADER_BYTES, 0);
        bytes.extend_from_slice(&body);
        write_atomically(&self.dir.join(format!("{sequence:020}.snapshot")), &bytes)?;
        Ok(bytes.len() as u64)
    }

    /// Keeps the newest one, and the newest one from which everything unpublished can be computed again. Returns the sequence
    /// after which the journal is still needed.
    pub fn prune(&self, published: u64) -> u64 {
        let all = self.list();
        let Some(&(newest, _)) = all.last() else { return 0 };
        let needed = self.newest(published);
        for (sequence, path) in &all {
            if *sequence != newest && *sequence != needed {
                let _ = fs::remove_file(path);
            }
        }
        needed
    }

    /// All snapshots, oldest first.
    fn list(&self) -> Vec<(u64, PathBuf)> {
        let mut found: Vec<(u64, PathBuf)> = fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let sequence = entry.file_name().to_str()?.strip_suffix(".snapshot")?.parse().ok()?;
                Some((sequence, entry.path()))
            })
            .collect();
        found.sort();
        found
    }

    fn read(&self, path: &Path, sequence: u64) -> Result<State, String> {
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        let (header, body) = bytes.split_at_checked(HEADER_BYTES).ok_or("it is cut off")?;
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().unwrap_or_default());
        if &header[..8] != MAGIC || header[8..24] != self.journal || number(24) != sequence {
            return Err("it is not of this journal".into());
        }
        if number(32) != body.len() as u64 || crc32c::crc32c(body).to_le_bytes() != header[40..44] {
            return Err("its checksum does not hold".into());
        }
        State::from_bytes(body, self.limits).map_err(|error| format!("{error:?}"))
    }
}

/// Writes snapshots beside the running engine: from the last one and the journal, not from the live state, so that nothing
/// waits for it.
pub fn run_worker(
    snapshots: &Snapshots,
    journal_dir: &Path,
    every_bytes: u64,
    publishing: bool,
    progress: &Arc<Progress>,
) {
    // What recovery had to go through counts too, so that restarts stay quick.
    let mut written_at = 0;
    let mut pruned_for = (u64::MAX, u64::MAX);
    while !progress.stopping() {
        std::thread::sleep(POLL);
        let written = progress.journal_bytes_written.load(Ordering::Relaxed);
        let durable = progress.durable();
        if written - written_at >= every_bytes {
            written_at = written;
            match build(snapshots, journal_dir, durable, progress) {
                Ok(Some((sequence, bytes))) => crate::info!("snapshot written", "sequence": sequence, "bytes": bytes),
                Ok(None) => {}
                Err(error) => crate::error!("no snapshot could be written", "err": error),
            }
        }
        let published = if publishing {
            progress.published.load(Ordering::Acquire)
        } else {
            u64::MAX
        };
        let wanted = (snapshots.newest(u64::MAX), snapshots.newest(published));
        if wanted != pruned_for {
            pruned_for = wanted;
            progress.keep_after.store(snapshots.prune(published), Ordering::Release);
        }
    }
}

fn build(
    snapshots: &Snapshots,
    journal_dir: &Path,
    durable: u64,
    progress: &Progress,
) -> Result<Option<(u64, u64)>, JournalError> {
    let mut state = snapshots.load(durable);
    let mut reader = Reader::open(journal_dir, state.applied_sequence());
    while reader.read(durable, |entry| replay::apply(&mut state, entry, &mut Discard))? {
        if progress.stopping() {
            return Ok(None);
        }
    }
    let bytes = snapshots.store(&state)?;
    Ok(Some((state.applied_sequence(), bytes)))
}
