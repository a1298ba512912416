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
        write_atomically(&self.path(sequence), &bytes)?;
        Ok(bytes.len() as u64)
    }

    /// Keeps those from which the journal can be gone through within `bytes_max` of it, and always one from which everything
    /// unpublished can be computed again, but not two between which there is less than `apart`. Returns the sequence of the
    /// oldest that is kept (0: before all inputs): the journal is still needed after it.
    pub fn prune(&self, journal_dir: &Path, published: u64, bytes_max: u64, apart: u64) -> Result<u64, JournalError> {
        let extents = mib_journal::extents(journal_dir)?;
        let all: Vec<u64> = self.list().into_iter().map(|(sequence, _)| sequence).collect();
        let kept = kept(&extents, &all, published, bytes_max, apart);
        for sequence in &all {
            if !kept.contains(sequence) {
                let _ = fs::remove_file(self.path(*sequence));
            }
        }
        Ok(kept[0])
    }

    fn path(&self, sequence: u64) -> PathBuf {
        self.dir.join(format!("{sequence:020}.snapshot"))
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

/// Which of the snapshots at these sequences are kept, oldest first; 0 stands for the state before all inputs.
fn kept(extents: &[(u64, u64)], snapshots: &[u64], published: u64, bytes_max: u64, apart: u64) -> Vec<u64> {
    let first = extents.first().map_or(1, |(first, _)| *first);
    let bytes_after = |sequence: u64| {
        let from = extents.partition_point(|(first, _)| *first <= sequence + 1).max(1) - 1;
        extents.iter().skip(from).map(|(_, bytes)| bytes).sum::<u64>()
    };
    let usable = || {
        std::iter::once(0)
            .chain(snapshots.iter().copied())
            .filter(|sequence| sequence + 1 >= first)
    };
    let needed = usable().rfind(|sequence| *sequence <= published).unwrap_or(0);
    let oldest = usable()
        .find(|sequence| bytes_after(*sequence) <= bytes_max)
        .unwrap_or(needed)
        .min(needed);
    let mut kept = vec![oldest];
    let mut newer = snapshots
        .iter()
        .copied()
        .filter(|sequence| *sequence > oldest)
        .peekable();
    while let Some(sequence) = newer.next() {
        let before = kept.last().copied().unwrap_or(0);
        let close = |next: &u64| bytes_after(before) - bytes_after(*next) < apart;
        if !newer.peek().is_some_and(close) {
            kept.push(sequence);
        }
    }
    kept
}

/// Writes snapshots beside the running engine: from the last one and the journal, not from the live state, so that nothing
/// waits for it. Says up to where the journal may be deleted so that at most `bytes_max` of it are left: always to a snapshot, so
/// that whatever it still has can be gone through.
pub fn run_worker(
    snapshots: &Snapshots,
    journal_dir: &Path,
    bytes_max: u64,
    publishing: bool,
    progress: &Arc<Progress>,
) {
    // What recovery had to go through counts too, so that restarts stay quick.
    let mut written_at = 0;
    let every_bytes = bytes_max / 4;
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
        match snapshots.prune(journal_dir, published, bytes_max, every_bytes) {
            Ok(keep_after) => progress.keep_after.store(keep_after, Ordering::Release),
            Err(error) => crate::warning!("the journal can't be looked through", "err": error),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments of ten bytes that begin with inputs 1, 101, 201 and so on; `first` is the first that there still is.
    fn check(first: u64, snapshots: &[u64], published: u64, expected: &[u64]) {
        let extents: Vec<(u64, u64)> = (first..10).map(|each| (each * 100 + 1, 10)).collect();
        assert_eq!(kept(&extents, snapshots, published, 40, 10), expected);
    }

    #[test]
    fn what_the_journal_goes_on_from_is_kept() {
        // Nine segments and the one being written: 40 bytes are what follows on 600.
        check(0, &[150, 350, 550, 650, 850], u64::MAX, &[650, 850]);
        check(0, &[150, 350, 550, 600, 850], u64::MAX, &[600, 850]);
        // None leaves little enough: the newest.
        check(0, &[150, 350], u64::MAX, &[350]);
        check(0, &[], u64::MAX, &[0]);
        // The journal was trimmed beyond 550.
        check(6, &[550, 650, 850], u64::MAX, &[650, 850]);
        // All of it may stay.
        check(6, &[600, 850], u64::MAX, &[600, 850]);
    }

    #[test]
    fn what_is_unpublished_is_kept() {
        check(0, &[150, 350, 650, 850], 400, &[350, 650, 850]);
        check(0, &[150, 350, 650, 850], 100, &[0, 150, 350, 650, 850]);
    }

    #[test]
    fn snapshots_of_many_restarts_are_thinned_out() {
        check(0, &[610, 612, 614, 616, 850, 851, 852], u64::MAX, &[610, 616, 850, 852]);
    }
}
