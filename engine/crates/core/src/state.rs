use crate::bar::Bar;
use crate::bar_series::Folded;
use crate::book::GapSeen;
use crate::counters::Counters;
use crate::instrument::Instrument;
use crate::limits::{Limits, interval_index, interval_nanos};
use crate::session::Session;
use crate::sink::{Position, Sink};
use crate::validate;
use mib_protocol::messages::{
    Bar as BarMessage, BarInterval, BookDelta, BookSnapshot, Clock, Event, Gap, INSTRUMENT_FLAG_TRADES_CONSECUTIVE,
    INSTRUMENT_UNDEFINED, InstrumentDefinition, Quote, RejectReason, Trade,
};
use std::collections::HashMap;

/// Session numbers of instruments are dense; this bounds what a bad one can cost.
const SESSION_INSTRUMENTS_MAX: u32 = 1 << 20;

/// Inputs of one session that follow one another.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    pub session: u32,
    pub session_sequence: u64,
    /// The engine's sequence of the first record.
    pub first_sequence: u64,
    pub stride: usize,
    pub bytes: &'a [u8],
}

/// Everything that follows from the inputs up to `applied_sequence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(crate) limits: Limits,
    pub(crate) applied_sequence: u64,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) by_symbol: HashMap<String, u32>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) by_name: HashMap<String, u32>,
    pub(crate) counters: Counters,
}

