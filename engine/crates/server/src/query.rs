use crate::ingest::{QueryRequest, error_frame};
use crate::live_sessions::LiveSessions;
use crate::progress::Progress;
use crate::records::positioned_trade;
use mib_core::instrument::Instrument;
use mib_core::limits::interval_index;
use mib_core::snapshot::hash_bytes;
use mib_core::state::State;
use mib_protocol::frame::{FrameHeader, write_frame};
use mib_protocol::messages::{
    Action, Bar, BarInterval, BookDelta, BookSnapshot, EngineStatus, ErrorCode, FLAG_LAST, FLAG_MAYBE_BAD_BOOK,
    FLAG_SNAPSHOT, FRAME_BYTES_MAX, FRAME_FLAG_MORE, FRAME_HEADER_BYTES, FeedStatus, FrameKind, INSTRUMENT_UNDEFINED,
    InstrumentDefinition, QueryBars, QueryBook, QueryFeeds, QueryInstruments, QueryLastTrades, QueryQuotes,
    QueryStatistics, QueryStatus, QueryTradeRange, QueryTrades, Quote, Side, Statistics, Trade, TradeMemory,
};
use mib_protocol::text::Text;
use std::sync::atomic::Ordering;

/// What a query is answered from.
pub struct View<'a> {
    pub state: &'a State,
    pub live: &'a LiveSessions,
    pub progress: &'a Progress,
    /// Everything up to here is in the state; the answer leaves once it is durable.
    pub as_of: u64,
}

/// Frames of the answer. A query that can't be answered gets an error frame.
pub fn answer(view: &View<'_>, request: &QueryRequest) -> Vec<u8> {
    let mut out = Vec::new();
    if let Err((code, text)) = try_answer(view, request, &mut out) {
        out.clear();
        error_frame(&mut out, request.header.request_id, code, text);
    }
    out
}

type Failure = (ErrorCode, &'static str);
const SHORT: Failure = (ErrorCode::BadQuery, "the query is shorter than its message");

fn try_answer(view: &View<'_>, request: &QueryRequest, out: &mut Vec<u8>) -> Result<(), Failure> {
    let state = view.state;
    let body = request.body.as_slice();
    match request.header.template {
        QueryInstruments::TEMPLATE => {
            let query = QueryInstruments::decode(body).ok_or(SHORT)?;
            let from = (query.from_instrument_id as usize).min(state.instruments().len());
            let all = &state.instruments()[from..];
            let limit = if query.limit == 0 {
                all.len()
            } else {
                all.len().min(query.limit as usize)
            };
            let definitions = all[..limit].iter().map(|each| &each.definition);
            reply(
                out,
                view,
                request,
                InstrumentDefinition::TEMPLATE,
                InstrumentDefinition::BYTES,
                definitions,
                |each, block| each.encode(block),
            );
        }
        QueryQuotes::TEMPLATE => {
            let symbols = symbols(request, QueryQuotes::BYTES, |block| {
                QueryQuotes::decode(block).map(|query| query.symbol)
            })?;
            let quotes = symbols
                .iter()
                .map(|symbol| state.instrument(symbol.as_str()).and_then(|each| each.quote));
            reply(
                out,
                view,
                request,
                Quote::TEMPLATE,
                Quote::BYTES,
                quotes,
                |quote, block| match quote {
                    Some(quote) => quote.encode(block),
                    None => nothing(block, Quote::TEMPLATE),
                },
            );
        }
        QueryLastTrades::TEMPLATE => {
            let symbols = symbols(request, QueryLastTrades::BYTES, |block| {
                QueryLastTrades::decode(block).map(|query| query.symbol)
            })?;
            let trades = symbols
                .iter()
                .map(|symbol| state.instrument(symbol.as_str()).and_then(Instrument::last_trade));
            reply(
                out,
                view,
                request,
                Trade::TEMPLATE,
                Trade::BYTES,
                trades,
                |trade, block| match trade {
                    Some(trade) => trade.encode(block),
                    None => nothing(block, Trade::TEMPLATE),
                },
            );
        }
        QueryStatistics::TEMPLATE => {
            let symbols = symbols(request, QueryStatistics::BYTES, |block| {
                QueryStatistics::decode(block).map(|query| query.symbol)
            })?;
            let all = symbols
                .iter()
                .map(|symbol| state.instrument(symbol.as_str()).and_then(Instrument::statistics));
            reply(
                out,
                view,
                request,
                Statistics::TEMPLATE,
                Statistics::BYTES,
                all,
                |statistics, block| match statistics {
                    Some(statistics) => statistics.encode(block),
                    None => nothing(block, Statistics::TEMPLATE),
                },
            );
        }
        QueryBars::TEMPLATE => {
            let query = QueryBars::decode(body).ok_or(SHORT)?;
            let interval =
                BarInterval::from_code(query.interval).ok_or((ErrorCode::BadQuery, "the interval is not known"))?;
            let instrument = find(state, query.symbol.as_str())?;
            let series = &instrument.bars[interval_index(interval)];
            let range = series.range(query.from_nanos, query.to_nanos, query.last as usize);
            let id = instrument.definition.instrument_id;
            let bars = series.bars().range(range);
            reply(out, view, request, Bar::TEMPLATE, Bar::BYTES, bars, |bar, block| {
                bar.to_message(id, interval).encode(block)
            });
        }
        QueryTrades::TEMPLATE => {
            let query = QueryTrades::decode(body).ok_or(SHORT)?;
            let instrument = find(state, query.symbol.as_str())?;
            let trades = instrument.trades.before(query.last as usize, query.before_trade_id);
            reply(
                out,
                view,
                request,
                Trade::TEMPLATE,
                Trade::BYTES,
                trades,
                |trade, block| trade.encode(block),
            );
        }
        QueryTradeRange::TEMPLATE => trade_range(view, request, out)?,
        QueryBook::TEMPLATE => book(view, request, out)?,
        QueryFeeds::TEMPLATE => {
            let feeds = feeds(view);
            reply(
                out,
                view,
                request,
                FeedStatus::TEMPLATE,
                FeedStatus::BYTES,
                feeds.iter(),
                |feed, block| feed.encode(block),
            );
        }
        QueryStatus::TEMPLATE => {
            let query = QueryStatus::decode(body).ok_or(SHORT)?;
            let status = status(view, query.with_state_hash != 0);
            reply(
                out,
                view,
                request,
                EngineStatus::TEMPLATE,
                EngineStatus::BYTES,
                [status].iter(),
                |status, block| status.encode(block),
            );
        }
        _ => return Err((ErrorCode::UnsupportedQuery, "this engine does not know the query")),
    }
    Ok(())
}

fn find<'a>(state: &'a State, symbol: &str) -> Result<&'a Instrument, Failure> {
    state
        .instrument(symbol)
        .ok_or((ErrorCode::InstrumentNotFound, "no instrument has this symbol"))
}

