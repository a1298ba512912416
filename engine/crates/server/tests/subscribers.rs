//! Native consumers of the running process: in order and without a hole, whoever is slow and whoever is killed.

mod process;

use mib_client::{Client, Delivery, News, Record, Resume, Subscriber, Wanted, data_frame, definition};
use mib_protocol::frame::{FrameHeader, read_frame, write_frame};
use mib_protocol::messages::{
    Action, BookDelta, Credit, ErrorCode, ErrorReply, FLAG_LAST, FLAG_SNAPSHOT, FrameKind, Heartbeat, Hello,
    InstrumentDefinition, KIND_BARS, KIND_BOOK_TOPS, KIND_CURRENT_BARS, KIND_QUOTES, KIND_TRADES, Quote, Side,
    SlowPolicy, Subscribe, SubscriberState, Trade,
};
use mib_protocol::text::Text;
use process::{DEADLINE, Engine};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A buffer that is soon full, before a journal that keeps all of a test.
const SMALL_BUFFER: [(&str, &str); 2] = [
    ("ENGINE_SUBSCRIBER_BUFFER_BYTES", "65536"),
    ("ENGINE_JOURNAL_BYTES_MAX", "100000000"),
];
const START: u64 = 1_723_118_400_000_000_000;
const ALL_KINDS: u8 = KIND_QUOTES | KIND_TRADES | KIND_BARS | KIND_CURRENT_BARS | KIND_BOOK_TOPS;
const SYMBOLS: [&str; 3] = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];
const RECORDS_PER_FRAME: u64 = 50;

struct Feed {
    client: Client,
    next: u64,
}

impl Feed {
    /// Instruments are defined by the first records.
    fn begin(engine: &mut Engine) -> Self {
        let mut client = engine.connect("feed");
        let next = client.next_sequence;
        if next == 1 {
            let mut out = Vec::new();
            data_frame(&mut out, 1, InstrumentDefinition::BYTES, SYMBOLS.len(), |body| {
                for (number, block) in body.chunks_exact_mut(InstrumentDefinition::BYTES).enumerate() {
                    definition(number as u32, SYMBOLS[number]).encode(block);
                }
            });
            client.send(&out).unwrap();
        }
        Feed {
            client,
            next: next.max(1 + SYMBOLS.len() as u64),
        }
    }

    /// Sends records up to a session sequence and waits until they are durable.
    fn send_to(&mut self, last: u64, record: impl Fn(u64, &mut [u8])) {
        let deadline = Instant::now() + DEADLINE;
        let mut durable = self.next - 1;
        while durable < last {
            assert!(Instant::now() < deadline, "{durable} of {last} are durable");
            while self.next <= last && self.next < durable + 20_000 {
                let count = RECORDS_PER_FRAME.min(last + 1 - self.next);
                let mut out = Vec::new();
                data_frame(&mut out, self.next, Trade::BYTES, count as usize, |body| {
                    for (index, block) in body.chunks_exact_mut(Trade::BYTES).enumerate() {
                        record(self.next + index as u64, block);
                    }
                });
                self.client.send(&out).unwrap();
                self.next += count;
            }
            if let Ok(News::Ack { sequence, .. }) = self.client.news(Duration::from_millis(100)) {
                durable = sequence;
            }
        }
    }
}

/// 20 trades a second on three instruments, some of them late.
fn trade(sequence: u64, block: &mut [u8]) {
    Trade {
        flags: 0,
        publisher_id: 0,
        instrument_id: (sequence % 3) as u32,
        ts_event_nanos: START + sequence * 50_000_000 - (sequence % 97 / 96) * 3_000_000_000,
        ts_recv_nanos: 0,
        venue_sequence: 0,
        trade_id: sequence,
        price_e9: (1_000 + sequence as i64 * 7_919 % 1_000) * 1_000_000_000,
        size_e9: 100_000_000,
        side: Side::Sell.code(),
        action: Action::Trade.code(),
    }
    .encode(block);
}

fn quote(sequence: u64, block: &mut [u8]) {
    Quote {
        flags: 0,
        publisher_id: 0,
        instrument_id: (sequence % 3) as u32,
        ts_event_nanos: START + sequence,
        ts_recv_nanos: 0,
        venue_sequence: sequence,
        bid_price_e9: sequence as i64,
        bid_size_e9: 1,
        ask_price_e9: sequence as i64 + 1,
        ask_size_e9: 1,
    }
    .encode(block);
}

