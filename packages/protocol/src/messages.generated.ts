// Generated from engine/protocol/messages.json by scripts/generate-protocol.ts. Do not edit.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Views of one buffer, so that a codec makes none. */
export interface Block {
  view: DataView;
  bytes: Uint8Array;
}

export function blockOf(bytes: Uint8Array): Block {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes };
}

function putText(bytes: Uint8Array, offset: number, size: number, text: string, field: string): void {
  const { read, written } = encoder.encodeInto(text, bytes.subarray(offset, offset + size));
  if (read !== text.length) throw new RangeError(`${field} is longer than ${size} bytes: ${text}`);
  bytes.fill(0, offset + written, offset + size);
}

function getText(bytes: Uint8Array, offset: number, size: number): string {
  let end = offset;
  while (end < offset + size && bytes[end] !== 0) end++;
  return decoder.decode(bytes.subarray(offset, end));
}

function putBytes(bytes: Uint8Array, offset: number, size: number, value: Uint8Array, field: string): void {
  if (value.length !== size) throw new RangeError(`${field} has ${value.length} bytes, not ${size}`);
  bytes.set(value, offset);
}

function putI128(view: DataView, offset: number, value: bigint): void {
  view.setBigUint64(offset, BigInt.asUintN(64, value), true);
  view.setBigInt64(offset + 8, BigInt.asIntN(64, value >> 64n), true);
}

function getI128(view: DataView, offset: number): bigint {
  return (view.getBigInt64(offset + 8, true) << 64n) | view.getBigUint64(offset, true);
}

export const PROTOCOL_VERSION = 1;
export const FRAME_HEADER_BYTES = 32;
export const FRAME_BYTES_MAX = 1048576;

/** Partitions of each of the engine's topics. A symbol's is murmur2 of its bytes, as Kafka's own clients have it; of n engines the one with number i has the symbols of the partitions p with p mod n = i. */
export const MARKET_PARTITIONS = 8;

/** A price or size that is not known. */
export const PRICE_UNDEFINED = 9223372036854775807n;

/** No instrument: the record says nothing about one, or a reply has nothing at this place. */
export const INSTRUMENT_UNDEFINED = 4294967295;

/** An open end of a time range. */
export const TIME_UNDEFINED = 18446744073709551615n;

/** Further frames of the same reply follow; to a subscriber, state that it asked for is still to come. */
export const FRAME_FLAG_MORE = 1;

/** The record's way is traced: what is published of it carries a traceparent. */
export const FLAG_SAMPLED = 2;

/** The book had a gap and has not been rebuilt since. */
export const FLAG_MAYBE_BAD_BOOK = 4;

/** ts_recv_nanos can't be relied on. */
export const FLAG_BAD_TS_RECV = 8;

/** Aggregated by price, not by order. */
export const FLAG_MBP = 16;

/** Part of a snapshot, not a change. */
export const FLAG_SNAPSHOT = 32;

/** Top of book only. */
export const FLAG_TOB = 64;

/** Last record of one venue message. */
export const FLAG_LAST = 128;

/** The venue numbers the instrument's trades without holes, so a jump in trade_id is a gap. */
export const INSTRUMENT_FLAG_TRADES_CONSECUTIVE = 1;

/** In the engine's memory. Releases nothing. */
export const ACK_LEVEL_RECEIVED = 1;

/** Queries see it. Releases nothing. */
export const ACK_LEVEL_VISIBLE = 2;

/** fdatasync has returned: the feed may forget it. */
export const ACK_LEVEL_DURABLE = 4;

/** Subscribers: PositionedQuote. State. */
export const KIND_QUOTES = 1;

/** Subscribers: PositionedTrade. Events. */
export const KIND_TRADES = 2;

/** Subscribers: PositionedBar of bars that are final, their revisions included. Events. */
export const KIND_BARS = 4;

/** Subscribers: PositionedBar of the newest bar of each interval. State. */
export const KIND_CURRENT_BARS = 8;

/** Subscribers: BookTop. State. */
export const KIND_BOOK_TOPS = 16;

/** What a frame is for. */
export const FrameKind = {
  DATA: 1,
  CONTROL: 2,
  QUERY: 3,
  REPLY: 4,
  ERROR: 5,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];
export type FrameKindName = keyof typeof FrameKind;
export const FRAME_KIND_NAMES: Readonly<Record<number, FrameKindName>> = {
  1: "DATA",
  2: "CONTROL",
  3: "QUERY",
  4: "REPLY",
  5: "ERROR",
};

/** Side of a book, or of the aggressor of a trade. */
export const Side = {
  NONE: 78,
  BUY: 66,
  SELL: 65,
} as const;
export type Side = (typeof Side)[keyof typeof Side];
export type SideName = keyof typeof Side;
export const SIDE_NAMES: Readonly<Record<number, SideName>> = {
  78: "NONE",
  66: "BUY",
  65: "SELL",
};

/** What a record does to a book. ADD and MODIFY set a level's size, CANCEL removes the level, CLEAR empties the book. */
export const Action = {
  NONE: 78,
  ADD: 65,
  CANCEL: 67,
  MODIFY: 77,
  CLEAR: 82,
  TRADE: 84,
  FILL: 70,
} as const;
export type Action = (typeof Action)[keyof typeof Action];
export type ActionName = keyof typeof Action;
export const ACTION_NAMES: Readonly<Record<number, ActionName>> = {
  78: "NONE",
  65: "ADD",
  67: "CANCEL",
  77: "MODIFY",
  82: "CLEAR",
  84: "TRADE",
  70: "FILL",
};

/** Whether prices are simulated, replayed from a capture, or live. */
export const DataSource = {
  SIMULATED: 1,
  REPLAY: 2,
  LIVE: 3,
} as const;
export type DataSource = (typeof DataSource)[keyof typeof DataSource];
export type DataSourceName = keyof typeof DataSource;
export const DATA_SOURCE_NAMES: Readonly<Record<number, DataSourceName>> = {
  1: "SIMULATED",
  2: "REPLAY",
  3: "LIVE",
};

/** Kind of instrument. */
export const InstrumentClass = {
  CRYPTO: 1,
  EQUITY: 2,
  FX: 3,
  COMMODITY: 4,
  INDEX: 5,
  DERIVATIVE: 6,
} as const;
export type InstrumentClass = (typeof InstrumentClass)[keyof typeof InstrumentClass];
export type InstrumentClassName = keyof typeof InstrumentClass;
export const INSTRUMENT_CLASS_NAMES: Readonly<Record<number, InstrumentClassName>> = {
  1: "CRYPTO",
  2: "EQUITY",
  3: "FX",
  4: "COMMODITY",
  5: "INDEX",
  6: "DERIVATIVE",
};

/** Length of a bar, aligned to UTC. */
export const BarInterval = {
  S1: 1,
  M1: 2,
  M5: 3,
  H1: 4,
  D1: 5,
} as const;
export type BarInterval = (typeof BarInterval)[keyof typeof BarInterval];
export type BarIntervalName = keyof typeof BarInterval;
export const BAR_INTERVAL_NAMES: Readonly<Record<number, BarIntervalName>> = {
  1: "S1",
  2: "M1",
  3: "M5",
  4: "H1",
  5: "D1",
};

/** Kind of a generic event. */
export const EventKind = {
  STATUS: 1,
  NOTE: 2,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];
export type EventKindName = keyof typeof EventKind;
export const EVENT_KIND_NAMES: Readonly<Record<number, EventKindName>> = {
  1: "STATUS",
  2: "NOTE",
};

/** Why a record was not taken. It has its session sequence all the same. */
export const RejectReason = {
  UNKNOWN_INSTRUMENT: 1,
  UNKNOWN_TEMPLATE: 2,
  TIME_OUT_OF_RANGE: 3,
  PRICE_OUT_OF_RANGE: 4,
  SIZE_OUT_OF_RANGE: 5,
  CROSSED_QUOTE: 6,
  OUT_OF_ORDER: 7,
  BAD_FIELD: 8,
  BAR_ALREADY_KNOWN: 9,
  LIMIT_REACHED: 10,
  DUPLICATE: 11,
} as const;
export type RejectReason = (typeof RejectReason)[keyof typeof RejectReason];
export type RejectReasonName = keyof typeof RejectReason;
export const REJECT_REASON_NAMES: Readonly<Record<number, RejectReasonName>> = {
  1: "UNKNOWN_INSTRUMENT",
  2: "UNKNOWN_TEMPLATE",
  3: "TIME_OUT_OF_RANGE",
  4: "PRICE_OUT_OF_RANGE",
  5: "SIZE_OUT_OF_RANGE",
  6: "CROSSED_QUOTE",
  7: "OUT_OF_ORDER",
  8: "BAD_FIELD",
  9: "BAR_ALREADY_KNOWN",
  10: "LIMIT_REACHED",
  11: "DUPLICATE",
};

