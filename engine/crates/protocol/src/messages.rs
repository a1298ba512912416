// Generated from engine/protocol/messages.json by scripts/generate-protocol.ts. Do not edit.

use crate::text::Text;

pub const PROTOCOL_VERSION: u8 = 1;
pub const FRAME_HEADER_BYTES: usize = 32;
pub const FRAME_BYTES_MAX: usize = 1_048_576;

/// Partitions of each of the engine's topics. A symbol's is murmur2 of its bytes, as Kafka's own clients have it; of n engines the one with number i has the symbols of the partitions p with p mod n = i.
pub const MARKET_PARTITIONS: u32 = 8;

/// A price or size that is not known.
pub const PRICE_UNDEFINED: i64 = 9_223_372_036_854_775_807;

/// No instrument: the record says nothing about one, or a reply has nothing at this place.
pub const INSTRUMENT_UNDEFINED: u32 = 4_294_967_295;

/// An open end of a time range.
pub const TIME_UNDEFINED: u64 = 18_446_744_073_709_551_615;

/// Further frames of the same reply follow; to a subscriber, state that it asked for is still to come.
pub const FRAME_FLAG_MORE: u16 = 1;

/// The record's way is traced: what is published of it carries a traceparent.
pub const FLAG_SAMPLED: u8 = 2;

/// The book had a gap and has not been rebuilt since.
pub const FLAG_MAYBE_BAD_BOOK: u8 = 4;

/// ts_recv_nanos can't be relied on.
pub const FLAG_BAD_TS_RECV: u8 = 8;

/// Aggregated by price, not by order.
pub const FLAG_MBP: u8 = 16;

/// Part of a snapshot, not a change.
pub const FLAG_SNAPSHOT: u8 = 32;

/// Top of book only.
pub const FLAG_TOB: u8 = 64;

/// Last record of one venue message.
pub const FLAG_LAST: u8 = 128;

/// The venue numbers the instrument's trades without holes, so a jump in trade_id is a gap.
pub const INSTRUMENT_FLAG_TRADES_CONSECUTIVE: u16 = 1;

/// In the engine's memory. Releases nothing.
pub const ACK_LEVEL_RECEIVED: u8 = 1;

/// Queries see it. Releases nothing.
pub const ACK_LEVEL_VISIBLE: u8 = 2;

/// fdatasync has returned: the feed may forget it.
pub const ACK_LEVEL_DURABLE: u8 = 4;

/// Subscribers: PositionedQuote. State.
pub const KIND_QUOTES: u8 = 1;

/// Subscribers: PositionedTrade. Events.
pub const KIND_TRADES: u8 = 2;

/// Subscribers: PositionedBar of bars that are final, their revisions included. Events.
pub const KIND_BARS: u8 = 4;

/// Subscribers: PositionedBar of the newest bar of each interval. State.
pub const KIND_CURRENT_BARS: u8 = 8;

/// Subscribers: BookTop. State.
pub const KIND_BOOK_TOPS: u8 = 16;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FrameKind {
    Data = 1,
    Control = 2,
    Query = 3,
    Reply = 4,
    Error = 5,
}

impl FrameKind {
    pub const ALL: [FrameKind; 5] = [
        FrameKind::Data,
        FrameKind::Control,
        FrameKind::Query,
        FrameKind::Reply,
        FrameKind::Error,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(FrameKind::Data),
            2 => Some(FrameKind::Control),
            3 => Some(FrameKind::Query),
            4 => Some(FrameKind::Reply),
            5 => Some(FrameKind::Error),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            FrameKind::Data => "DATA",
            FrameKind::Control => "CONTROL",
            FrameKind::Query => "QUERY",
            FrameKind::Reply => "REPLY",
            FrameKind::Error => "ERROR",
        }
    }
}

/// Side of a book, or of the aggressor of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Side {
    None = 78,
    Buy = 66,
    Sell = 65,
}

impl Side {
    pub const ALL: [Side; 3] = [
        Side::None,
        Side::Buy,
        Side::Sell,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            78 => Some(Side::None),
            66 => Some(Side::Buy),
            65 => Some(Side::Sell),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Side::None => "NONE",
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        }
    }
}

/// What a record does to a book. ADD and MODIFY set a level's size, CANCEL removes the level, CLEAR empties the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Action {
    None = 78,
    Add = 65,
    Cancel = 67,
    Modify = 77,
    Clear = 82,
    Trade = 84,
    Fill = 70,
}

impl Action {
    pub const ALL: [Action; 7] = [
        Action::None,
        Action::Add,
        Action::Cancel,
        Action::Modify,
        Action::Clear,
        Action::Trade,
        Action::Fill,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            78 => Some(Action::None),
            65 => Some(Action::Add),
            67 => Some(Action::Cancel),
            77 => Some(Action::Modify),
            82 => Some(Action::Clear),
            84 => Some(Action::Trade),
            70 => Some(Action::Fill),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Action::None => "NONE",
            Action::Add => "ADD",
            Action::Cancel => "CANCEL",
            Action::Modify => "MODIFY",
            Action::Clear => "CLEAR",
            Action::Trade => "TRADE",
            Action::Fill => "FILL",
        }
    }
}

/// Whether prices are simulated, replayed from a capture, or live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DataSource {
    Simulated = 1,
    Replay = 2,
    Live = 3,
}

impl DataSource {
    pub const ALL: [DataSource; 3] = [
        DataSource::Simulated,
        DataSource::Replay,
        DataSource::Live,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(DataSource::Simulated),
            2 => Some(DataSource::Replay),
            3 => Some(DataSource::Live),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            DataSource::Simulated => "SIMULATED",
            DataSource::Replay => "REPLAY",
            DataSource::Live => "LIVE",
        }
    }
}

/// Kind of instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum InstrumentClass {
    Crypto = 1,
    Equity = 2,
    Fx = 3,
    Commodity = 4,
    Index = 5,
    Derivative = 6,
}

impl InstrumentClass {
    pub const ALL: [InstrumentClass; 6] = [
        InstrumentClass::Crypto,
        InstrumentClass::Equity,
        InstrumentClass::Fx,
        InstrumentClass::Commodity,
        InstrumentClass::Index,
        InstrumentClass::Derivative,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(InstrumentClass::Crypto),
            2 => Some(InstrumentClass::Equity),
            3 => Some(InstrumentClass::Fx),
            4 => Some(InstrumentClass::Commodity),
            5 => Some(InstrumentClass::Index),
            6 => Some(InstrumentClass::Derivative),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            InstrumentClass::Crypto => "CRYPTO",
            InstrumentClass::Equity => "EQUITY",
            InstrumentClass::Fx => "FX",
            InstrumentClass::Commodity => "COMMODITY",
            InstrumentClass::Index => "INDEX",
            InstrumentClass::Derivative => "DERIVATIVE",
        }
    }
}

/// Length of a bar, aligned to UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum BarInterval {
    S1 = 1,
    M1 = 2,
    M5 = 3,
    H1 = 4,
    D1 = 5,
}

impl BarInterval {
    pub const ALL: [BarInterval; 5] = [
        BarInterval::S1,
        BarInterval::M1,
        BarInterval::M5,
        BarInterval::H1,
        BarInterval::D1,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(BarInterval::S1),
            2 => Some(BarInterval::M1),
            3 => Some(BarInterval::M5),
            4 => Some(BarInterval::H1),
            5 => Some(BarInterval::D1),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            BarInterval::S1 => "S1",
            BarInterval::M1 => "M1",
            BarInterval::M5 => "M5",
            BarInterval::H1 => "H1",
            BarInterval::D1 => "D1",
        }
    }
}

/// Kind of a generic event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum EventKind {
    Status = 1,
    Note = 2,
}

impl EventKind {
    pub const ALL: [EventKind; 2] = [
        EventKind::Status,
        EventKind::Note,
    ];

    pub const fn code(self) -> u16 {
        self as u16
    }

    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(EventKind::Status),
            2 => Some(EventKind::Note),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Status => "STATUS",
            EventKind::Note => "NOTE",
        }
    }
}

/// Why a record was not taken. It has its session sequence all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum RejectReason {
    UnknownInstrument = 1,
    UnknownTemplate = 2,
    TimeOutOfRange = 3,
    PriceOutOfRange = 4,
    SizeOutOfRange = 5,
    CrossedQuote = 6,
    OutOfOrder = 7,
    BadField = 8,
    BarAlreadyKnown = 9,
    LimitReached = 10,
    Duplicate = 11,
}

impl RejectReason {
    pub const ALL: [RejectReason; 11] = [
        RejectReason::UnknownInstrument,
        RejectReason::UnknownTemplate,
        RejectReason::TimeOutOfRange,
        RejectReason::PriceOutOfRange,
        RejectReason::SizeOutOfRange,
        RejectReason::CrossedQuote,
        RejectReason::OutOfOrder,
        RejectReason::BadField,
        RejectReason::BarAlreadyKnown,
        RejectReason::LimitReached,
        RejectReason::Duplicate,
    ];

    pub const fn code(self) -> u16 {
        self as u16
    }

    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(RejectReason::UnknownInstrument),
            2 => Some(RejectReason::UnknownTemplate),
            3 => Some(RejectReason::TimeOutOfRange),
            4 => Some(RejectReason::PriceOutOfRange),
            5 => Some(RejectReason::SizeOutOfRange),
            6 => Some(RejectReason::CrossedQuote),
            7 => Some(RejectReason::OutOfOrder),
            8 => Some(RejectReason::BadField),
            9 => Some(RejectReason::BarAlreadyKnown),
            10 => Some(RejectReason::LimitReached),
            11 => Some(RejectReason::Duplicate),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            RejectReason::UnknownInstrument => "UNKNOWN_INSTRUMENT",
            RejectReason::UnknownTemplate => "UNKNOWN_TEMPLATE",
            RejectReason::TimeOutOfRange => "TIME_OUT_OF_RANGE",
            RejectReason::PriceOutOfRange => "PRICE_OUT_OF_RANGE",
            RejectReason::SizeOutOfRange => "SIZE_OUT_OF_RANGE",
            RejectReason::CrossedQuote => "CROSSED_QUOTE",
            RejectReason::OutOfOrder => "OUT_OF_ORDER",
            RejectReason::BadField => "BAD_FIELD",
            RejectReason::BarAlreadyKnown => "BAR_ALREADY_KNOWN",
            RejectReason::LimitReached => "LIMIT_REACHED",
            RejectReason::Duplicate => "DUPLICATE",
        }
    }
}