fn delta(sequence: u64, block: &mut [u8]) {
    BookDelta {
        flags: if sequence.is_multiple_of(4) { 0 } else { FLAG_LAST },
        publisher_id: 0,
        instrument_id: (sequence % 3) as u32,
        ts_event_nanos: START + sequence,
        ts_recv_nanos: 0,
        first_venue_sequence: 0,
        venue_sequence: 0,
        price_e9: 1_000 + (sequence as i64 * 31 % 20),
        size_e9: sequence as i64 / 3 % 3,
        side: if sequence.is_multiple_of(2) {
            Side::Buy.code()
        } else {
            Side::Sell.code()
        },
        action: Action::Modify.code(),
    }
    .encode(block);
}

fn mixed(sequence: u64, block: &mut [u8]) {
    match sequence % 5 {
        0 | 1 => quote(sequence, block),
        2 | 3 => delta(sequence, block),
        _ => trade(sequence, block),
    }
}

fn wanted(kinds: u8, policy: SlowPolicy) -> Wanted {
    Wanted {
        symbols: Vec::new(),
        kinds,
        policy,
        window_bytes: 0,
    }
}

fn from_the_beginning() -> Option<Resume> {
    Some(Resume {
        epoch: [0; 16],
        complete: 0,
        further: 0,
        has_state: true,
    })
}

#[derive(Default)]
struct Heard {
    records: Vec<Record>,
    states: Vec<SubscriberState>,
    missing: Vec<(u64, u64)>,
}

impl Heard {
    /// Listens until something holds; returns the error that ends the connection, if that comes first.
    fn listen(&mut self, subscriber: &mut Subscriber, until: impl Fn(&Heard) -> bool) -> Option<ErrorCode> {
        let deadline = Instant::now() + DEADLINE;
        while !until(self) {
            assert!(
                Instant::now() < deadline,
                "{} records, {:?}",
                self.records.len(),
                self.states
            );
            match subscriber.next(DEADLINE).unwrap() {
                Delivery::Records(records) => self.records.extend(records),
                Delivery::Status(status) => self.states.extend(SubscriberState::from_code(status.state)),
                Delivery::Gap(gap) => self.missing.push((gap.from_sequence, gap.to_sequence)),
                Delivery::Error(error) => return ErrorCode::from_code(error.code),
            }
        }
        None
    }

    fn trade_ids(&self) -> Vec<u64> {
        let id = |record: &Record| match record {
            Record::Trade(trade) => Some(trade.trade_id),
            _ => None,
        };
        self.records.iter().filter_map(id).collect()
    }

    fn has_trade(&self, id: u64) -> bool {
        self.records
            .iter()
            .rev()
            .any(|record| matches!(record, Record::Trade(trade) if trade.trade_id == id))
    }

    fn events(&self) -> Vec<Record> {
        let is_event = |record: &&Record| record.event_sequence().is_some();
        self.records.iter().filter(is_event).copied().collect()
    }
}

fn first_trade() -> u64 {
    1 + SYMBOLS.len() as u64
}