/** What becomes of a subscriber that does not keep up. WARN: it is told, and gets the rest from the journal at its own pace. CONFLATE: of state it gets what is newest, of events all, as with WARN. DISCONNECT: its connection ends with SLOW_READER. */
export const SlowPolicy = {
  WARN: 1,
  CONFLATE: 2,
  DISCONNECT: 3,
} as const;
export type SlowPolicy = (typeof SlowPolicy)[keyof typeof SlowPolicy];
export type SlowPolicyName = keyof typeof SlowPolicy;
export const SLOW_POLICY_NAMES: Readonly<Record<number, SlowPolicyName>> = {
  1: "WARN",
  2: "CONFLATE",
  3: "DISCONNECT",
};

/** LIVE: it gets what becomes durable. BEHIND: it gets what became durable before, from the journal. */
export const SubscriberState = {
  LIVE: 1,
  BEHIND: 2,
} as const;
export type SubscriberState = (typeof SubscriberState)[keyof typeof SubscriberState];
export type SubscriberStateName = keyof typeof SubscriberState;
export const SUBSCRIBER_STATE_NAMES: Readonly<Record<number, SubscriberStateName>> = {
  1: "LIVE",
  2: "BEHIND",
};

/** Why a frame, a query or a session failed. Codes below 16 close the connection. */
export const ErrorCode = {
  BAD_FRAME: 1,
  BAD_CRC: 2,
  FRAME_TOO_LARGE: 3,
  UNSUPPORTED_VERSION: 4,
  HELLO_EXPECTED: 5,
  SESSION_SEQUENCE_GAP: 6,
  SESSION_TAKEN_OVER: 7,
  SESSION_LIMIT_REACHED: 8,
  SHUTTING_DOWN: 9,
  SLOW_READER: 10,
  JOURNAL_UNREADABLE: 11,
  WRONG_SHARD: 12,
  DISK_FULL: 16,
  INSTRUMENT_NOT_FOUND: 17,
  UNSUPPORTED_QUERY: 18,
  BAD_QUERY: 19,
  POSITION_UNKNOWN: 20,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
export type ErrorCodeName = keyof typeof ErrorCode;
export const ERROR_CODE_NAMES: Readonly<Record<number, ErrorCodeName>> = {
  1: "BAD_FRAME",
  2: "BAD_CRC",
  3: "FRAME_TOO_LARGE",
  4: "UNSUPPORTED_VERSION",
  5: "HELLO_EXPECTED",
  6: "SESSION_SEQUENCE_GAP",
  7: "SESSION_TAKEN_OVER",
  8: "SESSION_LIMIT_REACHED",
  9: "SHUTTING_DOWN",
  10: "SLOW_READER",
  11: "JOURNAL_UNREADABLE",
  12: "WRONG_SHARD",
  16: "DISK_FULL",
  17: "INSTRUMENT_NOT_FOUND",
  18: "UNSUPPORTED_QUERY",
  19: "BAD_QUERY",
  20: "POSITION_UNKNOWN",
};

export const TRADE_TEMPLATE = 1;
export const TRADE_BYTES = 64;

/** An execution. Hot: exactly 64 bytes. */
export interface Trade {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** When the feed got it, ns UTC; 0 when unknown. */
  tsRecvNanos: bigint;
  /** The venue's own number; 0 when it has none. */
  venueSequence: bigint;
  /** The id that the venue gave it, unique per instrument. */
  tradeId: bigint;
  /** Price in 1e-9. */
  priceE9: bigint;
  /** Size in 1e-9. */
  sizeE9: bigint;
  /** Side of the aggressor. */
  side: number;
  /** TRADE. */
  action: number;
}

export function encodeTrade({ view, bytes }: Block, offset: number, message: Trade): void {
  bytes[offset] = TRADE_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.tsRecvNanos, true);
  view.setBigUint64(offset + 24, message.venueSequence, true);
  view.setBigUint64(offset + 32, message.tradeId, true);
  view.setBigInt64(offset + 40, message.priceE9, true);
  view.setBigInt64(offset + 48, message.sizeE9, true);
  bytes[offset + 56] = message.side;
  bytes[offset + 57] = message.action;
  bytes.fill(0, offset + 58, offset + 64);
}

export function decodeTrade({ view }: Block, offset: number): Trade {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    tsRecvNanos: view.getBigUint64(offset + 16, true),
    venueSequence: view.getBigUint64(offset + 24, true),
    tradeId: view.getBigUint64(offset + 32, true),
    priceE9: view.getBigInt64(offset + 40, true),
    sizeE9: view.getBigInt64(offset + 48, true),
    side: view.getUint8(offset + 56),
    action: view.getUint8(offset + 57),
  };
}

export const QUOTE_TEMPLATE = 2;
export const QUOTE_BYTES = 64;

/** Best bid and offer. Hot: exactly 64 bytes. */
export interface Quote {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** When the feed got it, ns UTC; 0 when unknown. */
  tsRecvNanos: bigint;
  /** The venue's own number; 0 when it has none. */
  venueSequence: bigint;
  /** Best bid in 1e-9. */
  bidPriceE9: bigint;
  /** Size at the best bid in 1e-9. */
  bidSizeE9: bigint;
  /** Best offer in 1e-9. */
  askPriceE9: bigint;
  /** Size at the best offer in 1e-9. */
  askSizeE9: bigint;
}

export function encodeQuote({ view, bytes }: Block, offset: number, message: Quote): void {
  bytes[offset] = QUOTE_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.tsRecvNanos, true);
  view.setBigUint64(offset + 24, message.venueSequence, true);
  view.setBigInt64(offset + 32, message.bidPriceE9, true);
  view.setBigInt64(offset + 40, message.bidSizeE9, true);
  view.setBigInt64(offset + 48, message.askPriceE9, true);
  view.setBigInt64(offset + 56, message.askSizeE9, true);
}

export function decodeQuote({ view }: Block, offset: number): Quote {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    tsRecvNanos: view.getBigUint64(offset + 16, true),
    venueSequence: view.getBigUint64(offset + 24, true),
    bidPriceE9: view.getBigInt64(offset + 32, true),
    bidSizeE9: view.getBigInt64(offset + 40, true),
    askPriceE9: view.getBigInt64(offset + 48, true),
    askSizeE9: view.getBigInt64(offset + 56, true),
  };
}

export const BOOK_DELTA_TEMPLATE = 3;
export const BOOK_DELTA_BYTES = 64;

/** A change of one level of the order book. Records of one venue message are neighbours with the same venue_sequence; the last has FLAG_LAST, and until it has come queries see none of them. Hot: exactly 64 bytes. */
export interface BookDelta {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** When the feed got it, ns UTC; 0 when unknown. */
  tsRecvNanos: bigint;
  /** First update id that the venue's message covers; 0 when it has none. */
  firstVenueSequence: bigint;
  /** Last update id that the venue's message covers; 0 when it has none. */
  venueSequence: bigint;
  /** Price of the level in 1e-9. */
  priceE9: bigint;
  /** New size of the level in 1e-9; 0 removes it. */
  sizeE9: bigint;
  /** BUY: bids, SELL: offers. */
  side: number;
  /** What happens to the level. */
  action: number;
}

export function encodeBookDelta({ view, bytes }: Block, offset: number, message: BookDelta): void {
  bytes[offset] = BOOK_DELTA_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.tsRecvNanos, true);
  view.setBigUint64(offset + 24, message.firstVenueSequence, true);
  view.setBigUint64(offset + 32, message.venueSequence, true);
  view.setBigInt64(offset + 40, message.priceE9, true);
  view.setBigInt64(offset + 48, message.sizeE9, true);
  bytes[offset + 56] = message.side;
  bytes[offset + 57] = message.action;
  bytes.fill(0, offset + 58, offset + 64);
}

export function decodeBookDelta({ view }: Block, offset: number): BookDelta {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    tsRecvNanos: view.getBigUint64(offset + 16, true),
    firstVenueSequence: view.getBigUint64(offset + 24, true),
    venueSequence: view.getBigUint64(offset + 32, true),
    priceE9: view.getBigInt64(offset + 40, true),
    sizeE9: view.getBigInt64(offset + 48, true),
    side: view.getUint8(offset + 56),
    action: view.getUint8(offset + 57),
  };
}

export const BOOK_SNAPSHOT_TEMPLATE = 4;
export const BOOK_SNAPSHOT_BYTES = 64;

