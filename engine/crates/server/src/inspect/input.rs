use mib_journal::{Entry, EntryKind};
use mib_protocol::messages::{INSTRUMENT_UNDEFINED, message_shape};

pub const SESSION_OPENED: &str = "SESSION_OPENED";
/// Its template is newer than this engine, or nonsense that a feed sent: it was refused when it was applied.
pub const UNKNOWN: &str = "UNKNOWN";

/// One journaled input.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    pub sequence: u64,
    pub session: u32,
    pub session_sequence: u64,
    pub entry: EntryKind,
    /// A record as its session sent it, or what is said of a session.
    pub bytes: &'a [u8],
}

impl<'a> Input<'a> {
    pub fn all_of(entry: &Entry<'a>) -> impl Iterator<Item = Input<'a>> + use<'a> {
        let entry = *entry;
        let stride = match entry.kind {
            EntryKind::Records => usize::from(entry.stride),
            EntryKind::SessionOpened => entry.body.len(),
        };
        (0..)
            .zip(entry.body.chunks_exact(stride.max(1)))
            .map(move |(index, bytes)| Input {
                sequence: entry.first_sequence + index,
                session: entry.session,
                session_sequence: entry.session_sequence + index,
                entry: entry.kind,
                bytes,
            })
    }

    pub fn template(&self) -> Option<u16> {
        (self.entry == EntryKind::Records).then(|| u16::from(self.bytes.first().copied().unwrap_or(0)))
    }

    pub fn kind(&self) -> &'static str {
        match self.template().map(message_shape) {
            None => SESSION_OPENED,
            Some(Some((name, _, "record"))) => name,
            Some(_) => UNKNOWN,
        }
    }

    /// The session's number of the instrument that the record is about.
    pub fn instrument(&self) -> Option<u32> {
        let number = u32::from_le_bytes(*self.record()?.get(4..)?.first_chunk()?);
        (number != INSTRUMENT_UNDEFINED).then_some(number)
    }

    /// Event time, when the record has one.
    pub fn ts_event_nanos(&self) -> Option<u64> {
        let nanos = u64::from_le_bytes(*self.record()?.get(8..)?.first_chunk()?);
        (nanos != 0 && nanos != u64::MAX).then_some(nanos)
    }

    fn record(&self) -> Option<&'a [u8]> {
        (self.entry == EntryKind::Records).then_some(self.bytes)
    }
}

/// Whether inputs of that kind can be in a journal.
pub fn kind_exists(kind: &str) -> bool {
    [SESSION_OPENED, UNKNOWN].contains(&kind)
        || (0..=u16::from(u8::MAX))
            .any(|template| message_shape(template).is_some_and(|(name, _, role)| name == kind && role == "record"))
}