impl State {
    pub fn new(limits: Limits) -> Self {
        State {
            limits,
            applied_sequence: 0,
            instruments: Vec::new(),
            by_symbol: HashMap::new(),
            sessions: Vec::new(),
            by_name: HashMap::new(),
            counters: Counters::default(),
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn applied_sequence(&self) -> u64 {
        self.applied_sequence
    }

    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    pub fn instrument(&self, symbol: &str) -> Option<&Instrument> {
        self.by_symbol.get(symbol).map(|&id| &self.instruments[id as usize])
    }

    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A session that was not known before; its number is the count of those before it.
    pub fn open_session(&mut self, sequence: u64, name: &str, feed: &str, source: u8) {
        self.applied_sequence = sequence;
        self.by_name.insert(name.to_owned(), self.sessions.len() as u32);
        self.sessions
            .push(Session::new(name.to_owned(), feed.to_owned(), source));
    }

    /// Applies inputs. One that is not taken is counted and told to the sink, and its neighbours are unaffected.
    pub fn apply(&mut self, batch: &Batch<'_>, sink: &mut impl Sink) {
        let mut sequence = batch.first_sequence;
        let mut session_sequence = batch.session_sequence;
        for record in batch.bytes.chunks_exact(batch.stride) {
            match self.record(batch.session, sequence, record, sink) {
                Ok(()) => self.sessions[batch.session as usize].accepted += 1,
                Err(reason) => {
                    self.counters.reject(reason);
                    self.sessions[batch.session as usize].rejected += 1;
                    sink.rejected(batch.session, session_sequence, number_of(record), reason);
                }
            }
            sequence += 1;
            session_sequence += 1;
        }
        self.applied_sequence = sequence - 1;
        self.sessions[batch.session as usize].next_sequence = session_sequence;
    }

    #[inline]
    fn record(&mut self, session: u32, sequence: u64, record: &[u8], sink: &mut impl Sink) -> Result<(), RejectReason> {
        let unknown = RejectReason::UnknownTemplate;
        match u16::from(record[0]) {
            Quote::TEMPLATE => self.quote(session, sequence, Quote::decode(record).ok_or(unknown)?, sink),
            Trade::TEMPLATE => self.trade(session, sequence, Trade::decode(record).ok_or(unknown)?, sink),
            BookDelta::TEMPLATE => self.book_delta(session, sequence, &BookDelta::decode(record).ok_or(unknown)?, sink),
            BookSnapshot::TEMPLATE => {
                self.book_snapshot(session, sequence, &BookSnapshot::decode(record).ok_or(unknown)?, sink)
            }
            Clock::TEMPLATE => self.clock(session, sequence, &Clock::decode(record).ok_or(unknown)?, sink),
            BarMessage::TEMPLATE => self.bar(session, sequence, &BarMessage::decode(record).ok_or(unknown)?, sink),
            Gap::TEMPLATE => self.gap(session, sequence, &Gap::decode(record).ok_or(unknown)?, sink),
            Event::TEMPLATE => self.event(session, &Event::decode(record).ok_or(unknown)?),
            InstrumentDefinition::TEMPLATE => {
                self.define(session, InstrumentDefinition::decode(record).ok_or(unknown)?)
            }
            _ => Err(unknown),
        }
    }

    #[inline]
    fn find(&self, session: u32, number: u32) -> Result<u32, RejectReason> {
        self.sessions[session as usize]
            .instrument(number)
            .ok_or(RejectReason::UnknownInstrument)
    }

    #[inline]
    fn seen(&mut self, session: u32, at: u64) {
        let session = &mut self.sessions[session as usize];
        session.last_event_nanos = session.last_event_nanos.max(at);
    }

    fn quote(
        &mut self,
        session: u32,
        sequence: u64,
        mut quote: Quote,
        sink: &mut impl Sink,
    ) -> Result<(), RejectReason> {
        let id = self.find(session, quote.instrument_id)?;
        validate::quote(&quote)?;
        let instrument = &mut self.instruments[id as usize];
        if let Some(last) = &instrument.quote {
            let numbered_later = quote.venue_sequence > last.venue_sequence;
            if quote.ts_event_nanos < last.ts_event_nanos && !numbered_later {
                return Err(RejectReason::OutOfOrder);
            }
        }
        quote.instrument_id = id;
        instrument.quote = Some(quote);
        instrument.quote_sequence = sequence;
        self.counters.quotes += 1;
        self.seen(session, quote.ts_event_nanos);
        sink.quote_changed(sequence, &quote);
        Ok(())
    }

    fn trade(
        &mut self,
        session: u32,
        sequence: u64,
        mut trade: Trade,
        sink: &mut impl Sink,
    ) -> Result<(), RejectReason> {
        let id = self.find(session, trade.instrument_id)?;
        validate::trade(&trade)?;
        self.number_trade(session, id, trade.trade_id)?;
        trade.instrument_id = id;
        let trades_max = self.limits.trades_max;
        let instrument = &mut self.instruments[id as usize];
        instrument.trades.push(sequence, trade, trades_max);
        self.counters.trades += 1;
        self.seen(session, trade.ts_event_nanos);
        sink.trade(Position { sequence, ordinal: 0 }, &trade);

        let at = trade.ts_event_nanos;
        // The trade itself is 0, so that the order of positions is that of all outputs.
        let mut ordinal = 1;
        self.advance(id, sequence, &mut ordinal, at, sink);
        let mut late = false;
        let mut in_progress = false;
        for (index, interval) in BarInterval::ALL.into_iter().enumerate() {
            let instrument = &mut self.instruments[id as usize];
            let watermark = instrument.watermark;
            match instrument.bars[index].fold_trade(at, trade.price_e9, trade.size_e9, watermark) {
                Folded::InProgress => in_progress = true,
                Folded::Final { index } => {
                    late = true;
                    self.announce(id, interval, index, sequence, &mut ordinal, sink);
                }
                Folded::TooOld => self.counters.trades_too_old += 1,
            }
        }
        self.counters.late_trades += u64::from(late);
        if in_progress {
            let instrument = &mut self.instruments[id as usize];
            instrument.bars_sequence = sequence;
            sink.current_bars_changed(sequence, id, &instrument.bars);
        }
        Ok(())
    }

    /// Where the venue numbers trades without holes, a number that is known is refused and a jump is counted.
    fn number_trade(&mut self, session: u32, id: u32, trade_id: u64) -> Result<(), RejectReason> {
        let instrument = &self.instruments[id as usize];
        if instrument.definition.flags_instrument & INSTRUMENT_FLAG_TRADES_CONSECUTIVE != 0
            && instrument.trade_id_max != 0
        {
            if trade_id <= instrument.trade_id_max && instrument.trades.has_id(trade_id) {
                return Err(RejectReason::Duplicate);
            }
            if trade_id > instrument.trade_id_max.saturating_add(1) {
                self.count_gap(session, id, GapSeen(true));
            }
        }
        let instrument = &mut self.instruments[id as usize];
        instrument.trade_id_max = instrument.trade_id_max.max(trade_id);
        Ok(())
    }

    fn book_delta(
        &mut self,
        session: u32,
        sequence: u64,
        delta: &BookDelta,
        sink: &mut impl Sink,
    ) -> Result<(), RejectReason> {
        let id = self.find(session, delta.instrument_id)?;
        let checked = validate::book_delta(delta);
        let book = &mut self.instruments[id as usize].book;
        let levels_max = self.limits.book_levels_max;
        let gap = match checked {
            Ok(()) => book.apply(session, delta, levels_max),
            Err(_) => book.miss(session, delta, levels_max),
        };
        sink.book_changed(sequence, id, book);
        self.count_gap(session, id, gap);
        checked?;
        self.counters.book_deltas += 1;
        self.seen(session, delta.ts_event_nanos);
        Ok(())
    }

    fn book_snapshot(
        &mut self,
        session: u32,
        sequence: u64,
        snapshot: &BookSnapshot,
        sink: &mut impl Sink,
    ) -> Result<(), RejectReason> {
        let id = self.find(session, snapshot.instrument_id)?;
        validate::time(snapshot.ts_event_nanos)?;
        let book = &mut self.instruments[id as usize].book;
        let gap = book.begin_snapshot(session, snapshot, self.limits.book_levels_max);
        sink.book_changed(sequence, id, book);
        self.count_gap(session, id, gap);
        self.counters.book_snapshots += 1;
        self.seen(session, snapshot.ts_event_nanos);
        Ok(())
    }

    #[inline]
    fn count_gap(&mut self, session: u32, id: u32, GapSeen(gap): GapSeen) {
        if gap {
            self.instruments[id as usize].gaps += 1;
            self.counters.gaps += 1;
            self.sessions[session as usize].gaps += 1;
        }
    }

    fn clock(&mut self, session: u32, sequence: u64, clock: &Clock, sink: &mut impl Sink) -> Result<(), RejectReason> {
        let at = clock.ts_event_nanos;
        validate::time(at)?;
        let mut ordinal = 0;
        if clock.instrument_id != INSTRUMENT_UNDEFINED {
            let id = self.find(session, clock.instrument_id)?;
            self.advance(id, sequence, &mut ordinal, at, sink);
        } else {
            if at < self.sessions[session as usize].clock_nanos {
                return Err(RejectReason::OutOfOrder);
            }
            self.sessions[session as usize].clock_nanos = at;
            for number in 0..self.sessions[session as usize].instruments.len() as u32 {
                if let Some(id) = self.sessions[session as usize].instrument(number) {
                    self.advance(id, sequence, &mut ordinal, at, sink);
                }
            }
        }
        self.counters.clocks += 1;
        Ok(())
    }

    fn bar(
        &mut self,
        session: u32,
        sequence: u64,
        message: &BarMessage,
        sink: &mut impl Sink,
    ) -> Result<(), RejectReason> {
        let id = self.find(session, message.instrument_id)?;
        let interval = validate::bar(message)?;
        let length = interval_nanos(interval);
        let bar = Bar::of_message(message, length);
        let mut ordinal = 0;
        let series = &self.instruments[id as usize].bars[interval_index(interval)];
        if series
            .bars()
            .binary_search_by_key(&bar.opened_at, |each| each.opened_at)
            .is_ok()
        {
            return Err(RejectReason::BarAlreadyKnown);
        }
        self.advance(id, sequence, &mut ordinal, bar.opened_at, sink);
        match self.instruments[id as usize].bars[interval_index(interval)].give(bar) {
            Some(Folded::Final { index }) => self.announce(id, interval, index, sequence, &mut ordinal, sink),
            Some(Folded::InProgress) => {}
            Some(Folded::TooOld) => return Err(RejectReason::LimitReached),
            None => return Err(RejectReason::BarAlreadyKnown),
        }
        for longer in BarInterval::ALL.into_iter().filter(|&each| each > interval) {
            let instrument = &mut self.instruments[id as usize];
            let watermark = instrument.watermark;
            match instrument.bars[interval_index(longer)].fold_bar(&bar, watermark) {
                Some(Folded::InProgress) => {
                    instrument.bars_sequence = sequence;
                    sink.current_bars_changed(sequence, id, &instrument.bars);
                }
                Some(Folded::Final { index }) => self.announce(id, longer, index, sequence, &mut ordinal, sink),
                Some(Folded::TooOld) | None => {}
            }
        }
        self.advance(id, sequence, &mut ordinal, bar.opened_at + length, sink);
        self.counters.bars += 1;
        self.seen(session, bar.opened_at);
        Ok(())
    }

    fn gap(&mut self, session: u32, sequence: u64, gap: &Gap, sink: &mut impl Sink) -> Result<(), RejectReason> {
        if gap.instrument_id != INSTRUMENT_UNDEFINED {
            let id = self.find(session, gap.instrument_id)?;
            let instrument = &mut self.instruments[id as usize];
            instrument.gaps += 1;
            instrument.book.interrupt(session);
            sink.book_changed(sequence, id, &instrument.book);
        } else {
            let State {
                sessions, instruments, ..
            } = self;
            for (_, id) in sessions[session as usize].instruments() {
                let book = &mut instruments[id as usize].book;
                book.interrupt(session);
                sink.book_changed(sequence, id, book);
            }
        }
        self.sessions[session as usize].gaps += 1;
        self.counters.gaps += 1;
        self.counters.gap_reports += 1;
        Ok(())
    }

    fn event(&mut self, session: u32, event: &Event) -> Result<(), RejectReason> {
        if event.instrument_id != INSTRUMENT_UNDEFINED {
            self.find(session, event.instrument_id)?;
        }
        validate::time(event.ts_event_nanos)?;
        self.counters.events += 1;
        self.seen(session, event.ts_event_nanos);
        Ok(())
    }

    fn define(&mut self, session: u32, mut definition: InstrumentDefinition) -> Result<(), RejectReason> {
        validate::definition(&definition)?;
        let number = definition.instrument_id;
        if number >= SESSION_INSTRUMENTS_MAX {
            return Err(RejectReason::LimitReached);
        }
        let symbol = definition.symbol.as_str().to_owned();
        let id = match self.by_symbol.get(&symbol) {
            Some(&id) => id,
            None if self.instruments.len() >= self.limits.instruments_max => return Err(RejectReason::LimitReached),
            None => self.instruments.len() as u32,
        };
        definition.instrument_id = id;
        if id as usize == self.instruments.len() {
            self.instruments.push(Instrument::new(definition, &self.limits));
            self.by_symbol.insert(symbol, id);
        } else {
            self.instruments[id as usize].definition = definition;
        }
        self.sessions[session as usize].bind(number, id);
        self.counters.definitions += 1;
        Ok(())
    }

    /// Raises the watermark and ends the bars that it has passed.
    #[inline]
    fn advance(&mut self, id: u32, sequence: u64, ordinal: &mut u32, at: u64, sink: &mut impl Sink) {
        let instrument = &mut self.instruments[id as usize];
        if at <= instrument.watermark {
            return;
        }
        instrument.watermark = at;
        let mut ended = false;
        for (index, interval) in BarInterval::ALL.into_iter().enumerate() {
            if let Some(place) = self.instruments[id as usize].bars[index].close(at) {
                self.announce(id, interval, place, sequence, ordinal, sink);
                ended = true;
            }
        }
        if ended {
            let instrument = &mut self.instruments[id as usize];
            instrument.bars_sequence = sequence;
            sink.current_bars_changed(sequence, id, &instrument.bars);
        }
    }

    fn announce(
        &mut self,
        id: u32,
        interval: BarInterval,
        index: usize,
        sequence: u64,
        ordinal: &mut u32,
        sink: &mut impl Sink,
    ) {
        let bar = &self.instruments[id as usize].bars[interval_index(interval)].bars[index];
        if bar.revision > 0 {
            self.counters.revisions += 1;
        }
        self.counters.final_bars += 1;
        sink.final_bar(
            Position {
                sequence,
                ordinal: *ordinal,
            },
            id,
            interval,
            bar,
        );
        *ordinal += 1;
    }
}

fn number_of(record: &[u8]) -> u32 {
    record
        .get(4..8)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(INSTRUMENT_UNDEFINED, u32::from_le_bytes)
}