#[test]
fn a_subscriber_gets_the_state_first_and_then_each_event_of_its_symbols_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    feed.send_to(400, mixed);
    let mut subscriber = Subscriber::connect(
        &engine.address,
        &Wanted {
            symbols: vec!["ETHUSDT".into(), "NOT YET".into()],
            ..wanted(ALL_KINDS, SlowPolicy::Warn)
        },
        None,
    )
    .unwrap();
    let mut heard = Heard::default();
    // The state: a quote, the top of a book, and bars of five lengths, after the instrument's definition.
    heard.listen(&mut subscriber, |heard| heard.records.len() >= 8);
    assert!(matches!(&heard.records[0], Record::Instrument(each) if each.symbol.as_str() == "ETHUSDT"));
    assert_eq!(heard.events(), []);
    assert!(matches!(&heard.records[1], Record::Quote(quote) if quote.flags & FLAG_SNAPSHOT != 0));
    assert!(matches!(&heard.records[2], Record::BookTop(top) if top.flags & FLAG_SNAPSHOT != 0));
    feed.send_to(4_000, mixed);
    let last = (401..=4_000).rev().find(|each| each % 5 == 4 && each % 3 == 1).unwrap();
    heard.listen(&mut subscriber, |heard| heard.has_trade(last));
    let expected: Vec<u64> = (401..=last).filter(|each| each % 5 == 4 && each % 3 == 1).collect();
    assert_eq!(heard.trade_ids(), expected);
    let sequences: Vec<u64> = heard.events().iter().filter_map(Record::event_sequence).collect();
    assert!(sequences.is_sorted());
    let quotes = heard
        .events()
        .iter()
        .filter(|each| matches!(each, Record::Quote(_)))
        .count();
    assert_eq!(
        quotes,
        (401..=last).filter(|each| each % 5 < 2 && each % 3 == 1).count()
    );
    assert!(
        heard
            .events()
            .iter()
            .any(|each| matches!(each, Record::Bar(bar) if bar.is_final == 1))
    );
    // Tops are sent when they have changed, and only then.
    let top = |record: &Record| match record {
        Record::BookTop(top) => Some((top.bid_price_e9, top.bid_size_e9, top.ask_price_e9, top.ask_size_e9)),
        _ => None,
    };
    let tops: Vec<_> = heard.events().iter().filter_map(top).collect();
    assert!(
        tops.len() > 100 && tops.windows(2).all(|pair| pair[0] != pair[1]),
        "{}",
        tops.len()
    );
    // What was waited for is defined at last.
    let mut other = engine.connect("other");
    let mut out = Vec::new();
    data_frame(&mut out, 1, InstrumentDefinition::BYTES, 1, |body| {
        definition(0, "NOT YET").encode(body)
    });
    data_frame(&mut out, 2, Trade::BYTES, 1, |body| trade(99_999, body));
    other.send(&out).unwrap();
    heard.listen(&mut subscriber, |heard| heard.has_trade(99_999));
    assert_eq!(engine.terminate(), Some(0));
}

#[test]
fn who_reads_the_journal_gets_what_they_got_who_were_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[("ENGINE_JOURNAL_BYTES_MAX", "100000000")]);
    let mut feed = Feed::begin(&mut engine);
    let mut live = Subscriber::connect(&engine.address, &wanted(ALL_KINDS, SlowPolicy::Warn), None).unwrap();
    let last = 20_004;
    feed.send_to(last, mixed);
    let mut later = Subscriber::connect(
        &engine.address,
        &wanted(ALL_KINDS, SlowPolicy::Warn),
        from_the_beginning(),
    )
    .unwrap();
    let mut again = Heard::default();
    again.listen(&mut later, |heard| heard.states.contains(&SubscriberState::Live));
    assert_eq!(again.states, [SubscriberState::Behind, SubscriberState::Live]);
    assert!(again.has_trade(last));
    let count = again.events().len();
    let mut heard = Heard::default();
    heard.listen(&mut live, |heard| {
        heard.records.len() >= count && heard.events().len() >= count
    });
    assert!(heard.events() == again.events());
    assert_eq!(heard.missing, []);
    engine.kill();
}

#[test]
fn one_that_is_cut_off_after_any_frame_goes_on_without_hole_or_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    let last = 1_004;
    feed.send_to(last, mixed);
    // Events of one input are in frames of different records.
    let wanted = wanted(ALL_KINDS, SlowPolicy::Warn);
    let mut whole = Subscriber::connect(&engine.address, &wanted, from_the_beginning()).unwrap();
    let mut expected = Heard::default();
    expected.listen(&mut whole, |heard| heard.states.contains(&SubscriberState::Live));
    let mut heard = Heard::default();
    let mut resume = from_the_beginning();
    let mut cuts = 0;
    while heard.events().len() < expected.events().len() {
        let mut subscriber = Subscriber::connect(&engine.address, &wanted, resume).unwrap();
        for _ in 0..1 + cuts % 7 {
            if let Delivery::Records(records) = subscriber.next(DEADLINE).unwrap() {
                heard.records.extend(records);
            }
        }
        resume = Some(subscriber.resume());
        cuts += 1;
    }
    assert!(cuts > 100 && heard.events() == expected.events(), "after {cuts} cuts");
    engine.kill();
}

