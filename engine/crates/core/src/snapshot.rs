//! The state as bytes, in one way only: equal states have equal bytes, so their hash tells whether two states are equal.

use crate::bar::Bar;
use crate::book_snapshot::{read_book, read_book_without_open_update, write_book};
use crate::counters::Counters;
use crate::instrument::Instrument;
use crate::limits::Limits;
use crate::session::Session;
use crate::state::State;
use mib_protocol::messages::{InstrumentDefinition, Quote, Trade};

const FORMAT: u64 = 3;
/// Its trades have no sequence.
const FORMAT_WITHOUT_POSITIONS: u64 = 2;
/// Its books have no open update: the records of one were applied as they came.
const FORMAT_WITHOUT_OPEN_UPDATES: u64 = 1;

/// The bytes are not those of a state that this engine can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    UnknownFormat(u64),
    Truncated,
}

impl State {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(1 << 20));
        out.u64(FORMAT);
        out.u64(self.applied_sequence);
        for value in self.counters.clone().values() {
            out.u64(*value);
        }
        out.u64(self.sessions.len() as u64);
        self.sessions
            .iter()
            .for_each(|session| write_session(&mut out, session));
        out.u64(self.instruments.len() as u64);
        self.instruments
            .iter()
            .for_each(|instrument| write_instrument(&mut out, instrument));
        out.0
    }

    /// Limits are not part of a state: what is above the ones given is left out, the oldest first.
    pub fn from_bytes(bytes: &[u8], limits: Limits) -> Result<Self, SnapshotError> {
        let mut input = Reader(bytes);
        let format = input.u64()?;
        if !(FORMAT_WITHOUT_OPEN_UPDATES..=FORMAT).contains(&format) {
            return Err(SnapshotError::UnknownFormat(format));
        }
        let mut state = State::new(limits);
        state.applied_sequence = input.u64()?;
        let mut counters = Counters::default();
        for value in counters.values() {
            *value = input.u64()?;
        }
        state.counters = counters;
        for number in 0..input.u64()? {
            let session = read_session(&mut input)?;
            state.by_name.insert(session.name.clone(), number as u32);
            state.sessions.push(session);
        }
        for id in 0..input.u64()? {
            let instrument = read_instrument(&mut input, format, state.applied_sequence, &limits)?;
            state.by_symbol.insert(instrument.symbol().to_owned(), id as u32);
            state.instruments.push(instrument);
        }
        if input.0.is_empty() {
            Ok(state)
        } else {
            Err(SnapshotError::Truncated)
        }
    }
}

/// A hash of a state's bytes.
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = bytes.len() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut mix = |word: u64| hash = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29);
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    for word in words {
        mix(u64::from_le_bytes(word.try_into().unwrap()));
    }
    rest.iter().for_each(|&byte| mix(u64::from(byte)));
    hash ^ hash >> 32
}

fn write_session(out: &mut Writer, session: &Session) {
    out.text(&session.name);
    out.text(&session.feed);
    out.u64(u64::from(session.source));
    for value in [
        session.next_sequence,
        session.clock_nanos,
        session.last_event_nanos,
        session.accepted,
        session.rejected,
        session.gaps,
        session.instruments.len() as u64,
    ] {
        out.u64(value);
    }
    session.instruments.iter().for_each(|&id| out.bytes(&id.to_le_bytes()));
}

fn read_session(input: &mut Reader<'_>) -> Result<Session, SnapshotError> {
    let name = input.text()?;
    let feed = input.text()?;
    let mut session = Session::new(name, feed, input.u64()? as u8);
    session.next_sequence = input.u64()?;
    session.clock_nanos = input.u64()?;
    session.last_event_nanos = input.u64()?;
    session.accepted = input.u64()?;
    session.rejected = input.u64()?;
    session.gaps = input.u64()?;
    for _ in 0..input.u64()? {
        session.instruments.push(u32::from_le_bytes(input.array()?));
    }
    Ok(session)
}

fn write_instrument(out: &mut Writer, instrument: &Instrument) {
    out.message(InstrumentDefinition::BYTES, |bytes| instrument.definition.encode(bytes));
    out.u64(u64::from(instrument.quote.is_some()));
    if let Some(quote) = &instrument.quote {
        out.message(Quote::BYTES, |bytes| quote.encode(bytes));
    }
    for value in [
        instrument.quote_sequence,
        instrument.trade_id_max,
        instrument.bars_sequence,
        instrument.watermark,
        instrument.gaps,
        instrument.trades.forgotten_sequence,
        instrument.trades.forgotten_nanos,
        instrument.trades.kept.len() as u64,
    ] {
        out.u64(value);
    }
    for kept in &instrument.trades.kept {
        out.u64(kept.sequence);
        out.message(Trade::BYTES, |bytes| kept.trade.encode(bytes));
    }
    for series in &instrument.bars {
        out.u64(series.bars.len() as u64);
        series.bars.iter().for_each(|bar| write_bar(out, bar));
    }
    write_book(out, &instrument.book);
}

