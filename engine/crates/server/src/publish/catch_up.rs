use crate::publish::output::Output;
use crate::publish::symbols::Symbols;
use crate::replay;
use crate::snapshots::Snapshots;
use mib_core::bar::Bar;
use mib_core::bar_series::BarSeries;
use mib_core::book::Book;
use mib_core::sink::{Position, Sink};
use mib_core::state::State;
use mib_journal::{JournalError, Reader};
use mib_protocol::messages::{BarInterval, Quote, RejectReason, Trade};
use std::path::Path;

/// Computes outputs again from a snapshot and the journal: at start, after a broker was away for long, after an error.
pub struct CatchUp {
    state: State,
    reader: Reader,
    outputs: Collector,
}

impl CatchUp {
    /// Begins with what comes after `after`.
    pub fn begin(snapshots: &Snapshots, journal_dir: &Path, after: Position) -> Self {
        let state = snapshots.load(after.sequence);
        let reader = Reader::open(journal_dir, state.applied_sequence());
        CatchUp {
            state,
            reader,
            outputs: Collector {
                after,
                outputs: Vec::new(),
            },
        }
    }

    /// Sequence up to which outputs have been computed.
    pub fn sequence(&self) -> u64 {
        self.state.applied_sequence()
    }

    /// Outputs of the next journal entry, in order; `None` when nothing more is durable.
    pub fn next(&mut self, durable: u64, symbols: &Symbols) -> Result<Option<Vec<Output>>, JournalError> {
        let (state, outputs) = (&mut self.state, &mut self.outputs);
        if !self
            .reader
            .read(durable, |entry| replay::apply(state, entry, outputs))?
        {
            return Ok(None);
        }
        if self.state.instruments().len() > symbols.len() {
            symbols.extend(&self.state);
        }
        Ok(Some(std::mem::take(&mut self.outputs.outputs)))
    }
}

struct Collector {
    after: Position,
    outputs: Vec<Output>,
}

impl Sink for Collector {
    fn trade(&mut self, position: Position, trade: &Trade) {
        if position > self.after {
            self.outputs.push(Output::Trade(position, *trade));
        }
    }

    fn final_bar(&mut self, position: Position, instrument: u32, interval: BarInterval, bar: &Bar) {
        if position > self.after {
            self.outputs
                .push(Output::FinalBar(position, instrument, interval, *bar));
        }
    }

    fn quote_changed(&mut self, _: u64, _: &Quote) {}
    fn current_bars_changed(&mut self, _: u64, _: u32, _: &[BarSeries; 5]) {}
    fn book_changed(&mut self, _: u64, _: u32, _: &Book) {}
    fn rejected(&mut self, _: u32, _: u64, _: u32, _: RejectReason) {}
}