#[test]
fn one_that_warns_gets_everything_however_slow_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &SMALL_BUFFER);
    let mut feed = Feed::begin(&mut engine);
    let mut slow = Subscriber::connect(
        &engine.address,
        &Wanted {
            window_bytes: 16_384,
            ..wanted(KIND_TRADES | KIND_QUOTES, SlowPolicy::Warn)
        },
        None,
    )
    .unwrap();
    let mut quick = Subscriber::connect(&engine.address, &wanted(KIND_TRADES, SlowPolicy::Warn), None).unwrap();
    let last = 30_004;
    // The slow one reads nothing meanwhile.
    feed.send_to(last, mixed);
    let mut heard = Heard::default();
    heard.listen(&mut quick, |heard| heard.has_trade(last));
    let mut heard = Heard::default();
    let is_live_again = |heard: &Heard| heard.has_trade(last) && heard.states.last() == Some(&SubscriberState::Live);
    assert_eq!(heard.listen(&mut slow, is_live_again), None);
    assert!(heard.states.contains(&SubscriberState::Behind), "{:?}", heard.states);
    let expected: Vec<u64> = (first_trade()..=last).filter(|each| each % 5 == 4).collect();
    assert_eq!(heard.trade_ids(), expected);
    let quotes = heard
        .events()
        .iter()
        .filter(|each| matches!(each, Record::Quote(_)))
        .count();
    assert_eq!(quotes, (first_trade()..=last).filter(|each| each % 5 < 2).count());
    assert_eq!(heard.missing, []);
    engine.kill();
}

#[test]
fn one_that_conflates_gets_the_newest_state_and_every_event() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[("ENGINE_SUBSCRIBER_BUFFER_BYTES", "65536")]);
    let mut feed = Feed::begin(&mut engine);
    let mut slow = Subscriber::connect(
        &engine.address,
        &Wanted {
            window_bytes: 4_096,
            ..wanted(KIND_TRADES | KIND_QUOTES, SlowPolicy::Conflate)
        },
        None,
    )
    .unwrap();
    let last = 20_004;
    feed.send_to(last, mixed);
    let newest = |instrument: u64| (1..=last).rev().find(|each| each % 5 < 2 && each % 3 == instrument);
    let has_newest = |heard: &Heard, instrument: u64| {
        heard
            .records
            .iter()
            .any(|each| matches!(each, Record::Quote(quote) if Some(quote.bid_price_e9 as u64) == newest(instrument)))
    };
    let mut heard = Heard::default();
    heard.listen(&mut slow, |heard| {
        heard.has_trade(last) && (0..3).all(|instrument| has_newest(heard, instrument))
    });
    let expected: Vec<u64> = (first_trade()..=last).filter(|each| each % 5 == 4).collect();
    assert_eq!(heard.trade_ids(), expected);
    let quotes: Vec<_> = heard
        .records
        .iter()
        .filter(|each| matches!(each, Record::Quote(_)))
        .collect();
    assert!(quotes.len() < 2_000, "{} of 8 000 quotes", quotes.len());
    assert!(quotes.iter().all(|each| each.event_sequence().is_none()));
    engine.kill();
}

#[test]
fn one_that_is_to_be_disconnected_is_and_goes_on_where_it_stood() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &SMALL_BUFFER);
    let mut feed = Feed::begin(&mut engine);
    let strict = Wanted {
        window_bytes: 16_384,
        ..wanted(KIND_TRADES, SlowPolicy::Disconnect)
    };
    let mut slow = Subscriber::connect(&engine.address, &strict, None).unwrap();
    let last = 20_004;
    feed.send_to(last, trade);
    let mut heard = Heard::default();
    assert_eq!(heard.listen(&mut slow, |_| false), Some(ErrorCode::SlowReader));
    assert!(!heard.has_trade(last));
    let mut again = Subscriber::connect(&engine.address, &strict, Some(slow.resume())).unwrap();
    assert_eq!(heard.listen(&mut again, |heard| heard.has_trade(last)), None);
    let expected: Vec<u64> = (first_trade()..=last).collect();
    assert!(heard.trade_ids() == expected);
    engine.kill();
}

