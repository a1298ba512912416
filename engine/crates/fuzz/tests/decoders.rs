//! No bytes make a decoder panic, or take more memory than they are long.
//!
//! `FUZZ_SECONDS=600 cargo test -p mib-fuzz -- --test-threads 1 --nocapture` for a long run; without `--release`, so that
//! arithmetic that overflows is found too.

use mib_core::limits::Limits;
use mib_core::sink::Discard;
use mib_core::state::{Batch, State};
use mib_fuzz::{Watched, fuzz};
use mib_journal::{Entry, EntryKind, Journal, JournalError, Options, inspect};
use mib_protocol::frame::{FrameHeader, read_frame, write_frame};
use mib_protocol::messages::{
    Action, Bar, BarInterval, BookDelta, InstrumentDefinition, Side, Trade, describe, message_shape, recode,
};
use mib_protocol::text::Text;
use serde_json::Value;
use std::fs;
use std::ops::ControlFlow;

#[global_allocator]
static WATCHED: Watched = Watched;

const SMALL: usize = 64 * 1_024;

fn golden(name: &str) -> Vec<Value> {
    let path = format!("{}/../../protocol/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(&path).expect(&path)).expect(&path)
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

/// Template and block of each golden message.
fn messages() -> Vec<(u16, Vec<u8>)> {
    let case = |case: &Value| (case["template"].as_u64().unwrap() as u16, bytes(&case["hex"]));
    golden("messages").iter().map(case).collect()
}

/// Records of all kinds as a session sends them, each filled up to the longest.
fn records() -> Vec<Vec<u8>> {
    let is_record =
        |(template, _): &(u16, Vec<u8>)| message_shape(*template).is_some_and(|(_, _, role)| role == "record");
    let fill = |(_, mut block): (u16, Vec<u8>)| {
        block.resize(STRIDE, 0);
        block
    };
    messages().into_iter().filter(is_record).map(fill).collect()
}

const STRIDE: usize = InstrumentDefinition::BYTES;

#[test]
fn frames() {
    let seeds: Vec<Vec<u8>> = golden("frames").iter().map(|case| bytes(&case["hex"])).collect();
    fuzz("frames", &seeds, SMALL, |input| {
        let mut sealed = input.to_vec();
        seal(&mut sealed);
        for bytes in [input, &sealed] {
            if let Ok(Some((frame, length))) = read_frame(bytes) {
                assert!(length <= bytes.len());
                assert!(frame.blocks().count() <= bytes.len());
                for block in frame.blocks() {
                    describe(frame.header.template, block);
                }
            }
        }
    });
}

/// Puts the right length and checksum in, so that what lies behind them is reached.
fn seal(frame: &mut [u8]) {
    let Some(length) = u32::try_from(frame.len()).ok().filter(|length| *length >= 32) else {
        return;
    };
    frame[..4].copy_from_slice(&length.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&frame[..28]), &frame[32..]);
    frame[28..32].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn messages_of_every_kind() {
    let seeds: Vec<Vec<u8>> = messages().into_iter().map(|(_, block)| block).collect();
    fuzz("messages", &seeds, SMALL, |input| {
        for template in 0..130 {
            let fields = describe(template, input);
            let once = recode(template, input);
            assert_eq!(fields.is_some(), once.is_some());
            if let Some(once) = once {
                assert_eq!(describe(template, &once), fields);
            }
        }
    });
}

fn state() -> State {
    let limits = Limits {
        bars_max: [20; 5],
        trades_max: 20,
        book_levels_max: 20,
        instruments_max: 20,
        ..Limits::default()
    };
    let mut state = State::new(limits);
    state.open_session(1, "fuzz", "fuzz", 1);
    let mut block = vec![0; STRIDE];
    for number in 0..3 {
        let template = messages()
            .into_iter()
            .find(|(template, _)| *template == InstrumentDefinition::TEMPLATE);
        let mut definition = InstrumentDefinition::decode(&template.unwrap().1).unwrap();
        definition.instrument_id = number;
        definition.symbol = Text::clipped(&format!("FUZZ{number}"));
        // The last one numbers its trades without holes, and refuses those it knows.
        definition.flags_instrument = u16::from(number == 2);
        definition.class = 1;
        definition.source = 1;
        definition.encode(&mut block);
        apply(&mut state, &block);
    }
    state
}

fn apply(state: &mut State, bytes: &[u8]) {
    let next = state.applied_sequence() + 1;
    let batch = Batch {
        session: 0,
        session_sequence: state.sessions()[0].next_sequence,
        first_sequence: next,
        stride: STRIDE,
        bytes,
    };
    state.apply(&batch, &mut Discard);
}

/// Records that the validation lets through, of each instrument, so that what is changed in them reaches the state.
fn good_records() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for number in 0..3_u32 {
        for mut seed in records() {
            // Definitions come first, and what has a higher number is for readers.
            if u16::from(seed[0]) >= InstrumentDefinition::TEMPLATE {
                continue;
            }
            seed[4..8].copy_from_slice(&number.to_le_bytes());
            seed[8..16].copy_from_slice(&1_723_118_400_000_000_000_u64.to_le_bytes());
            // Codes that mean something, which the golden messages do not all have.
            match u16::from(seed[0]) {
                Trade::TEMPLATE => seed[56..58].copy_from_slice(&[Side::Buy.code(), Action::Trade.code()]),
                BookDelta::TEMPLATE => seed[56..58].copy_from_slice(&[Side::Sell.code(), Action::Modify.code()]),
                _ => {}
            }
            seeds.push(seed);
        }
        // Ordinary ones, of several times: the state knows the golden ones soon.
        for minute in 0..10 {
            let mut bar = vec![0; STRIDE];
            Bar {
                flags: 0,
                publisher_id: 0,
                instrument_id: number,
                ts_event_nanos: 1_723_118_340_000_000_000 - minute * 60_000_000_000,
                open_e9: 2,
                high_e9: 3,
                low_e9: 1,
                close_e9: 2,
                volume_e9: 10,
                notional_e18: 20,
                trade_count: u64::MAX,
                revision: 0,
                interval: BarInterval::M1.code(),
                is_final: 1,
            }
            .encode(&mut bar);
            seeds.push(bar);
            let mut trade = vec![0; STRIDE];
            Trade {
                flags: 0,
                publisher_id: 0,
                instrument_id: number,
                ts_event_nanos: 1_723_118_400_000_000_000 + minute,
                ts_recv_nanos: 0,
                venue_sequence: 0,
                trade_id: 1 + minute,
                price_e9: 2,
                size_e9: 3,
                side: Side::Buy.code(),
                action: Action::Trade.code(),
            }
            .encode(&mut trade);
            seeds.push(trade);
        }
    }
    let all = seeds.concat();
    seeds.push(all);
    seeds
}

#[test]
fn inputs_of_a_session() {
    let mut state = state();
    // A session may name 2^20 instruments: 4 bytes each, and the growth of a vector.
    fuzz("inputs", &good_records(), 16 << 20, |input| {
        let whole = input.len() - input.len() % STRIDE;
        if whole > 0 {
            apply(&mut state, &input[..whole]);
        }
    });
    let counters = state.counters();
    for (kind, taken) in [
        ("trades", counters.trades),
        ("quotes", counters.quotes),
        ("book deltas", counters.book_deltas),
        ("book snapshots", counters.book_snapshots),
        ("bars", counters.bars),
        ("clocks", counters.clocks),
    ] {
        assert!(taken > 5, "hardly any {kind} got through: {taken}");
    }
    let bytes = state.to_bytes();
    let again = State::from_bytes(&bytes, *state.limits()).unwrap();
    assert_eq!(again.to_bytes(), bytes);
}

#[test]
fn snapshots() {
    let mut state = state();
    for record in good_records() {
        apply(&mut state, &record[..record.len() - record.len() % STRIDE]);
    }
    let limits = *state.limits();
    let seed = state.to_bytes();
    fuzz("snapshots", &[seed], 1 << 20, |input| {
        if let Ok(state) = State::from_bytes(input, limits) {
            state.to_bytes();
        }
    });
}

#[test]
fn journal_entries() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 16_384 };
    let (mut journal, _) = Journal::open(dir.path(), options, 0, |_| {}).unwrap();
    for number in 0..6 {
        let body = vec![7; 128];
        let entry = Entry {
            kind: EntryKind::Records,
            stride: 64,
            first_sequence: 1 + 2 * number,
            count: 2,
            session: 1,
            session_sequence: 1 + 2 * number,
            body: &body,
        };
        journal.reserve(&entry).unwrap();
        journal.append(&entry);
        journal.commit().unwrap();
    }
    drop(journal);
    let path = dir.path().join("00000000000000000001.journal");
    let whole = fs::read(&path).unwrap();
    const ENTRY: usize = 48 + 128;
    let seeds: Vec<Vec<u8>> = whole[4_096..4_096 + 6 * ENTRY]
        .chunks_exact(ENTRY)
        .map(<[u8]>::to_vec)
        .collect();
    // A segment is read as a whole.
    fuzz("journal entries", &seeds, 256 * 1_024, |input| {
        let mut segment = whole.clone();
        let length = input.len().min(4_000);
        let place = 4_096 + 2 * ENTRY;
        segment[place..place + length].copy_from_slice(&input[..length]);
        // The checksum holds, so that the fields behind it are reached.
        let claimed = u32::from_le_bytes(segment[place + 4..place + 8].try_into().unwrap()) as usize;
        if (12..segment.len() - place).contains(&claimed) {
            let crc = crc32c::crc32c(&segment[place + 12..place + claimed]);
            segment[place + 8..place + 12].copy_from_slice(&crc.to_le_bytes());
        }
        fs::write(&path, segment).unwrap();
        let mut inputs = 0;
        let found = inspect(dir.path(), |entry| {
            assert_eq!(entry.first_sequence, inputs + 1);
            assert!(
                entry.kind == EntryKind::SessionOpened
                    || entry.body.len() == usize::from(entry.stride) * entry.count as usize
            );
            inputs = entry.last_sequence();
            ControlFlow::Continue(())
        });
        assert!(matches!(found, Ok(Some(_)) | Err(JournalError::Corrupt { .. })));
    });
}

#[test]
fn a_frame_that_is_written_is_read() {
    let seeds: Vec<Vec<u8>> = records();
    fuzz("written frames", &seeds, SMALL, |input| {
        if input.is_empty() {
            return;
        }
        let header = FrameHeader {
            kind: 1,
            block_len: input.len() as u16,
            ..FrameHeader::default()
        };
        let mut out = Vec::new();
        write_frame(&mut out, header, 1, |body| body.copy_from_slice(input));
        let (frame, length) = read_frame(&out).unwrap().unwrap();
        assert_eq!((frame.body, length), (input, out.len()));
    });
}
