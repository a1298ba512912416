// Tick 3/8: what arrived since the last flush goes to disk together; only then is it acknowledged and published.
use crate::disk::{Disk, DiskFile, RealDisk};
use crate::entry::{self, ENTRY_BYTES_MAX, Entry};
use crate::error::JournalError;
use crate::identity::Identity;
use crate::recovery::{self, Recovered};
use crate::segment::{self, SEGMENT_HEADER_BYTES, Segment, SegmentHeader, segment_path};
use crate::spare::SpareMaker;
use mib_protocol::shard::Shard;
use std::any::Any;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub segment_bytes: u64,
}

/// The writer's end of a journal. There is one, held by a lock.
pub struct Journal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: Options,
    identity: Identity,
    segments: Vec<Segment>,
    current: Option<Box<dyn DiskFile>>,
    /// Byte in the current segment at which the pending group begins.
    offset: u64,
    pending: Vec<u8>,
    last_crc: u32,
    appended: u64,
    committed: u64,
    spare: SpareMaker,
    _lock: Box<dyn Any + Send>,
}

impl Journal {
    /// Locks the journal, reads what comes after `after_sequence` and makes it ready for writing.
    pub fn open(
        dir: &Path,
        options: Options,
        after_sequence: u64,
        visit: impl FnMut(&Entry<'_>),
    ) -> Result<(Self, Recovered), JournalError> {
        Self::open_on(Arc::new(RealDisk), dir, options, after_sequence, visit)
    }

    /// As `open`, on another disk.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        after_sequence: u64,
        visit: impl FnMut(&Entry<'_>),
    ) -> Result<(Self, Recovered), JournalError> {
        disk.create_dir_all(dir).map_err(JournalError::io(dir))?;
        let lock = lock(&*disk, dir)?;
        let identity = Identity::load_or_create_on(&*disk, dir, Shard::WHOLE)?;
        let segments = segment::list(&*disk, dir)?;
        let tail = recovery::recover(&*disk, &segments, &identity.journal, after_sequence, visit)?;
        let current = segments
            .last()
            .map(|last| disk.open(&last.path).map_err(JournalError::io(&last.path)))
            .transpose()?;
        let spare = SpareMaker::start(&disk, dir, options.segment_bytes);
        let journal = Journal {
            disk,
            dir: dir.to_owned(),
            options,
            identity,
            segments,
            current,
            offset: tail.offset,
            pending: Vec::with_capacity(1 << 20),
            last_crc: tail.last_crc,
            appended: tail.recovered.last_sequence,
            committed: tail.recovered.last_sequence,
            spare,
            _lock: lock,
        };
        Ok((journal, tail.recovered))
    }

    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Last sequence that is on disk.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    pub fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Makes sure that the next entry of so many bytes has a place; commits what is pending when a new segment begins.
    /// `DiskFull` leaves everything as it is: try again.
    pub fn reserve(&mut self, entry: &Entry<'_>) -> Result<(), JournalError> {
        assert!(
            entry.padded_len() <= ENTRY_BYTES_MAX
                && entry.padded_len() + SEGMENT_HEADER_BYTES <= self.options.segment_bytes as usize
        );
        let end = self.offset + (self.pending.len() + entry.padded_len()) as u64;
        if self.current.is_some() && end <= self.segments.last().map_or(0, |segment| segment.bytes) {
            return Ok(());
        }
        self.commit()?;
        self.roll(entry.first_sequence)
    }

    /// Adds an entry to the pending group. Precondition: `reserve` was called for it, and its sequence is the next.
    pub fn append(&mut self, entry: &Entry<'_>) {
        assert_eq!(entry.first_sequence, self.appended + 1, "sequences have no holes");
        self.last_crc = entry::encode(&mut self.pending, entry, self.last_crc, self.offset as u32);
        self.appended = entry.last_sequence();
    }

    /// Writes the pending group and waits for the disk. On return everything that was appended is durable.
    pub fn commit(&mut self) -> Result<u64, JournalError> {
        let (Some(file), Some(segment)) = (&self.current, self.segments.last()) else {
            return Ok(self.committed);
        };
        if !self.pending.is_empty() {
            file.write_all_at(&self.pending, self.offset)
                .map_err(JournalError::io(&segment.path))?;
            file.sync_data().map_err(|error| JournalError::SyncFailed {
                path: segment.path.clone(),
                error,
            })?;
            self.offset += self.pending.len() as u64;
            self.pending.clear();
            self.spare.set_used(self.offset, segment.bytes);
        }
        self.committed = self.appended;
        Ok(self.committed)
    }

    /// Deletes the segments that hold nothing after `keep_after`; returns how many.
    pub fn trim(&mut self, keep_after: u64) -> Result<u32, JournalError> {
        let mut deleted = 0;
        while self.segments.len() > 1 && self.segments[1].first_sequence <= keep_after + 1 {
            let oldest = self.segments.remove(0);
            self.disk.remove(&oldest.path).map_err(JournalError::io(&oldest.path))?;
            deleted += 1;
        }
        Ok(deleted)
    }

    fn roll(&mut self, first_sequence: u64) -> Result<(), JournalError> {
        let file = self.spare.take()?;
        let path = segment_path(&self.dir, first_sequence);
        let header = SegmentHeader {
            journal: self.identity.journal,
            first_sequence,
            previous_crc: self.last_crc,
        };
        let place = || -> std::io::Result<()> {
            header.write(&*file)?;
            file.sync_data()?;
            self.disk.rename(&self.spare.path, &path)?;
            self.disk.sync_dir(&self.dir)
        };
        place().map_err(JournalError::io(&path))?;
        self.segments.push(Segment {
            first_sequence,
            path,
            bytes: self.options.segment_bytes,
        });
        self.current = Some(file);
        self.offset = SEGMENT_HEADER_BYTES as u64;
        self.spare.set_used(self.offset, self.options.segment_bytes);
        self.spare.prepare();
        Ok(())
    }
}

fn lock(disk: &dyn Disk, dir: &Path) -> Result<Box<dyn Any + Send>, JournalError> {
    let path = dir.join("lock");
    disk.lock(&path).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => JournalError::Locked { path },
        _ => JournalError::io(&path)(error),
    })
}