#[test]
fn a_subscriber_goes_on_where_it_stood_when_the_engine_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut heard = Heard::default();
    let mut resume = None;
    let kinds = wanted(KIND_TRADES | KIND_BARS, SlowPolicy::Warn);
    let rounds = 6;
    let per_round = 3_000;
    for round in 1..=rounds {
        let mut engine = Engine::start(dir.path(), &[]);
        let mut feed = Feed::begin(&mut engine);
        let mut subscriber = Subscriber::connect(&engine.address, &kinds, resume).unwrap();
        if round == 1 {
            feed.send_to(first_trade(), trade);
        }
        feed.send_to(round * per_round, trade);
        // The kill comes while it reads, somewhere.
        let have = heard.trade_ids().len() as u64;
        heard.listen(&mut subscriber, |heard| {
            heard.trade_ids().len() as u64 > have + per_round / 3 * (round % 3)
        });
        engine.kill();
        resume = Some(subscriber.resume());
    }
    let mut engine = Engine::start(dir.path(), &[]);
    Feed::begin(&mut engine);
    let mut subscriber = Subscriber::connect(&engine.address, &kinds, resume).unwrap();
    heard.listen(&mut subscriber, |heard| heard.has_trade(rounds * per_round));
    let expected: Vec<u64> = (first_trade()..=rounds * per_round).collect();
    assert!(heard.trade_ids() == expected);
    assert_eq!(heard.missing, []);
    let bar = |record: &Record| match record {
        Record::Bar(bar) => Some((bar.instrument_id, bar.interval, bar.ts_event_nanos, bar.revision)),
        _ => None,
    };
    let mut bars: Vec<_> = heard.records.iter().filter_map(bar).collect();
    let count = bars.len();
    bars.sort_unstable();
    bars.dedup();
    assert!(
        count > 1_000 && bars.len() == count,
        "{count} bars, {} of them once",
        bars.len()
    );
    engine.kill();
}

#[test]
fn what_was_trimmed_is_reported_missing_and_the_rest_follows() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[("ENGINE_JOURNAL_BYTES_MAX", "2097152")]);
    let mut feed = Feed::begin(&mut engine);
    let mut subscriber;
    let mut last = 40_000;
    let mut heard;
    let deadline = Instant::now() + DEADLINE;
    loop {
        feed.send_to(last, trade);
        let kinds = wanted(KIND_TRADES, SlowPolicy::Warn);
        subscriber = Subscriber::connect(&engine.address, &kinds, from_the_beginning()).unwrap();
        heard = Heard::default();
        heard.listen(&mut subscriber, |heard| heard.has_trade(last));
        // Snapshots are written, and the journal is trimmed, at the engine's own pace.
        if !heard.missing.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "nothing was trimmed");
        last += 20_000;
    }
    // The journal may be trimmed again while it is read. A trade's sequence is one more than its number in the session,
    // which is the first input itself.
    let is_missing = |id: u64| heard.missing.iter().any(|&(from, to)| (from..=to).contains(&(id + 1)));
    let expected: Vec<u64> = (first_trade()..=last).filter(|&id| !is_missing(id)).collect();
    assert!(
        heard.missing.is_sorted_by(|(_, to), (from, _)| to < from),
        "{:?}",
        heard.missing
    );
    assert!(heard.trade_ids() == expected, "{:?}", heard.missing);
    engine.kill();
}

/// Frames as they come, with nothing said in return.
struct Silent {
    stream: UnixStream,
    input: Vec<u8>,
}

impl Silent {
    fn subscribe(address: &str, kinds: u8, window_bytes: u32) -> Self {
        let mut stream = UnixStream::connect(address.trim_start_matches("unix:")).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let hello = Hello {
            session: Text::EMPTY,
            feed: Text::EMPTY,
            source: 1,
            version_max: 1,
            ack_levels: 0,
        };
        let subscribe = Subscribe {
            after_sequence: 0,
            window_bytes,
            kinds,
            policy: SlowPolicy::Warn.code(),
            resume: 1,
            state: 0,
            epoch: [0; 16],
            symbol: Text::EMPTY,
        };
        send(
            &mut stream,
            FrameKind::Control,
            Hello::TEMPLATE,
            Hello::BYTES,
            |block| hello.encode(block),
        );
        send(
            &mut stream,
            FrameKind::Query,
            Subscribe::TEMPLATE,
            Subscribe::BYTES,
            |block| subscribe.encode(block),
        );
        Silent {
            stream,
            input: Vec::new(),
        }
    }