fn symbols(
    request: &QueryRequest,
    least: usize,
    decode: impl Fn(&[u8]) -> Option<Text<40>>,
) -> Result<Vec<Text<40>>, Failure> {
    let block_len = usize::from(request.header.block_len);
    if block_len < least && !request.body.is_empty() {
        return Err(SHORT);
    }
    request
        .body
        .chunks_exact(block_len.max(1))
        .map(|block| decode(block).ok_or(SHORT))
        .collect()
}

/// A record that says that there is none.
fn nothing(block: &mut [u8], template: u16) {
    block.fill(0);
    block[0] = template as u8;
    block[4..8].copy_from_slice(&INSTRUMENT_UNDEFINED.to_le_bytes());
}

fn book(view: &View<'_>, request: &QueryRequest, out: &mut Vec<u8>) -> Result<(), Failure> {
    let query = QueryBook::decode(&request.body).ok_or(SHORT)?;
    let instrument = find(view.state, query.symbol.as_str())?;
    let book = &instrument.book;
    let depth = if query.depth == 0 {
        usize::MAX
    } else {
        query.depth as usize
    };
    let instrument_id = instrument.definition.instrument_id;
    let mut blocks: Vec<[u8; 64]> = Vec::new();
    if book.is_known() {
        let bids: Vec<_> = book.bids().take(depth).map(|level| (Side::Buy, level)).collect();
        let asks: Vec<_> = book.asks().take(depth).map(|level| (Side::Sell, level)).collect();
        let mut block = [0; BookSnapshot::BYTES];
        BookSnapshot {
            flags: if book.maybe_bad() { FLAG_MAYBE_BAD_BOOK } else { 0 },
            publisher_id: 0,
            instrument_id,
            ts_event_nanos: book.ts_event_nanos(),
            ts_recv_nanos: 0,
            venue_sequence: book.venue_sequence(),
            bid_count: bids.len() as u32,
            ask_count: asks.len() as u32,
        }
        .encode(&mut block);
        blocks.push(block);
        for (side, level) in bids.iter().chain(&asks) {
            let mut block = [0; BookDelta::BYTES];
            BookDelta {
                flags: FLAG_SNAPSHOT,
                publisher_id: 0,
                instrument_id,
                ts_event_nanos: book.ts_event_nanos(),
                ts_recv_nanos: 0,
                first_venue_sequence: 0,
                venue_sequence: book.venue_sequence(),
                price_e9: level.price_e9,
                size_e9: level.size_e9,
                side: side.code(),
                action: Action::Add.code(),
            }
            .encode(&mut block);
            blocks.push(block);
        }
        if let Some(last) = blocks.last_mut() {
            last[1] |= FLAG_LAST;
        }
    }
    reply(out, view, request, 0, 64, blocks.iter(), |block, out| {
        out.copy_from_slice(*block)
    });
    Ok(())
}