/** The book begins anew: its levels follow as BookDelta records with FLAG_SNAPSHOT and the same venue_sequence, the last with FLAG_LAST; with both counts 0 it is empty at once. In a reply: head of a book, bids then offers, best first. */
export interface BookSnapshot {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** When the feed got it, ns UTC; 0 when unknown. */
  tsRecvNanos: bigint;
  /** Update id as of which the book stands; deltas up to it are skipped. */
  venueSequence: bigint;
  /** Bids that follow. */
  bidCount: number;
  /** Offers that follow. */
  askCount: number;
}

export function encodeBookSnapshot({ view, bytes }: Block, offset: number, message: BookSnapshot): void {
  bytes[offset] = BOOK_SNAPSHOT_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.tsRecvNanos, true);
  view.setBigUint64(offset + 24, message.venueSequence, true);
  view.setUint32(offset + 32, message.bidCount, true);
  view.setUint32(offset + 36, message.askCount, true);
  bytes.fill(0, offset + 40, offset + 64);
}

export function decodeBookSnapshot({ view }: Block, offset: number): BookSnapshot {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    tsRecvNanos: view.getBigUint64(offset + 16, true),
    venueSequence: view.getBigUint64(offset + 24, true),
    bidCount: view.getUint32(offset + 32, true),
    askCount: view.getUint32(offset + 36, true),
  };
}

export const CLOCK_TEMPLATE = 5;
export const CLOCK_BYTES = 64;

/** The feed promises that no earlier event follows. ts_event_nanos is the time; instrument_id INSTRUMENT_UNDEFINED means all instruments of the session. Closes bars. */
export interface Clock {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
}

export function encodeClock({ view, bytes }: Block, offset: number, message: Clock): void {
  bytes[offset] = CLOCK_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  bytes.fill(0, offset + 16, offset + 64);
}

export function decodeClock({ view }: Block, offset: number): Clock {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
  };
}

export const GAP_TEMPLATE = 6;
export const GAP_BYTES = 64;

/** The venue's own numbers showed that something was missed. */
export interface Gap {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** When the feed noticed, ns UTC. */
  tsRecvNanos: bigint;
  /** First number that was missed. */
  fromVenueSequence: bigint;
  /** Last number that was missed. */
  toVenueSequence: bigint;
}

export function encodeGap({ view, bytes }: Block, offset: number, message: Gap): void {
  bytes[offset] = GAP_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.tsRecvNanos, true);
  view.setBigUint64(offset + 24, message.fromVenueSequence, true);
  view.setBigUint64(offset + 32, message.toVenueSequence, true);
  bytes.fill(0, offset + 40, offset + 64);
}

export function decodeGap({ view }: Block, offset: number): Gap {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    tsRecvNanos: view.getBigUint64(offset + 16, true),
    fromVenueSequence: view.getBigUint64(offset + 24, true),
    toVenueSequence: view.getBigUint64(offset + 32, true),
  };
}

export const EVENT_TEMPLATE = 7;
export const EVENT_BYTES = 64;

/** A generic event of an instrument: journaled and counted. */
export interface Event {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** When the feed got it, ns UTC; 0 when unknown. */
  tsRecvNanos: bigint;
  /** A number that goes with it, in 1e-9. */
  valueE9: bigint;
  /** What it is. */
  kind: number;
  /** What the venue says. */
  text: string;
}

export function encodeEvent({ view, bytes }: Block, offset: number, message: Event): void {
  bytes[offset] = EVENT_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.tsRecvNanos, true);
  view.setBigInt64(offset + 24, message.valueE9, true);
  view.setUint16(offset + 32, message.kind, true);
  putText(bytes, offset + 34, 30, message.text, "text");
}

export function decodeEvent({ view, bytes }: Block, offset: number): Event {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    tsRecvNanos: view.getBigUint64(offset + 16, true),
    valueE9: view.getBigInt64(offset + 24, true),
    kind: view.getUint16(offset + 32, true),
    text: getText(bytes, offset + 34, 30),
  };
}

export const BAR_TEMPLATE = 8;
export const BAR_BYTES = 96;

/** OHLCV over one interval; ts_event_nanos is when it opened. From a feed: a bar of the past, taken as final and folded into the longer intervals. In a reply: a bar as it stands. */
export interface Bar {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** First price in 1e-9. */
  openE9: bigint;
  /** Highest price in 1e-9. */
  highE9: bigint;
  /** Lowest price in 1e-9. */
  lowE9: bigint;
  /** Last price in 1e-9. */
  closeE9: bigint;
  /** Sum of sizes in 1e-9. */
  volumeE9: bigint;
  /** Sum of price × size in 1e-18. VWAP = notional / volume, rounded down to 1e-9. */
  notionalE18: bigint;
  /** Number of trades. */
  tradeCount: bigint;
  /** 0 for the first final bar; each late trade adds one. */
  revision: number;
  /** Its length. */
  interval: number;
  /** 1 when the interval is over. */
  final: number;
}

export function encodeBar({ view, bytes }: Block, offset: number, message: Bar): void {
  bytes[offset] = BAR_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigInt64(offset + 16, message.openE9, true);
  view.setBigInt64(offset + 24, message.highE9, true);
  view.setBigInt64(offset + 32, message.lowE9, true);
  view.setBigInt64(offset + 40, message.closeE9, true);
  putI128(view, offset + 48, message.volumeE9);
  putI128(view, offset + 64, message.notionalE18);
  view.setBigUint64(offset + 80, message.tradeCount, true);
  view.setUint32(offset + 88, message.revision, true);
  bytes[offset + 92] = message.interval;
  bytes[offset + 93] = message.final;
  bytes.fill(0, offset + 94, offset + 96);
}

export function decodeBar({ view }: Block, offset: number): Bar {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    openE9: view.getBigInt64(offset + 16, true),
    highE9: view.getBigInt64(offset + 24, true),
    lowE9: view.getBigInt64(offset + 32, true),
    closeE9: view.getBigInt64(offset + 40, true),
    volumeE9: getI128(view, offset + 48),
    notionalE18: getI128(view, offset + 64),
    tradeCount: view.getBigUint64(offset + 80, true),
    revision: view.getUint32(offset + 88, true),
    interval: view.getUint8(offset + 92),
    final: view.getUint8(offset + 93),
  };
}

export const INSTRUMENT_DEFINITION_TEMPLATE = 9;
export const INSTRUMENT_DEFINITION_BYTES = 256;

/** Defines an instrument. From a feed: instrument_id is the session's own number for it, dense from 0, and ts_event_nanos may be 0. In a reply: the engine's number. */
export interface InstrumentDefinition {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** Smallest step of a price in 1e-9; 0 when unknown. */
  priceIncrementE9: bigint;
  /** Smallest step of a size in 1e-9; 0 when unknown. */
  sizeIncrementE9: bigint;
  /** INSTRUMENT_FLAG_… */
  flagsInstrument: number;
  /** Kind of instrument. */
  class: number;
  /** Whether its prices are simulated, replayed or live. */
  source: number;
  /** Unique on the platform. */
  symbol: string;
  /** What people call it. */
  name: string;
  /** Where it is traded. */
  venue: string;
  /** The symbol that the venue itself uses. */
  venueSymbol: string;
}

export function encodeInstrumentDefinition({ view, bytes }: Block, offset: number, message: InstrumentDefinition): void {
  bytes[offset] = INSTRUMENT_DEFINITION_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigInt64(offset + 16, message.priceIncrementE9, true);
  view.setBigInt64(offset + 24, message.sizeIncrementE9, true);
  view.setUint16(offset + 32, message.flagsInstrument, true);
  bytes[offset + 34] = message.class;
  bytes[offset + 35] = message.source;
  putText(bytes, offset + 36, 40, message.symbol, "symbol");
  putText(bytes, offset + 76, 64, message.name, "name");
  putText(bytes, offset + 140, 24, message.venue, "venue");
  putText(bytes, offset + 164, 40, message.venueSymbol, "venue_symbol");
  bytes.fill(0, offset + 204, offset + 256);
}

export function decodeInstrumentDefinition({ view, bytes }: Block, offset: number): InstrumentDefinition {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    priceIncrementE9: view.getBigInt64(offset + 16, true),
    sizeIncrementE9: view.getBigInt64(offset + 24, true),
    flagsInstrument: view.getUint16(offset + 32, true),
    class: view.getUint8(offset + 34),
    source: view.getUint8(offset + 35),
    symbol: getText(bytes, offset + 36, 40),
    name: getText(bytes, offset + 76, 64),
    venue: getText(bytes, offset + 140, 24),
    venueSymbol: getText(bytes, offset + 164, 40),
  };
}

