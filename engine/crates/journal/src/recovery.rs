use crate::entry::{self, Entry, padded};
use crate::error::JournalError;
use crate::segment::{self, SEGMENT_HEADER_BYTES, Segment, SegmentHeader};
use std::fs;
use std::path::Path;

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
}

/// Reads the segments that hold what comes after `after_sequence`, hands each entry of it to `visit`, and returns the end.
/// Trailing bytes that a crash left of an unfinished commit are cleared; anything else that can't be read is corruption.
pub(crate) fn recover(
    segments: &[Segment],
    journal: &[u8; 16],
    after_sequence: u64,
    mut visit: impl FnMut(&Entry<'_>),
) -> Result<Tail, JournalError> {
    let mut tail = Tail {
        recovered: Recovered {
            last_sequence: after_sequence,
            ..Recovered::default()
        },
        last_crc: 0,
        offset: SEGMENT_HEADER_BYTES as u64,
    };
    let start = segments
        .partition_point(|segment| segment.first_sequence <= after_sequence + 1)
        .saturating_sub(1);
    if let Some(first) = segments.get(start)
        && first.first_sequence > after_sequence + 1
    {
        return Err(JournalError::Trimmed { after_sequence });
    }
    let mut chain: Option<(u64, u32)> = None;
    for (index, each) in segments.iter().enumerate().skip(start) {
        let bytes = fs::read(&each.path).map_err(JournalError::io(&each.path))?;
        let corrupt = |offset: usize, after_sequence: u64, what| JournalError::Corrupt {
            path: each.path.clone(),
            offset: offset as u64,
            after_sequence,
            what,
        };
        let header = SegmentHeader::read(&bytes)
            .filter(|header| header.journal == *journal && header.first_sequence == each.first_sequence)
            .ok_or_else(|| corrupt(0, tail.recovered.last_sequence, "segment header"))?;
        let (mut next, mut crc) = chain.unwrap_or((header.first_sequence, header.previous_crc));
        if (header.first_sequence, header.previous_crc) != (next, crc) {
            return Err(corrupt(0, next - 1, "segment does not follow the one before"));
        }
        let mut offset = SEGMENT_HEADER_BYTES;
        while let Some((entry, link)) = entry::decode(&bytes[offset..]) {
            if entry.first_sequence != next || link.previous_crc != crc {
                break;
            }
            if entry.last_sequence() > after_sequence {
                visit(&entry);
                tail.recovered.entries += 1;
                tail.recovered.records += u64::from(entry.count);
            }
            next = entry.last_sequence() + 1;
            crc = link.crc;
            offset += entry.padded_len();
        }
        if bytes[offset..].iter().any(|&byte| byte != 0) {
            let torn = index + 1 == segments.len() && is_torn(&bytes, offset);
            if !torn {
                return Err(corrupt(offset, next - 1, "entry"));
            }
            tail.recovered.torn_bytes = clear(&each.path, &bytes, offset)?;
        }
        chain = Some((next, crc));
        tail.offset = offset as u64;
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
    Ok(tail)
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

fn clear(path: &Path, bytes: &[u8], offset: usize) -> Result<u64, JournalError> {
    use std::os::unix::fs::FileExt;
    let end = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(offset, |last| last + 1);
    let file = segment::open(path)?;
    let zeros = vec![0; end - offset];
    file.write_all_at(&zeros, offset as u64)
        .and_then(|()| file.sync_data())
        .map_err(JournalError::io(path))?;
    Ok((end - offset) as u64)
}
