use crate::records::{self, Top};
use mib_core::bar::Bar;
use mib_core::bar_series::BarSeries;
use mib_core::book::Book;
use mib_core::sink::{Position, Sink};
use mib_core::state::State;
use mib_protocol::messages::{
    BarInterval, BookTop, KIND_BARS, KIND_BOOK_TOPS, KIND_CURRENT_BARS, KIND_QUOTES, KIND_TRADES, PositionedBar,
    PositionedQuote, PositionedTrade, Quote, RejectReason, Trade,
};

/// Where an event stands among all that come of the inputs: the input's sequence, and which of that input's events it is. The
/// same for the same journal, whoever reads it and whatever is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub sequence: u64,
    pub number: u32,
}

impl Place {
    pub const START: Place = Place { sequence: 0, number: 0 };

    /// The first of what comes of the input after this one.
    pub fn after(sequence: u64) -> Self {
        Place {
            sequence: sequence + 1,
            number: 0,
        }
    }
}

/// One of the events of a journal entry.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub place: Place,
    pub instrument: u32,
    /// KIND_…
    pub kind: u8,
    start: u32,
    length: u16,
}

/// Takes what comes of one journal entry, as the bytes that subscribers get.
pub struct Events {
    pub list: Vec<Event>,
    bytes: Vec<u8>,
    /// Kinds that are kept.
    wanted: u8,
    next: Place,
    /// By instrument: the best levels as they were last.
    tops: Vec<Option<KnownTop>>,
}

/// Best levels, with what brought them: of those that were there when the lane began, the input after which it began and the time
/// of the book's last change.
#[derive(Clone, Copy)]
struct KnownTop {
    top: Top,
    sequence: u64,
    ts_event_nanos: u64,
}

impl Events {
    /// Of what follows on this state.
    pub fn after(state: &State) -> Self {
        let sequence = state.applied_sequence();
        let known = |book: &Book| {
            Top::of(book).map(|top| KnownTop {
                top,
                sequence,
                ts_event_nanos: book.ts_event_nanos(),
            })
        };
        Events {
            list: Vec::new(),
            bytes: Vec::new(),
            wanted: 0,
            next: Place { sequence, number: 0 },
            tops: state.instruments().iter().map(|each| known(&each.book)).collect(),
        }
    }

    pub fn clear(&mut self, wanted: u8) {
        self.list.clear();
        self.bytes.clear();
        self.wanted = wanted;
    }

    pub fn record(&self, event: &Event) -> &[u8] {
        &self.bytes[event.start as usize..event.start as usize + usize::from(event.length)]
    }

    /// The instrument's best levels as they stand.
    pub fn top(&self, instrument: u32) -> Option<BookTop> {
        let known = (*self.tops.get(instrument as usize)?)?;
        Some(known.top.to_message(known.sequence, instrument, known.ts_event_nanos))
    }

    /// The place counts whether the event is wanted or not, so that it does not depend on who reads.
    #[inline]
    fn add(&mut self, sequence: u64, instrument: u32, kind: u8, length: usize, encode: impl FnOnce(&mut [u8])) {
        if self.next.sequence != sequence {
            self.next = Place { sequence, number: 0 };
        }
        let place = self.next;
        self.next.number += 1;
        if self.wanted & kind == 0 {
            return;
        }
        let start = self.bytes.len();
        self.bytes.resize(start + length, 0);
        encode(&mut self.bytes[start..]);
        self.list.push(Event {
            place,
            instrument,
            kind,
            start: start as u32,
            length: length as u16,
        });
    }
}

impl Sink for Events {
    fn trade(&mut self, position: Position, trade: &Trade) {
        self.add(
            position.sequence,
            trade.instrument_id,
            KIND_TRADES,
            PositionedTrade::BYTES,
            |out| records::positioned_trade(position.sequence, trade).encode(out),
        );
    }

    fn final_bar(&mut self, position: Position, instrument: u32, interval: BarInterval, bar: &Bar) {
        self.add(position.sequence, instrument, KIND_BARS, PositionedBar::BYTES, |out| {
            records::positioned_bar(position, instrument, interval, bar).encode(out)
        });
    }

    fn quote_changed(&mut self, sequence: u64, quote: &Quote) {
        self.add(
            sequence,
            quote.instrument_id,
            KIND_QUOTES,
            PositionedQuote::BYTES,
            |out| records::positioned_quote(sequence, quote).encode(out),
        );
    }

    fn current_bars_changed(&mut self, sequence: u64, instrument: u32, bars: &[BarSeries; 5]) {
        for (interval, series) in BarInterval::ALL.into_iter().zip(bars) {
            let Some(bar) = series.last() else { continue };
            let position = Position { sequence, ordinal: 0 };
            self.add(sequence, instrument, KIND_CURRENT_BARS, PositionedBar::BYTES, |out| {
                records::positioned_bar(position, instrument, interval, bar).encode(out)
            });
        }
    }

    fn book_changed(&mut self, sequence: u64, instrument: u32, book: &Book) {
        let Some(top) = Top::of(book) else { return };
        let index = instrument as usize;
        if index >= self.tops.len() {
            self.tops.resize(index + 1, None);
        }
        if self.tops[index].is_some_and(|known| known.top == top) {
            return;
        }
        let ts_event_nanos = book.ts_event_nanos();
        self.tops[index] = Some(KnownTop {
            top,
            sequence,
            ts_event_nanos,
        });
        self.add(sequence, instrument, KIND_BOOK_TOPS, BookTop::BYTES, |out| {
            top.to_message(sequence, instrument, ts_event_nanos).encode(out)
        });
    }

    fn rejected(&mut self, _: u32, _: u64, _: u32, _: RejectReason) {}
}