export const STATISTICS_TEMPLATE = 10;
export const STATISTICS_BYTES = 96;

/** Reply: since 00:00 UTC of the day of the last trade; ts_event_nanos is that trade's. */
export interface Statistics {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** First price in 1e-9. */
  openE9: bigint;
  /** Highest price in 1e-9. */
  highE9: bigint;
  /** Lowest price in 1e-9. */
  lowE9: bigint;
  /** Last price in 1e-9. */
  lastE9: bigint;
  /** Sum of sizes in 1e-9. */
  volumeE9: bigint;
  /** Sum of price × size in 1e-18. */
  notionalE18: bigint;
  /** Number of trades. */
  tradeCount: bigint;
  /** When the session began, ns UTC. */
  sessionOpenedNanos: bigint;
}

export function encodeStatistics({ view, bytes }: Block, offset: number, message: Statistics): void {
  bytes[offset] = STATISTICS_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigInt64(offset + 16, message.openE9, true);
  view.setBigInt64(offset + 24, message.highE9, true);
  view.setBigInt64(offset + 32, message.lowE9, true);
  view.setBigInt64(offset + 40, message.lastE9, true);
  putI128(view, offset + 48, message.volumeE9);
  putI128(view, offset + 64, message.notionalE18);
  view.setBigUint64(offset + 80, message.tradeCount, true);
  view.setBigUint64(offset + 88, message.sessionOpenedNanos, true);
}

export function decodeStatistics({ view }: Block, offset: number): Statistics {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    openE9: view.getBigInt64(offset + 16, true),
    highE9: view.getBigInt64(offset + 24, true),
    lowE9: view.getBigInt64(offset + 32, true),
    lastE9: view.getBigInt64(offset + 40, true),
    volumeE9: getI128(view, offset + 48),
    notionalE18: getI128(view, offset + 64),
    tradeCount: view.getBigUint64(offset + 80, true),
    sessionOpenedNanos: view.getBigUint64(offset + 88, true),
  };
}

export const POSITIONED_TRADE_TEMPLATE = 11;
export const POSITIONED_TRADE_BYTES = 56;

/** Reply: an execution with the position by which everybody knows it again. */
export interface PositionedTrade {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** The engine's sequence of the input. */
  sequence: bigint;
  /** The id that the venue gave it, unique per instrument. */
  tradeId: bigint;
  /** Price in 1e-9. */
  priceE9: bigint;
  /** Size in 1e-9. */
  sizeE9: bigint;
  /** Side of the aggressor. */
  side: number;
}

export function encodePositionedTrade({ view, bytes }: Block, offset: number, message: PositionedTrade): void {
  bytes[offset] = POSITIONED_TRADE_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.sequence, true);
  view.setBigUint64(offset + 24, message.tradeId, true);
  view.setBigInt64(offset + 32, message.priceE9, true);
  view.setBigInt64(offset + 40, message.sizeE9, true);
  bytes[offset + 48] = message.side;
  bytes.fill(0, offset + 49, offset + 56);
}

export function decodePositionedTrade({ view }: Block, offset: number): PositionedTrade {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    sequence: view.getBigUint64(offset + 16, true),
    tradeId: view.getBigUint64(offset + 24, true),
    priceE9: view.getBigInt64(offset + 32, true),
    sizeE9: view.getBigInt64(offset + 40, true),
    side: view.getUint8(offset + 48),
  };
}

export const TRADE_MEMORY_TEMPLATE = 12;
export const TRADE_MEMORY_BYTES = 56;

/** Reply: where the memory of an instrument's trades begins. ts_event_nanos: no trade that is forgotten happened later; 0: none is forgotten. */
export interface TradeMemory {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** Epoch of the positions after epoch_after. */
  epoch: Uint8Array;
  /** The epoch began after this sequence: trades up to there were published in an earlier one. */
  epochAfter: bigint;
  /** Every trade after this sequence is in memory; 0: none is forgotten. */
  forgottenSequence: bigint;
}

export function encodeTradeMemory({ view, bytes }: Block, offset: number, message: TradeMemory): void {
  bytes[offset] = TRADE_MEMORY_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  putBytes(bytes, offset + 16, 16, message.epoch, "epoch");
  view.setBigUint64(offset + 32, message.epochAfter, true);
  view.setBigUint64(offset + 40, message.forgottenSequence, true);
  bytes.fill(0, offset + 48, offset + 56);
}

export function decodeTradeMemory({ view, bytes }: Block, offset: number): TradeMemory {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    epoch: bytes.slice(offset + 16, offset + 32),
    epochAfter: view.getBigUint64(offset + 32, true),
    forgottenSequence: view.getBigUint64(offset + 40, true),
  };
}

export const POSITIONED_QUOTE_TEMPLATE = 13;
export const POSITIONED_QUOTE_BYTES = 56;

/** To subscribers: best bid and offer. */
export interface PositionedQuote {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** The engine's sequence of the input that brought it. */
  sequence: bigint;
  /** Best bid in 1e-9. */
  bidPriceE9: bigint;
  /** Size at the best bid in 1e-9. */
  bidSizeE9: bigint;
  /** Best offer in 1e-9. */
  askPriceE9: bigint;
  /** Size at the best offer in 1e-9. */
  askSizeE9: bigint;
}

export function encodePositionedQuote({ view, bytes }: Block, offset: number, message: PositionedQuote): void {
  bytes[offset] = POSITIONED_QUOTE_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.sequence, true);
  view.setBigInt64(offset + 24, message.bidPriceE9, true);
  view.setBigInt64(offset + 32, message.bidSizeE9, true);
  view.setBigInt64(offset + 40, message.askPriceE9, true);
  view.setBigInt64(offset + 48, message.askSizeE9, true);
}

export function decodePositionedQuote({ view }: Block, offset: number): PositionedQuote {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    sequence: view.getBigUint64(offset + 16, true),
    bidPriceE9: view.getBigInt64(offset + 24, true),
    bidSizeE9: view.getBigInt64(offset + 32, true),
    askPriceE9: view.getBigInt64(offset + 40, true),
    askSizeE9: view.getBigInt64(offset + 48, true),
  };
}

export const BOOK_TOP_TEMPLATE = 14;
export const BOOK_TOP_BYTES = 56;

/** To subscribers: best levels of the order book as of the end of a venue message, sent when they or FLAG_MAYBE_BAD_BOOK have changed. */
export interface BookTop {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** The engine's sequence of the input that changed it. */
  sequence: bigint;
  /** Best bid in 1e-9; PRICE_UNDEFINED when there is none. */
  bidPriceE9: bigint;
  /** Size of that level in 1e-9; 0 when there is none. */
  bidSizeE9: bigint;
  /** Best offer in 1e-9; PRICE_UNDEFINED when there is none. */
  askPriceE9: bigint;
  /** Size of that level in 1e-9; 0 when there is none. */
  askSizeE9: bigint;
}

export function encodeBookTop({ view, bytes }: Block, offset: number, message: BookTop): void {
  bytes[offset] = BOOK_TOP_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigUint64(offset + 16, message.sequence, true);
  view.setBigInt64(offset + 24, message.bidPriceE9, true);
  view.setBigInt64(offset + 32, message.bidSizeE9, true);
  view.setBigInt64(offset + 40, message.askPriceE9, true);
  view.setBigInt64(offset + 48, message.askSizeE9, true);
}

export function decodeBookTop({ view }: Block, offset: number): BookTop {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    sequence: view.getBigUint64(offset + 16, true),
    bidPriceE9: view.getBigInt64(offset + 24, true),
    bidSizeE9: view.getBigInt64(offset + 32, true),
    askPriceE9: view.getBigInt64(offset + 40, true),
    askSizeE9: view.getBigInt64(offset + 48, true),
  };
}

export const POSITIONED_BAR_TEMPLATE = 15;
export const POSITIONED_BAR_BYTES = 112;

/** To subscribers: OHLCV over one interval with the position by which everybody knows it again; ts_event_nanos is when it opened. */
export interface PositionedBar {
  /** Sum of FLAG_… */
  flags: number;
  /** Source within the feed, a venue's channel for instance; 0 when there is one only. */
  publisherId: number;
  /** In a session the session's number of the instrument, in replies the engine's. */
  instrumentId: number;
  /** When it happened at the venue, ns UTC. */
  tsEventNanos: bigint;
  /** First price in 1e-9. */
  openE9: bigint;
  /** Highest price in 1e-9. */
  highE9: bigint;
  /** Lowest price in 1e-9. */
  lowE9: bigint;
  /** Last price in 1e-9. */
  closeE9: bigint;
  /** Sum of sizes in 1e-9. */
  volumeE9: bigint;
  /** Sum of price × size in 1e-18. VWAP = notional / volume, rounded down to 1e-9. */
  notionalE18: bigint;
  /** Number of trades. */
  tradeCount: bigint;
  /** 0 for the first final bar; each late trade adds one. */
  revision: number;
  /** Its length. */
  interval: number;
  /** 1 when the interval is over. */
  final: number;
  /** 1 when nothing but bars of the past is in it. */
  backfill: number;
  /** The engine's sequence of the input that changed it. */
  sequence: bigint;
  /** Its place among what came of that input; 0 for KIND_CURRENT_BARS. */
  ordinal: number;
}