/// What becomes of a subscriber that does not keep up. WARN: it is told, and gets the rest from the journal at its own pace. CONFLATE: of state it gets what is newest, of events all, as with WARN. DISCONNECT: its connection ends with SLOW_READER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SlowPolicy {
    Warn = 1,
    Conflate = 2,
    Disconnect = 3,
}

impl SlowPolicy {
    pub const ALL: [SlowPolicy; 3] = [
        SlowPolicy::Warn,
        SlowPolicy::Conflate,
        SlowPolicy::Disconnect,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(SlowPolicy::Warn),
            2 => Some(SlowPolicy::Conflate),
            3 => Some(SlowPolicy::Disconnect),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            SlowPolicy::Warn => "WARN",
            SlowPolicy::Conflate => "CONFLATE",
            SlowPolicy::Disconnect => "DISCONNECT",
        }
    }
}

/// LIVE: it gets what becomes durable. BEHIND: it gets what became durable before, from the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SubscriberState {
    Live = 1,
    Behind = 2,
}

impl SubscriberState {
    pub const ALL: [SubscriberState; 2] = [
        SubscriberState::Live,
        SubscriberState::Behind,
    ];

    pub const fn code(self) -> u8 {
        self as u8
    }

    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(SubscriberState::Live),
            2 => Some(SubscriberState::Behind),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            SubscriberState::Live => "LIVE",
            SubscriberState::Behind => "BEHIND",
        }
    }
}

/// Why a frame, a query or a session failed. Codes below 16 close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum ErrorCode {
    BadFrame = 1,
    BadCrc = 2,
    FrameTooLarge = 3,
    UnsupportedVersion = 4,
    HelloExpected = 5,
    SessionSequenceGap = 6,
    SessionTakenOver = 7,
    SessionLimitReached = 8,
    ShuttingDown = 9,
    SlowReader = 10,
    JournalUnreadable = 11,
    WrongShard = 12,
    DiskFull = 16,
    InstrumentNotFound = 17,
    UnsupportedQuery = 18,
    BadQuery = 19,
    PositionUnknown = 20,
}

impl ErrorCode {
    pub const ALL: [ErrorCode; 17] = [
        ErrorCode::BadFrame,
        ErrorCode::BadCrc,
        ErrorCode::FrameTooLarge,
        ErrorCode::UnsupportedVersion,
        ErrorCode::HelloExpected,
        ErrorCode::SessionSequenceGap,
        ErrorCode::SessionTakenOver,
        ErrorCode::SessionLimitReached,
        ErrorCode::ShuttingDown,
        ErrorCode::SlowReader,
        ErrorCode::JournalUnreadable,
        ErrorCode::WrongShard,
        ErrorCode::DiskFull,
        ErrorCode::InstrumentNotFound,
        ErrorCode::UnsupportedQuery,
        ErrorCode::BadQuery,
        ErrorCode::PositionUnknown,
    ];

    pub const fn code(self) -> u16 {
        self as u16
    }

    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(ErrorCode::BadFrame),
            2 => Some(ErrorCode::BadCrc),
            3 => Some(ErrorCode::FrameTooLarge),
            4 => Some(ErrorCode::UnsupportedVersion),
            5 => Some(ErrorCode::HelloExpected),
            6 => Some(ErrorCode::SessionSequenceGap),
            7 => Some(ErrorCode::SessionTakenOver),
            8 => Some(ErrorCode::SessionLimitReached),
            9 => Some(ErrorCode::ShuttingDown),
            10 => Some(ErrorCode::SlowReader),
            11 => Some(ErrorCode::JournalUnreadable),
            12 => Some(ErrorCode::WrongShard),
            16 => Some(ErrorCode::DiskFull),
            17 => Some(ErrorCode::InstrumentNotFound),
            18 => Some(ErrorCode::UnsupportedQuery),
            19 => Some(ErrorCode::BadQuery),
            20 => Some(ErrorCode::PositionUnknown),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            ErrorCode::BadFrame => "BAD_FRAME",
            ErrorCode::BadCrc => "BAD_CRC",
            ErrorCode::FrameTooLarge => "FRAME_TOO_LARGE",
            ErrorCode::UnsupportedVersion => "UNSUPPORTED_VERSION",
            ErrorCode::HelloExpected => "HELLO_EXPECTED",
            ErrorCode::SessionSequenceGap => "SESSION_SEQUENCE_GAP",
            ErrorCode::SessionTakenOver => "SESSION_TAKEN_OVER",
            ErrorCode::SessionLimitReached => "SESSION_LIMIT_REACHED",
            ErrorCode::ShuttingDown => "SHUTTING_DOWN",
            ErrorCode::SlowReader => "SLOW_READER",
            ErrorCode::JournalUnreadable => "JOURNAL_UNREADABLE",
            ErrorCode::WrongShard => "WRONG_SHARD",
            ErrorCode::DiskFull => "DISK_FULL",
            ErrorCode::InstrumentNotFound => "INSTRUMENT_NOT_FOUND",
            ErrorCode::UnsupportedQuery => "UNSUPPORTED_QUERY",
            ErrorCode::BadQuery => "BAD_QUERY",
            ErrorCode::PositionUnknown => "POSITION_UNKNOWN",
        }
    }
}

/// An execution. Hot: exactly 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// When the feed got it, ns UTC; 0 when unknown.
    pub ts_recv_nanos: u64,
    /// The venue's own number; 0 when it has none.
    pub venue_sequence: u64,
    /// The id that the venue gave it, unique per instrument.
    pub trade_id: u64,
    /// Price in 1e-9.
    pub price_e9: i64,
    /// Size in 1e-9.
    pub size_e9: i64,
    /// Side of the aggressor.
    pub side: u8,
    /// TRADE.
    pub action: u8,
}

impl Trade {
    pub const TEMPLATE: u16 = 1;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.ts_recv_nanos.to_le_bytes());
        block[24..32].copy_from_slice(&self.venue_sequence.to_le_bytes());
        block[32..40].copy_from_slice(&self.trade_id.to_le_bytes());
        block[40..48].copy_from_slice(&self.price_e9.to_le_bytes());
        block[48..56].copy_from_slice(&self.size_e9.to_le_bytes());
        block[56] = self.side;
        block[57] = self.action;
        block[58..64].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Trade {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            ts_recv_nanos: u64::from_le_bytes(block[16..24].try_into().ok()?),
            venue_sequence: u64::from_le_bytes(block[24..32].try_into().ok()?),
            trade_id: u64::from_le_bytes(block[32..40].try_into().ok()?),
            price_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            size_e9: i64::from_le_bytes(block[48..56].try_into().ok()?),
            side: block[56],
            action: block[57],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("ts_recv_nanos", self.ts_recv_nanos.to_string()),
            ("venue_sequence", self.venue_sequence.to_string()),
            ("trade_id", self.trade_id.to_string()),
            ("price_e9", self.price_e9.to_string()),
            ("size_e9", self.size_e9.to_string()),
            ("side", self.side.to_string()),
            ("action", self.action.to_string()),
        ]
    }
}

/// Best bid and offer. Hot: exactly 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// When the feed got it, ns UTC; 0 when unknown.
    pub ts_recv_nanos: u64,
    /// The venue's own number; 0 when it has none.
    pub venue_sequence: u64,
    /// Best bid in 1e-9.
    pub bid_price_e9: i64,
    /// Size at the best bid in 1e-9.
    pub bid_size_e9: i64,
    /// Best offer in 1e-9.
    pub ask_price_e9: i64,
    /// Size at the best offer in 1e-9.
    pub ask_size_e9: i64,
}

impl Quote {
    pub const TEMPLATE: u16 = 2;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.ts_recv_nanos.to_le_bytes());
        block[24..32].copy_from_slice(&self.venue_sequence.to_le_bytes());
        block[32..40].copy_from_slice(&self.bid_price_e9.to_le_bytes());
        block[40..48].copy_from_slice(&self.bid_size_e9.to_le_bytes());
        block[48..56].copy_from_slice(&self.ask_price_e9.to_le_bytes());
        block[56..64].copy_from_slice(&self.ask_size_e9.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Quote {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            ts_recv_nanos: u64::from_le_bytes(block[16..24].try_into().ok()?),
            venue_sequence: u64::from_le_bytes(block[24..32].try_into().ok()?),
            bid_price_e9: i64::from_le_bytes(block[32..40].try_into().ok()?),
            bid_size_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            ask_price_e9: i64::from_le_bytes(block[48..56].try_into().ok()?),
            ask_size_e9: i64::from_le_bytes(block[56..64].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("ts_recv_nanos", self.ts_recv_nanos.to_string()),
            ("venue_sequence", self.venue_sequence.to_string()),
            ("bid_price_e9", self.bid_price_e9.to_string()),
            ("bid_size_e9", self.bid_size_e9.to_string()),
            ("ask_price_e9", self.ask_price_e9.to_string()),
            ("ask_size_e9", self.ask_size_e9.to_string()),
        ]
    }
}

/// A change of one level of the order book. Records of one venue message are neighbours with the same venue_sequence; the last has FLAG_LAST, and until it has come queries see none of them. Hot: exactly 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookDelta {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// When the feed got it, ns UTC; 0 when unknown.
    pub ts_recv_nanos: u64,
    /// First update id that the venue's message covers; 0 when it has none.
    pub first_venue_sequence: u64,
    /// Last update id that the venue's message covers; 0 when it has none.
    pub venue_sequence: u64,
    /// Price of the level in 1e-9.
    pub price_e9: i64,
    /// New size of the level in 1e-9; 0 removes it.
    pub size_e9: i64,
    /// BUY: bids, SELL: offers.
    pub side: u8,
    /// What happens to the level.
    pub action: u8,
}

