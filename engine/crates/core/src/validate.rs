use crate::limits::interval_nanos;
use mib_protocol::messages::{
    Action, Bar, BarInterval, BookDelta, DataSource, InstrumentClass, InstrumentDefinition, Quote, RejectReason, Side,
    Trade,
};

/// 2000-01-01 and 2100-01-01, UTC.
const TIME_NANOS: std::ops::Range<u64> = 946_684_800_000_000_000..4_102_444_800_000_000_000;
const PRICE_E9_MAX: i64 = 1 << 62;
/// A trade of more than 10^12 units of money is a mistake; sums of what is below fit into an i128.
const NOTIONAL_E18_MAX: i128 = 1 << 100;
const VOLUME_E9_MAX: i128 = 1 << 86;

type Checked = Result<(), RejectReason>;

pub fn time(nanos: u64) -> Checked {
    if TIME_NANOS.contains(&nanos) {
        Ok(())
    } else {
        Err(RejectReason::TimeOutOfRange)
    }
}

pub fn price(price_e9: i64) -> Checked {
    if (1..=PRICE_E9_MAX).contains(&price_e9) {
        Ok(())
    } else {
        Err(RejectReason::PriceOutOfRange)
    }
}

pub fn trade(trade: &Trade) -> Checked {
    time(trade.ts_event_nanos)?;
    price(trade.price_e9)?;
    if trade.size_e9 < 1 || i128::from(trade.price_e9) * i128::from(trade.size_e9) > NOTIONAL_E18_MAX {
        return Err(RejectReason::SizeOutOfRange);
    }
    if Side::from_code(trade.side).is_none() {
        Err(RejectReason::BadField)
    } else {
        Ok(())
    }
}

pub fn quote(quote: &Quote) -> Checked {
    time(quote.ts_event_nanos)?;
    price(quote.bid_price_e9)?;
    price(quote.ask_price_e9)?;
    if quote.bid_size_e9 < 0 || quote.ask_size_e9 < 0 {
        return Err(RejectReason::SizeOutOfRange);
    }
    if quote.bid_price_e9 > quote.ask_price_e9 {
        Err(RejectReason::CrossedQuote)
    } else {
        Ok(())
    }
}

pub fn book_delta(delta: &BookDelta) -> Checked {
    time(delta.ts_event_nanos)?;
    match Action::from_code(delta.action) {
        Some(Action::Clear) => return Ok(()),
        Some(Action::Add | Action::Modify | Action::Cancel) => {}
        _ => return Err(RejectReason::BadField),
    }
    if delta.side != Side::Buy.code() && delta.side != Side::Sell.code() {
        return Err(RejectReason::BadField);
    }
    price(delta.price_e9)?;
    if delta.size_e9 >= 0 {
        Ok(())
    } else {
        Err(RejectReason::SizeOutOfRange)
    }
}

/// The bar is aligned, its prices agree with each other, and so do volume and notional.
pub fn bar(bar: &Bar) -> Result<BarInterval, RejectReason> {
    let interval = BarInterval::from_code(bar.interval).ok_or(RejectReason::BadField)?;
    time(bar.ts_event_nanos)?;
    if !bar.ts_event_nanos.is_multiple_of(interval_nanos(interval)) {
        return Err(RejectReason::BadField);
    }
    price(bar.low_e9)?;
    price(bar.high_e9)?;
    let prices = bar.low_e9..=bar.high_e9;
    if !prices.contains(&bar.open_e9) || !prices.contains(&bar.close_e9) {
        return Err(RejectReason::PriceOutOfRange);
    }
    if !(0..=VOLUME_E9_MAX).contains(&bar.volume_e9) {
        return Err(RejectReason::SizeOutOfRange);
    }
    let notional_at = |price_e9: i64| {
        i128::from(price_e9)
            .checked_mul(bar.volume_e9)
            .ok_or(RejectReason::SizeOutOfRange)
    };
    let notional = notional_at(bar.low_e9)?..=notional_at(bar.high_e9)?;
    if notional.contains(&bar.notional_e18) {
        Ok(interval)
    } else {
        Err(RejectReason::BadField)
    }
}

pub fn definition(definition: &InstrumentDefinition) -> Checked {
    let sound = !definition.symbol.is_empty()
        && InstrumentClass::from_code(definition.class).is_some()
        && DataSource::from_code(definition.source).is_some();
    if sound { Ok(()) } else { Err(RejectReason::BadField) }
}