export function encodePositionedBar({ view, bytes }: Block, offset: number, message: PositionedBar): void {
  bytes[offset] = POSITIONED_BAR_TEMPLATE;
  bytes[offset + 1] = message.flags;
  view.setUint16(offset + 2, message.publisherId, true);
  view.setUint32(offset + 4, message.instrumentId, true);
  view.setBigUint64(offset + 8, message.tsEventNanos, true);
  view.setBigInt64(offset + 16, message.openE9, true);
  view.setBigInt64(offset + 24, message.highE9, true);
  view.setBigInt64(offset + 32, message.lowE9, true);
  view.setBigInt64(offset + 40, message.closeE9, true);
  putI128(view, offset + 48, message.volumeE9);
  putI128(view, offset + 64, message.notionalE18);
  view.setBigUint64(offset + 80, message.tradeCount, true);
  view.setUint32(offset + 88, message.revision, true);
  bytes[offset + 92] = message.interval;
  bytes[offset + 93] = message.final;
  bytes[offset + 94] = message.backfill;
  bytes.fill(0, offset + 95, offset + 96);
  view.setBigUint64(offset + 96, message.sequence, true);
  view.setUint32(offset + 104, message.ordinal, true);
  bytes.fill(0, offset + 108, offset + 112);
}

export function decodePositionedBar({ view }: Block, offset: number): PositionedBar {
  return {
    flags: view.getUint8(offset + 1),
    publisherId: view.getUint16(offset + 2, true),
    instrumentId: view.getUint32(offset + 4, true),
    tsEventNanos: view.getBigUint64(offset + 8, true),
    openE9: view.getBigInt64(offset + 16, true),
    highE9: view.getBigInt64(offset + 24, true),
    lowE9: view.getBigInt64(offset + 32, true),
    closeE9: view.getBigInt64(offset + 40, true),
    volumeE9: getI128(view, offset + 48),
    notionalE18: getI128(view, offset + 64),
    tradeCount: view.getBigUint64(offset + 80, true),
    revision: view.getUint32(offset + 88, true),
    interval: view.getUint8(offset + 92),
    final: view.getUint8(offset + 93),
    backfill: view.getUint8(offset + 94),
    sequence: view.getBigUint64(offset + 96, true),
    ordinal: view.getUint32(offset + 104, true),
  };
}

export const HELLO_TEMPLATE = 32;
export const HELLO_BYTES = 168;

/** First frame of a connection. An empty session name: queries only. A session that is connected elsewhere moves here. */
export interface Hello {
  /** Names the sequence of records, across connections and restarts of the feed. */
  session: string;
  /** The feed that sends it, as feed statuses show it. */
  feed: string;
  /** What the feed carries. */
  source: number;
  /** Highest protocol version that the sender speaks. */
  versionMax: number;
  /** Sum of ACK_LEVEL_… that the sender wants to hear of. */
  ackLevels: number;
}

export function encodeHello({ bytes }: Block, offset: number, message: Hello): void {
  putText(bytes, offset, 128, message.session, "session");
  putText(bytes, offset + 128, 32, message.feed, "feed");
  bytes[offset + 160] = message.source;
  bytes[offset + 161] = message.versionMax;
  bytes[offset + 162] = message.ackLevels;
  bytes.fill(0, offset + 163, offset + 168);
}

export function decodeHello({ view, bytes }: Block, offset: number): Hello {
  return {
    session: getText(bytes, offset, 128),
    feed: getText(bytes, offset + 128, 32),
    source: view.getUint8(offset + 160),
    versionMax: view.getUint8(offset + 161),
    ackLevels: view.getUint8(offset + 162),
  };
}

export const HELLO_ACK_TEMPLATE = 33;
export const HELLO_ACK_BYTES = 40;

/** Answer to Hello. */
export interface HelloAck {
  /** UUID of the engine's journal. */
  epoch: Uint8Array;
  /** First session sequence that is not durable; 1 for a new session. */
  nextSequence: bigint;
  /** Silence after which a side sends a Heartbeat. */
  heartbeatMs: number;
  /** Silence after which a side takes the other for dead. */
  deadMs: number;
  /** Version spoken from here on. */
  version: number;
  /** Which of the engines this is, counted from 0. */
  shardIndex: number;
  /** How many engines share the instruments; 0 from one that does not say, which has all of them. */
  shardCount: number;
}

export function encodeHelloAck({ view, bytes }: Block, offset: number, message: HelloAck): void {
  putBytes(bytes, offset, 16, message.epoch, "epoch");
  view.setBigUint64(offset + 16, message.nextSequence, true);
  view.setUint32(offset + 24, message.heartbeatMs, true);
  view.setUint32(offset + 28, message.deadMs, true);
  bytes[offset + 32] = message.version;
  bytes[offset + 33] = message.shardIndex;
  bytes[offset + 34] = message.shardCount;
  bytes.fill(0, offset + 35, offset + 40);
}

export function decodeHelloAck({ view, bytes }: Block, offset: number): HelloAck {
  return {
    epoch: bytes.slice(offset, offset + 16),
    nextSequence: view.getBigUint64(offset + 16, true),
    heartbeatMs: view.getUint32(offset + 24, true),
    deadMs: view.getUint32(offset + 28, true),
    version: view.getUint8(offset + 32),
    shardIndex: view.getUint8(offset + 33),
    shardCount: view.getUint8(offset + 34),
  };
}

export const ACK_TEMPLATE = 34;
export const ACK_BYTES = 16;

/** How far the engine is with the session. */
export interface Ack {
  /** All session sequences up to this one have reached the level. */
  sequence: bigint;
  /** ACK_LEVEL_… */
  level: number;
}

export function encodeAck({ view, bytes }: Block, offset: number, message: Ack): void {
  view.setBigUint64(offset, message.sequence, true);
  bytes[offset + 8] = message.level;
  bytes.fill(0, offset + 9, offset + 16);
}

export function decodeAck({ view }: Block, offset: number): Ack {
  return {
    sequence: view.getBigUint64(offset, true),
    level: view.getUint8(offset + 8),
  };
}

export const REJECT_TEMPLATE = 35;
export const REJECT_BYTES = 16;

/** A record was not taken. Its neighbours are unaffected. */
export interface Reject {
  /** Its session sequence. */
  sequence: bigint;
  /** The session's number of the instrument. */
  instrumentId: number;
  /** Why. */
  reason: number;
}

export function encodeReject({ view, bytes }: Block, offset: number, message: Reject): void {
  view.setBigUint64(offset, message.sequence, true);
  view.setUint32(offset + 8, message.instrumentId, true);
  view.setUint16(offset + 12, message.reason, true);
  bytes.fill(0, offset + 14, offset + 16);
}

export function decodeReject({ view }: Block, offset: number): Reject {
  return {
    sequence: view.getBigUint64(offset, true),
    instrumentId: view.getUint32(offset + 8, true),
    reason: view.getUint16(offset + 12, true),
  };
}

export const HEARTBEAT_TEMPLATE = 36;
export const HEARTBEAT_BYTES = 8;

/** I am here. */
export interface Heartbeat {

}

export function encodeHeartbeat({ bytes }: Block, offset: number, _message: Heartbeat): void {
  bytes.fill(0, offset, offset + 8);
}

export function decodeHeartbeat({ view }: Block, offset: number): Heartbeat {
  return {

  };
}

export const GOODBYE_TEMPLATE = 37;
export const GOODBYE_BYTES = 8;

/** The sender ends the connection in an orderly way. */
export interface Goodbye {

}

export function encodeGoodbye({ bytes }: Block, offset: number, _message: Goodbye): void {
  bytes.fill(0, offset, offset + 8);
}

export function decodeGoodbye({ view }: Block, offset: number): Goodbye {
  return {

  };
}

export const ERROR_REPLY_TEMPLATE = 38;
export const ERROR_REPLY_BYTES = 128;

