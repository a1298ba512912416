use mib_journal::{Entry, EntryKind, Journal, JournalError, Options, Reader};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

const OPTIONS: Options = Options {
    segment_bytes: 64 * 1_024,
};

fn entry(first_sequence: u64, body: &[u8]) -> Entry<'_> {
    let count = (body.len() / 64) as u32;
    Entry {
        kind: EntryKind::Records,
        stride: 64,
        first_sequence,
        count,
        session: 3,
        session_sequence: first_sequence,
        body,
    }
}

/// Groups of entries, each entry of so many records.
fn write(dir: &Path, groups: &[&[usize]]) -> u64 {
    let (mut journal, recovered) = Journal::open(dir, OPTIONS, 0, |_| {}).unwrap();
    let mut next = recovered.last_sequence + 1;
    for group in groups {
        for &records in *group {
            let body: Vec<u8> = (0..records * 64).map(|at| (at as u64 ^ next) as u8).collect();
            let entry = entry(next, &body);
            journal.reserve(&entry).unwrap();
            journal.append(&entry);
            next += records as u64;
        }
        journal.commit().unwrap();
    }
    next - 1
}

fn recovered(dir: &Path) -> Result<u64, JournalError> {
    Journal::open(dir, OPTIONS, 0, |_| {}).map(|(_, recovered)| recovered.last_sequence)
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "journal"));
    paths.sort();
    paths
}

/// Bytes of the segment up to the last that is not zero.
fn written(path: &Path) -> usize {
    fs::read(path).unwrap().iter().rposition(|&byte| byte != 0).unwrap() + 1
}

#[test]
fn what_was_committed_is_there_after_reopening_and_sequences_go_on() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(write(dir.path(), &[&[1, 2], &[3]]), 6);
    assert_eq!(write(dir.path(), &[&[4]]), 10);
    let mut seen = Vec::new();
    Journal::open(dir.path(), OPTIONS, 3, |entry| {
        seen.push((entry.first_sequence, entry.count))
    })
    .unwrap();
    assert_eq!(seen, [(4, 3), (7, 4)]);
}

#[test]
fn a_journal_goes_on_over_many_segments_and_a_reader_follows() {
    let dir = tempfile::tempdir().unwrap();
    let last = write(dir.path(), &[&[100][..]; 50]);
    assert!(segments(dir.path()).len() > 4);
    let mut reader = Reader::open(dir.path(), 250);
    let mut next = None;
    while reader
        .read(last, |entry| {
            assert_eq!(next.unwrap_or(entry.first_sequence), entry.first_sequence);
            next = Some(entry.last_sequence() + 1);
        })
        .unwrap()
    {}
    assert_eq!(next, Some(last + 1));
}

#[test]
fn a_reader_sees_what_becomes_durable_later() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), OPTIONS, 0, |_| {}).unwrap();
    let mut reader = Reader::open(dir.path(), 0);
    let body = [7; 640];
    for round in 0..300 {
        let entry = entry(round * 10 + 1, &body);
        journal.reserve(&entry).unwrap();
        journal.append(&entry);
        let durable = journal.commit().unwrap();
        assert!(reader.read(durable, |entry| assert_eq!(entry.body, body)).unwrap());
        assert!(!reader.read(durable, |_| unreachable!()).unwrap());
    }
}

#[test]
fn a_tail_cut_at_any_byte_loses_only_the_last_commit() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[&[2], &[1, 3]]);
    let path = segments(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    // The first group is one entry of 48 + 128 bytes behind the header page.
    let second_group = 4_096 + 176;
    for cut in second_group..written(&path) {
        let mut bytes = whole.clone();
        bytes[cut..].fill(0);
        fs::write(&path, bytes).unwrap();
        let last = recovered(dir.path()).unwrap();
        assert!([2, 3].contains(&last), "cut at {cut}: {last}");
    }
}

#[test]
fn a_hole_in_the_last_commit_is_torn_although_later_bytes_of_it_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[&[2], &[1, 3]]);
    let path = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4_096 + 176..4_096 + 176 + 64].fill(0);
    fs::write(&path, bytes).unwrap();
    assert_eq!(recovered(dir.path()).unwrap(), 2);
    // And writing goes on over it.
    assert_eq!(write(dir.path(), &[&[5]]), 7);
    assert_eq!(recovered(dir.path()).unwrap(), 7);
}

