//! `mib-engine inspect` on the journals of real engines, running and stopped.

mod process;

use mib_client::{Client, News, data_frame, definition};
use mib_protocol::messages::{Action, InstrumentDefinition, Side, Trade};
use process::{DEADLINE, Engine};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

const START: u64 = 1_723_118_400_000_000_000;
const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];

fn inspect(dir: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mib-engine"))
        .env_clear()
        .arg("inspect")
        .arg(dir)
        .args(words)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Two instruments and so many trades of each in turn, one a second, a commit each; returns when all are durable.
fn feed(client: &mut Client, trades: u64) {
    let mut out = Vec::new();
    data_frame(&mut out, 1, InstrumentDefinition::BYTES, 2, |body| {
        for (id, block) in (0..).zip(body.chunks_exact_mut(InstrumentDefinition::BYTES)) {
            definition(id, SYMBOLS[id as usize]).encode(block);
        }
    });
    send(client, &out, 2);
    for number in 0..2 * trades {
        let mut out = Vec::new();
        data_frame(&mut out, 3 + number, Trade::BYTES, 1, |body| {
            trade((number % 2) as u32, number).encode(body);
        });
        send(client, &out, 3 + number);
    }
}

fn trade(instrument_id: u32, number: u64) -> Trade {
    Trade {
        flags: 0,
        publisher_id: 0,
        instrument_id,
        ts_event_nanos: START + number * 1_000_000_000,
        ts_recv_nanos: 0,
        venue_sequence: 0,
        trade_id: number,
        // Not a number that a JSON reader's double can hold.
        price_e9: 9_007_199_254_740_993,
        size_e9: 1_000_000_000,
        side: Side::Buy.code(),
        action: Action::Trade.code(),
    }
}

fn send(client: &mut Client, frame: &[u8], last: u64) {
    client.send(frame).unwrap();
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let News::Ack { sequence, .. } = client.news(DEADLINE).unwrap()
            && sequence >= last
        {
            return;
        }
        assert!(Instant::now() < deadline);
    }
}

/// The journal of an engine that was killed after the feed, and its only segment.
fn journal() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    feed(&mut engine.connect("captured"), 3);
    engine.kill();
    let segment = dir.path().join("journal/00000000000000000001.journal");
    assert!(segment.exists());
    (dir, segment)
}

#[test]
fn a_running_engines_journal_is_counted_and_the_engine_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    feed(&mut engine.connect("captured"), 3);
    for folder in [dir.path().to_owned(), dir.path().join("journal")] {
        let output = inspect(&folder, &[]);
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        for expected in [
            "inputs      9\n",
            "sequences   1 – 9\n",
            "event times 2024-08-08T12:00:00Z – 2024-08-08T12:00:05Z\n",
            "  TRADE                             6\n",
            "  INSTRUMENT_DEFINITION             2\n",
            "  SESSION_OPENED                    1\n",
            "verify      sound: 1 segment(s)",
        ] {
            assert!(shown.contains(expected), "{expected} is not in\n{shown}");
        }
    }
    engine.connect("");
    assert_eq!(engine.terminate(), Some(0));
}

#[test]
fn inputs_are_dumped_by_sequence_kind_and_symbol() {
    let (dir, _) = journal();
    let all = lines(&inspect(dir.path(), &["--dump"]));
    let sequences: Vec<&Value> = all.iter().map(|line| &line["sequence"]).collect();
    assert_eq!(sequences, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(all[0]["kind"], "SESSION_OPENED");
    assert_eq!(all[0]["session"], "captured");
    assert_eq!(all[3]["price_e9"], "9007199254740993");

    let words = [
        "--dump", "--kind", "trade", "--symbol", "ETHUSDT", "--from", "6", "--to", "8",
    ];
    let some = lines(&inspect(dir.path(), &words));
    let shown: Vec<(&Value, &Value)> = some.iter().map(|line| (&line["sequence"], &line["symbol"])).collect();
    assert_eq!(shown, [(&Value::from("7"), &Value::from("ETHUSDT"))]);
}

#[test]
fn a_torn_tail_is_told_from_corruption_and_both_are_placed() {
    let (dir, segment) = journal();
    let whole = fs::read(&segment).unwrap();
    let end = whole.iter().rposition(|&byte| byte != 0).unwrap() + 1;
    // Every trade is an entry of 48 + 64 bytes and a commit of its own.
    let mut torn = whole.clone();
    torn[end - 60..].fill(0);
    fs::write(&segment, &torn).unwrap();
    let output = inspect(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(0));
    let last = 4_096 + (whole[4_096..end].len().next_multiple_of(8) - 112);
    assert!(text(&output.stdout).contains("sequences   1 – 8\n"), "{output:?}");
    assert!(
        text(&output.stdout).contains(&format!("bytes at byte {last} of ")),
        "{output:?}"
    );
    assert_eq!(fs::read(&segment).unwrap(), torn, "nothing is changed");

    let mut damaged = whole;
    damaged[last - 2 * 112 + 20] ^= 1;
    fs::write(&segment, &damaged).unwrap();
    let output = inspect(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(65));
    let expected = format!(
        "corrupt at byte {} (entry); the last good sequence is 6",
        last - 2 * 112
    );
    assert!(text(&output.stdout).contains(&expected), "{output:?}");
    assert!(text(&output.stdout).contains("sequences   1 – 6\n"), "{output:?}");
}

#[test]
fn what_can_not_be_looked_into_is_said_with_its_reason() {
    let empty = tempfile::tempdir().unwrap();
    let cases: [(&[&str], i32, &str); 5] = [
        (&[], 66, "there is no journal here"),
        (&["--frm", "1"], 64, "--frm is not an option"),
        (&["--kind", "TICK"], 64, "TICK is not a kind"),
        (&["--from", "x"], 64, "x is not a sequence"),
        (&["elsewhere"], 64, "only one folder"),
    ];
    for (words, code, expected) in cases {
        let output = inspect(empty.path(), words);
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert!(text(&output.stderr).contains(expected), "{output:?}");
    }
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "nothing is made");
}

#[test]
fn symbols_whose_definitions_were_trimmed_are_known_from_the_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut client = engine.connect("captured");
    feed(&mut client, 1);
    let first = dir.path().join("journal/00000000000000000001.journal");
    let deadline = Instant::now() + DEADLINE;
    let mut next = 5;
    while first.exists() {
        assert!(Instant::now() < deadline);
        let mut out = Vec::new();
        data_frame(&mut out, next, Trade::BYTES, 1_000, |body| {
            for (number, block) in (next..).zip(body.chunks_exact_mut(Trade::BYTES)) {
                trade(1, number).encode(block);
            }
        });
        next += 1_000;
        send(&mut client, &out, next - 1);
    }
    let output = inspect(dir.path(), &[]);
    assert!(text(&output.stdout).contains("were trimmed"), "{output:?}");
    assert!(!text(&output.stdout).contains("INSTRUMENT_DEFINITION"), "{output:?}");
    let from = (next - 10).to_string();
    let some = lines(&inspect(dir.path(), &["--dump", "--from", &from]));
    assert!(!some.is_empty());
    assert!(
        some.iter()
            .all(|line| line["symbol"] == "ETHUSDT" && line["session"] == "captured")
    );
    engine.kill();
}