impl BookDelta {
    pub const TEMPLATE: u16 = 3;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.ts_recv_nanos.to_le_bytes());
        block[24..32].copy_from_slice(&self.first_venue_sequence.to_le_bytes());
        block[32..40].copy_from_slice(&self.venue_sequence.to_le_bytes());
        block[40..48].copy_from_slice(&self.price_e9.to_le_bytes());
        block[48..56].copy_from_slice(&self.size_e9.to_le_bytes());
        block[56] = self.side;
        block[57] = self.action;
        block[58..64].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(BookDelta {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            ts_recv_nanos: u64::from_le_bytes(block[16..24].try_into().ok()?),
            first_venue_sequence: u64::from_le_bytes(block[24..32].try_into().ok()?),
            venue_sequence: u64::from_le_bytes(block[32..40].try_into().ok()?),
            price_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            size_e9: i64::from_le_bytes(block[48..56].try_into().ok()?),
            side: block[56],
            action: block[57],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("ts_recv_nanos", self.ts_recv_nanos.to_string()),
            ("first_venue_sequence", self.first_venue_sequence.to_string()),
            ("venue_sequence", self.venue_sequence.to_string()),
            ("price_e9", self.price_e9.to_string()),
            ("size_e9", self.size_e9.to_string()),
            ("side", self.side.to_string()),
            ("action", self.action.to_string()),
        ]
    }
}

/// The book begins anew: its levels follow as BookDelta records with FLAG_SNAPSHOT and the same venue_sequence, the last with FLAG_LAST; with both counts 0 it is empty at once. In a reply: head of a book, bids then offers, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookSnapshot {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// When the feed got it, ns UTC; 0 when unknown.
    pub ts_recv_nanos: u64,
    /// Update id as of which the book stands; deltas up to it are skipped.
    pub venue_sequence: u64,
    /// Bids that follow.
    pub bid_count: u32,
    /// Offers that follow.
    pub ask_count: u32,
}

impl BookSnapshot {
    pub const TEMPLATE: u16 = 4;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.ts_recv_nanos.to_le_bytes());
        block[24..32].copy_from_slice(&self.venue_sequence.to_le_bytes());
        block[32..36].copy_from_slice(&self.bid_count.to_le_bytes());
        block[36..40].copy_from_slice(&self.ask_count.to_le_bytes());
        block[40..64].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(BookSnapshot {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            ts_recv_nanos: u64::from_le_bytes(block[16..24].try_into().ok()?),
            venue_sequence: u64::from_le_bytes(block[24..32].try_into().ok()?),
            bid_count: u32::from_le_bytes(block[32..36].try_into().ok()?),
            ask_count: u32::from_le_bytes(block[36..40].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("ts_recv_nanos", self.ts_recv_nanos.to_string()),
            ("venue_sequence", self.venue_sequence.to_string()),
            ("bid_count", self.bid_count.to_string()),
            ("ask_count", self.ask_count.to_string()),
        ]
    }
}

/// The feed promises that no earlier event follows. ts_event_nanos is the time; instrument_id INSTRUMENT_UNDEFINED means all instruments of the session. Closes bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
}

impl Clock {
    pub const TEMPLATE: u16 = 5;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..64].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Clock {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
        ]
    }
}

/// The venue's own numbers showed that something was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// When the feed noticed, ns UTC.
    pub ts_recv_nanos: u64,
    /// First number that was missed.
    pub from_venue_sequence: u64,
    /// Last number that was missed.
    pub to_venue_sequence: u64,
}

impl Gap {
    pub const TEMPLATE: u16 = 6;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.ts_recv_nanos.to_le_bytes());
        block[24..32].copy_from_slice(&self.from_venue_sequence.to_le_bytes());
        block[32..40].copy_from_slice(&self.to_venue_sequence.to_le_bytes());
        block[40..64].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Gap {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            ts_recv_nanos: u64::from_le_bytes(block[16..24].try_into().ok()?),
            from_venue_sequence: u64::from_le_bytes(block[24..32].try_into().ok()?),
            to_venue_sequence: u64::from_le_bytes(block[32..40].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("ts_recv_nanos", self.ts_recv_nanos.to_string()),
            ("from_venue_sequence", self.from_venue_sequence.to_string()),
            ("to_venue_sequence", self.to_venue_sequence.to_string()),
        ]
    }
}

/// A generic event of an instrument: journaled and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// When the feed got it, ns UTC; 0 when unknown.
    pub ts_recv_nanos: u64,
    /// A number that goes with it, in 1e-9.
    pub value_e9: i64,
    /// What it is.
    pub kind: u16,
    /// What the venue says.
    pub text: Text<30>,
}

impl Event {
    pub const TEMPLATE: u16 = 7;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.ts_recv_nanos.to_le_bytes());
        block[24..32].copy_from_slice(&self.value_e9.to_le_bytes());
        block[32..34].copy_from_slice(&self.kind.to_le_bytes());
        block[34..64].copy_from_slice(self.text.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Event {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            ts_recv_nanos: u64::from_le_bytes(block[16..24].try_into().ok()?),
            value_e9: i64::from_le_bytes(block[24..32].try_into().ok()?),
            kind: u16::from_le_bytes(block[32..34].try_into().ok()?),
            text: Text::from_bytes(block[34..64].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("ts_recv_nanos", self.ts_recv_nanos.to_string()),
            ("value_e9", self.value_e9.to_string()),
            ("kind", self.kind.to_string()),
            ("text", self.text.to_string()),
        ]
    }
}

/// OHLCV over one interval; ts_event_nanos is when it opened. From a feed: a bar of the past, taken as final and folded into the longer intervals. In a reply: a bar as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// First price in 1e-9.
    pub open_e9: i64,
    /// Highest price in 1e-9.
    pub high_e9: i64,
    /// Lowest price in 1e-9.
    pub low_e9: i64,
    /// Last price in 1e-9.
    pub close_e9: i64,
    /// Sum of sizes in 1e-9.
    pub volume_e9: i128,
    /// Sum of price × size in 1e-18. VWAP = notional / volume, rounded down to 1e-9.
    pub notional_e18: i128,
    /// Number of trades.
    pub trade_count: u64,
    /// 0 for the first final bar; each late trade adds one.
    pub revision: u32,
    /// Its length.
    pub interval: u8,
    /// 1 when the interval is over.
    pub is_final: u8,
}

impl Bar {
    pub const TEMPLATE: u16 = 8;
    pub const BYTES: usize = 96;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.open_e9.to_le_bytes());
        block[24..32].copy_from_slice(&self.high_e9.to_le_bytes());
        block[32..40].copy_from_slice(&self.low_e9.to_le_bytes());
        block[40..48].copy_from_slice(&self.close_e9.to_le_bytes());
        block[48..64].copy_from_slice(&self.volume_e9.to_le_bytes());
        block[64..80].copy_from_slice(&self.notional_e18.to_le_bytes());
        block[80..88].copy_from_slice(&self.trade_count.to_le_bytes());
        block[88..92].copy_from_slice(&self.revision.to_le_bytes());
        block[92] = self.interval;
        block[93] = self.is_final;
        block[94..96].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Bar {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            open_e9: i64::from_le_bytes(block[16..24].try_into().ok()?),
            high_e9: i64::from_le_bytes(block[24..32].try_into().ok()?),
            low_e9: i64::from_le_bytes(block[32..40].try_into().ok()?),
            close_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            volume_e9: i128::from_le_bytes(block[48..64].try_into().ok()?),
            notional_e18: i128::from_le_bytes(block[64..80].try_into().ok()?),
            trade_count: u64::from_le_bytes(block[80..88].try_into().ok()?),
            revision: u32::from_le_bytes(block[88..92].try_into().ok()?),
            interval: block[92],
            is_final: block[93],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("open_e9", self.open_e9.to_string()),
            ("high_e9", self.high_e9.to_string()),
            ("low_e9", self.low_e9.to_string()),
            ("close_e9", self.close_e9.to_string()),
            ("volume_e9", self.volume_e9.to_string()),
            ("notional_e18", self.notional_e18.to_string()),
            ("trade_count", self.trade_count.to_string()),
            ("revision", self.revision.to_string()),
            ("interval", self.interval.to_string()),
            ("final", self.is_final.to_string()),
        ]
    }
}

/// Defines an instrument. From a feed: instrument_id is the session's own number for it, dense from 0, and ts_event_nanos may be 0. In a reply: the engine's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstrumentDefinition {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// Smallest step of a price in 1e-9; 0 when unknown.
    pub price_increment_e9: i64,
    /// Smallest step of a size in 1e-9; 0 when unknown.
    pub size_increment_e9: i64,
    /// INSTRUMENT_FLAG_…
    pub flags_instrument: u16,
    /// Kind of instrument.
    pub class: u8,
    /// Whether its prices are simulated, replayed or live.
    pub source: u8,
    /// Unique on the platform.
    pub symbol: Text<40>,
    /// What people call it.
    pub name: Text<64>,
    /// Where it is traded.
    pub venue: Text<24>,
    /// The symbol that the venue itself uses.
    pub venue_symbol: Text<40>,
}