    /// Bytes of the DATA frames that come before a heartbeat, which is what comes when nothing else may be sent.
    fn data_before_a_heartbeat(&mut self) -> u64 {
        let mut bytes = 0;
        loop {
            while let Some((frame, length)) = read_frame(&self.input).unwrap() {
                let header = frame.header;
                self.input.drain(..length);
                match (header.kind, header.template) {
                    (kind, _) if kind == FrameKind::Data.code() => bytes += length as u64,
                    (_, Heartbeat::TEMPLATE) if bytes > 0 => return bytes,
                    _ => {}
                }
            }
            let mut part = [0; 65_536];
            let read = self.stream.read(&mut part).unwrap();
            assert!(read > 0, "the engine ended the connection");
            self.input.extend_from_slice(&part[..read]);
        }
    }
}

fn send(stream: &mut UnixStream, kind: FrameKind, template: u16, length: usize, encode: impl FnOnce(&mut [u8])) {
    let header = FrameHeader {
        kind: kind.code(),
        template,
        block_len: length as u16,
        request_id: 1,
        ..FrameHeader::default()
    };
    let mut frame = Vec::new();
    write_frame(&mut frame, header, 1, encode);
    stream.write_all(&frame).unwrap();
}

#[test]
fn no_more_is_sent_than_the_window_holds_and_credit_frees() {
    let dir = tempfile::tempdir().unwrap();
    let patient = [("ENGINE_SESSION_DEAD_MS", "60000"), ("ENGINE_HEARTBEAT_MS", "100")];
    let mut engine = Engine::start(dir.path(), &patient);
    let mut feed = Feed::begin(&mut engine);
    feed.send_to(20_000, trade);
    let window = 20_000;
    let mut silent = Silent::subscribe(&engine.address, KIND_TRADES, window);
    let first = silent.data_before_a_heartbeat();
    // A frame goes out as long as the window is not full, so the last may stand out by half of it.
    let fits = u64::from(window)..=u64::from(window) * 3 / 2 + 100;
    assert!(fits.contains(&first), "{first}");
    let credit = Credit { taken_bytes: first };
    send(
        &mut silent.stream,
        FrameKind::Control,
        Credit::TEMPLATE,
        Credit::BYTES,
        |block| credit.encode(block),
    );
    let second = silent.data_before_a_heartbeat();
    assert!(fits.contains(&second), "{second}");
    engine.kill();
}

#[test]
fn a_position_that_the_journal_does_not_have_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    feed.send_to(100, trade);
    let kinds = wanted(KIND_TRADES, SlowPolicy::Warn);
    let resume = |epoch: u8, complete: u64| {
        let resume = Resume {
            epoch: [epoch; 16],
            complete,
            further: 0,
            has_state: true,
        };
        Subscriber::connect(&engine.address, &kinds, Some(resume))
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(resume(0, 50), Ok(()));
    let lost = "the journal does not have this position: history was lost".to_owned();
    assert_eq!(resume(0, 100_000), Err(lost.clone()));
    assert_eq!(resume(7, 50), Err(lost));
    engine.kill();
}

#[test]
fn the_state_has_come_once_a_frame_says_that_nothing_more_follows() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    feed.send_to(400, mixed);
    let one = Wanted {
        symbols: vec!["ETHUSDT".into()],
        ..wanted(ALL_KINDS, SlowPolicy::Warn)
    };
    let mut subscriber = Subscriber::connect(&engine.address, &one, None).unwrap();
    let mut heard = Heard::default();
    while !subscriber.resume().has_state {
        if let Delivery::Records(records) = subscriber.next(DEADLINE).unwrap() {
            heard.records.extend(records);
        }
    }
    // A definition, a quote, the top of a book, bars of five lengths.
    assert_eq!(heard.records.len(), 8, "{:?}", heard.records);
    engine.kill();
}

