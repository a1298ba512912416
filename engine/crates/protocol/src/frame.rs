use crate::messages::{FRAME_BYTES_MAX, FRAME_HEADER_BYTES, PROTOCOL_VERSION};

/// What stands before the blocks of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameHeader {
    pub version: u8,
    pub kind: u8,
    pub flags: u16,
    pub record_count: u32,
    pub template: u16,
    pub block_len: u16,
    pub first_seq: u64,
    pub request_id: u32,
}

/// A frame whose checksum held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub header: FrameHeader,
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    pub fn blocks(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        // A block length of 0 goes with an empty body (checked by `read_frame`).
        self.body.chunks_exact(usize::from(self.header.block_len).max(1))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    BadFrame,
    BadCrc,
    FrameTooLarge,
}

/// Reads the frame at the beginning of `bytes`: the frame and its length, or `None` when more bytes are needed.
pub fn read_frame(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameError> {
    let Some(prefix) = bytes.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*prefix) as usize;
    if length < FRAME_HEADER_BYTES {
        return Err(FrameError::BadFrame);
    }
    if length > FRAME_BYTES_MAX {
        return Err(FrameError::FrameTooLarge);
    }
    let Some(frame) = bytes.get(..length) else {
        return Ok(None);
    };
    let (head, body) = frame.split_at(FRAME_HEADER_BYTES);
    let head: &[u8; FRAME_HEADER_BYTES] = head.try_into().map_err(|_| FrameError::BadFrame)?;
    if checksum(head, body) != u32_at(head, 28) {
        return Err(FrameError::BadCrc);
    }
    let header = FrameHeader {
        version: head[4],
        kind: head[5],
        flags: u16_at(head, 6),
        record_count: u32_at(head, 8),
        template: u16_at(head, 12),
        block_len: u16_at(head, 14),
        first_seq: u64::from_le_bytes(head[16..24].try_into().unwrap()),
        request_id: u32_at(head, 24),
    };
    if u64::from(header.record_count) * u64::from(header.block_len) != body.len() as u64 {
        return Err(FrameError::BadFrame);
    }
    Ok(Some((Frame { header, body }, length)))
}

/// Appends a frame to `out`: `write` fills in the blocks, `count` of them.
///
/// Precondition: the frame is not larger than `FRAME_BYTES_MAX`.
pub fn write_frame(out: &mut Vec<u8>, header: FrameHeader, count: usize, write: impl FnOnce(&mut [u8])) {
    let start = out.len();
    let length = FRAME_HEADER_BYTES + count * usize::from(header.block_len);
    debug_assert!(length <= FRAME_BYTES_MAX);
    out.resize(start + length, 0);
    let frame = &mut out[start..];
    write(&mut frame[FRAME_HEADER_BYTES..]);
    frame[0..4].copy_from_slice(&(length as u32).to_le_bytes());
    frame[4] = PROTOCOL_VERSION;
    frame[5] = header.kind;
    frame[6..8].copy_from_slice(&header.flags.to_le_bytes());
    frame[8..12].copy_from_slice(&(count as u32).to_le_bytes());
    frame[12..14].copy_from_slice(&header.template.to_le_bytes());
    frame[14..16].copy_from_slice(&header.block_len.to_le_bytes());
    frame[16..24].copy_from_slice(&header.first_seq.to_le_bytes());
    frame[24..28].copy_from_slice(&header.request_id.to_le_bytes());
    let (head, body) = frame.split_at_mut(FRAME_HEADER_BYTES);
    let crc = checksum((&*head).try_into().unwrap(), body);
    head[28..32].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(head: &[u8; FRAME_HEADER_BYTES], body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&head[..28]), body)
}

fn u32_at(head: &[u8; FRAME_HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes(head[at..at + 4].try_into().unwrap())
}

fn u16_at(head: &[u8; FRAME_HEADER_BYTES], at: usize) -> u16 {
    u16::from_le_bytes(head[at..at + 2].try_into().unwrap())
}
