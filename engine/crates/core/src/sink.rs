use crate::bar::Bar;
use crate::bar_series::BarSeries;
use crate::book::Book;
use mib_protocol::messages::{BarInterval, Quote, RejectReason, Trade};

/// Where an output stands: the sequence of the input that caused it, and its place among that input's outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub sequence: u64,
    pub ordinal: u32,
}

/// Takes what follows from inputs, in their order.
pub trait Sink {
    fn trade(&mut self, position: Position, trade: &Trade);
    fn final_bar(&mut self, position: Position, instrument: u32, interval: BarInterval, bar: &Bar);
    /// The instrument has a new quote, which names it.
    fn quote_changed(&mut self, sequence: u64, quote: &Quote);
    /// Bars in progress of the instrument have changed; `bars` are in the order of `BarInterval::ALL`.
    fn current_bars_changed(&mut self, sequence: u64, instrument: u32, bars: &[BarSeries; 5]);
    /// What is seen of the instrument's book may have changed.
    fn book_changed(&mut self, sequence: u64, instrument: u32, book: &Book);
    /// `number` is the session's number of the instrument.
    fn rejected(&mut self, session: u32, session_sequence: u64, number: u32, reason: RejectReason);
}

/// Takes nothing: for recovery.
pub struct Discard;

impl Sink for Discard {
    fn trade(&mut self, _: Position, _: &Trade) {}
    fn final_bar(&mut self, _: Position, _: u32, _: BarInterval, _: &Bar) {}
    fn quote_changed(&mut self, _: u64, _: &Quote) {}
    fn current_bars_changed(&mut self, _: u64, _: u32, _: &[BarSeries; 5]) {}
    fn book_changed(&mut self, _: u64, _: u32, _: &Book) {}
    fn rejected(&mut self, _: u32, _: u64, _: u32, _: RejectReason) {}
}
