//! Two engines that share the instruments, as real processes: each takes its own and refuses the other's.

mod process;

use mib_client::{Client, News, data_frame, definition};
use mib_protocol::messages::{EngineStatus, ErrorCode, InstrumentDefinition, QueryInstruments, QueryStatus};
use mib_protocol::shard::Shard;
use process::Engine;
use std::path::Path;
use std::process::Command;

fn symbols_of(shard: Shard) -> Vec<String> {
    let all = (0..40).map(|number| format!("S{number}"));
    all.filter(|symbol| shard.has_symbol(symbol)).collect()
}

fn shards() -> [Shard; 2] {
    [0, 1].map(|index| Shard::new(index, 2).unwrap())
}

fn start(dir: &Path, shard: Shard) -> Engine {
    Engine::start(dir, &[("ENGINE_SHARD", &shard.to_string())])
}

/// One frame that defines instruments, numbered from `first`.
fn define(client: &mut Client, first: u64, symbols: &[&str]) {
    let mut frame = Vec::new();
    data_frame(
        &mut frame,
        first,
        InstrumentDefinition::BYTES,
        symbols.len(),
        |blocks| {
            for (at, block) in blocks.chunks_exact_mut(InstrumentDefinition::BYTES).enumerate() {
                definition(first as u32 - 1 + at as u32, symbols[at]).encode(block);
            }
        },
    );
    client.send(&frame).unwrap();
}

fn await_durable(client: &mut Client, sequence: u64) {
    loop {
        if let News::Ack { sequence: reached, .. } = client.news(process::DEADLINE).unwrap()
            && reached >= sequence
        {
            return;
        }
    }
}

fn defined(engine: &mut Engine) -> Vec<String> {
    let mut block = vec![0; QueryInstruments::BYTES];
    QueryInstruments {
        from_instrument_id: 0,
        limit: 0,
    }
    .encode(&mut block);
    let reply = engine
        .connect("")
        .query(QueryInstruments::TEMPLATE, &block, QueryInstruments::BYTES);
    let of = |block: &Vec<u8>| InstrumentDefinition::decode(block).unwrap().symbol.to_string();
    reply.unwrap().unwrap().iter().map(of).collect()
}

#[test]
fn an_engine_takes_the_instruments_of_its_shard_and_leaves_those_of_another_with_their_feed() {
    for shard in shards() {
        let other = shards()[1 - usize::from(shard.index())];
        let (own, foreign) = (symbols_of(shard), symbols_of(other));
        let dir = tempfile::tempdir().unwrap();
        let mut engine = start(dir.path(), shard);
        let mut client = engine.connect("feed");
        assert_eq!(client.shard, shard);
        define(&mut client, 1, &[&own[0], &own[1]]);
        await_durable(&mut client, 2);

        // A frame in which one of another shard stands among its own.
        define(&mut client, 3, &[&own[2], &foreign[0]]);
        let code = loop {
            match client.news(process::DEADLINE).unwrap() {
                News::Error(error) => break error.code,
                News::Ack { sequence, .. } => assert!(sequence <= 2, "{sequence}"),
                _ => {}
            }
        };
        assert_eq!(code, ErrorCode::WrongShard.code());

        // Nothing of it was taken: the session goes on there, and so it does after a restart.
        assert_eq!(engine.connect("feed").next_sequence, 3);
        assert_eq!(defined(&mut engine), own[..2]);
        engine.kill();
        let mut engine = start(dir.path(), shard);
        let mut client = engine.connect("feed");
        assert_eq!(client.next_sequence, 3);
        define(&mut client, 3, &[&own[2]]);
        await_durable(&mut client, 3);
        assert_eq!(defined(&mut engine), own[..3]);
    }
}

#[test]
fn the_only_engine_takes_every_instrument() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut client = engine.connect("feed");
    assert_eq!(client.shard, Shard::WHOLE);
    let symbols = shards().map(|shard| symbols_of(shard)[0].clone());
    define(&mut client, 1, &[&symbols[0], &symbols[1]]);
    await_durable(&mut client, 2);
    assert_eq!(defined(&mut engine), symbols);
    let identity = std::fs::read_to_string(dir.path().join("journal/identity")).unwrap();
    assert!(!identity.contains("shard"), "{identity}");
}

#[test]
fn a_journal_is_opened_as_the_shard_that_it_is_of_and_as_no_other() {
    let [zero, one] = shards();
    for (made, asked) in [(zero, one), (zero, Shard::WHOLE), (Shard::WHOLE, one)] {
        let dir = tempfile::tempdir().unwrap();
        let mut engine = start(dir.path(), made);
        let before = status(&mut engine).epoch;
        assert_eq!(engine.terminate(), Some(0));

        let output = Command::new(env!("CARGO_BIN_EXE_mib-engine"))
            .args(["--shard", &asked.to_string()])
            .env_clear()
            .env("ENGINE_DATA_DIR", dir.path())
            .env(
                "ENGINE_LISTEN",
                format!("unix:{}", dir.path().join("other.sock").display()),
            )
            .env("ADMIN_PORT", "0")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("WRONG_SHARD"), "{said}");
        assert!(said.contains(&format!("--shard {made}")), "{said}");

        let mut engine = start(dir.path(), made);
        assert_eq!(status(&mut engine).epoch, before);
    }
}

fn status(engine: &mut Engine) -> EngineStatus {
    let mut block = vec![0; QueryStatus::BYTES];
    QueryStatus { with_state_hash: 0 }.encode(&mut block);
    let reply = engine
        .connect("")
        .query(QueryStatus::TEMPLATE, &block, QueryStatus::BYTES)
        .unwrap()
        .unwrap();
    EngineStatus::decode(&reply[0]).unwrap()
}
