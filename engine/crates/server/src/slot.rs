use mib_journal::{Entry, EntryKind};

/// Bytes of records that one slot of the ring carries.
pub const SLOT_BYTES: usize = 64 * 1_024;
pub const SLOTS: usize = 256;

/// One slot of the ring: inputs of one session that follow one another, or a session that is new.
pub struct Slot {
    pub kind: EntryKind,
    pub stride: u16,
    pub session: u32,
    pub session_sequence: u64,
    pub first_sequence: u64,
    pub count: u32,
    pub length: usize,
    pub bytes: Box<[u8; SLOT_BYTES]>,
}

impl Slot {
    pub fn empty() -> Self {
        Slot {
            kind: EntryKind::Records,
            stride: 0,
            session: 0,
            session_sequence: 0,
            first_sequence: 0,
            count: 0,
            length: 0,
            bytes: vec![0; SLOT_BYTES]
                .into_boxed_slice()
                .try_into()
                .unwrap_or_else(|_| unreachable!()),
        }
    }

    pub fn entry(&self) -> Entry<'_> {
        Entry {
            kind: self.kind,
            stride: self.stride,
            first_sequence: self.first_sequence,
            count: self.count,
            session: self.session,
            session_sequence: self.session_sequence,
            body: &self.bytes[..self.length],
        }
    }
}

/// What a journal entry says of a session that is new.
pub struct SessionOpened<'a> {
    pub source: u8,
    pub feed: &'a str,
    pub name: &'a str,
}

impl<'a> SessionOpened<'a> {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.source, self.feed.len() as u8];
        out.extend_from_slice(self.feed.as_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out
    }

    pub fn decode(body: &'a [u8]) -> Option<Self> {
        let (&source, rest) = body.split_first()?;
        let (&feed_length, rest) = rest.split_first()?;
        let (feed, name) = rest.split_at_checked(usize::from(feed_length))?;
        Some(SessionOpened {
            source,
            feed: std::str::from_utf8(feed).ok()?,
            name: std::str::from_utf8(name).ok()?,
        })
    }
}
