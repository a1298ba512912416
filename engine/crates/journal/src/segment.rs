use crate::disk::{Disk, DiskFile, RealDisk};
use crate::error::JournalError;
use std::path::{Path, PathBuf};

/// Entries begin here, on a page of their own.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 4_096;
const MAGIC: &[u8; 8] = b"MIBSEG01";

/// A file of entries, named after the sequence of its first one.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub first_sequence: u64,
    pub path: PathBuf,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub journal: [u8; 16],
    pub first_sequence: u64,
    /// Checksum of the last entry of the segment before.
    pub previous_crc: u32,
}

impl SegmentHeader {
    pub fn write(&self, file: &dyn DiskFile) -> std::io::Result<()> {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..24].copy_from_slice(&self.journal);
        bytes[24..32].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.previous_crc.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..36]);
        bytes[36..40].copy_from_slice(&crc.to_le_bytes());
        file.write_all_at(&bytes, 0)
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 40] = bytes.first_chunk()?;
        if &bytes[..8] != MAGIC || crc32c::crc32c(&bytes[..36]).to_le_bytes() != bytes[36..40] {
            return None;
        }
        Some(SegmentHeader {
            journal: bytes[8..24].try_into().ok()?,
            first_sequence: u64::from_le_bytes(bytes[24..32].try_into().ok()?),
            previous_crc: u32::from_le_bytes(bytes[32..36].try_into().ok()?),
        })
    }
}

/// The format of a segment that another version of the engine wrote.
pub(crate) fn other_format(bytes: &[u8]) -> Option<String> {
    let format = bytes.get(..MAGIC.len())?.strip_prefix(b"MIBSEG")?;
    (format != b"01" && format.iter().all(u8::is_ascii_digit)).then(|| String::from_utf8_lossy(format).into_owned())
}

pub(crate) fn segment_path(dir: &Path, first_sequence: u64) -> PathBuf {
    dir.join(format!("{first_sequence:020}.journal"))
}

/// All segments, oldest first.
pub(crate) fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<Segment>, JournalError> {
    let mut segments: Vec<Segment> = disk
        .list(dir)
        .map_err(JournalError::io(dir))?
        .into_iter()
        .filter_map(|(name, bytes)| {
            Some(Segment {
                first_sequence: name.strip_suffix(".journal")?.parse().ok()?,
                path: dir.join(&name),
                bytes,
            })
        })
        .collect();
    segments.sort_by_key(|segment| segment.first_sequence);
    Ok(segments)
}

/// First sequence and bytes of each segment, oldest first.
pub fn extents(dir: &Path) -> Result<Vec<(u64, u64)>, JournalError> {
    let segments = list(&RealDisk, dir)?;
    Ok(segments.iter().map(|each| (each.first_sequence, each.bytes)).collect())
}

/// Whether the journal still has its first entry.
pub fn is_untrimmed(dir: &Path) -> bool {
    list(&RealDisk, dir).is_ok_and(|segments| segments.first().is_none_or(|first| first.first_sequence == 1))
}
