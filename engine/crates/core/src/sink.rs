use crate::bar::Bar;
use mib_protocol::messages::{BarInterval, RejectReason, Trade};

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
    /// The instrument has a new quote.
    fn quote_changed(&mut self, instrument: u32);
    /// Bars in progress of the instrument have changed.
    fn current_bars_changed(&mut self, instrument: u32);
    /// `number` is the session's number of the instrument.
    fn rejected(&mut self, session: u32, session_sequence: u64, number: u32, reason: RejectReason);
}

/// Takes nothing: for recovery.
pub struct Discard;

impl Sink for Discard {
    fn trade(&mut self, _: Position, _: &Trade) {}
    fn final_bar(&mut self, _: Position, _: u32, _: BarInterval, _: &Bar) {}
    fn quote_changed(&mut self, _: u32) {}
    fn current_bars_changed(&mut self, _: u32) {}
    fn rejected(&mut self, _: u32, _: u64, _: u32, _: RejectReason) {}
}