impl InstrumentDefinition {
    pub const TEMPLATE: u16 = 9;
    pub const BYTES: usize = 256;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.price_increment_e9.to_le_bytes());
        block[24..32].copy_from_slice(&self.size_increment_e9.to_le_bytes());
        block[32..34].copy_from_slice(&self.flags_instrument.to_le_bytes());
        block[34] = self.class;
        block[35] = self.source;
        block[36..76].copy_from_slice(self.symbol.bytes());
        block[76..140].copy_from_slice(self.name.bytes());
        block[140..164].copy_from_slice(self.venue.bytes());
        block[164..204].copy_from_slice(self.venue_symbol.bytes());
        block[204..256].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(InstrumentDefinition {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            price_increment_e9: i64::from_le_bytes(block[16..24].try_into().ok()?),
            size_increment_e9: i64::from_le_bytes(block[24..32].try_into().ok()?),
            flags_instrument: u16::from_le_bytes(block[32..34].try_into().ok()?),
            class: block[34],
            source: block[35],
            symbol: Text::from_bytes(block[36..76].try_into().ok()?),
            name: Text::from_bytes(block[76..140].try_into().ok()?),
            venue: Text::from_bytes(block[140..164].try_into().ok()?),
            venue_symbol: Text::from_bytes(block[164..204].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("price_increment_e9", self.price_increment_e9.to_string()),
            ("size_increment_e9", self.size_increment_e9.to_string()),
            ("flags_instrument", self.flags_instrument.to_string()),
            ("class", self.class.to_string()),
            ("source", self.source.to_string()),
            ("symbol", self.symbol.to_string()),
            ("name", self.name.to_string()),
            ("venue", self.venue.to_string()),
            ("venue_symbol", self.venue_symbol.to_string()),
        ]
    }
}

/// Reply: since 00:00 UTC of the day of the last trade; ts_event_nanos is that trade's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// First price in 1e-9.
    pub open_e9: i64,
    /// Highest price in 1e-9.
    pub high_e9: i64,
    /// Lowest price in 1e-9.
    pub low_e9: i64,
    /// Last price in 1e-9.
    pub last_e9: i64,
    /// Sum of sizes in 1e-9.
    pub volume_e9: i128,
    /// Sum of price × size in 1e-18.
    pub notional_e18: i128,
    /// Number of trades.
    pub trade_count: u64,
    /// When the session began, ns UTC.
    pub session_opened_nanos: u64,
}

impl Statistics {
    pub const TEMPLATE: u16 = 10;
    pub const BYTES: usize = 96;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.open_e9.to_le_bytes());
        block[24..32].copy_from_slice(&self.high_e9.to_le_bytes());
        block[32..40].copy_from_slice(&self.low_e9.to_le_bytes());
        block[40..48].copy_from_slice(&self.last_e9.to_le_bytes());
        block[48..64].copy_from_slice(&self.volume_e9.to_le_bytes());
        block[64..80].copy_from_slice(&self.notional_e18.to_le_bytes());
        block[80..88].copy_from_slice(&self.trade_count.to_le_bytes());
        block[88..96].copy_from_slice(&self.session_opened_nanos.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Statistics {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            open_e9: i64::from_le_bytes(block[16..24].try_into().ok()?),
            high_e9: i64::from_le_bytes(block[24..32].try_into().ok()?),
            low_e9: i64::from_le_bytes(block[32..40].try_into().ok()?),
            last_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            volume_e9: i128::from_le_bytes(block[48..64].try_into().ok()?),
            notional_e18: i128::from_le_bytes(block[64..80].try_into().ok()?),
            trade_count: u64::from_le_bytes(block[80..88].try_into().ok()?),
            session_opened_nanos: u64::from_le_bytes(block[88..96].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("open_e9", self.open_e9.to_string()),
            ("high_e9", self.high_e9.to_string()),
            ("low_e9", self.low_e9.to_string()),
            ("last_e9", self.last_e9.to_string()),
            ("volume_e9", self.volume_e9.to_string()),
            ("notional_e18", self.notional_e18.to_string()),
            ("trade_count", self.trade_count.to_string()),
            ("session_opened_nanos", self.session_opened_nanos.to_string()),
        ]
    }
}

/// Reply: an execution with the position by which everybody knows it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionedTrade {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// The engine's sequence of the input.
    pub sequence: u64,
    /// The id that the venue gave it, unique per instrument.
    pub trade_id: u64,
    /// Price in 1e-9.
    pub price_e9: i64,
    /// Size in 1e-9.
    pub size_e9: i64,
    /// Side of the aggressor.
    pub side: u8,
}

impl PositionedTrade {
    pub const TEMPLATE: u16 = 11;
    pub const BYTES: usize = 56;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        block[24..32].copy_from_slice(&self.trade_id.to_le_bytes());
        block[32..40].copy_from_slice(&self.price_e9.to_le_bytes());
        block[40..48].copy_from_slice(&self.size_e9.to_le_bytes());
        block[48] = self.side;
        block[49..56].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(PositionedTrade {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            sequence: u64::from_le_bytes(block[16..24].try_into().ok()?),
            trade_id: u64::from_le_bytes(block[24..32].try_into().ok()?),
            price_e9: i64::from_le_bytes(block[32..40].try_into().ok()?),
            size_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            side: block[48],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("sequence", self.sequence.to_string()),
            ("trade_id", self.trade_id.to_string()),
            ("price_e9", self.price_e9.to_string()),
            ("size_e9", self.size_e9.to_string()),
            ("side", self.side.to_string()),
        ]
    }
}

/// Reply: where the memory of an instrument's trades begins. ts_event_nanos: no trade that is forgotten happened later; 0: none is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeMemory {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// Epoch of the positions after epoch_after.
    pub epoch: [u8; 16],
    /// The epoch began after this sequence: trades up to there were published in an earlier one.
    pub epoch_after: u64,
    /// Every trade after this sequence is in memory; 0: none is forgotten.
    pub forgotten_sequence: u64,
}

impl TradeMemory {
    pub const TEMPLATE: u16 = 12;
    pub const BYTES: usize = 56;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..32].copy_from_slice(&self.epoch);
        block[32..40].copy_from_slice(&self.epoch_after.to_le_bytes());
        block[40..48].copy_from_slice(&self.forgotten_sequence.to_le_bytes());
        block[48..56].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(TradeMemory {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            epoch: block[16..32].try_into().ok()?,
            epoch_after: u64::from_le_bytes(block[32..40].try_into().ok()?),
            forgotten_sequence: u64::from_le_bytes(block[40..48].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("epoch", self.epoch.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("epoch_after", self.epoch_after.to_string()),
            ("forgotten_sequence", self.forgotten_sequence.to_string()),
        ]
    }
}

/// To subscribers: best bid and offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionedQuote {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// The engine's sequence of the input that brought it.
    pub sequence: u64,
    /// Best bid in 1e-9.
    pub bid_price_e9: i64,
    /// Size at the best bid in 1e-9.
    pub bid_size_e9: i64,
    /// Best offer in 1e-9.
    pub ask_price_e9: i64,
    /// Size at the best offer in 1e-9.
    pub ask_size_e9: i64,
}

