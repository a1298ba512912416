pub(crate) const ENTRY_HEADER_BYTES: usize = 48;
pub(crate) const ENTRY_BYTES_MAX: usize = 8 << 20;
const MAGIC: u32 = u32::from_le_bytes(*b"MIBJ");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum EntryKind {
    /// Records of a session, `stride` bytes each.
    Records = 1,
    /// A session that was not known before.
    SessionOpened = 2,
}

/// What one append adds: `count` inputs with the sequences from `first_sequence` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    pub kind: EntryKind,
    pub stride: u16,
    pub first_sequence: u64,
    pub count: u32,
    pub session: u32,
    pub session_sequence: u64,
    pub body: &'a [u8],
}

impl Entry<'_> {
    pub fn last_sequence(&self) -> u64 {
        self.first_sequence + u64::from(self.count) - 1
    }

    /// Bytes that it takes in a segment.
    pub(crate) fn padded_len(&self) -> usize {
        padded(ENTRY_HEADER_BYTES + self.body.len())
    }
}

/// Where an entry stands in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub crc: u32,
    pub previous_crc: u32,
    /// Byte in the segment at which the entry's group commit began.
    pub group_start: u32,
}

pub(crate) fn padded(length: usize) -> usize {
    length.next_multiple_of(8)
}

/// Appends the entry's bytes and returns its checksum, to which the next one is chained.
pub(crate) fn encode(out: &mut Vec<u8>, entry: &Entry<'_>, previous_crc: u32, group_start: u32) -> u32 {
    let start = out.len();
    let length = ENTRY_HEADER_BYTES + entry.body.len();
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&previous_crc.to_le_bytes());
    out.extend_from_slice(&group_start.to_le_bytes());
    out.extend_from_slice(&(entry.kind as u16).to_le_bytes());
    out.extend_from_slice(&entry.stride.to_le_bytes());
    out.extend_from_slice(&entry.first_sequence.to_le_bytes());
    out.extend_from_slice(&entry.count.to_le_bytes());
    out.extend_from_slice(&entry.session.to_le_bytes());
    out.extend_from_slice(&entry.session_sequence.to_le_bytes());
    out.extend_from_slice(entry.body);
    let crc = crc32c::crc32c(&out[start + 12..]);
    out[start + 8..start + 12].copy_from_slice(&crc.to_le_bytes());
    out.resize(start + padded(length), 0);
    crc
}

/// Reads an entry whose own checksum holds. Whether it belongs here is for the caller to judge by its link.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Entry<'_>, Link)> {
    let head: &[u8; ENTRY_HEADER_BYTES] = bytes.first_chunk()?;
    let u16_at = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    let length = u32_at(4) as usize;
    if u32_at(0) != MAGIC || !(ENTRY_HEADER_BYTES..=ENTRY_BYTES_MAX).contains(&length) {
        return None;
    }
    let content = bytes.get(12..length)?;
    let link = Link {
        crc: u32_at(8),
        previous_crc: u32_at(12),
        group_start: u32_at(16),
    };
    if crc32c::crc32c(content) != link.crc {
        return None;
    }
    let kind = match u16_at(20) {
        1 => EntryKind::Records,
        2 => EntryKind::SessionOpened,
        _ => return None,
    };
    let entry = Entry {
        kind,
        stride: u16_at(22),
        first_sequence: u64_at(24),
        count: u32_at(32),
        session: u32_at(36),
        session_sequence: u64_at(40),
        body: &bytes[ENTRY_HEADER_BYTES..length],
    };
    // A stride of 0 or a sequence beyond all numbers was never written, whatever the checksum says.
    let sound = entry.count > 0
        && entry.first_sequence.checked_add(u64::from(entry.count)).is_some()
        && (kind != EntryKind::Records || entry.stride > 0)
        && (kind != EntryKind::Records || entry.body.len() == entry.count as usize * usize::from(entry.stride));
    sound.then_some((entry, link))
}
