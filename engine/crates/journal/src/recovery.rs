use crate::disk::Disk;
use crate::entry::{self, Entry, padded};
use crate::error::JournalError;
use crate::segment::{self, SEGMENT_HEADER_BYTES, Segment, SegmentHeader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What was found in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    pub last_sequence: u64,
    pub entries: u64,
    pub records: u64,
    /// Bytes of a commit that a crash had cut off, before anybody was told of it.
    pub torn_bytes: u64,
}

/// Where writing goes on.
pub(crate) struct Tail {
    pub recovered: Recovered,
    pub last_crc: u32,
    /// Byte in the newest segment at which the next entry goes.
    pub offset: u64,
    /// Byte in the newest segment at which its last commit begins.
    last_commit: u64,
}

/// What a crash left of a commit that nobody was told of, or what a running engine has written of one so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    pub path: PathBuf,
    pub offset: u64,
    pub bytes: u64,
}

/// Reads the segments that hold what comes after `after_sequence`, hands each entry of it to `visit`, and returns the end.
/// Trailing bytes that a crash left of an unfinished commit are cleared; anything else that can't be read is corruption.
pub(crate) fn recover(
    disk: &dyn Disk,
    segments: &[Segment],
    journal: &[u8; 16],
    after_sequence: u64,
    mut visit: impl FnMut(&Entry<'_>),
) -> Result<Tail, JournalError> {
    let read = |index: usize| disk.read(&segments[index].path);
    let (mut tail, torn) = walk(segments, read, journal, after_sequence, Beside::Nobody, |entry| {
        visit(entry);
        ControlFlow::Continue(())
    })?;
    if let Some(torn) = torn {
        clear(disk, &torn)?;
        tail.recovered.torn_bytes = torn.bytes;
    }
    if let Some(newest) = segments.last() {
        settle(disk, &newest.path, tail.last_commit.min(tail.offset), tail.offset)?;
    }
    Ok(tail)
}

/// Writes the last commit once more and waits for the disk. The process that wrote it may have ended before its fdatasync
/// returned, or because that failed: then it can be read although the disk does not have it, and another fdatasync alone would
/// write nothing. What came before was synced, or the last commit would not have begun.
fn settle(disk: &dyn Disk, path: &Path, from: u64, to: u64) -> Result<(), JournalError> {
    let write = || {
        let file = disk.open(path)?;
        let mut bytes = vec![0; (to - from) as usize];
        let mut filled = 0;
        while filled < bytes.len() {
            match file.read_at(&mut bytes[filled..], from + filled as u64)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        file.write_all_at(&bytes, from)?;
        file.sync_data()?;
        disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(|error| JournalError::SyncFailed {
        path: path.to_owned(),
        error,
    })
}

/// Whether somebody may write while the journal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Nobody,
    /// A running engine may add to the newest segment.
    Writer,
}

/// Goes through the segments, whose bytes `read` gives, and changes nothing. Ends early when `visit` breaks.
pub(crate) fn walk(
    segments: &[Segment],
    read: impl Fn(usize) -> std::io::Result<Vec<u8>>,
    journal: &[u8; 16],
    after_sequence: u64,
    beside: Beside,
    mut visit: impl FnMut(&Entry<'_>) -> ControlFlow<()>,
) -> Result<(Tail, Option<TornTail>), JournalError> {
    let mut tail = Tail {
        recovered: Recovered {
            last_sequence: after_sequence,
            ..Recovered::default()
        },
        last_crc: 0,
        offset: SEGMENT_HEADER_BYTES as u64,
        last_commit: SEGMENT_HEADER_BYTES as u64,
    };
    let mut torn = None;
    let start = segments
        .partition_point(|segment| segment.first_sequence <= after_sequence + 1)
        .saturating_sub(1);
    if let Some(first) = segments.get(start)
        && first.first_sequence > after_sequence + 1
    {
        return Err(JournalError::Trimmed { after_sequence });
    }
    let mut chain: Option<(u64, u32)> = None;
    'segments: for (index, each) in segments.iter().enumerate().skip(start) {
        let mut bytes = read(index).map_err(JournalError::io(&each.path))?;
        let corrupt = |offset: usize, after_sequence: u64, what| JournalError::Corrupt {
            path: each.path.clone(),
            offset: offset as u64,
            after_sequence,
            what,
        };
        if let Some(found) = segment::other_format(&bytes) {
            let path = each.path.clone();
            return Err(JournalError::UnknownFormat { path, found });
        }
        let header = SegmentHeader::read(&bytes)
            .filter(|header| header.journal == *journal && header.first_sequence == each.first_sequence)
            .ok_or_else(|| corrupt(0, tail.recovered.last_sequence, "segment header"))?;
        let (mut next, mut crc) = chain.unwrap_or((header.first_sequence, header.previous_crc));
        if (header.first_sequence, header.previous_crc) != (next, crc) {
            return Err(corrupt(0, next - 1, "segment does not follow the one before"));
        }
        let newest = index + 1 == segments.len();
        let mut offset = SEGMENT_HEADER_BYTES;
        let mut last_commit = offset as u64;
        let mut suspect = None;
        loop {
            while let Some((entry, link)) = entry::decode(&bytes[offset..]) {
                if entry.first_sequence != next || link.previous_crc != crc {
                    break;
                }
                if entry.last_sequence() > after_sequence {
                    tail.recovered.entries += 1;
                    tail.recovered.records += u64::from(entry.count);
                    tail.recovered.last_sequence = entry.last_sequence();
                    if visit(&entry).is_break() {
                        break 'segments;
                    }
                }
                next = entry.last_sequence() + 1;
                crc = link.crc;
                last_commit = u64::from(link.group_start);
                offset += entry.padded_len();
            }
            if bytes[offset..].iter().all(|&byte| byte == 0) {
                break;
            }
            if !newest || !is_torn(&bytes, offset) {
                // A writer may have finished these bytes after they were read, and later ones before those were. What was
                // committed when the file was read can be read the next time, unless it is damaged.
                if newest && beside == Beside::Writer && suspect != Some(offset) {
                    suspect = Some(offset);
                    bytes = read(index).map_err(JournalError::io(&each.path))?;
                    continue;
                }
                return Err(corrupt(offset, next - 1, "entry"));
            }
            let end = bytes
                .iter()
                .rposition(|&byte| byte != 0)
                .map_or(offset, |last| last + 1);
            torn = Some(TornTail {
                path: each.path.clone(),
                offset: offset as u64,
                bytes: (end - offset) as u64,
            });
            break;
        }
        chain = Some((next, crc));
        tail.offset = offset as u64;
        tail.last_commit = last_commit;
    }
    if let Some((next, crc)) = chain {
        if next - 1 < after_sequence {
            // The snapshot is ahead of the journal: what it stands on is gone.
            let last = &segments[segments.len() - 1];
            return Err(JournalError::Corrupt {
                path: last.path.clone(),
                offset: tail.offset,
                after_sequence: next - 1,
                what: "ends before the snapshot",
            });
        }
        tail.recovered.last_sequence = next - 1;
        tail.last_crc = crc;
    }
    Ok((tail, torn))
}

/// Whether the bytes from `offset` on can be what a crash left of the last commit. A commit begins only after the one before
/// is on disk: so if any whole entry further on belongs to a commit that began later, what stands at `offset` had been
/// committed and is damaged.
fn is_torn(bytes: &[u8], offset: usize) -> bool {
    (padded(offset)..bytes.len())
        .step_by(8)
        .filter_map(|at| entry::decode(&bytes[at..]))
        .all(|(_, link)| link.group_start as usize <= offset)
}

fn clear(disk: &dyn Disk, torn: &TornTail) -> Result<(), JournalError> {
    let zeros = vec![0; torn.bytes as usize];
    let write = || {
        let file = disk.open(&torn.path)?;
        file.write_all_at(&zeros, torn.offset)?;
        file.sync_data()
    };
    write().map_err(JournalError::io(&torn.path))
}