#[test]
fn damage_in_an_old_segment_ends_those_who_need_it_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[("ENGINE_JOURNAL_BYTES_MAX", "100000000")]);
    let mut feed = Feed::begin(&mut engine);
    let kinds = wanted(KIND_TRADES, SlowPolicy::Warn);
    let mut live = Subscriber::connect(&engine.address, &kinds, None).unwrap();
    let mut heard = Heard::default();
    feed.send_to(40_000, trade);
    heard.listen(&mut live, |heard| heard.has_trade(40_000));
    let segment = std::fs::OpenOptions::new()
        .write(true)
        .open(&segments(dir.path())[0].1)
        .unwrap();
    segment.write_all_at(&[0x55; 4_096], 500_000).unwrap();
    let mut late = Subscriber::connect(&engine.address, &kinds, from_the_beginning()).unwrap();
    let mut before = Heard::default();
    assert_eq!(before.listen(&mut late, |_| false), Some(ErrorCode::JournalUnreadable));
    assert!(before.trade_ids().starts_with(&[first_trade()]));
    feed.send_to(41_000, trade);
    assert_eq!(heard.listen(&mut live, |heard| heard.has_trade(41_000)), None);
    assert!(heard.trade_ids() == (first_trade()..=41_000).collect::<Vec<u64>>());
    engine.kill();
}

/// Numbers in the names of a folder's files, with their paths, in order.
fn numbered(dir: &Path, suffix: &str) -> Vec<(u64, PathBuf)> {
    let mut found: Vec<(u64, PathBuf)> = std::fs::read_dir(dir)
        .unwrap()
        .filter_map(|file| {
            let path = file.unwrap().path();
            let number = path.file_name()?.to_str()?.strip_suffix(suffix)?.parse().ok()?;
            Some((number, path))
        })
        .collect();
    found.sort();
    found
}

fn segments(dir: &Path) -> Vec<(u64, PathBuf)> {
    numbered(&dir.join("journal"), ".journal")
}

fn newest_snapshot(dir: &Path) -> u64 {
    numbered(&dir.join("snapshots"), ".snapshot")
        .last()
        .map_or(0, |each| each.0)
}

/// Sends as many trades as come between two snapshots, and waits for the snapshot. Returns the last one.
fn send_until_a_snapshot(dir: &Path, feed: &mut Feed) -> u64 {
    let before = newest_snapshot(dir);
    let last = feed.next + 20_000;
    feed.send_to(last, trade);
    let deadline = Instant::now() + DEADLINE;
    while newest_snapshot(dir) == before {
        assert!(Instant::now() < deadline, "no snapshot after {before}");
        std::thread::sleep(Duration::from_millis(5));
    }
    last
}

#[test]
fn one_that_comes_back_gets_what_the_journal_has_although_newer_snapshots_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    let kinds = wanted(KIND_TRADES, SlowPolicy::Warn);
    let deadline = Instant::now() + DEADLINE;
    let mut last = 0;
    while segments(dir.path()).first().is_none_or(|first| first.0 == 1) {
        assert!(Instant::now() < deadline, "nothing was trimmed");
        last = send_until_a_snapshot(dir.path(), &mut feed);
    }
    let mut subscriber = Subscriber::connect(&engine.address, &kinds, None).unwrap();
    let mut heard = Heard::default();
    feed.send_to(last + 100, trade);
    heard.listen(&mut subscriber, |heard| heard.has_trade(last + 100));
    let resume = subscriber.resume();
    feed.send_to(last + 4_000, trade);
    let before = newest_snapshot(dir.path());
    assert_eq!(engine.terminate(), Some(0));
    assert!(newest_snapshot(dir.path()) > before, "no snapshot at the end");
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    let end = send_until_a_snapshot(dir.path(), &mut feed);
    let mut subscriber = Subscriber::connect(&engine.address, &kinds, Some(resume)).unwrap();
    heard.listen(&mut subscriber, |heard| heard.has_trade(end));
    assert_eq!(heard.missing, []);
    assert!(heard.trade_ids() == (last + 1..=end).collect::<Vec<u64>>());
    engine.kill();
}

