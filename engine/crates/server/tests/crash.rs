//! The real process, killed at random moments: nothing that it acknowledged is lost, nothing is taken twice.

mod process;

use mib_client::{Client, News, data_frame, definition};
use mib_protocol::messages::{
    Action, Bar, BarInterval, EngineStatus, InstrumentDefinition, QueryBars, QueryStatistics, QueryStatus, Side,
    Statistics, Trade,
};
use mib_protocol::text::Text;
use process::{DEADLINE, Engine};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

const KILLS: u64 = 20;
const TRADES_PER_FRAME: u64 = 50;
const START: u64 = 1_723_118_400_000_000_000;

/// The record with a session sequence; the same one every time.
fn frame(first: u64) -> Vec<u8> {
    let mut out = Vec::new();
    data_frame(&mut out, first, Trade::BYTES, TRADES_PER_FRAME as usize, |body| {
        for (index, block) in body.chunks_exact_mut(Trade::BYTES).enumerate() {
            let sequence = first + index as u64;
            Trade {
                flags: 0,
                publisher_id: 0,
                instrument_id: 0,
                // 20 a second, some of them late.
                ts_event_nanos: START + sequence * 50_000_000 - (sequence % 97 / 96) * 70_000_000_000,
                ts_recv_nanos: 0,
                venue_sequence: sequence,
                trade_id: sequence,
                price_e9: (1_000 + sequence as i64 * 7_919 % 1_000) * 1_000_000_000,
                size_e9: (1 + sequence as i64 % 5) * 100_000_000,
                side: Side::Sell.code(),
                action: Action::Trade.code(),
            }
            .encode(block);
        }
    });
    out
}

fn define(client: &mut Client) {
    let mut out = Vec::new();
    data_frame(&mut out, 1, InstrumentDefinition::BYTES, 1, |body| {
        definition(0, "BTCUSDT").encode(body)
    });
    client.send(&out).unwrap();
}

/// Sends frames from where the engine stands until the time is over or the last is durable; returns what was acknowledged.
fn feed(client: &mut Client, last_frame: u64, until: Instant) -> u64 {
    let mut acknowledged = client.next_sequence - 1;
    if acknowledged == 0 {
        define(client);
    }
    // Frame n holds the sequences from 2 + n * TRADES_PER_FRAME on.
    let mut next = acknowledged.saturating_sub(1) / TRADES_PER_FRAME;
    let last = 1 + last_frame * TRADES_PER_FRAME;
    while Instant::now() < until && acknowledged < last {
        if next < last_frame {
            if client.send(&frame(2 + next * TRADES_PER_FRAME)).is_err() {
                break;
            }
            next += 1;
        }
        let wait = Duration::from_micros(if next < last_frame { 100 } else { 50_000 });
        match client.news(wait) {
            Ok(News::Ack { sequence, .. }) => acknowledged = acknowledged.max(sequence),
            Ok(other) => assert!(matches!(other, News::Other), "{other:?}"),
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ),
                "{error}"
            ),
        }
    }
    acknowledged
}

fn symbol_query(length: usize) -> Vec<u8> {
    let mut block = vec![0; length];
    block[length - 40..].copy_from_slice(Text::<40>::clipped("BTCUSDT").bytes());
    block
}

fn trade_count(client: &mut Client) -> u64 {
    let blocks = client
        .query(QueryStatistics::TEMPLATE, &symbol_query(40), 40)
        .unwrap()
        .unwrap();
    Statistics::decode(&blocks[0]).unwrap().trade_count
}

fn state_hash(client: &mut Client) -> u64 {
    let mut block = [0; QueryStatus::BYTES];
    QueryStatus { with_state_hash: 1 }.encode(&mut block);
    let blocks = client
        .query(QueryStatus::TEMPLATE, &block, QueryStatus::BYTES)
        .unwrap()
        .unwrap();
    EngineStatus::decode(&blocks[0]).unwrap().state_hash
}

fn minute_volumes(client: &mut Client) -> Vec<i128> {
    let mut block = [0; QueryBars::BYTES];
    let symbol = Text::clipped("BTCUSDT");
    QueryBars {
        from_nanos: 0,
        to_nanos: u64::MAX,
        last: 0,
        interval: BarInterval::M1.code(),
        symbol,
    }
    .encode(&mut block);
    let blocks = client
        .query(QueryBars::TEMPLATE, &block, QueryBars::BYTES)
        .unwrap()
        .unwrap();
    blocks
        .iter()
        .map(|block| Bar::decode(block).unwrap().volume_e9)
        .collect()
}

