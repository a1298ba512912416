use mib_core::book::{Book, GapSeen};
use mib_protocol::messages::{Action, BookDelta, BookSnapshot, FLAG_LAST, FLAG_MAYBE_BAD_BOOK, FLAG_SNAPSHOT, Side};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SESSION: u32 = 0;
const MAX: usize = 1_000;

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

fn bid(price_e9: i64, size_e9: i64, (first, last): (u64, u64), flags: u8) -> BookDelta {
    delta(Side::Buy, price_e9, size_e9, first, last, flags)
}

fn snapshot(venue_sequence: u64, bid_count: u32) -> BookSnapshot {
    BookSnapshot {
        flags: 0,
        publisher_id: 0,
        instrument_id: 0,
        ts_event_nanos: 1,
        ts_recv_nanos: 0,
        venue_sequence,
        bid_count,
        ask_count: 0,
    }
}

/// What is seen: update id, whether it may be bad, bids as price and size, offers likewise.
type Seen = (u64, bool, Vec<(i64, i64)>, Vec<(i64, i64)>);

fn seen(book: &Book) -> Seen {
    (
        book.venue_sequence(),
        book.maybe_bad(),
        book.bids().map(|level| (level.price_e9, level.size_e9)).collect(),
        book.asks().map(|level| (level.price_e9, level.size_e9)).collect(),
    )
}

/// A book of one bid as of update 100.
fn standing() -> Book {
    let mut book = Book::default();
    book.begin_snapshot(SESSION, &snapshot(100, 1), MAX);
    book.apply(SESSION, &bid(10, 5, (0, 100), FLAG_SNAPSHOT | FLAG_LAST), MAX);
    assert_eq!(seen(&book), (100, false, vec![(10, 5)], vec![]));
    book
}

#[test]
fn deltas_up_to_the_snapshot_are_skipped_and_a_hole_is_seen_at_the_next_message() {
    let mut book = standing();
    assert_eq!(book.apply(SESSION, &bid(11, 1, (99, 100), 0), MAX), GapSeen(false));
    assert_eq!(
        book.apply(SESSION, &bid(12, 1, (99, 100), FLAG_LAST), MAX),
        GapSeen(false)
    );
    assert_eq!(book.bids().count(), 1);
    assert_eq!(book.apply(SESSION, &bid(11, 1, (101, 103), 0), MAX), GapSeen(false));
    assert_eq!(
        book.apply(SESSION, &bid(12, 1, (101, 103), FLAG_LAST), MAX),
        GapSeen(false)
    );
    assert_eq!(book.bids().next().unwrap().price_e9, 12);
    let after_hole = delta(Side::Sell, 20, 1, 105, 106, FLAG_LAST);
    assert_eq!(book.apply(SESSION, &after_hole, MAX), GapSeen(true));
    assert!(book.maybe_bad());
    book.begin_snapshot(SESSION, &snapshot(200, 0), MAX);
    assert_eq!(seen(&book), (200, false, vec![], vec![]));
}

#[test]
fn an_update_is_seen_once_its_last_record_has_come_and_not_before() {
    let mut book = standing();
    book.apply(SESSION, &bid(10, 0, (101, 101), 0), MAX);
    book.apply(SESSION, &bid(11, 7, (101, 101), 0), MAX);
    assert_eq!(seen(&book), (100, false, vec![(10, 5)], vec![]));
    book.apply(SESSION, &delta(Side::Sell, 12, 8, 101, 101, FLAG_LAST), MAX);
    assert_eq!(seen(&book), (101, false, vec![(11, 7)], vec![(12, 8)]));
}

#[test]
fn while_the_levels_of_a_snapshot_come_the_book_stands_as_it_was() {
    let mut book = standing();
    book.begin_snapshot(SESSION, &snapshot(200, 2), MAX);
    book.apply(SESSION, &bid(20, 1, (0, 200), FLAG_SNAPSHOT), MAX);
    assert_eq!(seen(&book), (100, false, vec![(10, 5)], vec![]));
    book.apply(SESSION, &bid(19, 1, (0, 200), FLAG_SNAPSHOT | FLAG_LAST), MAX);
    assert_eq!(seen(&book), (200, false, vec![(20, 1), (19, 1)], vec![]));
}

#[test]
fn an_update_that_never_ends_is_dropped_as_a_gap_until_a_snapshot_comes() {
    type Next = fn(&mut Book) -> GapSeen;
    let cases: [(&str, Next, Seen); 5] = [
        (
            "another update of the session",
            |book| book.apply(SESSION, &bid(11, 1, (102, 102), FLAG_LAST), MAX),
            (102, true, vec![(11, 1), (10, 5)], vec![]),
        ),
        (
            "an update without a number",
            |book| book.apply(SESSION, &bid(11, 1, (0, 0), FLAG_LAST), MAX),
            (100, true, vec![(11, 1), (10, 5)], vec![]),
        ),
        (
            "the same update of another session",
            |book| book.apply(SESSION + 1, &bid(11, 1, (101, 101), FLAG_LAST), MAX),
            (101, true, vec![(11, 1), (10, 5)], vec![]),
        ),
        (
            "something known",
            |book| book.apply(SESSION, &bid(11, 1, (99, 99), FLAG_LAST), MAX),
            (100, true, vec![(10, 5)], vec![]),
        ),
        (
            "the head of a snapshot",
            |book| book.begin_snapshot(SESSION + 1, &snapshot(300, 1), MAX),
            (100, true, vec![(10, 5)], vec![]),
        ),
    ];
    for (next, then, expected) in cases {
        let mut book = standing();
        book.apply(SESSION, &bid(10, 9, (101, 101), 0), MAX);
        assert_eq!(then(&mut book), GapSeen(true), "{next}");
        assert_eq!(seen(&book), expected, "{next}");
        book.begin_snapshot(SESSION, &snapshot(300, 1), MAX);
        book.apply(SESSION, &bid(30, 1, (0, 300), FLAG_SNAPSHOT | FLAG_LAST), MAX);
        assert_eq!(seen(&book), (300, false, vec![(30, 1)], vec![]), "{next}");
    }
}

