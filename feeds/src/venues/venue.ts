import type { InstrumentInput } from "@mib/protocol/feed-session";
import type { Logger } from "@mib/service/log";
import type { MarketSink } from "../market-sink.ts";
import type { VenueRest } from "./venue-rest.ts";

/** What a message shows that a book or a connection can't be trusted any more: the connection begins anew. */
export class ResyncNeeded extends Error {}

/** Sends a text to the venue, in its turn: the connection keeps the venue's limit of messages per second. */
export type Say = (text: string) => void;

/** One WebSocket of a venue: what is said on it, and what its messages mean. */
export interface VenueLine {
  /** As logs, health and metrics show it. */
  readonly name: string;
  readonly url: string;
  /** Said once the connection is open: the subscriptions. */
  readonly greetings: readonly string[];
  readonly sendsPerSecondMax: number;
  /** The connection counts as dead when nothing came for so long. */
  readonly silenceMsMax: number;
  /** What counts as something: a message, or the answer to a ping too, where a line without trades may be silent. */
  readonly proofOfLife: "MESSAGE" | "PONG";
  /** The connection is given up after so long, before the venue does it. */
  readonly lifetimeMsMax: number;
  /** Throws a VenueMessageError for what can't be read and ResyncNeeded when the connection is to begin anew. */
  message(text: string, receivedNanos: bigint, say: Say): void;
  /** What was known of books is no longer known. */
  disconnected(atNanos: bigint): void;
}

export interface VenueCounts {
  /** What the venue sent twice. */
  repeats: number;
  /** Holes in the venue's numbers, and books whose checksum did not hold. */
  holes: number;
}

/** What a recording has to keep of an instrument for its messages to be read later. */
export interface VenueInstrument {
  definition: InstrumentInput;
  /** Decimal places of prices and sizes, where a venue's checksum needs them. */
  precision?: { price: number; size: number };
}

export interface OpenVenue {
  lines: readonly VenueLine[];
  instruments: readonly VenueInstrument[];
  /** Grow as messages are read. */
  counts(): VenueCounts;
}

export interface VenueContext {
  sink: MarketSink;
  rest: VenueRest;
  /** Platform symbols or the venue's own. */
  symbols: readonly string[];
  /** Symbols that the venue does not have. */
  onUnknown(symbols: readonly string[]): void;
  /** What came by REST and belongs into a recording. */
  onRaw?(text: string, receivedNanos: bigint): void;
  log: Logger;
  signal: AbortSignal;
}

/** An exchange. */
export interface Venue {
  readonly name: string;
  readonly symbolsByDefault: readonly string[];
  /** Asks the venue for its instruments and defines them; fails with INSTRUMENT_NOT_FOUND when it has none of the symbols. */
  open(context: VenueContext): Promise<OpenVenue>;
}