/** A query, a frame or the session failed. */
export interface ErrorReply {
  /** Why. */
  code: number;
  /** For people who operate it. */
  text: string;
}

export function encodeErrorReply({ view, bytes }: Block, offset: number, message: ErrorReply): void {
  view.setUint16(offset, message.code, true);
  putText(bytes, offset + 2, 126, message.text, "text");
}

export function decodeErrorReply({ view, bytes }: Block, offset: number): ErrorReply {
  return {
    code: view.getUint16(offset, true),
    text: getText(bytes, offset + 2, 126),
  };
}

export const CREDIT_TEMPLATE = 39;
export const CREDIT_BYTES = 8;

/** From a subscriber: how much it has worked through. The engine sends only what fits into the window. */
export interface Credit {
  /** Bytes of all DATA frames since the SubscribeAck that it holds no more, headers included. */
  takenBytes: bigint;
}

export function encodeCredit({ view }: Block, offset: number, message: Credit): void {
  view.setBigUint64(offset, message.takenBytes, true);
}

export function decodeCredit({ view }: Block, offset: number): Credit {
  return {
    takenBytes: view.getBigUint64(offset, true),
  };
}

export const SUBSCRIBER_STATUS_TEMPLATE = 40;
export const SUBSCRIBER_STATUS_BYTES = 24;

/** To a subscriber: it is up to date, or has fallen behind. */
export interface SubscriberStatus {
  /** Everything up to here has been sent. */
  sequence: bigint;
  /** Last input on disk. */
  durableSequence: bigint;
  /** How it is served from here on. */
  state: number;
}

export function encodeSubscriberStatus({ view, bytes }: Block, offset: number, message: SubscriberStatus): void {
  view.setBigUint64(offset, message.sequence, true);
  view.setBigUint64(offset + 8, message.durableSequence, true);
  bytes[offset + 16] = message.state;
  bytes.fill(0, offset + 17, offset + 24);
}

export function decodeSubscriberStatus({ view }: Block, offset: number): SubscriberStatus {
  return {
    sequence: view.getBigUint64(offset, true),
    durableSequence: view.getBigUint64(offset + 8, true),
    state: view.getUint8(offset + 16),
  };
}

export const SUBSCRIBER_GAP_TEMPLATE = 41;
export const SUBSCRIBER_GAP_BYTES = 16;

/** To a subscriber: nothing of what came of these inputs can be sent, because the journal was trimmed beyond them. What comes next follows them. */
export interface SubscriberGap {
  /** First input that is missing. */
  fromSequence: bigint;
  /** Last input that is missing. */
  toSequence: bigint;
}

export function encodeSubscriberGap({ view }: Block, offset: number, message: SubscriberGap): void {
  view.setBigUint64(offset, message.fromSequence, true);
  view.setBigUint64(offset + 8, message.toSequence, true);
}

export function decodeSubscriberGap({ view }: Block, offset: number): SubscriberGap {
  return {
    fromSequence: view.getBigUint64(offset, true),
    toSequence: view.getBigUint64(offset + 8, true),
  };
}

export const QUERY_INSTRUMENTS_TEMPLATE = 64;
export const QUERY_INSTRUMENTS_BYTES = 8;

/** All instruments, in the order in which they were defined. Reply: InstrumentDefinition. */
export interface QueryInstruments {
  /** First number wanted; 0 for all. */
  fromInstrumentId: number;
  /** At most so many; 0 for all. */
  limit: number;
}

export function encodeQueryInstruments({ view }: Block, offset: number, message: QueryInstruments): void {
  view.setUint32(offset, message.fromInstrumentId, true);
  view.setUint32(offset + 4, message.limit, true);
}

export function decodeQueryInstruments({ view }: Block, offset: number): QueryInstruments {
  return {
    fromInstrumentId: view.getUint32(offset, true),
    limit: view.getUint32(offset + 4, true),
  };
}

export const QUERY_QUOTES_TEMPLATE = 65;
export const QUERY_QUOTES_BYTES = 40;

/** Quotes of many symbols. Reply: a Quote for each, in their order; INSTRUMENT_UNDEFINED where there is none. */
export interface QueryQuotes {
  /** Symbol on the platform. */
  symbol: string;
}

export function encodeQueryQuotes({ bytes }: Block, offset: number, message: QueryQuotes): void {
  putText(bytes, offset, 40, message.symbol, "symbol");
}

export function decodeQueryQuotes({ view, bytes }: Block, offset: number): QueryQuotes {
  return {
    symbol: getText(bytes, offset, 40),
  };
}

export const QUERY_LAST_TRADES_TEMPLATE = 66;
export const QUERY_LAST_TRADES_BYTES = 40;

/** Last trades of many symbols. Reply: a Trade for each, in their order; INSTRUMENT_UNDEFINED where there is none. */
export interface QueryLastTrades {
  /** Symbol on the platform. */
  symbol: string;
}

export function encodeQueryLastTrades({ bytes }: Block, offset: number, message: QueryLastTrades): void {
  putText(bytes, offset, 40, message.symbol, "symbol");
}

export function decodeQueryLastTrades({ view, bytes }: Block, offset: number): QueryLastTrades {
  return {
    symbol: getText(bytes, offset, 40),
  };
}

export const QUERY_STATISTICS_TEMPLATE = 67;
export const QUERY_STATISTICS_BYTES = 40;

/** Session statistics of many symbols. Reply: a Statistics for each, in their order; INSTRUMENT_UNDEFINED where there is none. */
export interface QueryStatistics {
  /** Symbol on the platform. */
  symbol: string;
}

export function encodeQueryStatistics({ bytes }: Block, offset: number, message: QueryStatistics): void {
  putText(bytes, offset, 40, message.symbol, "symbol");
}

export function decodeQueryStatistics({ view, bytes }: Block, offset: number): QueryStatistics {
  return {
    symbol: getText(bytes, offset, 40),
  };
}

export const QUERY_BARS_TEMPLATE = 68;
export const QUERY_BARS_BYTES = 64;

/** Bars of one symbol and interval, newest last. Reply: Bar. */
export interface QueryBars {
  /** Opened at or after; 0: no lower end. */
  fromNanos: bigint;
  /** Opened before; TIME_UNDEFINED: no upper end. */
  toNanos: bigint;
  /** At most so many, counted from the newest; 0: all in range. */
  last: number;
  /** Which bars. */
  interval: number;
  /** Symbol on the platform. */
  symbol: string;
}

export function encodeQueryBars({ view, bytes }: Block, offset: number, message: QueryBars): void {
  view.setBigUint64(offset, message.fromNanos, true);
  view.setBigUint64(offset + 8, message.toNanos, true);
  view.setUint32(offset + 16, message.last, true);
  bytes[offset + 20] = message.interval;
  bytes.fill(0, offset + 21, offset + 24);
  putText(bytes, offset + 24, 40, message.symbol, "symbol");
}

export function decodeQueryBars({ view, bytes }: Block, offset: number): QueryBars {
  return {
    fromNanos: view.getBigUint64(offset, true),
    toNanos: view.getBigUint64(offset + 8, true),
    last: view.getUint32(offset + 16, true),
    interval: view.getUint8(offset + 20),
    symbol: getText(bytes, offset + 24, 40),
  };
}

export const QUERY_TRADES_TEMPLATE = 69;
export const QUERY_TRADES_BYTES = 56;

/** The last trades of one symbol, newest last. Reply: Trade. */
export interface QueryTrades {
  /** Those before the trade with this id; 0: the newest. */
  beforeTradeId: bigint;
  /** At most so many; 0: all in memory. */
  last: number;
  /** Symbol on the platform. */
  symbol: string;
}

export function encodeQueryTrades({ view, bytes }: Block, offset: number, message: QueryTrades): void {
  view.setBigUint64(offset, message.beforeTradeId, true);
  view.setUint32(offset + 8, message.last, true);
  bytes.fill(0, offset + 12, offset + 16);
  putText(bytes, offset + 16, 40, message.symbol, "symbol");
}

export function decodeQueryTrades({ view, bytes }: Block, offset: number): QueryTrades {
  return {
    beforeTradeId: view.getBigUint64(offset, true),
    last: view.getUint32(offset + 8, true),
    symbol: getText(bytes, offset + 16, 40),
  };
}

export const QUERY_BOOK_TEMPLATE = 70;
export const QUERY_BOOK_BYTES = 48;

/** The order book as of the end of a venue message, never within one. Reply: a BookSnapshot, then a BookDelta for each level; nothing when there is no book. */
export interface QueryBook {
  /** Levels of each side; 0: all in memory. */
  depth: number;
  /** Symbol on the platform. */
  symbol: string;
}

