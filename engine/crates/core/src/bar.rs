use mib_protocol::messages::{Bar as BarMessage, BarInterval};

/// OHLCV over one interval. `open` is the price of the earliest trade by event time and `close` that of the latest; of trades
/// with the same time the first to arrive is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub opened_at: u64,
    pub first_at: u64,
    pub last_at: u64,
    pub open_e9: i64,
    pub high_e9: i64,
    pub low_e9: i64,
    pub close_e9: i64,
    pub volume_e9: i128,
    pub notional_e18: i128,
    pub trade_count: u64,
    pub revision: u32,
    /// The interval is over.
    pub is_final: bool,
    /// The feed sent the bar itself: shorter bars are not folded into it.
    pub given: bool,
    /// Nothing but bars of the past is in it.
    pub backfill: bool,
}

impl Bar {
    pub fn of_trade(opened_at: u64, at: u64, price_e9: i64, size_e9: i64) -> Self {
        Bar {
            opened_at,
            first_at: at,
            last_at: at,
            open_e9: price_e9,
            high_e9: price_e9,
            low_e9: price_e9,
            close_e9: price_e9,
            volume_e9: i128::from(size_e9),
            notional_e18: i128::from(price_e9) * i128::from(size_e9),
            trade_count: 1,
            revision: 0,
            is_final: false,
            given: false,
            backfill: false,
        }
    }

    /// A bar that a feed sent; `length` is its interval in nanoseconds.
    pub fn of_message(message: &BarMessage, length: u64) -> Self {
        Bar {
            opened_at: message.ts_event_nanos,
            first_at: message.ts_event_nanos,
            last_at: message.ts_event_nanos + length - 1,
            open_e9: message.open_e9,
            high_e9: message.high_e9,
            low_e9: message.low_e9,
            close_e9: message.close_e9,
            volume_e9: message.volume_e9,
            notional_e18: message.notional_e18,
            trade_count: message.trade_count,
            revision: 0,
            is_final: true,
            given: true,
            backfill: true,
        }
    }

    #[inline]
    pub fn fold_trade(&mut self, at: u64, price_e9: i64, size_e9: i64) {
        self.high_e9 = self.high_e9.max(price_e9);
        self.low_e9 = self.low_e9.min(price_e9);
        if at >= self.last_at {
            self.last_at = at;
            self.close_e9 = price_e9;
        }
        if at < self.first_at {
            self.first_at = at;
            self.open_e9 = price_e9;
        }
        self.volume_e9 = self.volume_e9.saturating_add(i128::from(size_e9));
        self.notional_e18 = self
            .notional_e18
            .saturating_add(i128::from(price_e9) * i128::from(size_e9));
        self.trade_count = self.trade_count.saturating_add(1);
        self.backfill = false;
    }

    /// Folds a bar of a shorter interval in.
    pub fn fold_bar(&mut self, shorter: &Bar) {
        self.high_e9 = self.high_e9.max(shorter.high_e9);
        self.low_e9 = self.low_e9.min(shorter.low_e9);
        if shorter.last_at >= self.last_at {
            self.last_at = shorter.last_at;
            self.close_e9 = shorter.close_e9;
        }
        if shorter.first_at < self.first_at {
            self.first_at = shorter.first_at;
            self.open_e9 = shorter.open_e9;
        }
        self.volume_e9 = self.volume_e9.saturating_add(shorter.volume_e9);
        self.notional_e18 = self.notional_e18.saturating_add(shorter.notional_e18);
        self.trade_count = self.trade_count.saturating_add(shorter.trade_count);
        self.backfill &= shorter.backfill;
    }

    /// Volume-weighted average price in 1e-9, rounded down; `None` when nothing was traded at a known size.
    pub fn vwap_e9(&self) -> Option<i128> {
        (self.volume_e9 > 0).then(|| self.notional_e18 / self.volume_e9)
    }

    pub fn to_message(&self, instrument_id: u32, interval: BarInterval) -> BarMessage {
        BarMessage {
            flags: 0,
            publisher_id: 0,
            instrument_id,
            ts_event_nanos: self.opened_at,
            open_e9: self.open_e9,
            high_e9: self.high_e9,
            low_e9: self.low_e9,
            close_e9: self.close_e9,
            volume_e9: self.volume_e9,
            notional_e18: self.notional_e18,
            trade_count: self.trade_count,
            revision: self.revision,
            interval: interval.code(),
            is_final: u8::from(self.is_final),
        }
    }
}
