//! What comes of the inputs, as messages for those who ask and those who have subscribed.

use mib_core::bar::Bar;
use mib_core::book::{Book, Level};
use mib_core::sink::Position;
use mib_protocol::messages::{
    BarInterval, BookTop, FLAG_MAYBE_BAD_BOOK, FLAG_SNAPSHOT, PRICE_UNDEFINED, PositionedBar, PositionedQuote,
    PositionedTrade, Quote, Trade,
};

pub fn positioned_trade(sequence: u64, trade: &Trade) -> PositionedTrade {
    PositionedTrade {
        flags: trade.flags,
        publisher_id: trade.publisher_id,
        instrument_id: trade.instrument_id,
        ts_event_nanos: trade.ts_event_nanos,
        sequence,
        trade_id: trade.trade_id,
        price_e9: trade.price_e9,
        size_e9: trade.size_e9,
        side: trade.side,
    }
}

pub fn positioned_quote(sequence: u64, quote: &Quote) -> PositionedQuote {
    PositionedQuote {
        // What a feed means by it is another thing.
        flags: quote.flags & !FLAG_SNAPSHOT,
        publisher_id: quote.publisher_id,
        instrument_id: quote.instrument_id,
        ts_event_nanos: quote.ts_event_nanos,
        sequence,
        bid_price_e9: quote.bid_price_e9,
        bid_size_e9: quote.bid_size_e9,
        ask_price_e9: quote.ask_price_e9,
        ask_size_e9: quote.ask_size_e9,
    }
}

pub fn positioned_bar(position: Position, instrument_id: u32, interval: BarInterval, bar: &Bar) -> PositionedBar {
    PositionedBar {
        flags: 0,
        publisher_id: 0,
        instrument_id,
        ts_event_nanos: bar.opened_at,
        open_e9: bar.open_e9,
        high_e9: bar.high_e9,
        low_e9: bar.low_e9,
        close_e9: bar.close_e9,
        volume_e9: bar.volume_e9,
        notional_e18: bar.notional_e18,
        trade_count: bar.trade_count,
        revision: bar.revision,
        interval: interval.code(),
        is_final: u8::from(bar.is_final),
        backfill: u8::from(bar.backfill),
        sequence: position.sequence,
        ordinal: position.ordinal,
    }
}

/// Best levels of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    bid: Option<Level>,
    ask: Option<Level>,
    maybe_bad: bool,
}

impl Top {
    /// `None` while there is no book.
    #[inline]
    pub fn of(book: &Book) -> Option<Self> {
        book.is_known().then(|| Top {
            bid: book.bids().next().copied(),
            ask: book.asks().next().copied(),
            maybe_bad: book.maybe_bad(),
        })
    }

    pub fn to_message(self, sequence: u64, instrument_id: u32, ts_event_nanos: u64) -> BookTop {
        let price = |level: Option<Level>| level.map_or(PRICE_UNDEFINED, |level| level.price_e9);
        let size = |level: Option<Level>| level.map_or(0, |level| level.size_e9);
        BookTop {
            flags: if self.maybe_bad { FLAG_MAYBE_BAD_BOOK } else { 0 },
            publisher_id: 0,
            instrument_id,
            ts_event_nanos,
            sequence,
            bid_price_e9: price(self.bid),
            bid_size_e9: size(self.bid),
            ask_price_e9: price(self.ask),
            ask_size_e9: size(self.ask),
        }
    }
}
