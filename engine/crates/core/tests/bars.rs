//! Bars against an independent computation with integers, and what is said of each.

use mib_core::bar::Bar;
use mib_core::bar_series::BarSeries;
use mib_core::book::Book;
use mib_core::limits::{Limits, interval_nanos};
use mib_core::sink::{Position, Sink};
use mib_core::state::{Batch, State};
use mib_protocol::messages::{
    Action, Bar as BarMessage, BarInterval, Clock, DataSource, INSTRUMENT_UNDEFINED, InstrumentClass,
    InstrumentDefinition, Quote, RejectReason, Side, Trade,
};
use mib_protocol::text::Text;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

const DAY: u64 = 86_400_000_000_000;
const START: u64 = 19_943 * DAY;
const SECOND: u64 = 1_000_000_000;

#[derive(Default)]
struct Recorder {
    finals: Vec<(Position, BarInterval, Bar)>,
    trades: Vec<Position>,
    rejected: Vec<RejectReason>,
}

impl Sink for Recorder {
    fn trade(&mut self, position: Position, _: &Trade) {
        self.trades.push(position);
    }
    fn final_bar(&mut self, position: Position, _: u32, interval: BarInterval, bar: &Bar) {
        self.finals.push((position, interval, *bar));
    }
    fn quote_changed(&mut self, _: u64, _: &Quote) {}
    fn current_bars_changed(&mut self, _: u64, _: u32, _: &[BarSeries; 5]) {}
    fn book_changed(&mut self, _: u64, _: u32, _: &Book) {}
    fn rejected(&mut self, _: u32, _: u64, _: u32, reason: RejectReason) {
        self.rejected.push(reason);
    }
}

struct Harness {
    state: State,
    recorder: Recorder,
    sequence: u64,
    session_sequence: u64,
}

impl Harness {
    fn new(flags_instrument: u16) -> Self {
        let mut state = State::new(Limits::default());
        state.open_session(1, "test", "test", DataSource::Simulated.code());
        let mut harness = Harness {
            state,
            recorder: Recorder::default(),
            sequence: 2,
            session_sequence: 1,
        };
        let mut block = [0; InstrumentDefinition::BYTES];
        InstrumentDefinition {
            flags: 0,
            publisher_id: 0,
            instrument_id: 0,
            ts_event_nanos: 0,
            price_increment_e9: 0,
            size_increment_e9: 0,
            flags_instrument,
            class: InstrumentClass::Crypto.code(),
            source: DataSource::Simulated.code(),
            symbol: Text::clipped("BTCUSDT"),
            name: Text::clipped("Bitcoin"),
            venue: Text::clipped("TEST"),
            venue_symbol: Text::clipped("BTCUSDT"),
        }
        .encode(&mut block);
        harness.apply(&block);
        harness
    }

    fn apply(&mut self, block: &[u8]) {
        let batch = Batch {
            session: 0,
            session_sequence: self.session_sequence,
            first_sequence: self.sequence,
            stride: block.len(),
            bytes: block,
        };
        self.state.apply(&batch, &mut self.recorder);
        self.sequence += 1;
        self.session_sequence += 1;
    }

    fn trade(&mut self, id: u64, at: u64, price_e9: i64, size_e9: i64) {
        let mut block = [0; Trade::BYTES];
        Trade {
            flags: 0,
            publisher_id: 0,
            instrument_id: 0,
            ts_event_nanos: at,
            ts_recv_nanos: 0,
            venue_sequence: 0,
            trade_id: id,
            price_e9,
            size_e9,
            side: Side::Buy.code(),
            action: Action::Trade.code(),
        }
        .encode(&mut block);
        self.apply(&block);
    }

    fn clock(&mut self, at: u64) {
        let mut block = [0; Clock::BYTES];
        Clock {
            flags: 0,
            publisher_id: 0,
            instrument_id: INSTRUMENT_UNDEFINED,
            ts_event_nanos: at,
        }
        .encode(&mut block);
        self.apply(&block);
    }

    fn bar(&mut self, interval: BarInterval, opened_at: u64, prices: [i64; 4], volume_e9: i128) {
        let [open_e9, high_e9, low_e9, close_e9] = prices;
        let mut block = [0; BarMessage::BYTES];
        BarMessage {
            flags: 0,
            publisher_id: 0,
            instrument_id: 0,
            ts_event_nanos: opened_at,
            open_e9,
            high_e9,
            low_e9,
            close_e9,
            volume_e9,
            notional_e18: volume_e9 * i128::from(close_e9),
            trade_count: 3,
            revision: 0,
            interval: interval.code(),
            is_final: 1,
        }
        .encode(&mut block);
        self.apply(&block);
    }

