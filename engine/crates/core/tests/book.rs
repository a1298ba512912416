use mib_core::book::{Book, GapSeen};
use mib_protocol::messages::{Action, BookDelta, BookSnapshot, FLAG_SNAPSHOT, Side};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn delta(side: Side, price_e9: i64, size_e9: i64, first: u64, last: u64, flags: u8) -> BookDelta {
    BookDelta {
        flags,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: 1,
        ts_recv_nanos: 0,
        first_venue_sequence: first,
        venue_sequence: last,
        price_e9,
        size_e9,
        side: side.code(),
        action: Action::Modify.code(),
    }
}

fn snapshot(venue_sequence: u64) -> BookSnapshot {
    BookSnapshot {
        flags: 0,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: 1,
        ts_recv_nanos: 0,
        venue_sequence,
        bid_count: 0,
        ask_count: 0,
    }
}

#[test]
fn deltas_up_to_the_snapshot_are_skipped_and_a_hole_is_seen_at_the_next_message() {
    let mut book = Book::default();
    book.begin_snapshot(&snapshot(100));
    book.apply(&delta(Side::Buy, 10, 5, 0, 100, FLAG_SNAPSHOT), 10);
    assert_eq!(book.apply(&delta(Side::Buy, 11, 1, 99, 100, 0), 10), GapSeen(false));
    assert_eq!(book.bids().count(), 1);
    // A message of two records.
    assert_eq!(book.apply(&delta(Side::Buy, 11, 1, 101, 103, 0), 10), GapSeen(false));
    assert_eq!(book.apply(&delta(Side::Buy, 12, 1, 101, 103, 0), 10), GapSeen(false));
    assert_eq!(book.bids().next().unwrap().price_e9, 12);
    assert_eq!(book.apply(&delta(Side::Sell, 20, 1, 105, 106, 0), 10), GapSeen(true));
    assert!(book.maybe_bad());
    book.begin_snapshot(&snapshot(200));
    assert!(!book.maybe_bad());
}

proptest! {
    #[test]
    fn the_book_equals_a_sorted_map(changes in proptest::collection::vec((any::<bool>(), 1_i64..50, 0_i64..4), 0..300)) {
        let mut book = Book::default();
        let mut sides = [BTreeMap::new(), BTreeMap::new()];
        for (is_bid, price, size) in changes {
            book.apply(&delta(if is_bid { Side::Buy } else { Side::Sell }, price, size, 0, 0, 0), 1_000);
            let side = &mut sides[usize::from(!is_bid)];
            if size == 0 { side.remove(&price); } else { side.insert(price, size); }
        }
        let bids: Vec<(i64, i64)> = book.bids().map(|level| (level.price_e9, level.size_e9)).collect();
        let asks: Vec<(i64, i64)> = book.asks().map(|level| (level.price_e9, level.size_e9)).collect();
        prop_assert_eq!(bids, sides[0].iter().rev().map(|(&price, &size)| (price, size)).collect::<Vec<_>>());
        prop_assert_eq!(asks, sides[1].iter().map(|(&price, &size)| (price, size)).collect::<Vec<_>>());
    }

    #[test]
    fn beyond_the_bound_the_worst_levels_are_dropped(prices in proptest::collection::vec(1_i64..100, 1..60)) {
        let mut book = Book::default();
        for &price in &prices {
            book.apply(&delta(Side::Buy, price, 1, 0, 0, 0), 5);
        }
        let best: Vec<i64> = book.bids().map(|level| level.price_e9).collect();
        prop_assert!(best.len() <= 5);
        prop_assert_eq!(best[0], *prices.iter().max().unwrap());
        prop_assert!(best.windows(2).all(|pair| pair[0] > pair[1]));
    }
}
