//! The log of record. Entries stand in preallocated segments, each checked by a CRC32C and chained to the one before it. What
//! `commit` has returned for is on disk and survives; what was not committed may be lost, and recovery tells the two apart
//! from corruption.

mod disk;
mod entry;
mod error;
mod identity;
mod inspect;
mod journal;
mod pace;
mod reader;
mod recovery;
mod segment;
mod spare;

pub use disk::{Disk, DiskFile};
pub use entry::{Entry, EntryKind};
pub use error::JournalError;
pub use identity::{Identity, uuid_text, write_atomically};
pub use inspect::{Inspection, inspect};
pub use journal::{Journal, Options};
pub use reader::Reader;
pub use recovery::{Recovered, TornTail};
pub use segment::{extents, is_untrimmed};