    fn bars(&self, interval: BarInterval) -> Vec<Bar> {
        let index = BarInterval::ALL.iter().position(|&each| each == interval).unwrap();
        self.state.instruments()[0].bars[index].bars().iter().copied().collect()
    }
}

/// Open, high, low, close, volume, notional, count.
type Truth = (i64, i64, i64, i64, i128, i128, u64);

fn truth(trades: &[(u64, i64, i64)], interval: BarInterval) -> BTreeMap<u64, Truth> {
    let mut by_bar: BTreeMap<u64, Vec<(u64, usize)>> = BTreeMap::new();
    for (index, (at, _, _)) in trades.iter().enumerate() {
        by_bar
            .entry(at / interval_nanos(interval))
            .or_default()
            .push((*at, index));
    }
    by_bar
        .into_iter()
        .map(|(number, mut members)| {
            members.sort();
            let prices: Vec<i64> = members.iter().map(|&(_, index)| trades[index].1).collect();
            let volume = members.iter().map(|&(_, index)| i128::from(trades[index].2)).sum();
            let notional = members
                .iter()
                .map(|&(_, index)| i128::from(trades[index].1) * i128::from(trades[index].2))
                .sum();
            let bar = (
                prices[0],
                *prices.iter().max().unwrap(),
                *prices.iter().min().unwrap(),
                prices[prices.len() - 1],
                volume,
                notional,
                members.len() as u64,
            );
            (number * interval_nanos(interval), bar)
        })
        .collect()
}

fn as_truth(bar: &Bar) -> Truth {
    (
        bar.open_e9,
        bar.high_e9,
        bar.low_e9,
        bar.close_e9,
        bar.volume_e9,
        bar.notional_e18,
        bar.trade_count,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bars_equal_an_independent_computation_whatever_the_order_of_trades(
        trades in proptest::collection::vec((0_u64..7_200_000, 1_i64..1_000_000, 1_i64..1_000_000), 1..400),
        jitter in 0_u64..200_000,
    ) {
        // Mostly in order, with some that come late.
        let mut trades: Vec<(u64, i64, i64)> = trades.into_iter().map(|(at, price, size)| (START + at * 1_000_000, price, size)).collect();
        trades.sort_by_key(|(at, price, _)| at + (*price as u64 * jitter) % (jitter * 1_000 + 1));
        let mut harness = Harness::new(0);
        for (index, &(at, price, size)) in trades.iter().enumerate() {
            harness.trade(index as u64 + 1, at, price, size);
        }
        harness.clock(START + 10 * DAY);
        for interval in BarInterval::ALL {
            let expected = truth(&trades, interval);
            let held: BTreeMap<u64, Truth> = harness.bars(interval).iter().map(|bar| (bar.opened_at, as_truth(bar))).collect();
            prop_assert_eq!(&held, &expected);

            // Each (openedAt, revision) is announced once, revisions count from 0, and the last one is the truth.
            let mut announced: HashMap<u64, (u32, Truth)> = HashMap::new();
            for (_, _, bar) in harness.recorder.finals.iter().filter(|(_, each, _)| *each == interval) {
                let revision = announced.get(&bar.opened_at).map_or(0, |(revision, _)| revision + 1);
                prop_assert_eq!(bar.revision, revision);
                prop_assert!(bar.is_final);
                announced.insert(bar.opened_at, (revision, as_truth(bar)));
            }
            let last: BTreeMap<u64, Truth> = announced.into_iter().map(|(opened_at, (_, bar))| (opened_at, bar)).collect();
            prop_assert_eq!(&last, &expected);
        }
        let positions: Vec<Position> = harness.recorder.finals.iter().map(|(position, _, _)| *position).collect();
        prop_assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "positions grow");
    }

    #[test]
    fn a_state_comes_back_from_its_bytes_as_it_was(
        trades in proptest::collection::vec((0_u64..100_000, 1_i64..1_000_000, 1_i64..1_000), 0..100),
    ) {
        let mut harness = Harness::new(0);
        for (index, (at, price, size)) in trades.into_iter().enumerate() {
            harness.trade(index as u64 + 1, START + at * 1_000_000, price, size);
        }
        let bytes = harness.state.to_bytes();
        let back = State::from_bytes(&bytes, Limits::default()).unwrap();
        prop_assert_eq!(&back, &harness.state);
        prop_assert_eq!(back.to_bytes(), bytes);
    }

    #[test]
    fn no_record_makes_the_state_panic(records in proptest::collection::vec(proptest::array::uniform32(any::<u64>()), 1..40), template in 0_u8..12) {
        let mut harness = Harness::new(1);
        for record in records {
            let mut block: Vec<u8> = record.iter().flat_map(|word| word.to_le_bytes()).collect();
            block[0] = template;
            block[4..8].fill(0);
            harness.apply(&block);
        }
    }
}

