//! Unfinished book updates in the state: through snapshots, refused records and reports of gaps.

use mib_core::limits::Limits;
use mib_core::sink::Discard;
use mib_core::state::{Batch, State};
use mib_protocol::messages::{
    Action, BookDelta, BookSnapshot, DataSource, FLAG_LAST, FLAG_SNAPSHOT, Gap, INSTRUMENT_UNDEFINED, InstrumentClass,
    InstrumentDefinition, Side,
};
use mib_protocol::text::Text;

const START: u64 = 1_723_118_400_000_000_000;
const STRIDE: usize = 256;
const SYMBOL: &str = "BTCUSDT";

fn block(encode: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut block = vec![0; STRIDE];
    encode(&mut block);
    block
}

fn definition() -> Vec<u8> {
    let definition = InstrumentDefinition {
        flags: 0,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: 0,
        price_increment_e9: 0,
        size_increment_e9: 0,
        flags_instrument: 0,
        class: InstrumentClass::Crypto.code(),
        source: DataSource::Simulated.code(),
        symbol: Text::clipped(SYMBOL),
        name: Text::clipped("Bitcoin"),
        venue: Text::clipped("TEST"),
        venue_symbol: Text::clipped(SYMBOL),
    };
    block(|bytes| definition.encode(bytes))
}

fn head(venue_sequence: u64, bid_count: u32) -> Vec<u8> {
    let head = BookSnapshot {
        flags: 0,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: START,
        ts_recv_nanos: 0,
        venue_sequence,
        bid_count,
        ask_count: 0,
    };
    block(|bytes| head.encode(bytes))
}

fn bid(price_e9: i64, size_e9: i64, venue_sequence: u64, flags: u8) -> Vec<u8> {
    let delta = BookDelta {
        flags,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: START + venue_sequence,
        ts_recv_nanos: 0,
        first_venue_sequence: venue_sequence,
        venue_sequence,
        price_e9,
        size_e9,
        side: Side::Buy.code(),
        action: Action::Modify.code(),
    };
    block(|bytes| delta.encode(bytes))
}

fn gap(instrument_id: u32) -> Vec<u8> {
    let gap = Gap {
        flags: 0,
        publisher_id: 0,
        instrument_id,
        ts_event_nanos: START,
        ts_recv_nanos: 0,
        from_venue_sequence: 0,
        to_venue_sequence: 0,
    };
    block(|bytes| gap.encode(bytes))
}

fn empty() -> State {
    let mut state = State::new(Limits::default());
    state.open_session(1, "test", "test", DataSource::Simulated.code());
    state
}

fn apply(state: &mut State, records: &[Vec<u8>]) {
    let batch = Batch {
        session: 0,
        session_sequence: state.sessions()[0].next_sequence,
        first_sequence: state.applied_sequence() + 1,
        stride: STRIDE,
        bytes: &records.concat(),
    };
    state.apply(&batch, &mut Discard);
}

/// An instrument with a book of one bid as of update 100.
fn standing() -> State {
    let mut state = empty();
    apply(
        &mut state,
        &[definition(), head(100, 1), bid(10, 5, 100, FLAG_SNAPSHOT | FLAG_LAST)],
    );
    state
}

/// Update id, whether it may be bad, and the bids.
fn seen(state: &State) -> (u64, bool, Vec<(i64, i64)>) {
    let book = &state.instrument(SYMBOL).unwrap().book;
    let bids = book.bids().map(|level| (level.price_e9, level.size_e9)).collect();
    (book.venue_sequence(), book.maybe_bad(), bids)
}

