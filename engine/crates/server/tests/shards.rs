//! Two engines that share the instruments, as real processes: each takes its own and refuses the other's.

mod process;

use mib_client::{
    Client, Delivery, News, Record, Resume, ShardNews, ShardedSubscriber, Wanted, data_frame, definition,
};
use mib_protocol::messages::{
    EngineStatus, ErrorCode, InstrumentDefinition, KIND_TRADES, QueryInstruments, QueryStatus, Side, SlowPolicy, Trade,
};
use mib_protocol::shard::Shard;
use process::Engine;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

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

/// One frame of trades of the session's first instrument, whose ids are their session sequences.
fn trade(client: &mut Client, first: u64, count: u64) {
    let mut frame = Vec::new();
    data_frame(&mut frame, first, Trade::BYTES, count as usize, |blocks| {
        for (at, block) in (first..).zip(blocks.chunks_exact_mut(Trade::BYTES)) {
            Trade {
                flags: 0,
                publisher_id: 0,
                instrument_id: 0,
                ts_event_nanos: 1_723_118_400_000_000_000 + at,
                ts_recv_nanos: 0,
                venue_sequence: 0,
                trade_id: at,
                price_e9: 1_000_000_000,
                size_e9: 1,
                side: Side::Buy.code(),
                action: 0,
            }
            .encode(block);
        }
    });
    client.send(&frame).unwrap();
}

/// Reads until each engine has told trades up to these, connecting again to one that has ended; each comes once and in order.
fn read_to(subscriber: &mut ShardedSubscriber, last: &mut [u64; 2], wanted: [u64; 2]) {
    let deadline = Instant::now() + process::DEADLINE;
    while *last != wanted {
        assert!(Instant::now() < deadline, "{last:?} of {wanted:?}");
        match subscriber.next(process::DEADLINE).unwrap() {
            (shard, ShardNews::Delivery(Delivery::Records(records))) => {
                for record in records {
                    if let Record::Trade(trade) = record {
                        assert_eq!(trade.trade_id, last[usize::from(shard)] + 1);
                        last[usize::from(shard)] = trade.trade_id;
                    }
                }
            }
            (_, ShardNews::Delivery(_)) => {}
            (shard, ShardNews::Ended(error)) => panic!("shard {shard}: {error}"),
        }
    }
}

#[test]
fn a_subscriber_of_two_engines_hears_both_and_goes_on_with_one_that_was_killed() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut engines = [0, 1].map(|index| start(dirs[index].path(), shards()[index]));
    let mut clients = [0, 1].map(|index: usize| {
        let mut client = engines[index].connect("feed");
        define(&mut client, 1, &[&symbols_of(shards()[index])[0]]);
        await_durable(&mut client, 1);
        client
    });
    let addresses = engines.each_ref().map(|engine| engine.address.clone());
    let addresses = addresses.each_ref().map(String::as_str);
    let wanted = Wanted {
        symbols: Vec::new(),
        kinds: KIND_TRADES,
        policy: SlowPolicy::Warn,
        window_bytes: 1 << 16,
    };
    let swapped = [addresses[1], addresses[0]];
    let refused = ShardedSubscriber::connect(&swapped, &wanted, &[]).err().unwrap();
    assert!(refused.to_string().contains("WRONG_SHARD"), "{refused}");

    let mut subscriber = ShardedSubscriber::connect(&addresses, &wanted, &[]).unwrap();
    let mut last = [1, 1];
    trade(&mut clients[0], 2, 500);
    trade(&mut clients[1], 2, 500);
    read_to(&mut subscriber, &mut last, [501, 501]);

    // The first is killed; the other's events come all the same.
    let [first, _second] = engines;
    first.kill();
    let ended = loop {
        if let (shard, ShardNews::Ended(_)) = subscriber.next(process::DEADLINE).unwrap() {
            break shard;
        }
    };
    assert_eq!(ended, 0);
    trade(&mut clients[1], 502, 100);
    read_to(&mut subscriber, &mut last, [501, 601]);
    let mut first = start(dirs[0].path(), shards()[0]);
    trade(&mut first.connect("feed"), 502, 100);
    subscriber.connect_again(0).unwrap();
    read_to(&mut subscriber, &mut last, [601, 601]);

    // Another one goes on where it stood.
    let resume: Vec<Option<Resume>> = subscriber.resume().to_vec();
    drop(subscriber);
    trade(&mut clients[1], 602, 100);
    let mut another = ShardedSubscriber::connect(&addresses, &wanted, &resume).unwrap();
    read_to(&mut another, &mut last, [601, 701]);
}