impl PositionedQuote {
    pub const TEMPLATE: u16 = 13;
    pub const BYTES: usize = 56;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        block[24..32].copy_from_slice(&self.bid_price_e9.to_le_bytes());
        block[32..40].copy_from_slice(&self.bid_size_e9.to_le_bytes());
        block[40..48].copy_from_slice(&self.ask_price_e9.to_le_bytes());
        block[48..56].copy_from_slice(&self.ask_size_e9.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(PositionedQuote {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            sequence: u64::from_le_bytes(block[16..24].try_into().ok()?),
            bid_price_e9: i64::from_le_bytes(block[24..32].try_into().ok()?),
            bid_size_e9: i64::from_le_bytes(block[32..40].try_into().ok()?),
            ask_price_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            ask_size_e9: i64::from_le_bytes(block[48..56].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("sequence", self.sequence.to_string()),
            ("bid_price_e9", self.bid_price_e9.to_string()),
            ("bid_size_e9", self.bid_size_e9.to_string()),
            ("ask_price_e9", self.ask_price_e9.to_string()),
            ("ask_size_e9", self.ask_size_e9.to_string()),
        ]
    }
}

/// To subscribers: best levels of the order book as of the end of a venue message, sent when they or FLAG_MAYBE_BAD_BOOK have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookTop {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// The engine's sequence of the input that changed it.
    pub sequence: u64,
    /// Best bid in 1e-9; PRICE_UNDEFINED when there is none.
    pub bid_price_e9: i64,
    /// Size of that level in 1e-9; 0 when there is none.
    pub bid_size_e9: i64,
    /// Best offer in 1e-9; PRICE_UNDEFINED when there is none.
    pub ask_price_e9: i64,
    /// Size of that level in 1e-9; 0 when there is none.
    pub ask_size_e9: i64,
}

impl BookTop {
    pub const TEMPLATE: u16 = 14;
    pub const BYTES: usize = 56;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        block[24..32].copy_from_slice(&self.bid_price_e9.to_le_bytes());
        block[32..40].copy_from_slice(&self.bid_size_e9.to_le_bytes());
        block[40..48].copy_from_slice(&self.ask_price_e9.to_le_bytes());
        block[48..56].copy_from_slice(&self.ask_size_e9.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(BookTop {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            sequence: u64::from_le_bytes(block[16..24].try_into().ok()?),
            bid_price_e9: i64::from_le_bytes(block[24..32].try_into().ok()?),
            bid_size_e9: i64::from_le_bytes(block[32..40].try_into().ok()?),
            ask_price_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            ask_size_e9: i64::from_le_bytes(block[48..56].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("sequence", self.sequence.to_string()),
            ("bid_price_e9", self.bid_price_e9.to_string()),
            ("bid_size_e9", self.bid_size_e9.to_string()),
            ("ask_price_e9", self.ask_price_e9.to_string()),
            ("ask_size_e9", self.ask_size_e9.to_string()),
        ]
    }
}

/// To subscribers: OHLCV over one interval with the position by which everybody knows it again; ts_event_nanos is when it opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionedBar {
    /// Sum of FLAG_…
    pub flags: u8,
    /// Source within the feed, a venue's channel for instance; 0 when there is one only.
    pub publisher_id: u16,
    /// In a session the session's number of the instrument, in replies the engine's.
    pub instrument_id: u32,
    /// When it happened at the venue, ns UTC.
    pub ts_event_nanos: u64,
    /// First price in 1e-9.
    pub open_e9: i64,
    /// Highest price in 1e-9.
    pub high_e9: i64,
    /// Lowest price in 1e-9.
    pub low_e9: i64,
    /// Last price in 1e-9.
    pub close_e9: i64,
    /// Sum of sizes in 1e-9.
    pub volume_e9: i128,
    /// Sum of price × size in 1e-18. VWAP = notional / volume, rounded down to 1e-9.
    pub notional_e18: i128,
    /// Number of trades.
    pub trade_count: u64,
    /// 0 for the first final bar; each late trade adds one.
    pub revision: u32,
    /// Its length.
    pub interval: u8,
    /// 1 when the interval is over.
    pub is_final: u8,
    /// 1 when nothing but bars of the past is in it.
    pub backfill: u8,
    /// The engine's sequence of the input that changed it.
    pub sequence: u64,
    /// Its place among what came of that input; 0 for KIND_CURRENT_BARS.
    pub ordinal: u32,
}

impl PositionedBar {
    pub const TEMPLATE: u16 = 15;
    pub const BYTES: usize = 112;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = Self::TEMPLATE as u8;
        block[1] = self.flags;
        block[2..4].copy_from_slice(&self.publisher_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[8..16].copy_from_slice(&self.ts_event_nanos.to_le_bytes());
        block[16..24].copy_from_slice(&self.open_e9.to_le_bytes());
        block[24..32].copy_from_slice(&self.high_e9.to_le_bytes());
        block[32..40].copy_from_slice(&self.low_e9.to_le_bytes());
        block[40..48].copy_from_slice(&self.close_e9.to_le_bytes());
        block[48..64].copy_from_slice(&self.volume_e9.to_le_bytes());
        block[64..80].copy_from_slice(&self.notional_e18.to_le_bytes());
        block[80..88].copy_from_slice(&self.trade_count.to_le_bytes());
        block[88..92].copy_from_slice(&self.revision.to_le_bytes());
        block[92] = self.interval;
        block[93] = self.is_final;
        block[94] = self.backfill;
        block[95..96].fill(0);
        block[96..104].copy_from_slice(&self.sequence.to_le_bytes());
        block[104..108].copy_from_slice(&self.ordinal.to_le_bytes());
        block[108..112].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(PositionedBar {
            flags: block[1],
            publisher_id: u16::from_le_bytes(block[2..4].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[4..8].try_into().ok()?),
            ts_event_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            open_e9: i64::from_le_bytes(block[16..24].try_into().ok()?),
            high_e9: i64::from_le_bytes(block[24..32].try_into().ok()?),
            low_e9: i64::from_le_bytes(block[32..40].try_into().ok()?),
            close_e9: i64::from_le_bytes(block[40..48].try_into().ok()?),
            volume_e9: i128::from_le_bytes(block[48..64].try_into().ok()?),
            notional_e18: i128::from_le_bytes(block[64..80].try_into().ok()?),
            trade_count: u64::from_le_bytes(block[80..88].try_into().ok()?),
            revision: u32::from_le_bytes(block[88..92].try_into().ok()?),
            interval: block[92],
            is_final: block[93],
            backfill: block[94],
            sequence: u64::from_le_bytes(block[96..104].try_into().ok()?),
            ordinal: u32::from_le_bytes(block[104..108].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("flags", self.flags.to_string()),
            ("publisher_id", self.publisher_id.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("ts_event_nanos", self.ts_event_nanos.to_string()),
            ("open_e9", self.open_e9.to_string()),
            ("high_e9", self.high_e9.to_string()),
            ("low_e9", self.low_e9.to_string()),
            ("close_e9", self.close_e9.to_string()),
            ("volume_e9", self.volume_e9.to_string()),
            ("notional_e18", self.notional_e18.to_string()),
            ("trade_count", self.trade_count.to_string()),
            ("revision", self.revision.to_string()),
            ("interval", self.interval.to_string()),
            ("final", self.is_final.to_string()),
            ("backfill", self.backfill.to_string()),
            ("sequence", self.sequence.to_string()),
            ("ordinal", self.ordinal.to_string()),
        ]
    }
}

/// First frame of a connection. An empty session name: queries only. A session that is connected elsewhere moves here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Names the sequence of records, across connections and restarts of the feed.
    pub session: Text<128>,
    /// The feed that sends it, as feed statuses show it.
    pub feed: Text<32>,
    /// What the feed carries.
    pub source: u8,
    /// Highest protocol version that the sender speaks.
    pub version_max: u8,
    /// Sum of ACK_LEVEL_… that the sender wants to hear of.
    pub ack_levels: u8,
}

impl Hello {
    pub const TEMPLATE: u16 = 32;
    pub const BYTES: usize = 168;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..128].copy_from_slice(self.session.bytes());
        block[128..160].copy_from_slice(self.feed.bytes());
        block[160] = self.source;
        block[161] = self.version_max;
        block[162] = self.ack_levels;
        block[163..168].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Hello {
            session: Text::from_bytes(block[0..128].try_into().ok()?),
            feed: Text::from_bytes(block[128..160].try_into().ok()?),
            source: block[160],
            version_max: block[161],
            ack_levels: block[162],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("session", self.session.to_string()),
            ("feed", self.feed.to_string()),
            ("source", self.source.to_string()),
            ("version_max", self.version_max.to_string()),
            ("ack_levels", self.ack_levels.to_string()),
        ]
    }
}

/// Answer to Hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloAck {
    /// UUID of the engine's journal.
    pub epoch: [u8; 16],
    /// First session sequence that is not durable; 1 for a new session.
    pub next_sequence: u64,
    /// Silence after which a side sends a Heartbeat.
    pub heartbeat_ms: u32,
    /// Silence after which a side takes the other for dead.
    pub dead_ms: u32,
    /// Version spoken from here on.
    pub version: u8,
    /// Which of the engines this is, counted from 0.
    pub shard_index: u8,
    /// How many engines share the instruments; 0 from one that does not say, which has all of them.
    pub shard_count: u8,
}

impl HelloAck {
    pub const TEMPLATE: u16 = 33;
    pub const BYTES: usize = 40;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..16].copy_from_slice(&self.epoch);
        block[16..24].copy_from_slice(&self.next_sequence.to_le_bytes());
        block[24..28].copy_from_slice(&self.heartbeat_ms.to_le_bytes());
        block[28..32].copy_from_slice(&self.dead_ms.to_le_bytes());
        block[32] = self.version;
        block[33] = self.shard_index;
        block[34] = self.shard_count;
        block[35..40].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(HelloAck {
            epoch: block[0..16].try_into().ok()?,
            next_sequence: u64::from_le_bytes(block[16..24].try_into().ok()?),
            heartbeat_ms: u32::from_le_bytes(block[24..28].try_into().ok()?),
            dead_ms: u32::from_le_bytes(block[28..32].try_into().ok()?),
            version: block[32],
            shard_index: block[33],
            shard_count: block[34],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("epoch", self.epoch.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("next_sequence", self.next_sequence.to_string()),
            ("heartbeat_ms", self.heartbeat_ms.to_string()),
            ("dead_ms", self.dead_ms.to_string()),
            ("version", self.version.to_string()),
            ("shard_index", self.shard_index.to_string()),
            ("shard_count", self.shard_count.to_string()),
        ]
    }
}

/// How far the engine is with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// All session sequences up to this one have reached the level.
    pub sequence: u64,
    /// ACK_LEVEL_…
    pub level: u8,
}

impl Ack {
    pub const TEMPLATE: u16 = 34;
    pub const BYTES: usize = 16;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.sequence.to_le_bytes());
        block[8] = self.level;
        block[9..16].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Ack {
            sequence: u64::from_le_bytes(block[0..8].try_into().ok()?),
            level: block[8],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("sequence", self.sequence.to_string()),
            ("level", self.level.to_string()),
        ]
    }
}

/// A record was not taken. Its neighbours are unaffected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Its session sequence.
    pub sequence: u64,
    /// The session's number of the instrument.
    pub instrument_id: u32,
    /// Why.
    pub reason: u16,
}

impl Reject {
    pub const TEMPLATE: u16 = 35;
    pub const BYTES: usize = 16;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.sequence.to_le_bytes());
        block[8..12].copy_from_slice(&self.instrument_id.to_le_bytes());
        block[12..14].copy_from_slice(&self.reason.to_le_bytes());
        block[14..16].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Reject {
            sequence: u64::from_le_bytes(block[0..8].try_into().ok()?),
            instrument_id: u32::from_le_bytes(block[8..12].try_into().ok()?),
            reason: u16::from_le_bytes(block[12..14].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("sequence", self.sequence.to_string()),
            ("instrument_id", self.instrument_id.to_string()),
            ("reason", self.reason.to_string()),
        ]
    }
}

/// I am here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {

}

impl Heartbeat {
    pub const TEMPLATE: u16 = 36;
    pub const BYTES: usize = 8;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let _block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Heartbeat {

        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![

        ]
    }
}

/// The sender ends the connection in an orderly way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goodbye {

}

impl Goodbye {
    pub const TEMPLATE: u16 = 37;
    pub const BYTES: usize = 8;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let _block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Goodbye {

        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![

        ]
    }
}

/// A query, a frame or the session failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// Why.
    pub code: u16,
    /// For people who operate it.
    pub text: Text<126>,
}

impl ErrorReply {
    pub const TEMPLATE: u16 = 38;
    pub const BYTES: usize = 128;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..2].copy_from_slice(&self.code.to_le_bytes());
        block[2..128].copy_from_slice(self.text.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(ErrorReply {
            code: u16::from_le_bytes(block[0..2].try_into().ok()?),
            text: Text::from_bytes(block[2..128].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("code", self.code.to_string()),
            ("text", self.text.to_string()),
        ]
    }
}

/// From a subscriber: how much it has worked through. The engine sends only what fits into the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Bytes of all DATA frames since the SubscribeAck that it holds no more, headers included.
    pub taken_bytes: u64,
}

impl Credit {
    pub const TEMPLATE: u16 = 39;
    pub const BYTES: usize = 8;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.taken_bytes.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Credit {
            taken_bytes: u64::from_le_bytes(block[0..8].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("taken_bytes", self.taken_bytes.to_string()),
        ]
    }
}

