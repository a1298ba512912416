use crate::disk::{Disk, RealDisk};
use crate::error::JournalError;
use mib_protocol::shard::Shard;
use std::fs::File;
use std::io::Read;
use std::path::Path;

const FORMAT: &str = "1";
/// Begins the line that has the CRC32C of those before it. Journals of before have none.
const CHECK: &str = "check ";

/// Who this journal is. `journal` never changes; `epoch` names the history that consumers follow and changes when a part of
/// it was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub journal: [u8; 16],
    pub epoch: [u8; 16],
    /// The epoch began after this sequence of the journal.
    pub epoch_after: u64,
    /// Which of the instruments are in it.
    pub shard: Shard,
}

impl Identity {
    /// Reads the identity of a journal; `None` when there is no journal.
    pub fn load(dir: &Path) -> Result<Option<Self>, JournalError> {
        Self::load_from(&RealDisk, dir)
    }

    fn load_from(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, JournalError> {
        let path = dir.join("identity");
        match disk.read(&path) {
            Ok(bytes) => match parse(&String::from_utf8_lossy(&bytes)) {
                Ok(identity) => Ok(Some(identity)),
                Err(Unreadable::Format(found)) => Err(JournalError::UnknownFormat { path, found }),
                Err(Unreadable::Damaged) => Err(JournalError::IdentityDamaged { path }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::io(&path)(error)),
        }
    }

    /// Reads the identity of a shard's journal, or makes one for a new journal. A journal of another shard is refused.
    pub fn load_or_create(dir: &Path, shard: Shard) -> Result<Self, JournalError> {
        let identity = Self::load_or_create_on(&RealDisk, dir, shard)?;
        if identity.shard == shard {
            return Ok(identity);
        }
        Err(JournalError::OtherShard {
            path: dir.to_owned(),
            found: identity.shard,
            wanted: shard,
        })
    }

    /// Reads the identity of whatever journal there is; a new one is of `shard`.
    pub(crate) fn load_or_create_on(disk: &dyn Disk, dir: &Path, shard: Shard) -> Result<Self, JournalError> {
        if let Some(identity) = Self::load_from(disk, dir)? {
            return Ok(identity);
        }
        let path = dir.join("identity");
        let identity = Identity {
            journal: random_uuid(&path)?,
            epoch: random_uuid(&path)?,
            epoch_after: 0,
            shard,
        };
        identity.store(disk, dir)?;
        Ok(identity)
    }

    /// Gives the journal a new epoch for what follows `after`: its history is not the one that consumers have seen.
    pub fn with_new_epoch(self, dir: &Path, after: u64) -> Result<Self, JournalError> {
        let identity = Identity {
            epoch: random_uuid(&dir.join("identity"))?,
            epoch_after: after,
            ..self
        };
        identity.store(&RealDisk, dir)?;
        Ok(identity)
    }

    fn store(&self, disk: &dyn Disk, dir: &Path) -> Result<(), JournalError> {
        let text = format!(
            "format {FORMAT}\njournal {}\nepoch {}\nepoch-after {}\n",
            uuid_text(&self.journal),
            uuid_text(&self.epoch),
            self.epoch_after
        );
        let shard = match self.shard {
            Shard::WHOLE => String::new(),
            shard => format!("shard {shard}\n"),
        };
        let text = format!("{text}{shard}");
        let text = format!("{text}{CHECK}{:08x}\n", crc32c::crc32c(text.as_bytes()));
        write_atomically_on(disk, &dir.join("identity"), text.as_bytes())
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
    write_atomically_on(&RealDisk, path, content)
}

fn write_atomically_on(disk: &dyn Disk, path: &Path, content: &[u8]) -> Result<(), JournalError> {
    let temporary = path.with_extension("tmp");
    let write = || -> std::io::Result<()> {
        let file = disk.create(&temporary)?;
        file.write_all_at(content, 0)?;
        file.sync_data()?;
        disk.rename(&temporary, path)?;
        disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
    };
    write().map_err(JournalError::io(path))
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

enum Unreadable {
    Format(String),
    Damaged,
}

fn parse(text: &str) -> Result<Identity, Unreadable> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let format = value("format").ok_or(Unreadable::Damaged)?;
    if format != FORMAT {
        return Err(Unreadable::Format(format.to_owned()));
    }
    if let Some((before, check)) = text.split_once(CHECK)
        && check.trim_end() != format!("{:08x}", crc32c::crc32c(before.as_bytes()))
    {
        return Err(Unreadable::Damaged);
    }
    let uuid = |name| value(name).and_then(parse_uuid).ok_or(Unreadable::Damaged);
    Ok(Identity {
        journal: uuid("journal")?,
        epoch: uuid("epoch")?,
        // Journals of before do not say it: where they got a second epoch, nobody knows any more after which sequence.
        epoch_after: match value("epoch-after") {
            Some(text) => text.parse().map_err(|_| Unreadable::Damaged)?,
            None => 0,
        },
        shard: match value("shard") {
            Some(text) => text.parse().map_err(|_| Unreadable::Damaged)?,
            None => Shard::WHOLE,
        },
    })
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