#[test]
fn one_that_takes_a_little_now_and_then_does_not_keep_others_from_catching_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &SMALL_BUFFER);
    let mut feed = Feed::begin(&mut engine);
    let last = 150_000;
    feed.send_to(last, trade);
    let narrow = Wanted {
        window_bytes: 4_096,
        ..wanted(KIND_TRADES, SlowPolicy::Warn)
    };
    let resume = Resume {
        complete: 10_000,
        ..from_the_beginning().unwrap()
    };
    let mut slow = Subscriber::connect(&engine.address, &narrow, Some(resume)).unwrap();
    let is_in_the_lane = |delivery: &Delivery| matches!(delivery, Delivery::Records(_));
    while !is_in_the_lane(&slow.next(DEADLINE).unwrap()) {}
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                slow.next(DEADLINE).unwrap();
                // Its pace, not a condition.
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let mut other = Subscriber::connect(
            &engine.address,
            &wanted(KIND_TRADES, SlowPolicy::Warn),
            from_the_beginning(),
        )
        .unwrap();
        let mut heard = Heard::default();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            heard.listen(&mut other, |heard| heard.states.contains(&SubscriberState::Live));
        }));
        over.store(true, Ordering::Relaxed);
        assert!(caught.is_ok(), "it has {} trades", heard.trade_ids().len());
        assert!(heard.trade_ids() == (first_trade()..=last).collect::<Vec<u64>>());
    });
    engine.kill();
}

#[test]
fn a_second_query_that_is_refused_ends_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    feed.send_to(10, trade);
    let mut silent = Silent::subscribe(&engine.address, KIND_TRADES, 0);
    let mut queries = Vec::new();
    for _ in 0..3 {
        let header = FrameHeader {
            kind: FrameKind::Query.code(),
            template: Subscribe::TEMPLATE,
            block_len: Subscribe::BYTES as u16,
            ..FrameHeader::default()
        };
        write_frame(&mut queries, header, 1, |block| block.fill(0));
    }
    silent.stream.write_all(&queries).unwrap();
    let mut rest = Vec::new();
    silent.stream.read_to_end(&mut rest).unwrap();
    let mut errors = Vec::new();
    while let Some((frame, length)) = read_frame(&rest).unwrap() {
        if frame.header.kind == FrameKind::Error.code() {
            errors.extend(ErrorReply::decode(frame.body).map(|error| error.code));
        }
        rest.drain(..length);
    }
    assert_eq!(errors, [ErrorCode::BadQuery.code(); 2]);
    engine.kill();
}

#[test]
fn an_engine_that_stops_sends_what_waits_for_the_window() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    let narrow = Wanted {
        window_bytes: 4_096,
        ..wanted(KIND_TRADES, SlowPolicy::Warn)
    };
    let mut subscriber = Subscriber::connect(&engine.address, &narrow, None).unwrap();
    let last = 5_000;
    feed.send_to(last, trade);
    let mut heard = Heard::default();
    std::thread::scope(|scope| {
        let ended = scope.spawn(|| engine.terminate());
        // Feeds are told first; by then the engine takes nothing more.
        while feed.client.news(DEADLINE).is_ok() {}
        assert_eq!(heard.listen(&mut subscriber, |_| false), Some(ErrorCode::ShuttingDown));
        assert_eq!(ended.join().unwrap(), Some(0));
    });
    assert!(heard.trade_ids() == (first_trade()..=last).collect::<Vec<u64>>());
}

#[test]
fn the_top_of_a_book_as_it_stands_is_the_last_one_that_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(dir.path(), &[]);
    let mut feed = Feed::begin(&mut engine);
    let kinds = wanted(KIND_BOOK_TOPS | KIND_TRADES, SlowPolicy::Warn);
    let mut live = Subscriber::connect(&engine.address, &kinds, None).unwrap();
    let mut heard = Heard::default();
    let last = 1_004;
    feed.send_to(last, mixed);
    heard.listen(&mut live, |heard| heard.has_trade(last));
    let mut later = Subscriber::connect(&engine.address, &kinds, None).unwrap();
    let mut state = Heard::default();
    let tops = |heard: &Heard| -> BTreeMap<u32, (u64, u64)> {
        let top = |record: &Record| match record {
            Record::BookTop(top) => Some((top.instrument_id, (top.sequence, top.ts_event_nanos))),
            _ => None,
        };
        heard.records.iter().filter_map(top).collect()
    };
    state.listen(&mut later, |heard| tops(heard).len() == SYMBOLS.len());
    assert_eq!(tops(&state), tops(&heard));
    engine.kill();
}