/// Trades with their positions, and where the memory of them begins, so that history can go on from there.
fn trade_range(view: &View<'_>, request: &QueryRequest, out: &mut Vec<u8>) -> Result<(), Failure> {
    let query = QueryTradeRange::decode(&request.body).ok_or(SHORT)?;
    let instrument = find(view.state, query.symbol.as_str())?;
    let memory = &instrument.trades;
    let instrument_id = instrument.definition.instrument_id;
    let from = (query.from_nanos, query.from_sequence);
    let to = (query.to_nanos, query.to_sequence);
    let found = if query.trade_id == 0 {
        memory.range(from, to, query.limit as usize, query.newest != 0)
    } else {
        memory.find(query.trade_id).into_iter().collect()
    };
    let (epoch, epoch_after) = view.progress.epoch_and_after();
    let mut blocks = vec![[0; TradeMemory::BYTES]; 1 + found.len()];
    TradeMemory {
        flags: 0,
        publisher_id: 0,
        instrument_id,
        ts_event_nanos: memory.forgotten_nanos(),
        epoch,
        epoch_after,
        forgotten_sequence: memory.forgotten_sequence(),
    }
    .encode(&mut blocks[0]);
    for (kept, block) in found.iter().zip(&mut blocks[1..]) {
        positioned_trade(kept.sequence, &kept.trade).encode(block);
    }
    reply(
        out,
        view,
        request,
        0,
        TradeMemory::BYTES,
        blocks.iter(),
        |block, out| out.copy_from_slice(*block),
    );
    Ok(())
}

/// Each feed by its newest session, in the order in which the feeds appeared.
fn feeds(view: &View<'_>) -> Vec<FeedStatus> {
    let mut feeds: Vec<FeedStatus> = Vec::new();
    for (number, session) in view.state.sessions().iter().enumerate() {
        let live = view.live.get(number as u32);
        let status = FeedStatus {
            last_event_nanos: session.last_event_nanos,
            events_per_second_e3: live.rate_e3.load(Ordering::Relaxed),
            gaps: session.gaps,
            accepted: session.accepted,
            rejected: session.rejected,
            source: session.source,
            connected: u8::from(live.connected.load(Ordering::Relaxed)),
            feed: Text::clipped(&session.feed),
            session: Text::clipped(&session.name),
        };
        match feeds.iter_mut().find(|known| known.feed == status.feed) {
            // A session that is connected says more than a newer one that is not.
            Some(known) if known.connected != 0 && status.connected == 0 => {}
            Some(known) => *known = status,
            None => feeds.push(status),
        }
    }
    feeds
}

fn status(view: &View<'_>, with_state_hash: bool) -> EngineStatus {
    EngineStatus {
        epoch: view.progress.epoch(),
        applied_sequence: view.state.applied_sequence(),
        durable_sequence: view.progress.durable(),
        published_sequence: view.progress.published.load(Ordering::Acquire),
        state_hash: if with_state_hash {
            hash_bytes(&view.state.to_bytes())
        } else {
            0
        },
        instrument_count: view.state.instruments().len() as u32,
        session_count: view.state.sessions().len() as u32,
    }
}

/// Writes the records as frames, as many as they need; at least one.
fn reply<T>(
    out: &mut Vec<u8>,
    view: &View<'_>,
    request: &QueryRequest,
    template: u16,
    block_len: usize,
    records: impl Iterator<Item = T>,
    encode: impl Fn(&T, &mut [u8]),
) {
    let per_frame = (FRAME_BYTES_MAX - FRAME_HEADER_BYTES) / block_len;
    let mut records = records.peekable();
    loop {
        let part: Vec<T> = records.by_ref().take(per_frame).collect();
        let more = records.peek().is_some();
        let header = FrameHeader {
            kind: FrameKind::Reply.code(),
            flags: if more { FRAME_FLAG_MORE } else { 0 },
            template,
            block_len: block_len as u16,
            first_seq: view.as_of,
            request_id: request.header.request_id,
            ..FrameHeader::default()
        };
        write_frame(out, header, part.len(), |body| {
            for (record, block) in part.iter().zip(body.chunks_exact_mut(block_len)) {
                encode(record, block);
            }
        });
        if !more {
            return;
        }
    }
}
