//! Crashes at any call of the disk, thousands of them, against the journal's own code: the process is killed or the power goes,
//! an fdatasync fails, the disk fills up. A publisher follows the journal with a broker whose acknowledgements get lost and a
//! checkpoint that may be old.
//!
//! `SIMULATION_SEEDS=10000 SIMULATION_FROM=0 cargo test --release -p mib-journal --test simulation` for long runs; a failure
//! names its seed.

mod simulated_disk;

use mib_journal::{Disk, Entry, EntryKind, Journal, JournalError, Options, Reader};
use simulated_disk::{Random, SimulatedDisk};
use std::path::Path;
use std::sync::Arc;

const DIR: &str = "/journal";
const RECORD_BYTES: usize = 64;
const OPTIONS: Options = Options {
    segment_bytes: 8 * 1_024,
};
const PARTITIONS: u64 = 3;

/// What every input was, by its sequence, as the engine gave it to the journal.
#[derive(Default)]
struct History {
    inputs: Vec<u64>,
    /// Last sequence that somebody was told is durable.
    acknowledged: u64,
}

impl History {
    fn last(&self) -> u64 {
        self.inputs.len() as u64
    }
}

/// A broker's partitions: sequence and content, in the order of arrival. What it has survives every crash of ours.
#[derive(Default)]
struct Broker {
    partitions: [Vec<(u64, u64)>; PARTITIONS as usize],
}

/// What a publisher knows; only the checkpoint outlives it.
struct Publisher {
    reader: Reader,
    /// Last sequence of each partition when it connected.
    found: [u64; PARTITIONS as usize],
    acknowledged: u64,
}

struct Simulation {
    random: Random,
    disk: SimulatedDisk,
    history: History,
    broker: Broker,
    checkpoint: u64,
    lives: u64,
}

fn body(first: u64, contents: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, content) in (0..).zip(contents) {
        let mut record = [0_u8; RECORD_BYTES];
        record[..8].copy_from_slice(&content.to_le_bytes());
        record[8..16].copy_from_slice(&(first + index).to_le_bytes());
        bytes.extend_from_slice(&record);
    }
    bytes
}

fn contents(entry: &Entry<'_>) -> Vec<(u64, u64)> {
    (entry.first_sequence..)
        .zip(entry.body.chunks_exact(RECORD_BYTES))
        .map(|(sequence, record)| {
            assert_eq!(record[8..16], sequence.to_le_bytes());
            (sequence, u64::from_le_bytes(record[..8].try_into().unwrap()))
        })
        .collect()
}

impl Simulation {
    fn new(seed: u64) -> Self {
        Simulation {
            random: Random::new(seed),
            disk: SimulatedDisk::new(seed ^ 0xd15c),
            history: History::default(),
            broker: Broker::default(),
            checkpoint: 0,
            lives: 0,
        }
    }

    fn run(&mut self) {
        for _ in 0..2 + self.random.below(6) {
            self.lives += 1;
            let _ = self.life();
            if self.random.below(2) == 0 {
                self.disk.process_ended();
            } else {
                self.disk.power_lost();
            }
        }
        // At last a life without trouble: everything is there and published.
        self.lives += 1;
        self.disk.set_bytes_max(usize::MAX);
        let mut journal = self.open().unwrap();
        let mut publisher = self.connect();
        self.append(&mut journal, 3).unwrap();
        let durable = journal.commit().unwrap();
        self.acknowledge(durable);
        self.publish(&mut publisher, durable, u64::MAX).unwrap();
        self.check_broker(durable);
    }

