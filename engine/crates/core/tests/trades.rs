use mib_core::limits::Limits;
use mib_core::sink::Discard;
use mib_core::state::{Batch, State};
use mib_protocol::messages::{Action, DataSource, InstrumentClass, InstrumentDefinition, Side, Trade};
use mib_protocol::text::Text;

const SYMBOL: &str = "BTCUSDT";
const START: u64 = 1_723_118_400_000_000_000;
const STRIDE: usize = InstrumentDefinition::BYTES;

fn block(encode: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = vec![0; STRIDE];
    encode(&mut bytes);
    bytes
}

fn definition() -> Vec<u8> {
    let definition = InstrumentDefinition {
        flags: 0,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: 0,
        class: InstrumentClass::Crypto.code(),
        source: DataSource::Simulated.code(),
        flags_instrument: 0,
        price_increment_e9: 0,
        size_increment_e9: 0,
        symbol: Text::clipped(SYMBOL),
        name: Text::clipped(SYMBOL),
        venue: Text::clipped("TEST"),
        venue_symbol: Text::clipped(SYMBOL),
    };
    block(|bytes| definition.encode(bytes))
}

fn trade(trade_id: u64, seconds: u64) -> Trade {
    Trade {
        flags: 0,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: START + seconds * 1_000_000_000,
        ts_recv_nanos: 0,
        venue_sequence: 0,
        trade_id,
        price_e9: 1_000_000_000,
        size_e9: 1_000_000_000,
        side: Side::Buy.code(),
        action: Action::Trade.code(),
    }
}

/// The definition is input 2, the trades follow it.
fn state_of(trades: &[Trade], trades_max: usize) -> State {
    let mut state = State::new(Limits {
        trades_max,
        ..Limits::default()
    });
    state.open_session(1, "test", "test", DataSource::Simulated.code());
    let mut records = vec![definition()];
    records.extend(trades.iter().map(|trade| block(|bytes| trade.encode(bytes))));
    let batch = Batch {
        session: 0,
        session_sequence: 1,
        first_sequence: 2,
        stride: STRIDE,
        bytes: &records.concat(),
    };
    state.apply(&batch, &mut Discard);
    state
}

/// Sequences of the trades in memory by time, what was forgotten by sequence, and by seconds.
fn seen(state: &State) -> (Vec<u64>, u64, u64) {
    let memory = &state.instrument(SYMBOL).unwrap().trades;
    let all = memory.range((0, 0), (u64::MAX, u64::MAX), 0, false);
    let seconds = memory.forgotten_nanos().saturating_sub(START) / 1_000_000_000;
    (
        all.iter().map(|kept| kept.sequence).collect(),
        memory.forgotten_sequence(),
        seconds,
    )
}

#[test]
fn trades_keep_the_sequence_of_their_input_through_a_snapshot() {
    let state = state_of(&[trade(7, 50), trade(8, 10), trade(9, 60), trade(10, 30)], 3);
    assert_eq!(seen(&state), (vec![4, 6, 5], 3, 50));
    let read = State::from_bytes(&state.to_bytes(), *state.limits()).unwrap();
    assert_eq!(read, state);
    // Where less is remembered than before, the rest is forgotten.
    let limits = Limits {
        trades_max: 1,
        ..*state.limits()
    };
    let read = State::from_bytes(&state.to_bytes(), limits).unwrap();
    assert_eq!(seen(&read), (vec![6], 5, 60));
}

#[test]
fn where_no_trade_ever_came_an_older_snapshot_has_none_that_is_forgotten() {
    let mut bytes = state_of(&[], 10).to_bytes();
    let new = State::from_bytes(&bytes, Limits::default()).unwrap();
    bytes[..8].copy_from_slice(&2_u64.to_le_bytes());
    // From the end: an empty book, no bars of five intervals, no trades, and before them what is forgotten.
    let forgotten = bytes.len() - 8 * (7 + 5 + 1 + 2);
    bytes.drain(forgotten..forgotten + 16);
    let read = State::from_bytes(&bytes, Limits::default()).unwrap();
    assert_eq!(seen(&read), (vec![], 0, 0));
    assert_eq!(read, new);
}

#[test]
fn trades_of_a_snapshot_that_does_not_say_their_sequences_are_forgotten_for_those_who_ask_by_it() {
    let trades = [trade(7, 50), trade(8, 10)];
    let state = state_of(&trades, 10);
    let mut bytes = state.to_bytes();
    bytes[..8].copy_from_slice(&2_u64.to_le_bytes());
    let at = |bytes: &[u8], trade: &Trade| {
        let mut block = vec![0; Trade::BYTES];
        trade.encode(&mut block);
        bytes.windows(Trade::BYTES).position(|window| window == block).unwrap()
    };
    let second = at(&bytes, &trades[1]);
    bytes.drain(second - 8..second);
    let first = at(&bytes, &trades[0]);
    bytes.drain(first - 8..first);
    // What is forgotten stands before the count.
    let first = first - 8;
    bytes.drain(first - 24..first - 8);
    let read = State::from_bytes(&bytes, *state.limits()).unwrap();
    assert_eq!(seen(&read), (vec![], 4, 50));
    let instrument = read.instrument(SYMBOL).unwrap();
    assert_eq!(instrument.last_trade().map(|trade| trade.trade_id), Some(8));
    assert_eq!(instrument.trades.before(0, 0).count(), 2);
}