fn read_instrument(
    input: &mut Reader<'_>,
    format: u64,
    applied_sequence: u64,
    limits: &Limits,
) -> Result<Instrument, SnapshotError> {
    let definition =
        InstrumentDefinition::decode(input.take(InstrumentDefinition::BYTES)?).ok_or(SnapshotError::Truncated)?;
    let mut instrument = Instrument::new(definition, limits);
    if input.u64()? != 0 {
        instrument.quote = Quote::decode(input.take(Quote::BYTES)?);
    }
    instrument.quote_sequence = input.u64()?;
    instrument.trade_id_max = input.u64()?;
    instrument.bars_sequence = input.u64()?;
    instrument.watermark = input.u64()?;
    instrument.gaps = input.u64()?;
    let positioned = format > FORMAT_WITHOUT_POSITIONS;
    if positioned {
        instrument.trades.forgotten_sequence = input.u64()?;
        instrument.trades.forgotten_nanos = input.u64()?;
    }
    for _ in 0..input.u64()? {
        let sequence = if positioned { input.u64()? } else { 0 };
        let trade = Trade::decode(input.take(Trade::BYTES)?).ok_or(SnapshotError::Truncated)?;
        instrument.trades.push(sequence, trade, limits.trades_max);
    }
    let times = instrument.trades.kept.iter().map(|kept| kept.trade.ts_event_nanos);
    if !positioned && let Some(newest) = times.max() {
        // They can still be shown, but for those who ask by position they are forgotten. None came after the state's last input.
        instrument.trades.forgotten_sequence = applied_sequence;
        instrument.trades.forgotten_nanos = instrument.watermark.max(newest);
    }
    for (series, bars_max) in instrument.bars.iter_mut().zip(limits.bars_max) {
        for _ in 0..input.u64()? {
            if series.bars.len() >= bars_max {
                series.bars.pop_front();
            }
            series.bars.push_back(read_bar(input)?);
        }
    }
    instrument.book = match format {
        FORMAT_WITHOUT_OPEN_UPDATES => read_book_without_open_update(input)?,
        _ => read_book(input)?,
    };
    Ok(instrument)
}

fn write_bar(out: &mut Writer, bar: &Bar) {
    for value in [bar.opened_at, bar.first_at, bar.last_at] {
        out.u64(value);
    }
    for value in [bar.open_e9, bar.high_e9, bar.low_e9, bar.close_e9] {
        out.u64(value as u64);
    }
    out.bytes(&bar.volume_e9.to_le_bytes());
    out.bytes(&bar.notional_e18.to_le_bytes());
    out.u64(bar.trade_count);
    out.bytes(&bar.revision.to_le_bytes());
    out.bytes(&[u8::from(bar.is_final), u8::from(bar.given), u8::from(bar.backfill), 0]);
}

fn read_bar(input: &mut Reader<'_>) -> Result<Bar, SnapshotError> {
    let [opened_at, first_at, last_at] = [input.u64()?, input.u64()?, input.u64()?];
    let [open_e9, high_e9, low_e9, close_e9] = [input.i64()?, input.i64()?, input.i64()?, input.i64()?];
    let volume_e9 = i128::from_le_bytes(input.array()?);
    let notional_e18 = i128::from_le_bytes(input.array()?);
    let trade_count = input.u64()?;
    let revision = u32::from_le_bytes(input.array()?);
    let [is_final, given, backfill, _]: [u8; 4] = input.array()?;
    Ok(Bar {
        opened_at,
        first_at,
        last_at,
        open_e9,
        high_e9,
        low_e9,
        close_e9,
        volume_e9,
        notional_e18,
        trade_count,
        revision,
        is_final: is_final != 0,
        given: given != 0,
        backfill: backfill != 0,
    })
}

pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn message(&mut self, length: usize, encode: impl FnOnce(&mut [u8])) {
        let start = self.0.len();
        self.0.resize(start + length, 0);
        encode(&mut self.0[start..]);
    }
}

pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SnapshotError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(SnapshotError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        self.take(N)?.try_into().map_err(|_| SnapshotError::Truncated)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, SnapshotError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, SnapshotError> {
        Ok(self.u64()? as i64)
    }

    fn text(&mut self) -> Result<String, SnapshotError> {
        let length = self.u64()? as usize;
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| SnapshotError::Truncated)
    }
}