    /// Opens the journal, writes and publishes until something ends it.
    fn life(&mut self) -> Result<(), JournalError> {
        match self.random.below(10) {
            0 => self.disk.fail_sync_after(self.random.below(30)),
            1 => self
                .disk
                .set_bytes_max(self.random.below(8) as usize * OPTIONS.segment_bytes as usize),
            // Not to be counted on being reached.
            _ => self.disk.stop_after(1 + self.random.below(150)),
        }
        let mut journal = self.open()?;
        let mut publisher = self.connect();
        for _ in 0..1 + self.random.below(40) {
            for _ in 0..1 + self.random.below(3) {
                let records = 1 + self.random.below(12);
                self.append(&mut journal, records)?;
            }
            let durable = journal.commit()?;
            self.acknowledge(durable);
            if self.random.below(3) > 0 {
                let most = self.random.below(20);
                self.publish(&mut publisher, durable, most)?;
            }
            if self.random.below(4) == 0 {
                self.checkpoint = self.checkpoint.max(publisher.acknowledged);
            }
            if self.random.below(8) == 0 {
                // A snapshot would be needed of what goes; here history itself is the snapshot.
                journal.trim(self.checkpoint)?;
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<Journal, JournalError> {
        let history = &self.history;
        let mut recovered = history.inputs[..self.checkpoint as usize].to_vec();
        let disk = Arc::new(self.disk.clone());
        let opened = Journal::open_on(disk, Path::new(DIR), OPTIONS, self.checkpoint, |entry| {
            for (sequence, content) in contents(entry) {
                if sequence > recovered.len() as u64 {
                    assert_eq!(sequence, recovered.len() as u64 + 1, "a hole");
                    recovered.push(content);
                }
            }
        });
        let (journal, found) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let ended = self.disk.has_stopped()
                    || matches!(
                        error,
                        JournalError::DiskFull { .. } | JournalError::Io { .. } | JournalError::SyncFailed { .. }
                    );
                assert!(ended, "a sound journal is refused: {error}");
                return Err(error);
            }
        };
        assert_eq!(found.last_sequence, recovered.len() as u64);
        assert!(
            found.last_sequence >= history.acknowledged,
            "{} was acknowledged, {} is left",
            history.acknowledged,
            found.last_sequence
        );
        assert_eq!(recovered, history.inputs[..recovered.len()], "not what was written");
        // What was recovered counts as durable from now on: feeds are told so.
        self.history.inputs.truncate(recovered.len());
        self.acknowledge(found.last_sequence);
        Ok(journal)
    }

    fn append(&mut self, journal: &mut Journal, records: u64) -> Result<(), JournalError> {
        let first = self.history.last() + 1;
        let contents: Vec<u64> = (0..records)
            .map(|_| self.random.below(1 << 30) << 8 | self.lives)
            .collect();
        let body = body(first, &contents);
        let entry = Entry {
            kind: EntryKind::Records,
            stride: RECORD_BYTES as u16,
            first_sequence: first,
            count: records as u32,
            session: 1,
            session_sequence: first,
            body: &body,
        };
        match journal.reserve(&entry) {
            Err(JournalError::DiskFull { .. }) => {
                // A refusal: what was acknowledged stays, and it goes on when there is room.
                assert!(journal.committed() >= self.history.acknowledged);
                self.disk.set_bytes_max(usize::MAX);
                journal.reserve(&entry)?;
            }
            reserved => reserved?,
        }
        journal.append(&entry);
        self.history.inputs.extend(contents);
        Ok(())
    }

    fn acknowledge(&mut self, sequence: u64) {
        self.history.acknowledged = self.history.acknowledged.max(sequence);
    }

    /// Reads from the broker what it has, as the engine's publisher does.
    fn connect(&self) -> Publisher {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let found = [0, 1, 2].map(|partition: usize| {
            self.broker.partitions[partition]
                .last()
                .map_or(0, |(sequence, _)| *sequence)
        });
        assert!(
            found.iter().all(|&sequence| sequence <= self.history.acknowledged),
            "the broker has {found:?}, the journal {}",
            self.history.acknowledged
        );
        Publisher {
            reader: Reader::open_on(disk, Path::new(DIR), self.checkpoint),
            found,
            acknowledged: self.checkpoint,
        }
    }

    /// Sends what is durable and not yet known to the broker, at most so many entries. Some acknowledgements are not seen.
    fn publish(&mut self, publisher: &mut Publisher, durable: u64, most: u64) -> Result<(), JournalError> {
        for _ in 0..most {
            let mut inputs = Vec::new();
            if !publisher.reader.read(durable, |entry| inputs = contents(entry))? {
                break;
            }
            for (sequence, content) in inputs {
                let partition = (content % PARTITIONS) as usize;
                if sequence > publisher.found[partition] {
                    self.broker.partitions[partition].push((sequence, content));
                }
            }
            if publisher.acknowledged < publisher.reader.next_sequence() - 1 && self.random.below(4) > 0 {
                publisher.acknowledged = publisher.reader.next_sequence() - 1;
            }
        }
        Ok(())
    }

    fn check_broker(&self, durable: u64) {
        let mut all: Vec<(u64, u64)> = self.broker.partitions.concat();
        for partition in &self.broker.partitions {
            assert!(partition.is_sorted_by(|a, b| a.0 < b.0), "twice or out of order");
        }
        all.sort_unstable();
        let expected: Vec<(u64, u64)> = (1..=durable).zip(self.history.inputs.iter().copied()).collect();
        assert_eq!(all, expected, "published is not what was written");
    }
}

fn number(name: &str, fallback: u64) -> u64 {
    std::env::var(name).map_or(fallback, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}: {text} is not a number"))
    })
}

#[test]
fn no_crash_loses_what_was_acknowledged_or_publishes_anything_twice() {
    let from = number("SIMULATION_FROM", 0);
    let seeds = number("SIMULATION_SEEDS", 500);
    for seed in from..from + seeds {
        let result = std::panic::catch_unwind(|| Simulation::new(seed).run());
        assert!(
            result.is_ok(),
            "seed {seed}: SIMULATION_FROM={seed} SIMULATION_SEEDS=1 shows it again"
        );
    }
    println!("{seeds} seeds from {from}");
}