#[test]
fn a_session_that_reports_a_loss_ends_what_it_has_begun_and_no_other_session_does() {
    let mut book = standing();
    book.apply(SESSION, &bid(10, 9, (101, 101), 0), MAX);
    book.interrupt(SESSION + 1);
    assert_eq!(seen(&book), (100, false, vec![(10, 5)], vec![]));
    book.interrupt(SESSION);
    assert_eq!(seen(&book), (100, true, vec![(10, 5)], vec![]));
}

#[test]
fn a_record_that_was_not_taken_ends_its_update_and_the_book_may_lack_a_level() {
    let mut book = standing();
    book.apply(SESSION, &bid(11, 1, (101, 101), 0), MAX);
    book.miss(SESSION, &bid(-1, 1, (101, 101), FLAG_LAST), MAX);
    assert_eq!(seen(&book), (101, true, vec![(11, 1), (10, 5)], vec![]));
}

#[test]
fn a_snapshot_whose_head_was_not_taken_leaves_a_book_that_may_be_bad() {
    let mut book = standing();
    book.apply(SESSION, &bid(11, 1, (0, 200), FLAG_SNAPSHOT | FLAG_LAST), MAX);
    assert_eq!(seen(&book), (100, true, vec![(11, 1), (10, 5)], vec![]));
}

#[derive(Clone, Debug)]
struct Message {
    anew: bool,
    levels: Vec<(bool, i64, i64)>,
    finished: bool,
}

fn any_message() -> impl Strategy<Value = Message> {
    let levels = prop_oneof![
        8 => proptest::collection::vec((any::<bool>(), 1_i64..50, 0_i64..4), 1..8),
        // Longer than what is kept one by one.
        1 => proptest::collection::vec((any::<bool>(), 1_i64..400, 0_i64..4), 200..600),
    ];
    (prop::bool::weighted(0.1), levels, prop::bool::weighted(0.9)).prop_map(|(anew, levels, finished)| Message {
        anew,
        levels,
        finished,
    })
}

proptest! {
    #[test]
    fn after_any_record_the_book_is_that_of_whole_updates(messages in proptest::collection::vec(any_message(), 0..40)) {
        let mut book = Book::default();
        let mut sides = [BTreeMap::new(), BTreeMap::new()];
        let mut expected: Seen = (0, false, vec![], vec![]);
        for (index, Message { anew, levels, finished }) in messages.into_iter().enumerate() {
            let number = index as u64 + 1;
            let mut unfinished = book.clone();
            unfinished.interrupt(SESSION);
            // Whatever begins now shows that the one before has no end.
            expected.1 = unfinished.maybe_bad();
            if anew {
                book.begin_snapshot(SESSION, &snapshot(number, levels.len() as u32), MAX);
                prop_assert_eq!(seen(&book), expected.clone());
            }
            let before = sides.clone();
            if anew {
                sides = Default::default();
            }
            for (at, &(is_bid, price, size)) in levels.iter().enumerate() {
                let last = finished && at == levels.len() - 1;
                let side = if is_bid { Side::Buy } else { Side::Sell };
                let flags = if last { FLAG_LAST } else { 0 } | if anew { FLAG_SNAPSHOT } else { 0 };
                if size == 0 { sides[usize::from(!is_bid)].remove(&price); } else { sides[usize::from(!is_bid)].insert(price, size); }
                // What is missing before it was said to be missing already.
                book.apply(SESSION, &delta(side, price, size, 0, number, flags), MAX);
                if last {
                    let bids = sides[0].iter().rev().map(|(&price, &size)| (price, size)).collect();
                    let asks = sides[1].iter().map(|(&price, &size)| (price, size)).collect();
                    expected = (number, expected.1 && !anew, bids, asks);
                }
                prop_assert_eq!(seen(&book), expected.clone());
            }
            if !finished {
                sides = before;
            }
        }
    }

    #[test]
    fn beyond_the_bound_the_worst_levels_are_dropped(prices in proptest::collection::vec(1_i64..100, 1..60), whole in any::<bool>()) {
        let mut book = Book::default();
        for (at, &price) in prices.iter().enumerate() {
            let last = whole || at == prices.len() - 1;
            book.apply(SESSION, &bid(price, 1, (0, 0), if last { FLAG_LAST } else { 0 }), 5);
        }
        let best: Vec<i64> = book.bids().map(|level| level.price_e9).collect();
        prop_assert!(best.len() <= 5);
        prop_assert_eq!(best[0], *prices.iter().max().unwrap());
        prop_assert!(best.windows(2).all(|pair| pair[0] > pair[1]));
    }
}

#[test]
fn what_the_feed_says_of_missing_levels_holds_from_the_end_of_the_update() {
    let mut book = standing();
    book.apply(SESSION, &bid(11, 1, (101, 101), FLAG_MAYBE_BAD_BOOK), MAX);
    assert!(!book.maybe_bad());
    book.apply(SESSION, &bid(12, 1, (101, 101), FLAG_LAST), MAX);
    assert!(book.maybe_bad());
}
