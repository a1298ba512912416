use crate::disk::{Disk, DiskFile, RealDisk};
use crate::entry::{self, ENTRY_HEADER_BYTES, Entry};
use crate::error::JournalError;
use crate::segment::{self, SEGMENT_HEADER_BYTES, Segment};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Read at once: little at the end of the journal, where the rest is empty, and more with every read before it.
const READ_BYTES_MIN: usize = 16 << 10;
const READ_BYTES_MAX: usize = 1 << 20;

/// Reads a journal beside its writer, up to what is durable.
pub struct Reader {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    current: Option<(Box<dyn DiskFile>, PathBuf)>,
    offset: u64,
    /// Bytes of the segment from `offset` on.
    buffer: Vec<u8>,
    used: usize,
    read_bytes: usize,
    next: u64,
}

impl Reader {
    /// Begins with the entry that holds the sequence after `after_sequence`.
    pub fn open(dir: &Path, after_sequence: u64) -> Self {
        Self::open_on(Arc::new(RealDisk), dir, after_sequence)
    }

    /// As `open`, on another disk.
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path, after_sequence: u64) -> Self {
        Reader {
            disk,
            dir: dir.to_owned(),
            current: None,
            offset: 0,
            buffer: Vec::new(),
            used: 0,
            read_bytes: READ_BYTES_MIN,
            next: after_sequence + 1,
        }
    }

    /// Sequence that the next entry has or holds.
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Hands the next entry to `visit`, unless it goes beyond `durable`. Returns whether there was one.
    /// Only whole entries become durable, so an entry is either visible or not.
    pub fn read(&mut self, durable: u64, visit: impl FnOnce(&Entry<'_>)) -> Result<bool, JournalError> {
        let mut visit = Some(visit);
        while self.next <= durable {
            if self.current.is_none() {
                self.open_segment()?;
            }
            let start = self.offset;
            match self.entry()? {
                Some(length) => {
                    // Decoded anew because the borrow of the buffer ends with `entry`.
                    let (entry, _) = entry::decode(&self.buffer[self.used..]).ok_or_else(|| self.corrupt(start))?;
                    let last = entry.last_sequence();
                    let wanted = last >= self.next;
                    if wanted && let Some(visit) = visit.take() {
                        visit(&entry);
                    }
                    self.used += length;
                    self.offset += length as u64;
                    if wanted {
                        self.next = last + 1;
                        return Ok(true);
                    }
                }
                None => self.next_segment(start)?,
            }
        }
        Ok(false)
    }

    fn open_segment(&mut self) -> Result<(), JournalError> {
        let (file, path) = self.find_segment()?;
        self.current = Some((file, path));
        self.offset = SEGMENT_HEADER_BYTES as u64;
        self.buffer.clear();
        self.used = 0;
        Ok(())
    }

    fn find_segment(&self) -> Result<(Box<dyn DiskFile>, PathBuf), JournalError> {
        let trimmed = JournalError::Trimmed {
            after_sequence: self.next - 1,
        };
        let segments = segment::list(&*self.disk, &self.dir)?;
        let found = segments
            .into_iter()
            .rev()
            .find(|segment| segment.first_sequence <= self.next);
        let Some(Segment { path, .. }) = found else {
            return Err(trimmed);
        };
        match self.disk.open(&path) {
            Ok(file) => Ok((file, path)),
            // Trimmed since the folder was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => Err(trimmed),
            Err(error) => Err(JournalError::io(&path)(error)),
        }
    }

    /// The segment holds nothing more although more is durable: it must go on in the next.
    fn next_segment(&mut self, offset: u64) -> Result<(), JournalError> {
        let here = self.current.as_ref().map(|(_, path)| path.clone());
        self.open_segment()?;
        if self.current.as_ref().map(|(_, path)| path.clone()) == here {
            Err(self.corrupt(offset))
        } else {
            Ok(())
        }
    }

    /// Padded length of the entry at the offset, once it is in the buffer.
    fn entry(&mut self) -> Result<Option<usize>, JournalError> {
        // What was read ahead may be older than what has become durable since: then it is read once more.
        for _ in 0..2 {
            self.ensure(ENTRY_HEADER_BYTES)?;
            if let Some(bytes) = self.buffer.get(self.used + 4..self.used + 8) {
                self.ensure(u32::from_le_bytes(bytes.try_into().unwrap()) as usize)?;
            }
            if let Some((entry, _)) = entry::decode(&self.buffer[self.used..]) {
                return Ok(Some(entry.padded_len()));
            }
            self.buffer.clear();
            self.used = 0;
            self.read_bytes = READ_BYTES_MIN;
        }
        Ok(None)
    }

    fn ensure(&mut self, wanted: usize) -> Result<(), JournalError> {
        if self.buffer.len() - self.used < wanted {
            self.fill(wanted)
        } else {
            Ok(())
        }
    }

    fn fill(&mut self, wanted: usize) -> Result<(), JournalError> {
        let Some((file, path)) = &self.current else {
            return Ok(());
        };
        self.buffer.drain(..self.used);
        self.used = 0;
        let have = self.buffer.len();
        let target = wanted.clamp(self.read_bytes, entry::ENTRY_BYTES_MAX);
        self.read_bytes = (2 * self.read_bytes).min(READ_BYTES_MAX);
        self.buffer.resize(target.max(have), 0);
        let mut filled = have;
        while filled < self.buffer.len() {
            match file
                .read_at(&mut self.buffer[filled..], self.offset + filled as u64)
                .map_err(JournalError::io(path))?
            {
                0 => break,
                read => filled += read,
            }
        }
        self.buffer.truncate(filled);
        Ok(())
    }

    fn corrupt(&self, offset: u64) -> JournalError {
        let path = self.current.as_ref().map(|(_, path)| path.clone()).unwrap_or_default();
        JournalError::Corrupt {
            path,
            offset,
            after_sequence: self.next - 1,
            what: "entry",
        }
    }
}
