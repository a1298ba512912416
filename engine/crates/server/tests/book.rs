//! Books of the running process: whatever the moment of a query, or of a kill, whole venue messages only.

mod process;

use mib_client::{Client, News, data_frame, definition};
use mib_protocol::messages::{
    Action, BookDelta, BookSnapshot, EngineStatus, FLAG_LAST, InstrumentDefinition, QueryBook, QueryStatus, Side,
};
use mib_protocol::text::Text;
use process::{DEADLINE, Engine};
use std::time::{Duration, Instant};

const START: u64 = 1_723_118_400_000_000_000;
/// Levels of each update. Each of them sets all levels to a size of its own: one that is applied in part shows two sizes.
const LEVELS: usize = 50;
const RECORDS_PER_FRAME: usize = 7;

struct Feed {
    client: Client,
    next: u64,
}

impl Feed {
    fn begin(client: Client) -> Self {
        let mut feed = Feed { client, next: 1 };
        let mut out = Vec::new();
        data_frame(&mut out, 1, InstrumentDefinition::BYTES, 1, |body| {
            definition(0, "BTCUSDT").encode(body)
        });
        feed.client.send(&out).unwrap();
        feed.next += 1;
        feed
    }

    /// The records of an update from one place to another, in frames that end within it.
    fn send(&mut self, update: u64, records: std::ops::Range<usize>) {
        let indices: Vec<usize> = records.collect();
        for part in indices.chunks(RECORDS_PER_FRAME) {
            let mut out = Vec::new();
            data_frame(&mut out, self.next, BookDelta::BYTES, part.len(), |body| {
                for (&index, block) in part.iter().zip(body.chunks_exact_mut(BookDelta::BYTES)) {
                    delta(update, index).encode(block);
                }
            });
            self.client.send(&out).unwrap();
            self.next += part.len() as u64;
        }
    }

    fn await_durable(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        let mut durable = self.client.next_sequence - 1;
        while durable < self.next - 1 {
            assert!(Instant::now() < deadline, "{durable} of {} are durable", self.next - 1);
            if let Ok(News::Ack { sequence, .. }) = self.client.news(Duration::from_millis(100)) {
                durable = sequence;
            }
        }
    }
}

fn delta(update: u64, index: usize) -> BookDelta {
    BookDelta {
        flags: if index == LEVELS - 1 { FLAG_LAST } else { 0 },
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: START + update,
        ts_recv_nanos: 0,
        first_venue_sequence: update,
        venue_sequence: update,
        price_e9: 1_000 + index as i64,
        size_e9: update as i64,
        side: Side::Buy.code(),
        action: Action::Modify.code(),
    }
}

/// Update id of the book and the sizes of its levels; `None` when there is no book.
fn book(client: &mut Client) -> Option<(u64, Vec<i64>)> {
    let mut block = [0; QueryBook::BYTES];
    QueryBook {
        depth: 0,
        symbol: Text::clipped("BTCUSDT"),
    }
    .encode(&mut block);
    let blocks = client
        .query(QueryBook::TEMPLATE, &block, QueryBook::BYTES)
        .unwrap()
        .ok()?;
    let (head, levels) = blocks.split_first()?;
    let sizes = levels.iter().map(|block| BookDelta::decode(block).unwrap().size_e9);
    Some((BookSnapshot::decode(head).unwrap().venue_sequence, sizes.collect()))
}

fn whole(update: u64) -> Option<(u64, Vec<i64>)> {
    Some((update, vec![update as i64; LEVELS]))
}

fn status(client: &mut Client) -> EngineStatus {
    let mut block = [0; QueryStatus::BYTES];
    QueryStatus { with_state_hash: 1 }.encode(&mut block);
    let blocks = client
        .query(QueryStatus::TEMPLATE, &block, QueryStatus::BYTES)
        .unwrap()
        .unwrap();
    EngineStatus::decode(&blocks[0]).unwrap()
}

/// What is durable may not have been applied yet.
fn await_applied(client: &mut Client, sequence: u64) {
    let deadline = Instant::now() + DEADLINE;
    while status(client).applied_sequence < sequence {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn an_update_whose_end_is_missing_is_not_seen_and_outlives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(engine.connect("feed"));
    feed.send(1, 0..LEVELS);
    feed.send(2, 0..LEVELS - 1);
    feed.await_durable();
    let mut reader = engine.connect("");
    // The session itself is an input too.
    await_applied(&mut reader, feed.next);
    assert_eq!(book(&mut reader), whole(1));
    let hash = status(&mut reader).state_hash;
    engine.kill();

    let mut engine = Engine::start(dir.path(), &[]);
    let mut reader = engine.connect("");
    assert_eq!(status(&mut reader).state_hash, hash);
    assert_eq!(book(&mut reader), whole(1));
    let client = engine.connect("feed");
    assert_eq!(client.next_sequence, feed.next);
    feed.client = client;
    feed.send(2, LEVELS - 1..LEVELS);
    feed.await_durable();
    await_applied(&mut reader, feed.next);
    assert_eq!(book(&mut reader), whole(2));
    engine.kill();
}

#[test]
fn a_book_that_is_asked_for_at_any_moment_is_that_of_one_update() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(engine.connect("feed"));
    let mut reader = engine.connect("");
    let updates = 3_000;
    let mut answers = 0;
    std::thread::scope(|scope| {
        let feeder = scope.spawn(|| {
            for update in 1..=updates {
                feed.send(update, 0..LEVELS);
            }
            feed.await_durable();
        });
        loop {
            let ended = feeder.is_finished();
            if let Some((update, sizes)) = book(&mut reader) {
                assert_eq!(Some((update, sizes)), whole(update));
                answers += 1;
            }
            if ended {
                break;
            }
        }
    });
    assert!(answers > 1, "{answers}");
    await_applied(&mut reader, 1 + 1 + updates * LEVELS as u64);
    assert_eq!(book(&mut reader), whole(updates));
    assert_eq!(engine.terminate(), Some(0));
}
