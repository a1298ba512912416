use crate::error::JournalError;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

const FORMAT: &str = "1";

/// Who this journal is. `journal` never changes; `epoch` names the history that consumers follow and changes when a part of
/// it was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub journal: [u8; 16],
    pub epoch: [u8; 16],
}

impl Identity {
    /// Reads the identity of a journal; `None` when there is no journal.
    pub fn load(dir: &Path) -> Result<Option<Self>, JournalError> {
        let path = dir.join("identity");
        match fs::read_to_string(&path) {
            Ok(text) => parse(&text)
                .map(Some)
                .map_err(|found| JournalError::UnknownFormat { path, found }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::io(&path)(error)),
        }
    }

    /// Reads the identity of a journal, or makes one for a new journal.
    pub fn load_or_create(dir: &Path) -> Result<Self, JournalError> {
        if let Some(identity) = Self::load(dir)? {
            return Ok(identity);
        }
        let path = dir.join("identity");
        let identity = Identity {
            journal: random_uuid(&path)?,
            epoch: random_uuid(&path)?,
        };
        identity.store(dir)?;
        Ok(identity)
    }

    /// Gives the journal a new epoch: its history is not the one that consumers have seen.
    pub fn with_new_epoch(self, dir: &Path) -> Result<Self, JournalError> {
        let identity = Identity {
            epoch: random_uuid(&dir.join("identity"))?,
            ..self
        };
        identity.store(dir)?;
        Ok(identity)
    }

    fn store(&self, dir: &Path) -> Result<(), JournalError> {
        let text = format!(
            "format {FORMAT}\njournal {}\nepoch {}\n",
            uuid_text(&self.journal),
            uuid_text(&self.epoch)
        );
        write_atomically(&dir.join("identity"), text.as_bytes())
    }
}

/// The usual form of a UUID.
pub fn uuid_text(uuid: &[u8; 16]) -> String {
    let hex: String = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// Replaces a file so that a crash leaves either the old content or the new.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<(), JournalError> {
    let temporary = path.with_extension("tmp");
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_dir(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(JournalError::io(path))
}

pub(crate) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

fn random_uuid(path: &Path) -> Result<[u8; 16], JournalError> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(JournalError::io(path))?;
    // Version 4, variant of RFC 9562.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(bytes)
}

fn parse(text: &str) -> Result<Identity, String> {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap_or("missing")
    };
    if value("format") != FORMAT {
        return Err(value("format").to_owned());
    }
    match (parse_uuid(value("journal")), parse_uuid(value("epoch"))) {
        (Some(journal), Some(epoch)) => Ok(Identity { journal, epoch }),
        _ => Err("unreadable".to_owned()),
    }
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|&byte| byte != b'-')
        .map(|byte| (byte as char).to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    bytes.try_into().ok()
}
