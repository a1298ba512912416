//! Values as the GraphQL objects of streams.graphql.

use crate::text::{push_e9, push_json_string, push_rfc3339};
use mib_core::bar::Bar;
use mib_protocol::messages::{BarInterval, Quote, Side, Trade};
use std::fmt::Write;

pub fn quote(out: &mut String, symbol: &str, quote: &Quote) {
    begin(out, symbol);
    decimal(out, "bidPrice", quote.bid_price_e9.into());
    decimal(out, "bidSize", quote.bid_size_e9.into());
    decimal(out, "askPrice", quote.ask_price_e9.into());
    decimal(out, "askSize", quote.ask_size_e9.into());
    time(out, "at", quote.ts_event_nanos);
    out.push_str(",\"stale\":false}");
}

pub fn trade(out: &mut String, symbol: &str, trade: &Trade) {
    begin(out, symbol);
    let _ = write!(out, ",\"id\":\"{}\"", trade.trade_id);
    decimal(out, "price", trade.price_e9.into());
    decimal(out, "size", trade.size_e9.into());
    out.push_str(match Side::from_code(trade.side) {
        Some(Side::Buy) => ",\"side\":\"BUY\"",
        Some(Side::Sell) => ",\"side\":\"SELL\"",
        _ => ",\"side\":null",
    });
    time(out, "at", trade.ts_event_nanos);
    out.push('}');
}

pub fn bar(out: &mut String, symbol: &str, interval: BarInterval, bar: &Bar) {
    begin(out, symbol);
    let _ = write!(out, ",\"interval\":\"{}\"", interval.name());
    time(out, "openedAt", bar.opened_at);
    decimal(out, "open", bar.open_e9.into());
    decimal(out, "high", bar.high_e9.into());
    decimal(out, "low", bar.low_e9.into());
    decimal(out, "close", bar.close_e9.into());
    decimal(out, "volume", bar.volume_e9);
    match bar.vwap_e9() {
        Some(vwap) => decimal(out, "vwap", vwap),
        None => out.push_str(",\"vwap\":null"),
    }
    // GraphQL's Int ends at 2^31 - 1.
    let count = bar.trade_count.min(i32::MAX as u64);
    let _ = write!(
        out,
        ",\"tradeCount\":{count},\"final\":{},\"revision\":{}}}",
        bar.is_final, bar.revision
    );
}

fn begin(out: &mut String, symbol: &str) {
    out.clear();
    out.push_str("{\"instrument\":{\"symbol\":");
    push_json_string(out, symbol);
    out.push('}');
}

fn decimal(out: &mut String, name: &str, value: i128) {
    let _ = write!(out, ",\"{name}\":\"");
    push_e9(out, value);
    out.push('"');
}

fn time(out: &mut String, name: &str, nanos: u64) {
    let _ = write!(out, ",\"{name}\":\"");
    push_rfc3339(out, nanos);
    out.push('"');
}