#[test]
fn a_trade_of_the_next_interval_ends_the_bar_and_so_does_the_clock() {
    let mut harness = Harness::new(0);
    harness.trade(1, START + 59 * SECOND, 10, 1);
    assert_eq!(harness.recorder.finals.len(), 0);
    harness.trade(2, START + 60 * SECOND, 11, 1);
    let ended: Vec<BarInterval> = harness
        .recorder
        .finals
        .iter()
        .map(|(_, interval, _)| *interval)
        .collect();
    assert_eq!(ended, [BarInterval::S1, BarInterval::M1]);
    harness.clock(START + 300 * SECOND);
    let ended: Vec<BarInterval> = harness
        .recorder
        .finals
        .iter()
        .skip(2)
        .map(|(_, interval, _)| *interval)
        .collect();
    assert_eq!(ended, [BarInterval::S1, BarInterval::M1, BarInterval::M5]);
    harness.clock(START + 300 * SECOND);
    assert_eq!(harness.recorder.finals.len(), 5);
}

#[test]
fn a_late_trade_makes_a_revision_of_each_bar_that_was_final() {
    let mut harness = Harness::new(0);
    harness.trade(1, START, 10, 1);
    harness.trade(2, START + 90 * SECOND, 12, 1);
    harness.trade(3, START + 30 * SECOND, 20, 1);
    let minute: Vec<(u64, u32, i64)> = harness
        .recorder
        .finals
        .iter()
        .filter(|(_, interval, _)| *interval == BarInterval::M1)
        .map(|(_, _, bar)| (bar.opened_at - START, bar.revision, bar.close_e9))
        .collect();
    assert_eq!(minute, [(0, 0, 10), (0, 1, 20)]);
    assert_eq!(harness.state.counters().late_trades, 1);
    // The hour was still in progress, and its last trade is the later one.
    assert_eq!(harness.bars(BarInterval::H1)[0].close_e9, 12);
}

#[test]
fn bars_of_the_past_are_folded_upwards_and_days_that_are_given_stay_as_they_are() {
    let mut harness = Harness::new(0);
    for day in 0..3 {
        harness.bar(BarInterval::D1, START + day * DAY, [10, 20, 5, 15], 1_000);
    }
    for minute in 0..7 {
        harness.bar(
            BarInterval::M1,
            START + 2 * DAY + minute * 60 * SECOND,
            [10, 11, 9, 10],
            10,
        );
        harness.bar(
            BarInterval::M1,
            START + 3 * DAY + minute * 60 * SECOND,
            [10, 11 + minute as i64, 9, 10],
            10,
        );
    }
    let days = harness.bars(BarInterval::D1);
    assert_eq!(
        days.iter().map(|bar| bar.volume_e9).collect::<Vec<_>>(),
        [1_000, 1_000, 1_000, 70]
    );
    assert_eq!(days[3].high_e9, 17);
    assert!(!days[3].is_final && days[2].is_final);
    let fives: Vec<i128> = harness.bars(BarInterval::M5).iter().map(|bar| bar.volume_e9).collect();
    assert_eq!(fives, [50, 20, 50, 20]);
    assert!(harness.recorder.rejected.is_empty());
    assert!(harness.recorder.finals.iter().all(|(_, _, bar)| bar.backfill));

    // A trade goes on with the day that the past began.
    harness.trade(1, START + 3 * DAY + 3_600 * SECOND, 30, 5);
    let day = *harness.bars(BarInterval::D1).last().unwrap();
    assert_eq!((day.high_e9, day.volume_e9, day.backfill), (30, 75, false));
    harness.bar(BarInterval::M1, START + 3 * DAY, [1, 1, 1, 1], 0);
    assert_eq!(harness.recorder.rejected, [RejectReason::BarAlreadyKnown]);
}

#[test]
fn a_repeated_trade_is_refused_and_a_jump_counted_where_the_venue_numbers_them() {
    let mut harness = Harness::new(mib_protocol::messages::INSTRUMENT_FLAG_TRADES_CONSECUTIVE);
    for id in [5, 6, 6, 8, 7] {
        harness.trade(id, START + id * SECOND, 10, 1);
    }
    assert_eq!(harness.recorder.rejected, [RejectReason::Duplicate]);
    assert_eq!(harness.state.counters().gaps, 1);
    assert_eq!(harness.state.counters().trades, 4);
}

#[test]
fn bars_in_memory_are_bounded() {
    let mut harness = Harness::new(0);
    for second in 0..4_000 {
        harness.trade(second + 1, START + second * SECOND, 10, 1);
    }
    let bars = harness.bars(BarInterval::S1);
    assert_eq!((bars.len(), bars[0].opened_at), (3_600, START + 400 * SECOND));
    harness.trade(9_999, START, 10, 1);
    assert_eq!(harness.state.counters().trades_too_old, 1);
}