export function encodeQueryBook({ view, bytes }: Block, offset: number, message: QueryBook): void {
  view.setUint32(offset, message.depth, true);
  bytes.fill(0, offset + 4, offset + 8);
  putText(bytes, offset + 8, 40, message.symbol, "symbol");
}

export function decodeQueryBook({ view, bytes }: Block, offset: number): QueryBook {
  return {
    depth: view.getUint32(offset, true),
    symbol: getText(bytes, offset + 8, 40),
  };
}

export const QUERY_FEEDS_TEMPLATE = 71;
export const QUERY_FEEDS_BYTES = 8;

/** What flows in. Reply: FeedStatus for each feed. */
export interface QueryFeeds {

}

export function encodeQueryFeeds({ bytes }: Block, offset: number, _message: QueryFeeds): void {
  bytes.fill(0, offset, offset + 8);
}

export function decodeQueryFeeds({ view }: Block, offset: number): QueryFeeds {
  return {

  };
}

export const QUERY_STATUS_TEMPLATE = 72;
export const QUERY_STATUS_BYTES = 8;

/** How far the engine is. Reply: EngineStatus. */
export interface QueryStatus {
  /** 1: compute the hash of the whole state, which takes a while. */
  withStateHash: number;
}

export function encodeQueryStatus({ bytes }: Block, offset: number, message: QueryStatus): void {
  bytes[offset] = message.withStateHash;
  bytes.fill(0, offset + 1, offset + 8);
}

export function decodeQueryStatus({ view }: Block, offset: number): QueryStatus {
  return {
    withStateHash: view.getUint8(offset),
  };
}

export const QUERY_TRADE_RANGE_TEMPLATE = 73;
export const QUERY_TRADE_RANGE_BYTES = 88;

/** Trades of one symbol between two places, both included, in the order of (time, sequence). Reply: a TradeMemory, then a PositionedTrade for each. */
export interface QueryTradeRange {
  /** Time of the first place. */
  fromNanos: bigint;
  /** Sequence of the first place. */
  fromSequence: bigint;
  /** Time of the last place. */
  toNanos: bigint;
  /** Sequence of the last place. */
  toSequence: bigint;
  /** Only the trade with this id, the last that came should there be several; 0: all. */
  tradeId: bigint;
  /** At most so many; 0: all in memory. */
  limit: number;
  /** 1: the last ones of the range; 0: the first ones. */
  newest: number;
  /** Symbol on the platform. */
  symbol: string;
}

export function encodeQueryTradeRange({ view, bytes }: Block, offset: number, message: QueryTradeRange): void {
  view.setBigUint64(offset, message.fromNanos, true);
  view.setBigUint64(offset + 8, message.fromSequence, true);
  view.setBigUint64(offset + 16, message.toNanos, true);
  view.setBigUint64(offset + 24, message.toSequence, true);
  view.setBigUint64(offset + 32, message.tradeId, true);
  view.setUint32(offset + 40, message.limit, true);
  bytes[offset + 44] = message.newest;
  bytes.fill(0, offset + 45, offset + 48);
  putText(bytes, offset + 48, 40, message.symbol, "symbol");
}

export function decodeQueryTradeRange({ view, bytes }: Block, offset: number): QueryTradeRange {
  return {
    fromNanos: view.getBigUint64(offset, true),
    fromSequence: view.getBigUint64(offset + 8, true),
    toNanos: view.getBigUint64(offset + 16, true),
    toSequence: view.getBigUint64(offset + 24, true),
    tradeId: view.getBigUint64(offset + 32, true),
    limit: view.getUint32(offset + 40, true),
    newest: view.getUint8(offset + 44),
    symbol: getText(bytes, offset + 48, 40),
  };
}

export const SUBSCRIBE_TEMPLATE = 74;
export const SUBSCRIBE_BYTES = 80;

/** A block for each symbol, or one with an empty symbol for all there are and will be. Kinds are those of the block's symbol; everything else is read from the first block. Reply: SubscribeAck. */
export interface Subscribe {
  /** With resume: where to go on, first_seq of the last DATA frame. Otherwise 0. */
  afterSequence: bigint;
  /** Bytes of DATA frames that may be sent beyond what Credit frees; 0: as many as the socket takes. */
  windowBytes: number;
  /** Sum of KIND_… */
  kinds: number;
  /** When it does not keep up. */
  policy: number;
  /** 1: all that came of inputs after after_sequence. 0: what comes of inputs from now on. */
  resume: number;
  /** 1: also all state as it stands when the subscriber is up to date. CONFLATE: always. */
  state: number;
  /** With resume: the epoch of after_sequence, as the SubscribeAck named it. Otherwise 0. */
  epoch: Uint8Array;
  /** Symbol on the platform; empty: all. One that is not known yet is waited for. */
  symbol: string;
}

export function encodeSubscribe({ view, bytes }: Block, offset: number, message: Subscribe): void {
  view.setBigUint64(offset, message.afterSequence, true);
  view.setUint32(offset + 8, message.windowBytes, true);
  bytes[offset + 12] = message.kinds;
  bytes[offset + 13] = message.policy;
  bytes[offset + 14] = message.resume;
  bytes[offset + 15] = message.state;
  putBytes(bytes, offset + 16, 16, message.epoch, "epoch");
  bytes.fill(0, offset + 32, offset + 40);
  putText(bytes, offset + 40, 40, message.symbol, "symbol");
}

export function decodeSubscribe({ view, bytes }: Block, offset: number): Subscribe {
  return {
    afterSequence: view.getBigUint64(offset, true),
    windowBytes: view.getUint32(offset + 8, true),
    kinds: view.getUint8(offset + 12),
    policy: view.getUint8(offset + 13),
    resume: view.getUint8(offset + 14),
    state: view.getUint8(offset + 15),
    epoch: bytes.slice(offset + 16, offset + 32),
    symbol: getText(bytes, offset + 40, 40),
  };
}

export const FEED_STATUS_TEMPLATE = 96;
export const FEED_STATUS_BYTES = 208;

/** A feed, its newest session. */
export interface FeedStatus {
  /** Time of its newest event, ns UTC; 0: none yet. */
  lastEventNanos: bigint;
  /** Records of the last seconds, per second, in 1e-3. */
  eventsPerSecondE3: bigint;
  /** How often the venue's own numbers showed that something was missed. */
  gaps: bigint;
  /** Records taken. */
  accepted: bigint;
  /** Records not taken. */
  rejected: bigint;
  /** What it carries. */
  source: number;
  /** 1 while its session is connected. */
  connected: number;
  /** Its name. */
  feed: string;
  /** The newest session's name. */
  session: string;
}

export function encodeFeedStatus({ view, bytes }: Block, offset: number, message: FeedStatus): void {
  view.setBigUint64(offset, message.lastEventNanos, true);
  view.setBigUint64(offset + 8, message.eventsPerSecondE3, true);
  view.setBigUint64(offset + 16, message.gaps, true);
  view.setBigUint64(offset + 24, message.accepted, true);
  view.setBigUint64(offset + 32, message.rejected, true);
  bytes[offset + 40] = message.source;
  bytes[offset + 41] = message.connected;
  bytes.fill(0, offset + 42, offset + 48);
  putText(bytes, offset + 48, 32, message.feed, "feed");
  putText(bytes, offset + 80, 128, message.session, "session");
}

export function decodeFeedStatus({ view, bytes }: Block, offset: number): FeedStatus {
  return {
    lastEventNanos: view.getBigUint64(offset, true),
    eventsPerSecondE3: view.getBigUint64(offset + 8, true),
    gaps: view.getBigUint64(offset + 16, true),
    accepted: view.getBigUint64(offset + 24, true),
    rejected: view.getBigUint64(offset + 32, true),
    source: view.getUint8(offset + 40),
    connected: view.getUint8(offset + 41),
    feed: getText(bytes, offset + 48, 32),
    session: getText(bytes, offset + 80, 128),
  };
}

export const ENGINE_STATUS_TEMPLATE = 97;
export const ENGINE_STATUS_BYTES = 56;

/** How far the engine is. */
export interface EngineStatus {
  /** UUID of the journal. */
  epoch: Uint8Array;
  /** Last input that queries see. */
  appliedSequence: bigint;
  /** Last input on disk. */
  durableSequence: bigint;
  /** Everything that came of inputs up to here has been taken by Kafka. */
  publishedSequence: bigint;
  /** Hash of the whole state; 0 when not asked for. */
  stateHash: bigint;
  /** Instruments defined. */
  instrumentCount: number;
  /** Sessions known. */
  sessionCount: number;
}