#[test]
fn any_damage_before_the_last_commit_is_corruption() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[&[1], &[1], &[1]]);
    let path = segments(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    // 112 bytes an entry; every byte of the first two.
    for at in 4_096..4_096 + 2 * 112 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        match recovered(dir.path()) {
            Err(JournalError::Corrupt { after_sequence, .. }) => assert_eq!(after_sequence, (at as u64 - 4_096) / 112),
            other => panic!("byte {at}: {other:?}"),
        }
    }
}

#[test]
fn damage_in_an_older_segment_is_corruption() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[&[100][..]; 30]);
    let path = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let last = written(&path) - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(recovered(dir.path()), Err(JournalError::Corrupt { .. })));
}

#[test]
fn a_missing_segment_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[&[100][..]; 30]);
    fs::remove_file(&segments(dir.path())[1]).unwrap();
    assert!(matches!(recovered(dir.path()), Err(JournalError::Corrupt { .. })));
}

#[test]
fn trimming_keeps_what_is_still_needed() {
    let dir = tempfile::tempdir().unwrap();
    let last = write(dir.path(), &[&[100][..]; 50]);
    let (mut journal, _) = Journal::open(dir.path(), OPTIONS, 0, |_| {}).unwrap();
    assert_eq!(journal.trim(0).unwrap(), 0);
    assert!(journal.trim(1_500).unwrap() > 0);
    drop(journal);
    let mut first = u64::MAX;
    let (_, recovered) = Journal::open(dir.path(), OPTIONS, 1_500, |entry| {
        first = first.min(entry.first_sequence)
    })
    .unwrap();
    assert_eq!((first, recovered.last_sequence), (1_501, last));
    assert!(matches!(
        Journal::open(dir.path(), OPTIONS, 0, |_| {}),
        Err(JournalError::Trimmed { after_sequence: 0 })
    ));
}

#[test]
fn a_second_engine_on_the_same_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Journal::open(dir.path(), OPTIONS, 0, |_| {}).unwrap();
    assert!(matches!(
        Journal::open(dir.path(), OPTIONS, 0, |_| {}),
        Err(JournalError::Locked { .. })
    ));
}

#[test]
fn an_unknown_format_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("identity"), "format 9\n").unwrap();
    let error = recovered(dir.path()).unwrap_err();
    assert!(error.to_string().contains("npm run reset"), "{error}");

    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[&[1]]);
    let path = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[7] = b'2';
    fs::write(&path, bytes).unwrap();
    let error = recovered(dir.path()).unwrap_err();
    assert!(error.to_string().contains("format 02 is not known"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_groups_come_back_as_they_were(groups in proptest::collection::vec(proptest::collection::vec(1_usize..20, 1..5), 1..12)) {
        let dir = tempfile::tempdir().unwrap();
        let groups: Vec<&[usize]> = groups.iter().map(Vec::as_slice).collect();
        let last = write(dir.path(), &groups);
        let mut counts = Vec::new();
        Journal::open(dir.path(), OPTIONS, 0, |entry| counts.push(entry.count as usize)).unwrap();
        prop_assert_eq!(counts, groups.concat());
        prop_assert_eq!(recovered(dir.path()).unwrap(), last);
    }
}

#[test]
fn a_journal_that_is_closed_while_its_next_segment_is_half_made_opens_again_and_goes_on() {
    let options = Options { segment_bytes: 8 << 20 };
    let dir = tempfile::tempdir().unwrap();
    let mut next = 1;
    for round in 1..=4 {
        let (mut journal, recovered) = Journal::open(dir.path(), options, 0, |_| {}).unwrap();
        assert_eq!(recovered.last_sequence, next - 1);
        // A segment and a little of the next.
        for _ in 0..17 {
            let body = vec![round; 512 * 1_024];
            let entry = entry(next, &body);
            journal.reserve(&entry).unwrap();
            journal.append(&entry);
            journal.commit().unwrap();
            next = entry.last_sequence() + 1;
        }
    }
    assert_eq!(recovered_with(dir.path(), options), next - 1);
}

fn recovered_with(dir: &Path, options: Options) -> u64 {
    Journal::open(dir, options, 0, |_| {}).unwrap().1.last_sequence
}