#[test]
fn a_state_read_back_at_any_record_goes_on_as_the_one_that_did_not_stop() {
    let mut records = vec![definition(), head(100, 3)];
    records.extend((0..3).map(|at| bid(10 + at, 1, 100, FLAG_SNAPSHOT | if at == 2 { FLAG_LAST } else { 0 })));
    // One that is kept record by record, one that is longer than that, one without an end, and one that shows it.
    records.extend((0..4).map(|at| bid(20 + at, 2, 101, if at == 3 { FLAG_LAST } else { 0 })));
    records.extend((0..300).map(|at| bid(30 + at, 3, 102, if at == 299 { FLAG_LAST } else { 0 })));
    records.extend((0..2).map(|at| bid(500 + at, 4, 103, 0)));
    records.push(bid(600, 5, 104, FLAG_LAST));
    let mut whole = empty();
    apply(&mut whole, &records);
    assert_eq!(whole.counters().gaps, 1);
    assert_eq!(seen(&whole).0, 104);
    let mut unbroken = empty();
    for cut in 0..records.len() {
        let mut recovered = State::from_bytes(&unbroken.to_bytes(), *unbroken.limits()).unwrap();
        assert_eq!(recovered, unbroken, "at record {cut}");
        apply(&mut recovered, &records[cut..]);
        assert_eq!(recovered.to_bytes(), whole.to_bytes(), "at record {cut}");
        apply(&mut unbroken, &records[cut..=cut]);
    }
}

#[test]
fn a_refused_level_ends_its_update_and_leaves_a_book_that_may_be_bad() {
    let mut state = standing();
    apply(&mut state, &[bid(11, 1, 101, 0), bid(-1, 1, 101, FLAG_LAST)]);
    assert_eq!(seen(&state), (101, true, vec![(11, 1), (10, 5)]));
    apply(&mut state, &[bid(12, 1, 102, FLAG_LAST)]);
    assert_eq!(seen(&state), (102, true, vec![(12, 1), (11, 1), (10, 5)]));
    assert_eq!(state.counters().gaps, 0);
}

#[test]
fn a_report_of_a_gap_ends_what_its_session_has_begun_of_the_instrument_or_of_all() {
    for of in [0, INSTRUMENT_UNDEFINED] {
        let mut state = standing();
        apply(&mut state, &[bid(11, 1, 101, 0), gap(of)]);
        assert_eq!(seen(&state), (100, true, vec![(10, 5)]), "{of}");
    }
    // One that was not within an update says nothing of the book.
    let mut state = standing();
    apply(&mut state, &[bid(11, 1, 101, FLAG_LAST), gap(0)]);
    assert_eq!(seen(&state), (101, false, vec![(11, 1), (10, 5)]));
}

/// The same state as format 1 had it; its only instrument has a book of one bid.
fn as_format_1(state: &State, message_sequence: u64) -> Vec<u8> {
    let mut bytes = state.to_bytes();
    bytes[..8].copy_from_slice(&1_u64.to_le_bytes());
    // In format 2: venue_sequence, ts_event_nanos, maybe_bad, known, one bid, no offers, nothing open.
    let book = bytes.split_off(bytes.len() - 8 * 9);
    // Before it: what is forgotten of the trades, which format 2 does not say, no trades, no bars of five intervals.
    let trades = bytes.len() - 8 * 8;
    bytes.drain(trades..trades + 8 * 2);
    let (head, rest) = book.split_at(8 * 4);
    let sides = &rest[..8 * 4];
    let [venue_sequence, ts_event_nanos, maybe_bad, known] = [0, 8, 16, 24].map(|at| &head[at..at + 8]);
    let skipping = 0_u64.to_le_bytes();
    let message_sequence = message_sequence.to_le_bytes();
    for part in [
        venue_sequence,
        &message_sequence,
        ts_event_nanos,
        &skipping,
        maybe_bad,
        known,
        sides,
    ] {
        bytes.extend_from_slice(part);
    }
    bytes
}

#[test]
fn a_snapshot_of_the_format_before_is_read_and_a_book_that_may_stand_within_an_update_is_marked() {
    let state = standing();
    let read = |message_sequence| State::from_bytes(&as_format_1(&state, message_sequence), Limits::default()).unwrap();
    assert_eq!(seen(&read(0)), seen(&state));
    assert_eq!(read(0).counters(), state.counters());
    assert_eq!(seen(&read(100)), (100, true, vec![(10, 5)]));
}