export function encodeEngineStatus({ view, bytes }: Block, offset: number, message: EngineStatus): void {
  putBytes(bytes, offset, 16, message.epoch, "epoch");
  view.setBigUint64(offset + 16, message.appliedSequence, true);
  view.setBigUint64(offset + 24, message.durableSequence, true);
  view.setBigUint64(offset + 32, message.publishedSequence, true);
  view.setBigUint64(offset + 40, message.stateHash, true);
  view.setUint32(offset + 48, message.instrumentCount, true);
  view.setUint32(offset + 52, message.sessionCount, true);
}

export function decodeEngineStatus({ view, bytes }: Block, offset: number): EngineStatus {
  return {
    epoch: bytes.slice(offset, offset + 16),
    appliedSequence: view.getBigUint64(offset + 16, true),
    durableSequence: view.getBigUint64(offset + 24, true),
    publishedSequence: view.getBigUint64(offset + 32, true),
    stateHash: view.getBigUint64(offset + 40, true),
    instrumentCount: view.getUint32(offset + 48, true),
    sessionCount: view.getUint32(offset + 52, true),
  };
}

export const SUBSCRIBE_ACK_TEMPLATE = 98;
export const SUBSCRIBE_ACK_BYTES = 24;

/** A subscriber is taken. */
export interface SubscribeAck {
  /** Epoch of the journal. */
  epoch: Uint8Array;
  /** Events of inputs after this one follow. */
  sequence: bigint;
}

export function encodeSubscribeAck({ view, bytes }: Block, offset: number, message: SubscribeAck): void {
  putBytes(bytes, offset, 16, message.epoch, "epoch");
  view.setBigUint64(offset + 16, message.sequence, true);
}

export function decodeSubscribeAck({ view, bytes }: Block, offset: number): SubscribeAck {
  return {
    epoch: bytes.slice(offset, offset + 16),
    sequence: view.getBigUint64(offset + 16, true),
  };
}

type Encode = (block: Block, offset: number, message: never) => void;

/** All messages by their template id. */
export const MESSAGES: Readonly<Record<number, { name: string; role: string; blockLen: number; encode: Encode; decode: (block: Block, offset: number) => object }>> = {
  1: { name: "Trade", role: "record", blockLen: TRADE_BYTES, encode: encodeTrade as Encode, decode: decodeTrade },
  2: { name: "Quote", role: "record", blockLen: QUOTE_BYTES, encode: encodeQuote as Encode, decode: decodeQuote },
  3: { name: "BookDelta", role: "record", blockLen: BOOK_DELTA_BYTES, encode: encodeBookDelta as Encode, decode: decodeBookDelta },
  4: { name: "BookSnapshot", role: "record", blockLen: BOOK_SNAPSHOT_BYTES, encode: encodeBookSnapshot as Encode, decode: decodeBookSnapshot },
  5: { name: "Clock", role: "record", blockLen: CLOCK_BYTES, encode: encodeClock as Encode, decode: decodeClock },
  6: { name: "Gap", role: "record", blockLen: GAP_BYTES, encode: encodeGap as Encode, decode: decodeGap },
  7: { name: "Event", role: "record", blockLen: EVENT_BYTES, encode: encodeEvent as Encode, decode: decodeEvent },
  8: { name: "Bar", role: "record", blockLen: BAR_BYTES, encode: encodeBar as Encode, decode: decodeBar },
  9: { name: "InstrumentDefinition", role: "record", blockLen: INSTRUMENT_DEFINITION_BYTES, encode: encodeInstrumentDefinition as Encode, decode: decodeInstrumentDefinition },
  10: { name: "Statistics", role: "record", blockLen: STATISTICS_BYTES, encode: encodeStatistics as Encode, decode: decodeStatistics },
  11: { name: "PositionedTrade", role: "record", blockLen: POSITIONED_TRADE_BYTES, encode: encodePositionedTrade as Encode, decode: decodePositionedTrade },
  12: { name: "TradeMemory", role: "record", blockLen: TRADE_MEMORY_BYTES, encode: encodeTradeMemory as Encode, decode: decodeTradeMemory },
  13: { name: "PositionedQuote", role: "record", blockLen: POSITIONED_QUOTE_BYTES, encode: encodePositionedQuote as Encode, decode: decodePositionedQuote },
  14: { name: "BookTop", role: "record", blockLen: BOOK_TOP_BYTES, encode: encodeBookTop as Encode, decode: decodeBookTop },
  15: { name: "PositionedBar", role: "record", blockLen: POSITIONED_BAR_BYTES, encode: encodePositionedBar as Encode, decode: decodePositionedBar },
  32: { name: "Hello", role: "control", blockLen: HELLO_BYTES, encode: encodeHello as Encode, decode: decodeHello },
  33: { name: "HelloAck", role: "control", blockLen: HELLO_ACK_BYTES, encode: encodeHelloAck as Encode, decode: decodeHelloAck },
  34: { name: "Ack", role: "control", blockLen: ACK_BYTES, encode: encodeAck as Encode, decode: decodeAck },
  35: { name: "Reject", role: "control", blockLen: REJECT_BYTES, encode: encodeReject as Encode, decode: decodeReject },
  36: { name: "Heartbeat", role: "control", blockLen: HEARTBEAT_BYTES, encode: encodeHeartbeat as Encode, decode: decodeHeartbeat },
  37: { name: "Goodbye", role: "control", blockLen: GOODBYE_BYTES, encode: encodeGoodbye as Encode, decode: decodeGoodbye },
  38: { name: "ErrorReply", role: "error", blockLen: ERROR_REPLY_BYTES, encode: encodeErrorReply as Encode, decode: decodeErrorReply },
  39: { name: "Credit", role: "control", blockLen: CREDIT_BYTES, encode: encodeCredit as Encode, decode: decodeCredit },
  40: { name: "SubscriberStatus", role: "control", blockLen: SUBSCRIBER_STATUS_BYTES, encode: encodeSubscriberStatus as Encode, decode: decodeSubscriberStatus },
  41: { name: "SubscriberGap", role: "control", blockLen: SUBSCRIBER_GAP_BYTES, encode: encodeSubscriberGap as Encode, decode: decodeSubscriberGap },
  64: { name: "QueryInstruments", role: "query", blockLen: QUERY_INSTRUMENTS_BYTES, encode: encodeQueryInstruments as Encode, decode: decodeQueryInstruments },
  65: { name: "QueryQuotes", role: "query", blockLen: QUERY_QUOTES_BYTES, encode: encodeQueryQuotes as Encode, decode: decodeQueryQuotes },
  66: { name: "QueryLastTrades", role: "query", blockLen: QUERY_LAST_TRADES_BYTES, encode: encodeQueryLastTrades as Encode, decode: decodeQueryLastTrades },
  67: { name: "QueryStatistics", role: "query", blockLen: QUERY_STATISTICS_BYTES, encode: encodeQueryStatistics as Encode, decode: decodeQueryStatistics },
  68: { name: "QueryBars", role: "query", blockLen: QUERY_BARS_BYTES, encode: encodeQueryBars as Encode, decode: decodeQueryBars },
  69: { name: "QueryTrades", role: "query", blockLen: QUERY_TRADES_BYTES, encode: encodeQueryTrades as Encode, decode: decodeQueryTrades },
  70: { name: "QueryBook", role: "query", blockLen: QUERY_BOOK_BYTES, encode: encodeQueryBook as Encode, decode: decodeQueryBook },
  71: { name: "QueryFeeds", role: "query", blockLen: QUERY_FEEDS_BYTES, encode: encodeQueryFeeds as Encode, decode: decodeQueryFeeds },
  72: { name: "QueryStatus", role: "query", blockLen: QUERY_STATUS_BYTES, encode: encodeQueryStatus as Encode, decode: decodeQueryStatus },
  73: { name: "QueryTradeRange", role: "query", blockLen: QUERY_TRADE_RANGE_BYTES, encode: encodeQueryTradeRange as Encode, decode: decodeQueryTradeRange },
  74: { name: "Subscribe", role: "query", blockLen: SUBSCRIBE_BYTES, encode: encodeSubscribe as Encode, decode: decodeSubscribe },
  96: { name: "FeedStatus", role: "reply", blockLen: FEED_STATUS_BYTES, encode: encodeFeedStatus as Encode, decode: decodeFeedStatus },
  97: { name: "EngineStatus", role: "reply", blockLen: ENGINE_STATUS_BYTES, encode: encodeEngineStatus as Encode, decode: decodeEngineStatus },
  98: { name: "SubscribeAck", role: "reply", blockLen: SUBSCRIBE_ACK_BYTES, encode: encodeSubscribeAck as Encode, decode: decodeSubscribeAck },
};
