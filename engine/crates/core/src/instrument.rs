use crate::bar_series::BarSeries;
use crate::book::Book;
use crate::limits::Limits;
use crate::trade_memory::TradeMemory;
use mib_protocol::messages::{BarInterval, InstrumentDefinition, Quote, Statistics, Trade};

/// All that is known of one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    pub definition: InstrumentDefinition,
    pub quote: Option<Quote>,
    /// Sequence of the input that brought the quote.
    pub quote_sequence: u64,
    pub trades: TradeMemory,
    pub(crate) trade_id_max: u64,
    /// In the order of `BarInterval::ALL`.
    pub bars: [BarSeries; 5],
    /// Sequence of the last input that changed a bar in progress.
    pub bars_sequence: u64,
    /// Nothing earlier is expected: bars that end here or before are final.
    pub(crate) watermark: u64,
    pub book: Book,
    pub gaps: u64,
}

impl Instrument {
    pub fn new(definition: InstrumentDefinition, limits: &Limits) -> Self {
        Instrument {
            definition,
            quote: None,
            quote_sequence: 0,
            trades: TradeMemory::default(),
            trade_id_max: 0,
            bars: std::array::from_fn(|index| BarSeries::new(BarInterval::ALL[index], limits.bars_max[index])),
            bars_sequence: 0,
            watermark: 0,
            book: Book::default(),
            gaps: 0,
        }
    }

    pub fn symbol(&self) -> &str {
        self.definition.symbol.as_str()
    }

    pub fn last_trade(&self) -> Option<&Trade> {
        self.trades.last()
    }

    /// The day's figures: those of the newest daily bar.
    pub fn statistics(&self) -> Option<Statistics> {
        let day = self.bars[BarInterval::ALL.len() - 1].last()?;
        Some(Statistics {
            flags: 0,
            publisher_id: 0,
            instrument_id: self.definition.instrument_id,
            ts_event_nanos: day.last_at,
            open_e9: day.open_e9,
            high_e9: day.high_e9,
            low_e9: day.low_e9,
            last_e9: day.close_e9,
            volume_e9: day.volume_e9,
            notional_e18: day.notional_e18,
            trade_count: day.trade_count,
            session_opened_nanos: day.opened_at,
        })
    }
}