/// A small generator, so that the moments differ and are the same in each run.
fn random(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn twenty_kills_during_ingest_lose_nothing_that_was_acknowledged_and_double_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut seed = 7;
    let mut acknowledged = 0;
    for _ in 0..KILLS {
        let mut engine = Engine::start(dir.path(), &[]);
        let mut client = engine.connect("crash");
        assert!(
            client.next_sequence > acknowledged,
            "{} was acknowledged, {} is wanted",
            acknowledged,
            client.next_sequence
        );
        let until = Instant::now() + Duration::from_millis(20 + random(&mut seed) % 80);
        acknowledged = feed(&mut client, u64::MAX / TRADES_PER_FRAME / 2, until);
        engine.kill();
    }
    assert!(
        acknowledged > KILLS * TRADES_PER_FRAME,
        "hardly anything was written: {acknowledged}"
    );

    // To the end of the frame in which the last kill fell, and on.
    let mut engine = Engine::start(dir.path(), &[]);
    let mut client = engine.connect("crash");
    let frames = (client.next_sequence - 1) / TRADES_PER_FRAME + 100;
    let last = feed(&mut client, frames, Instant::now() + DEADLINE);
    assert_eq!(last, 1 + frames * TRADES_PER_FRAME);
    let expected = (
        trade_count(&mut client),
        minute_volumes(&mut client),
        state_hash(&mut client),
    );
    assert_eq!(engine.terminate(), Some(0));

    // The state is that of an engine that was never killed, and comes back from its last snapshot.
    let other = tempfile::tempdir().unwrap();
    let mut calm = Engine::start(other.path(), &[]);
    let mut client = calm.connect("crash");
    feed(&mut client, frames, Instant::now() + DEADLINE);
    assert_eq!(
        (
            trade_count(&mut client),
            minute_volumes(&mut client),
            state_hash(&mut client)
        ),
        expected
    );
    calm.kill();
    let mut again = Engine::start(dir.path(), &[]);
    let mut client = again.connect("");
    assert_eq!(state_hash(&mut client), expected.2);
    again.kill();
}

#[test]
fn old_segments_go_once_a_snapshot_covers_them_and_the_state_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut client = engine.connect("long");
    let frames = 4_000;
    assert_eq!(
        feed(&mut client, frames, Instant::now() + DEADLINE),
        1 + frames * TRADES_PER_FRAME
    );
    let hash = state_hash(&mut client);
    let journal = dir.path().join("journal");
    let segments = || {
        fs::read_dir(&journal)
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .path()
                    .extension()
                    .is_some_and(|end| end == "journal")
            })
            .count()
    };
    // 13 MB were written; trimming happens with the next commit after a snapshot.
    let deadline = Instant::now() + DEADLINE;
    let mut more = frames;
    while segments() > 6 {
        assert!(Instant::now() < deadline, "{} segments", segments());
        more += 1;
        client.next_sequence = 2 + (more - 1) * TRADES_PER_FRAME;
        feed(&mut client, more, Instant::now() + DEADLINE);
    }
    let hash = if more > frames { state_hash(&mut client) } else { hash };
    engine.kill();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut client = engine.connect("");
    assert_eq!(state_hash(&mut client), hash);
    engine.kill();
}

#[test]
fn a_second_engine_on_the_same_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Engine::start(dir.path(), &[]);
    first.connect("");
    let second = Engine::start(dir.path(), &[]);
    assert_eq!(second.ended(), Some(1));
    first.connect("");
    first.kill();
}

#[test]
fn a_wrong_configuration_ends_with_78() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::start(
        dir.path(),
        &[("ENGINE_LISTEN", "pigeon"), ("ENGINE_TRADES_MAX", "many")],
    );
    assert_eq!(engine.ended(), Some(78));
}

/// A file system of 12 MB, or `None` where this process may not mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(dir.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(SmallDisk(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: mounting a small disk needs privileges");
        return;
    };
    let dir = disk.0.path();
    fs::write(dir.join("ballast"), vec![1; 4 << 20]).unwrap();
    let mut engine = Engine::start(dir, &[("ENGINE_JOURNAL_BYTES_MAX", "100000000")]);
    let mut client = engine.connect("full");
    define(&mut client);
    let deadline = Instant::now() + DEADLINE;
    let mut next = 0;
    let mut acknowledged = 0;
    // Writes until the engine says why it takes no more.
    loop {
        assert!(Instant::now() < deadline);
        if next * TRADES_PER_FRAME < 400_000 && next < acknowledged / TRADES_PER_FRAME + 2_000 {
            client.send(&frame(2 + next * TRADES_PER_FRAME)).unwrap();
            next += 1;
        }
        match client.news(Duration::from_micros(200)) {
            Ok(News::Ack { sequence, .. }) => acknowledged = sequence,
            Ok(News::Error(error)) => {
                assert!(error.text.as_str().contains("disk is full"), "{error:?}");
                break;
            }
            _ => {}
        }
    }
    // Queries are answered meanwhile.
    trade_count(&mut engine.connect(""));
    fs::remove_file(dir.join("ballast")).unwrap();
    let sent = 1 + next * TRADES_PER_FRAME;
    while acknowledged < sent {
        assert!(Instant::now() < deadline, "{acknowledged} of {sent}");
        match client.news(Duration::from_millis(100)) {
            Ok(News::Ack { sequence, .. }) => acknowledged = sequence,
            _ => client.heartbeat().unwrap(),
        }
    }
    assert_eq!(trade_count(&mut client), sent - 1);
    engine.kill();
}