/// To a subscriber: it is up to date, or has fallen behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriberStatus {
    /// Everything up to here has been sent.
    pub sequence: u64,
    /// Last input on disk.
    pub durable_sequence: u64,
    /// How it is served from here on.
    pub state: u8,
}

impl SubscriberStatus {
    pub const TEMPLATE: u16 = 40;
    pub const BYTES: usize = 24;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.sequence.to_le_bytes());
        block[8..16].copy_from_slice(&self.durable_sequence.to_le_bytes());
        block[16] = self.state;
        block[17..24].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(SubscriberStatus {
            sequence: u64::from_le_bytes(block[0..8].try_into().ok()?),
            durable_sequence: u64::from_le_bytes(block[8..16].try_into().ok()?),
            state: block[16],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("sequence", self.sequence.to_string()),
            ("durable_sequence", self.durable_sequence.to_string()),
            ("state", self.state.to_string()),
        ]
    }
}

/// To a subscriber: nothing of what came of these inputs can be sent, because the journal was trimmed beyond them. What comes next follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriberGap {
    /// First input that is missing.
    pub from_sequence: u64,
    /// Last input that is missing.
    pub to_sequence: u64,
}

impl SubscriberGap {
    pub const TEMPLATE: u16 = 41;
    pub const BYTES: usize = 16;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.from_sequence.to_le_bytes());
        block[8..16].copy_from_slice(&self.to_sequence.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(SubscriberGap {
            from_sequence: u64::from_le_bytes(block[0..8].try_into().ok()?),
            to_sequence: u64::from_le_bytes(block[8..16].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("from_sequence", self.from_sequence.to_string()),
            ("to_sequence", self.to_sequence.to_string()),
        ]
    }
}

/// All instruments, in the order in which they were defined. Reply: InstrumentDefinition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryInstruments {
    /// First number wanted; 0 for all.
    pub from_instrument_id: u32,
    /// At most so many; 0 for all.
    pub limit: u32,
}

impl QueryInstruments {
    pub const TEMPLATE: u16 = 64;
    pub const BYTES: usize = 8;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..4].copy_from_slice(&self.from_instrument_id.to_le_bytes());
        block[4..8].copy_from_slice(&self.limit.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryInstruments {
            from_instrument_id: u32::from_le_bytes(block[0..4].try_into().ok()?),
            limit: u32::from_le_bytes(block[4..8].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("from_instrument_id", self.from_instrument_id.to_string()),
            ("limit", self.limit.to_string()),
        ]
    }
}

/// Quotes of many symbols. Reply: a Quote for each, in their order; INSTRUMENT_UNDEFINED where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryQuotes {
    /// Symbol on the platform.
    pub symbol: Text<40>,
}

