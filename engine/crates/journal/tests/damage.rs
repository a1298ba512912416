//! Every byte of a journal damaged, one at a time: what was committed comes back whole or is called corrupt, never less or
//! something else. Only damage in the last commit can't be told from a cut: then that commit is missing.

mod simulated_disk;

use mib_journal::{Disk, Entry, EntryKind, Journal, JournalError, Options};
use simulated_disk::SimulatedDisk;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DIR: &str = "/journal";
const OPTIONS: Options = Options {
    segment_bytes: 6 * 1_024,
};

/// Three segments of commits of two entries each, and how many inputs there are.
fn journal(disk: &SimulatedDisk) -> u64 {
    let (mut journal, _) = open(disk, |_| {}).unwrap();
    let mut next = 1;
    while journal.segment_count() < 3 || next % 10 != 1 {
        for count in [1, 2] {
            let body: Vec<u8> = (0..count * 64).map(|at| (at ^ next) as u8 | 1).collect();
            let entry = Entry {
                kind: EntryKind::Records,
                stride: 64,
                first_sequence: next,
                count: count as u32,
                session: 1,
                session_sequence: next,
                body: &body,
            };
            journal.reserve(&entry).unwrap();
            journal.append(&entry);
            next += count;
        }
        journal.commit().unwrap();
    }
    next - 1
}

fn open(disk: &SimulatedDisk, visit: impl FnMut(&Entry<'_>)) -> Result<(Journal, u64), JournalError> {
    let opened = Journal::open_on(Arc::new(disk.clone()), Path::new(DIR), OPTIONS, 0, visit);
    opened.map(|(journal, recovered)| (journal, recovered.last_sequence))
}

fn read(disk: &SimulatedDisk) -> Result<Vec<Vec<u8>>, JournalError> {
    let mut bodies = Vec::new();
    open(disk, |entry| bodies.push(entry.body.to_vec())).map(|_| bodies)
}

#[test]
fn any_damaged_byte_is_found_or_harmless() {
    let disk = SimulatedDisk::new(1);
    let last = journal(&disk);
    let whole = read(&disk).unwrap();
    assert_eq!(whole.len() as u64 * 3, last * 2);
    let files: Vec<PathBuf> = disk
        .paths()
        .into_iter()
        .filter(|path| path.extension() != Some("tmp".as_ref()))
        .collect();
    let newest = files
        .iter()
        .filter(|path| path.extension() == Some("journal".as_ref()))
        .max()
        .unwrap();
    let (mut found, mut harmless, mut cut) = (0, 0, 0);
    for path in &files {
        let length = disk.read(path).unwrap().len();
        for at in 0..length {
            let copy = disk.copy();
            copy.damage(path, at, 1 << (at % 8));
            match read(&copy) {
                Ok(bodies) if bodies == whole => harmless += 1,
                Ok(bodies) => {
                    assert_eq!(path, newest, "byte {at}");
                    assert!(
                        bodies.len() + 2 >= whole.len() && whole.starts_with(&bodies),
                        "byte {at}"
                    );
                    cut += 1;
                }
                Err(error) => {
                    assert!(
                        matches!(
                            error,
                            JournalError::Corrupt { .. }
                                | JournalError::IdentityDamaged { .. }
                                | JournalError::UnknownFormat { .. }
                        ),
                        "{}, byte {at}: {error}",
                        path.display()
                    );
                    found += 1;
                }
            }
        }
    }
    // Two entries of 112 and 176 bytes are the last commit.
    assert!((112 + 176 - 16..=112 + 176).contains(&cut), "{cut}");
    assert!(found > 4_000, "{found} found, {harmless} harmless");
    // What is harmless is what nobody wrote: the rest of header pages and of segments.
    let written: usize = files
        .iter()
        .map(|path| disk.read(path).unwrap().iter().filter(|&&byte| byte != 0).count())
        .sum();
    let unwritten: usize = files.iter().map(|path| disk.read(path).unwrap().len()).sum::<usize>() - written;
    assert!(harmless <= unwritten, "{harmless} of {unwritten}");
}
