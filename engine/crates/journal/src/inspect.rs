use crate::disk::RealDisk;
use crate::entry::Entry;
use crate::error::JournalError;
use crate::identity::Identity;
use crate::recovery::{self, Beside, TornTail};
use crate::segment::{self, Segment};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

/// So often the segments are listed when the oldest goes meanwhile.
const ATTEMPTS_MAX: u32 = 8;

/// What a look into a journal found, as far as it is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    pub segments: usize,
    /// Bytes that the segments take on disk.
    pub bytes: u64,
    /// What the oldest segment begins with; later than 1 when older ones were trimmed. 0: there is no segment.
    pub first_sequence: u64,
    pub torn: Option<TornTail>,
}

/// Goes through a whole journal, checks every checksum and every link of the chain, and hands each entry to `visit` until it
/// breaks. Takes no lock and writes nothing: it works beside a running engine and on a stopped one's journal.
///
/// Errors: `Corrupt` names the first byte that can't be what was committed, after all entries before it were visited.
/// `Ok(None)`: there is no journal.
pub fn inspect(
    dir: &Path,
    visit: impl FnMut(&Entry<'_>) -> ControlFlow<()>,
) -> Result<Option<(Identity, Inspection)>, JournalError> {
    let Some(identity) = Identity::load(dir)? else {
        return Ok(None);
    };
    let (segments, files) = open_all(dir)?;
    let first_sequence = segments.first().map_or(0, |first| first.first_sequence);
    let after = first_sequence.saturating_sub(1);
    let read = |index: usize| read_all(&files[index]);
    let (_, torn) = recovery::walk(&segments, read, &identity.journal, after, Beside::Writer, visit)?;
    let inspection = Inspection {
        segments: segments.len(),
        bytes: segments.iter().map(|each| each.bytes).sum(),
        first_sequence,
        torn,
    };
    Ok(Some((identity, inspection)))
}

/// Opens all segments before one is read: what the engine trims meanwhile stays readable.
fn open_all(dir: &Path) -> Result<(Vec<Segment>, Vec<File>), JournalError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let segments = segment::list(&RealDisk, dir)?;
        let mut files = Vec::with_capacity(segments.len());
        for each in &segments {
            match File::open(&each.path) {
                Ok(file) => files.push(file),
                Err(error) if error.kind() == ErrorKind::NotFound && attempts < ATTEMPTS_MAX => break,
                Err(error) => return Err(JournalError::io(&each.path)(error)),
            }
        }
        if files.len() == segments.len() {
            return Ok((segments, files));
        }
    }
}

fn read_all(mut file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(file.metadata()?.len() as usize);
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
