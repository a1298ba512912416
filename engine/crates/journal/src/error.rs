use mib_protocol::shard::Shard;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub enum JournalError {
    Io {
        path: PathBuf,
        error: io::Error,
    },
    /// No room for the next segment. Nothing is lost; try again when there is room.
    DiskFull {
        path: PathBuf,
    },
    /// Data may not be on disk although it was written: the process must end.
    SyncFailed {
        path: PathBuf,
        error: io::Error,
    },
    Locked {
        path: PathBuf,
    },
    /// Something that had been committed can't be read any more.
    Corrupt {
        path: PathBuf,
        offset: u64,
        after_sequence: u64,
        what: &'static str,
    },
    UnknownFormat {
        path: PathBuf,
        found: String,
    },
    /// Which journal this is, and of which epoch, can't be read any more.
    IdentityDamaged {
        path: PathBuf,
    },
    /// The journal has other instruments than the engine is to have.
    OtherShard {
        path: PathBuf,
        found: Shard,
        wanted: Shard,
    },
    /// The entries after this sequence have been trimmed.
    Trimmed {
        after_sequence: u64,
    },
}

impl JournalError {
    /// Copies the path only when there is an error: a commit must need no memory.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> JournalError {
        move |error| {
            let path = path.to_owned();
            if matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG)) {
                JournalError::DiskFull { path }
            } else {
                JournalError::Io { path, error }
            }
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Io { path, error } => write!(f, "{}: {error}", path.display()),
            JournalError::DiskFull { path } => write!(f, "{}: the disk is full", path.display()),
            JournalError::SyncFailed { path, error } => write!(f, "{}: fdatasync failed: {error}", path.display()),
            JournalError::Locked { path } => write!(f, "{}: another engine uses this journal", path.display()),
            JournalError::Corrupt {
                path,
                offset,
                after_sequence,
                what,
            } => write!(
                f,
                "{}: corrupt at byte {offset} ({what}); the last good sequence is {after_sequence}, and entries follow that had been committed",
                path.display()
            ),
            JournalError::UnknownFormat { path, found } => {
                write!(
                    f,
                    "{}: format {found} is not known to this engine; run `npm run reset`, or use the engine that wrote it",
                    path.display()
                )
            }
            JournalError::IdentityDamaged { path } => write!(
                f,
                "{}: the file is damaged; restore it from a copy of the data folder, or run `npm run reset`",
                path.display()
            ),
            JournalError::OtherShard { path, found, wanted } => write!(
                f,
                "WRONG_SHARD: {}: this is the journal of shard {found}, and the engine was started as shard {wanted}; start it with --shard {found}, or with another ENGINE_DATA_DIR. A journal can't be divided: for another number of shards, give each a new folder, and feeds tell their records again",
                path.display()
            ),
            JournalError::Trimmed { after_sequence } => {
                write!(f, "the entries after sequence {after_sequence} have been trimmed")
            }
        }
    }
}

impl std::error::Error for JournalError {}
