use std::fs;
use std::path::{Path, PathBuf};

/// Remembers up to which sequence Kafka has taken everything. It may be behind the truth, never ahead of it: what it is behind
/// is found in Kafka itself.
pub struct Checkpoint {
    path: PathBuf,
}

impl Checkpoint {
    pub fn new(data_dir: &Path) -> Self {
        Checkpoint {
            path: data_dir.join("published"),
        }
    }

    /// `None` when nothing was ever published, or when the file can't be read.
    pub fn load(&self, journal: &[u8; 16]) -> Option<u64> {
        let text = fs::read_to_string(&self.path).ok()?;
        let (owner, sequence) = text.trim().split_once(' ')?;
        (owner == mib_journal::uuid_text(journal))
            .then(|| sequence.parse().ok())
            .flatten()
    }

    /// Without fsync: an older content is as good after a crash.
    pub fn store(&self, journal: &[u8; 16], sequence: u64) {
        let temporary = self.path.with_extension("tmp");
        let text = format!("{} {sequence}\n", mib_journal::uuid_text(journal));
        if let Err(error) = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, &self.path)) {
            crate::warning!("the publishing checkpoint can't be written", "err": error);
        }
    }
}