impl QueryQuotes {
    pub const TEMPLATE: u16 = 65;
    pub const BYTES: usize = 40;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..40].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryQuotes {
            symbol: Text::from_bytes(block[0..40].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// Last trades of many symbols. Reply: a Trade for each, in their order; INSTRUMENT_UNDEFINED where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLastTrades {
    /// Symbol on the platform.
    pub symbol: Text<40>,
}

impl QueryLastTrades {
    pub const TEMPLATE: u16 = 66;
    pub const BYTES: usize = 40;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..40].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryLastTrades {
            symbol: Text::from_bytes(block[0..40].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// Session statistics of many symbols. Reply: a Statistics for each, in their order; INSTRUMENT_UNDEFINED where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryStatistics {
    /// Symbol on the platform.
    pub symbol: Text<40>,
}

impl QueryStatistics {
    pub const TEMPLATE: u16 = 67;
    pub const BYTES: usize = 40;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..40].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryStatistics {
            symbol: Text::from_bytes(block[0..40].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// Bars of one symbol and interval, newest last. Reply: Bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryBars {
    /// Opened at or after; 0: no lower end.
    pub from_nanos: u64,
    /// Opened before; TIME_UNDEFINED: no upper end.
    pub to_nanos: u64,
    /// At most so many, counted from the newest; 0: all in range.
    pub last: u32,
    /// Which bars.
    pub interval: u8,
    /// Symbol on the platform.
    pub symbol: Text<40>,
}

impl QueryBars {
    pub const TEMPLATE: u16 = 68;
    pub const BYTES: usize = 64;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.from_nanos.to_le_bytes());
        block[8..16].copy_from_slice(&self.to_nanos.to_le_bytes());
        block[16..20].copy_from_slice(&self.last.to_le_bytes());
        block[20] = self.interval;
        block[21..24].fill(0);
        block[24..64].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryBars {
            from_nanos: u64::from_le_bytes(block[0..8].try_into().ok()?),
            to_nanos: u64::from_le_bytes(block[8..16].try_into().ok()?),
            last: u32::from_le_bytes(block[16..20].try_into().ok()?),
            interval: block[20],
            symbol: Text::from_bytes(block[24..64].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("from_nanos", self.from_nanos.to_string()),
            ("to_nanos", self.to_nanos.to_string()),
            ("last", self.last.to_string()),
            ("interval", self.interval.to_string()),
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// The last trades of one symbol, newest last. Reply: Trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryTrades {
    /// Those before the trade with this id; 0: the newest.
    pub before_trade_id: u64,
    /// At most so many; 0: all in memory.
    pub last: u32,
    /// Symbol on the platform.
    pub symbol: Text<40>,
}

impl QueryTrades {
    pub const TEMPLATE: u16 = 69;
    pub const BYTES: usize = 56;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.before_trade_id.to_le_bytes());
        block[8..12].copy_from_slice(&self.last.to_le_bytes());
        block[12..16].fill(0);
        block[16..56].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryTrades {
            before_trade_id: u64::from_le_bytes(block[0..8].try_into().ok()?),
            last: u32::from_le_bytes(block[8..12].try_into().ok()?),
            symbol: Text::from_bytes(block[16..56].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("before_trade_id", self.before_trade_id.to_string()),
            ("last", self.last.to_string()),
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// The order book as of the end of a venue message, never within one. Reply: a BookSnapshot, then a BookDelta for each level; nothing when there is no book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryBook {
    /// Levels of each side; 0: all in memory.
    pub depth: u32,
    /// Symbol on the platform.
    pub symbol: Text<40>,
}

impl QueryBook {
    pub const TEMPLATE: u16 = 70;
    pub const BYTES: usize = 48;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..4].copy_from_slice(&self.depth.to_le_bytes());
        block[4..8].fill(0);
        block[8..48].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryBook {
            depth: u32::from_le_bytes(block[0..4].try_into().ok()?),
            symbol: Text::from_bytes(block[8..48].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("depth", self.depth.to_string()),
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// What flows in. Reply: FeedStatus for each feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryFeeds {

}

impl QueryFeeds {
    pub const TEMPLATE: u16 = 71;
    pub const BYTES: usize = 8;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let _block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryFeeds {

        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![

        ]
    }
}

/// How far the engine is. Reply: EngineStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryStatus {
    /// 1: compute the hash of the whole state, which takes a while.
    pub with_state_hash: u8,
}

impl QueryStatus {
    pub const TEMPLATE: u16 = 72;
    pub const BYTES: usize = 8;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0] = self.with_state_hash;
        block[1..8].fill(0);
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryStatus {
            with_state_hash: block[0],
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("with_state_hash", self.with_state_hash.to_string()),
        ]
    }
}

/// Trades of one symbol between two places, both included, in the order of (time, sequence). Reply: a TradeMemory, then a PositionedTrade for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryTradeRange {
    /// Time of the first place.
    pub from_nanos: u64,
    /// Sequence of the first place.
    pub from_sequence: u64,
    /// Time of the last place.
    pub to_nanos: u64,
    /// Sequence of the last place.
    pub to_sequence: u64,
    /// Only the trade with this id, the last that came should there be several; 0: all.
    pub trade_id: u64,
    /// At most so many; 0: all in memory.
    pub limit: u32,
    /// 1: the last ones of the range; 0: the first ones.
    pub newest: u8,
    /// Symbol on the platform.
    pub symbol: Text<40>,
}

impl QueryTradeRange {
    pub const TEMPLATE: u16 = 73;
    pub const BYTES: usize = 88;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.from_nanos.to_le_bytes());
        block[8..16].copy_from_slice(&self.from_sequence.to_le_bytes());
        block[16..24].copy_from_slice(&self.to_nanos.to_le_bytes());
        block[24..32].copy_from_slice(&self.to_sequence.to_le_bytes());
        block[32..40].copy_from_slice(&self.trade_id.to_le_bytes());
        block[40..44].copy_from_slice(&self.limit.to_le_bytes());
        block[44] = self.newest;
        block[45..48].fill(0);
        block[48..88].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(QueryTradeRange {
            from_nanos: u64::from_le_bytes(block[0..8].try_into().ok()?),
            from_sequence: u64::from_le_bytes(block[8..16].try_into().ok()?),
            to_nanos: u64::from_le_bytes(block[16..24].try_into().ok()?),
            to_sequence: u64::from_le_bytes(block[24..32].try_into().ok()?),
            trade_id: u64::from_le_bytes(block[32..40].try_into().ok()?),
            limit: u32::from_le_bytes(block[40..44].try_into().ok()?),
            newest: block[44],
            symbol: Text::from_bytes(block[48..88].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("from_nanos", self.from_nanos.to_string()),
            ("from_sequence", self.from_sequence.to_string()),
            ("to_nanos", self.to_nanos.to_string()),
            ("to_sequence", self.to_sequence.to_string()),
            ("trade_id", self.trade_id.to_string()),
            ("limit", self.limit.to_string()),
            ("newest", self.newest.to_string()),
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// A block for each symbol, or one with an empty symbol for all there are and will be. Kinds are those of the block's symbol; everything else is read from the first block. Reply: SubscribeAck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// With resume: where to go on, first_seq of the last DATA frame. Otherwise 0.
    pub after_sequence: u64,
    /// Bytes of DATA frames that may be sent beyond what Credit frees; 0: as many as the socket takes.
    pub window_bytes: u32,
    /// Sum of KIND_…
    pub kinds: u8,
    /// When it does not keep up.
    pub policy: u8,
    /// 1: all that came of inputs after after_sequence. 0: what comes of inputs from now on.
    pub resume: u8,
    /// 1: also all state as it stands when the subscriber is up to date. CONFLATE: always.
    pub state: u8,
    /// With resume: the epoch of after_sequence, as the SubscribeAck named it. Otherwise 0.
    pub epoch: [u8; 16],
    /// Symbol on the platform; empty: all. One that is not known yet is waited for.
    pub symbol: Text<40>,
}

impl Subscribe {
    pub const TEMPLATE: u16 = 74;
    pub const BYTES: usize = 80;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.after_sequence.to_le_bytes());
        block[8..12].copy_from_slice(&self.window_bytes.to_le_bytes());
        block[12] = self.kinds;
        block[13] = self.policy;
        block[14] = self.resume;
        block[15] = self.state;
        block[16..32].copy_from_slice(&self.epoch);
        block[32..40].fill(0);
        block[40..80].copy_from_slice(self.symbol.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(Subscribe {
            after_sequence: u64::from_le_bytes(block[0..8].try_into().ok()?),
            window_bytes: u32::from_le_bytes(block[8..12].try_into().ok()?),
            kinds: block[12],
            policy: block[13],
            resume: block[14],
            state: block[15],
            epoch: block[16..32].try_into().ok()?,
            symbol: Text::from_bytes(block[40..80].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("after_sequence", self.after_sequence.to_string()),
            ("window_bytes", self.window_bytes.to_string()),
            ("kinds", self.kinds.to_string()),
            ("policy", self.policy.to_string()),
            ("resume", self.resume.to_string()),
            ("state", self.state.to_string()),
            ("epoch", self.epoch.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("symbol", self.symbol.to_string()),
        ]
    }
}

/// A feed, its newest session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedStatus {
    /// Time of its newest event, ns UTC; 0: none yet.
    pub last_event_nanos: u64,
    /// Records of the last seconds, per second, in 1e-3.
    pub events_per_second_e3: u64,
    /// How often the venue's own numbers showed that something was missed.
    pub gaps: u64,
    /// Records taken.
    pub accepted: u64,
    /// Records not taken.
    pub rejected: u64,
    /// What it carries.
    pub source: u8,
    /// 1 while its session is connected.
    pub connected: u8,
    /// Its name.
    pub feed: Text<32>,
    /// The newest session's name.
    pub session: Text<128>,
}

impl FeedStatus {
    pub const TEMPLATE: u16 = 96;
    pub const BYTES: usize = 208;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..8].copy_from_slice(&self.last_event_nanos.to_le_bytes());
        block[8..16].copy_from_slice(&self.events_per_second_e3.to_le_bytes());
        block[16..24].copy_from_slice(&self.gaps.to_le_bytes());
        block[24..32].copy_from_slice(&self.accepted.to_le_bytes());
        block[32..40].copy_from_slice(&self.rejected.to_le_bytes());
        block[40] = self.source;
        block[41] = self.connected;
        block[42..48].fill(0);
        block[48..80].copy_from_slice(self.feed.bytes());
        block[80..208].copy_from_slice(self.session.bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(FeedStatus {
            last_event_nanos: u64::from_le_bytes(block[0..8].try_into().ok()?),
            events_per_second_e3: u64::from_le_bytes(block[8..16].try_into().ok()?),
            gaps: u64::from_le_bytes(block[16..24].try_into().ok()?),
            accepted: u64::from_le_bytes(block[24..32].try_into().ok()?),
            rejected: u64::from_le_bytes(block[32..40].try_into().ok()?),
            source: block[40],
            connected: block[41],
            feed: Text::from_bytes(block[48..80].try_into().ok()?),
            session: Text::from_bytes(block[80..208].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("last_event_nanos", self.last_event_nanos.to_string()),
            ("events_per_second_e3", self.events_per_second_e3.to_string()),
            ("gaps", self.gaps.to_string()),
            ("accepted", self.accepted.to_string()),
            ("rejected", self.rejected.to_string()),
            ("source", self.source.to_string()),
            ("connected", self.connected.to_string()),
            ("feed", self.feed.to_string()),
            ("session", self.session.to_string()),
        ]
    }
}

/// How far the engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineStatus {
    /// UUID of the journal.
    pub epoch: [u8; 16],
    /// Last input that queries see.
    pub applied_sequence: u64,
    /// Last input on disk.
    pub durable_sequence: u64,
    /// Everything that came of inputs up to here has been taken by Kafka.
    pub published_sequence: u64,
    /// Hash of the whole state; 0 when not asked for.
    pub state_hash: u64,
    /// Instruments defined.
    pub instrument_count: u32,
    /// Sessions known.
    pub session_count: u32,
}

impl EngineStatus {
    pub const TEMPLATE: u16 = 97;
    pub const BYTES: usize = 56;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..16].copy_from_slice(&self.epoch);
        block[16..24].copy_from_slice(&self.applied_sequence.to_le_bytes());
        block[24..32].copy_from_slice(&self.durable_sequence.to_le_bytes());
        block[32..40].copy_from_slice(&self.published_sequence.to_le_bytes());
        block[40..48].copy_from_slice(&self.state_hash.to_le_bytes());
        block[48..52].copy_from_slice(&self.instrument_count.to_le_bytes());
        block[52..56].copy_from_slice(&self.session_count.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(EngineStatus {
            epoch: block[0..16].try_into().ok()?,
            applied_sequence: u64::from_le_bytes(block[16..24].try_into().ok()?),
            durable_sequence: u64::from_le_bytes(block[24..32].try_into().ok()?),
            published_sequence: u64::from_le_bytes(block[32..40].try_into().ok()?),
            state_hash: u64::from_le_bytes(block[40..48].try_into().ok()?),
            instrument_count: u32::from_le_bytes(block[48..52].try_into().ok()?),
            session_count: u32::from_le_bytes(block[52..56].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("epoch", self.epoch.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("applied_sequence", self.applied_sequence.to_string()),
            ("durable_sequence", self.durable_sequence.to_string()),
            ("published_sequence", self.published_sequence.to_string()),
            ("state_hash", self.state_hash.to_string()),
            ("instrument_count", self.instrument_count.to_string()),
            ("session_count", self.session_count.to_string()),
        ]
    }
}

/// A subscriber is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscribeAck {
    /// Epoch of the journal.
    pub epoch: [u8; 16],
    /// Events of inputs after this one follow.
    pub sequence: u64,
}

impl SubscribeAck {
    pub const TEMPLATE: u16 = 98;
    pub const BYTES: usize = 24;

    /// Writes the block. Precondition: `bytes` has at least `BYTES`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
        block[0..16].copy_from_slice(&self.epoch);
        block[16..24].copy_from_slice(&self.sequence.to_le_bytes());
    }

    /// Reads the block; `None` when `bytes` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let block: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(SubscribeAck {
            epoch: block[0..16].try_into().ok()?,
            sequence: u64::from_le_bytes(block[16..24].try_into().ok()?),
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("epoch", self.epoch.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("sequence", self.sequence.to_string()),
        ]
    }
}

/// Name, block length and role of a message by its template id.
pub const fn message_shape(template: u16) -> Option<(&'static str, usize, &'static str)> {
    match template {
        Trade::TEMPLATE => Some(("TRADE", Trade::BYTES, "record")),
        Quote::TEMPLATE => Some(("QUOTE", Quote::BYTES, "record")),
        BookDelta::TEMPLATE => Some(("BOOK_DELTA", BookDelta::BYTES, "record")),
        BookSnapshot::TEMPLATE => Some(("BOOK_SNAPSHOT", BookSnapshot::BYTES, "record")),
        Clock::TEMPLATE => Some(("CLOCK", Clock::BYTES, "record")),
        Gap::TEMPLATE => Some(("GAP", Gap::BYTES, "record")),
        Event::TEMPLATE => Some(("EVENT", Event::BYTES, "record")),
        Bar::TEMPLATE => Some(("BAR", Bar::BYTES, "record")),
        InstrumentDefinition::TEMPLATE => Some(("INSTRUMENT_DEFINITION", InstrumentDefinition::BYTES, "record")),
        Statistics::TEMPLATE => Some(("STATISTICS", Statistics::BYTES, "record")),
        PositionedTrade::TEMPLATE => Some(("POSITIONED_TRADE", PositionedTrade::BYTES, "record")),
        TradeMemory::TEMPLATE => Some(("TRADE_MEMORY", TradeMemory::BYTES, "record")),
        PositionedQuote::TEMPLATE => Some(("POSITIONED_QUOTE", PositionedQuote::BYTES, "record")),
        BookTop::TEMPLATE => Some(("BOOK_TOP", BookTop::BYTES, "record")),
        PositionedBar::TEMPLATE => Some(("POSITIONED_BAR", PositionedBar::BYTES, "record")),
        Hello::TEMPLATE => Some(("HELLO", Hello::BYTES, "control")),
        HelloAck::TEMPLATE => Some(("HELLO_ACK", HelloAck::BYTES, "control")),
        Ack::TEMPLATE => Some(("ACK", Ack::BYTES, "control")),
        Reject::TEMPLATE => Some(("REJECT", Reject::BYTES, "control")),
        Heartbeat::TEMPLATE => Some(("HEARTBEAT", Heartbeat::BYTES, "control")),
        Goodbye::TEMPLATE => Some(("GOODBYE", Goodbye::BYTES, "control")),
        ErrorReply::TEMPLATE => Some(("ERROR_REPLY", ErrorReply::BYTES, "error")),
        Credit::TEMPLATE => Some(("CREDIT", Credit::BYTES, "control")),
        SubscriberStatus::TEMPLATE => Some(("SUBSCRIBER_STATUS", SubscriberStatus::BYTES, "control")),
        SubscriberGap::TEMPLATE => Some(("SUBSCRIBER_GAP", SubscriberGap::BYTES, "control")),
        QueryInstruments::TEMPLATE => Some(("QUERY_INSTRUMENTS", QueryInstruments::BYTES, "query")),
        QueryQuotes::TEMPLATE => Some(("QUERY_QUOTES", QueryQuotes::BYTES, "query")),
        QueryLastTrades::TEMPLATE => Some(("QUERY_LAST_TRADES", QueryLastTrades::BYTES, "query")),
        QueryStatistics::TEMPLATE => Some(("QUERY_STATISTICS", QueryStatistics::BYTES, "query")),
        QueryBars::TEMPLATE => Some(("QUERY_BARS", QueryBars::BYTES, "query")),
        QueryTrades::TEMPLATE => Some(("QUERY_TRADES", QueryTrades::BYTES, "query")),
        QueryBook::TEMPLATE => Some(("QUERY_BOOK", QueryBook::BYTES, "query")),
        QueryFeeds::TEMPLATE => Some(("QUERY_FEEDS", QueryFeeds::BYTES, "query")),
        QueryStatus::TEMPLATE => Some(("QUERY_STATUS", QueryStatus::BYTES, "query")),
        QueryTradeRange::TEMPLATE => Some(("QUERY_TRADE_RANGE", QueryTradeRange::BYTES, "query")),
        Subscribe::TEMPLATE => Some(("SUBSCRIBE", Subscribe::BYTES, "query")),
        FeedStatus::TEMPLATE => Some(("FEED_STATUS", FeedStatus::BYTES, "reply")),
        EngineStatus::TEMPLATE => Some(("ENGINE_STATUS", EngineStatus::BYTES, "reply")),
        SubscribeAck::TEMPLATE => Some(("SUBSCRIBE_ACK", SubscribeAck::BYTES, "reply")),
        _ => None,
    }
}

/// Field names and values of a block as text; `None` for an unknown template or a block that is too short.
pub fn describe(template: u16, bytes: &[u8]) -> Option<Vec<(&'static str, String)>> {
    match template {
        Trade::TEMPLATE => Trade::decode(bytes).map(|message| message.fields()),
        Quote::TEMPLATE => Quote::decode(bytes).map(|message| message.fields()),
        BookDelta::TEMPLATE => BookDelta::decode(bytes).map(|message| message.fields()),
        BookSnapshot::TEMPLATE => BookSnapshot::decode(bytes).map(|message| message.fields()),
        Clock::TEMPLATE => Clock::decode(bytes).map(|message| message.fields()),
        Gap::TEMPLATE => Gap::decode(bytes).map(|message| message.fields()),
        Event::TEMPLATE => Event::decode(bytes).map(|message| message.fields()),
        Bar::TEMPLATE => Bar::decode(bytes).map(|message| message.fields()),
        InstrumentDefinition::TEMPLATE => InstrumentDefinition::decode(bytes).map(|message| message.fields()),
        Statistics::TEMPLATE => Statistics::decode(bytes).map(|message| message.fields()),
        PositionedTrade::TEMPLATE => PositionedTrade::decode(bytes).map(|message| message.fields()),
        TradeMemory::TEMPLATE => TradeMemory::decode(bytes).map(|message| message.fields()),
        PositionedQuote::TEMPLATE => PositionedQuote::decode(bytes).map(|message| message.fields()),
        BookTop::TEMPLATE => BookTop::decode(bytes).map(|message| message.fields()),
        PositionedBar::TEMPLATE => PositionedBar::decode(bytes).map(|message| message.fields()),
        Hello::TEMPLATE => Hello::decode(bytes).map(|message| message.fields()),
        HelloAck::TEMPLATE => HelloAck::decode(bytes).map(|message| message.fields()),
        Ack::TEMPLATE => Ack::decode(bytes).map(|message| message.fields()),
        Reject::TEMPLATE => Reject::decode(bytes).map(|message| message.fields()),
        Heartbeat::TEMPLATE => Heartbeat::decode(bytes).map(|message| message.fields()),
        Goodbye::TEMPLATE => Goodbye::decode(bytes).map(|message| message.fields()),
        ErrorReply::TEMPLATE => ErrorReply::decode(bytes).map(|message| message.fields()),
        Credit::TEMPLATE => Credit::decode(bytes).map(|message| message.fields()),
        SubscriberStatus::TEMPLATE => SubscriberStatus::decode(bytes).map(|message| message.fields()),
        SubscriberGap::TEMPLATE => SubscriberGap::decode(bytes).map(|message| message.fields()),
        QueryInstruments::TEMPLATE => QueryInstruments::decode(bytes).map(|message| message.fields()),
        QueryQuotes::TEMPLATE => QueryQuotes::decode(bytes).map(|message| message.fields()),
        QueryLastTrades::TEMPLATE => QueryLastTrades::decode(bytes).map(|message| message.fields()),
        QueryStatistics::TEMPLATE => QueryStatistics::decode(bytes).map(|message| message.fields()),
        QueryBars::TEMPLATE => QueryBars::decode(bytes).map(|message| message.fields()),
        QueryTrades::TEMPLATE => QueryTrades::decode(bytes).map(|message| message.fields()),
        QueryBook::TEMPLATE => QueryBook::decode(bytes).map(|message| message.fields()),
        QueryFeeds::TEMPLATE => QueryFeeds::decode(bytes).map(|message| message.fields()),
        QueryStatus::TEMPLATE => QueryStatus::decode(bytes).map(|message| message.fields()),
        QueryTradeRange::TEMPLATE => QueryTradeRange::decode(bytes).map(|message| message.fields()),
        Subscribe::TEMPLATE => Subscribe::decode(bytes).map(|message| message.fields()),
        FeedStatus::TEMPLATE => FeedStatus::decode(bytes).map(|message| message.fields()),
        EngineStatus::TEMPLATE => EngineStatus::decode(bytes).map(|message| message.fields()),
        SubscribeAck::TEMPLATE => SubscribeAck::decode(bytes).map(|message| message.fields()),
        _ => None,
    }
}

/// Decodes a block and encodes it again; `None` as for `describe`.
pub fn recode(template: u16, bytes: &[u8]) -> Option<Vec<u8>> {
    let (_, length, _) = message_shape(template)?;
    let mut out = vec![0xa5; length];
    match template {
        Trade::TEMPLATE => Trade::decode(bytes)?.encode(&mut out),
        Quote::TEMPLATE => Quote::decode(bytes)?.encode(&mut out),
        BookDelta::TEMPLATE => BookDelta::decode(bytes)?.encode(&mut out),
        BookSnapshot::TEMPLATE => BookSnapshot::decode(bytes)?.encode(&mut out),
        Clock::TEMPLATE => Clock::decode(bytes)?.encode(&mut out),
        Gap::TEMPLATE => Gap::decode(bytes)?.encode(&mut out),
        Event::TEMPLATE => Event::decode(bytes)?.encode(&mut out),
        Bar::TEMPLATE => Bar::decode(bytes)?.encode(&mut out),
        InstrumentDefinition::TEMPLATE => InstrumentDefinition::decode(bytes)?.encode(&mut out),
        Statistics::TEMPLATE => Statistics::decode(bytes)?.encode(&mut out),
        PositionedTrade::TEMPLATE => PositionedTrade::decode(bytes)?.encode(&mut out),
        TradeMemory::TEMPLATE => TradeMemory::decode(bytes)?.encode(&mut out),
        PositionedQuote::TEMPLATE => PositionedQuote::decode(bytes)?.encode(&mut out),
        BookTop::TEMPLATE => BookTop::decode(bytes)?.encode(&mut out),
        PositionedBar::TEMPLATE => PositionedBar::decode(bytes)?.encode(&mut out),
        Hello::TEMPLATE => Hello::decode(bytes)?.encode(&mut out),
        HelloAck::TEMPLATE => HelloAck::decode(bytes)?.encode(&mut out),
        Ack::TEMPLATE => Ack::decode(bytes)?.encode(&mut out),
        Reject::TEMPLATE => Reject::decode(bytes)?.encode(&mut out),
        Heartbeat::TEMPLATE => Heartbeat::decode(bytes)?.encode(&mut out),
        Goodbye::TEMPLATE => Goodbye::decode(bytes)?.encode(&mut out),
        ErrorReply::TEMPLATE => ErrorReply::decode(bytes)?.encode(&mut out),
        Credit::TEMPLATE => Credit::decode(bytes)?.encode(&mut out),
        SubscriberStatus::TEMPLATE => SubscriberStatus::decode(bytes)?.encode(&mut out),
        SubscriberGap::TEMPLATE => SubscriberGap::decode(bytes)?.encode(&mut out),
        QueryInstruments::TEMPLATE => QueryInstruments::decode(bytes)?.encode(&mut out),
        QueryQuotes::TEMPLATE => QueryQuotes::decode(bytes)?.encode(&mut out),
        QueryLastTrades::TEMPLATE => QueryLastTrades::decode(bytes)?.encode(&mut out),
        QueryStatistics::TEMPLATE => QueryStatistics::decode(bytes)?.encode(&mut out),
        QueryBars::TEMPLATE => QueryBars::decode(bytes)?.encode(&mut out),
        QueryTrades::TEMPLATE => QueryTrades::decode(bytes)?.encode(&mut out),
        QueryBook::TEMPLATE => QueryBook::decode(bytes)?.encode(&mut out),
        QueryFeeds::TEMPLATE => QueryFeeds::decode(bytes)?.encode(&mut out),
        QueryStatus::TEMPLATE => QueryStatus::decode(bytes)?.encode(&mut out),
        QueryTradeRange::TEMPLATE => QueryTradeRange::decode(bytes)?.encode(&mut out),
        Subscribe::TEMPLATE => Subscribe::decode(bytes)?.encode(&mut out),
        FeedStatus::TEMPLATE => FeedStatus::decode(bytes)?.encode(&mut out),
        EngineStatus::TEMPLATE => EngineStatus::decode(bytes)?.encode(&mut out),
        SubscribeAck::TEMPLATE => SubscribeAck::decode(bytes)?.encode(&mut out),
        _ => return None,
    }
    Some(out)
}
