// Tick 1/8: a feed's record enters its session here; it is numbered, framed and kept until the engine has it on disk.
import { setTimeout as delay } from "node:timers/promises";
import { Connection, errorOf } from "./connection.ts";
import { sealFrame, type Frame } from "./frame.ts";
import {
  ACK_BYTES,
  ACK_LEVEL_DURABLE,
  ACK_TEMPLATE,
  Action,
  BAR_BYTES,
  BOOK_DELTA_BYTES,
  BOOK_SNAPSHOT_BYTES,
  blockOf,
  CLOCK_BYTES,
  type DataSource,
  decodeAck,
  decodeReject,
  encodeBar,
  encodeBookDelta,
  encodeBookSnapshot,
  encodeClock,
  encodeEvent,
  encodeGap,
  encodeInstrumentDefinition,
  encodeQuote,
  encodeTrade,
  EVENT_BYTES,
  EventKind,
  FLAG_LAST,
  FLAG_SNAPSHOT,
  FRAME_HEADER_BYTES,
  FrameKind,
  GAP_BYTES,
  INSTRUMENT_DEFINITION_BYTES,
  INSTRUMENT_FLAG_TRADES_CONSECUTIVE,
  INSTRUMENT_UNDEFINED,
  PROTOCOL_VERSION,
  QUOTE_BYTES,
  REJECT_BYTES,
  REJECT_REASON_NAMES,
  REJECT_TEMPLATE,
  Side,
  TRADE_BYTES,
  type BarInterval,
  type Block,
  type InstrumentClass,
  type RejectReasonName,
} from "./messages.generated.ts";
import { RetainedFrames } from "./retained-frames.ts";
import type { Shard } from "./shard.ts";

export interface FeedSessionOptions {
  /** `unix:/path` or `tcp:host:port`. */
  address: string;
  /** What the engine there must be; without it, whichever it is. */
  shard?: Shard;
  /** Names the sequence of records; the same name goes on where the engine stands. At most 128 bytes. */
  session: string;
  /** Name of the feed as its status shows it, at most 32 bytes. */
  feed: string;
  source: DataSource;
  /** How much may wait for DURABLE before `room` holds the feed back. */
  retainedBytesMax?: number;
  onReject?(reject: Rejected): void;
  /** The session is cut off or told of a condition (DISK_FULL); it goes on by itself. */
  onTrouble?(error: Error): void;
  onConnected?(nextSequence: number): void;
}

export interface Rejected {
  sequence: number;
  instrumentId: number;
  reason: RejectReasonName | string;
}

export interface InstrumentInput {
  symbol: string;
  name: string;
  venue: string;
  venueSymbol: string;
  class: InstrumentClass;
  source: DataSource;
  priceIncrementE9?: bigint;
  sizeIncrementE9?: bigint;
  /** The venue numbers trades without holes: a jump in the ids is then counted as a gap. */
  tradesConsecutive?: boolean;
}

interface Stamped {
  /** What `defineInstrument` returned. */
  instrumentId: number;
  tsEventNanos: bigint;
  tsRecvNanos?: bigint;
  venueSequence?: bigint;
  publisherId?: number;
  flags?: number;
}

export interface TradeInput extends Stamped {
  tradeId: bigint;
  priceE9: bigint;
  sizeE9: bigint;
  side?: Side;
}

export interface QuoteInput extends Stamped {
  bidPriceE9: bigint;
  bidSizeE9: bigint;
  askPriceE9: bigint;
  askSizeE9: bigint;
}

export interface LevelInput {
  side: Side;
  priceE9: bigint;
  /** 0 removes the level. */
  sizeE9: bigint;
}

export interface BookUpdateInput extends Stamped {
  firstVenueSequence?: bigint;
  levels: readonly LevelInput[];
}

export interface BarInput {
  instrumentId: number;
  interval: BarInterval;
  openedAtNanos: bigint;
  openE9: bigint;
  highE9: bigint;
  lowE9: bigint;
  closeE9: bigint;
  volumeE9: bigint;
  /** Sum of price × size in 1e-18; by default volume × close. */
  notionalE18?: bigint;
  tradeCount: number;
}

const CHUNK_BYTES = 64 * 1_024;
const RETAINED_BYTES_MAX = 64 * 1_024 * 1_024;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

/**
 * A feed's side of a session: every record reaches the engine exactly once, across broken connections and restarts of
 * either side. Records are kept until they are DURABLE and sent again after a reconnect; a feed that begins anew under
 * the same session name writes the same records again, and those that are durable already are skipped.
 */
export class FeedSession {
  readonly #options: FeedSessionOptions;
  readonly #retainedBytesMax: number;
  readonly #retained = new RetainedFrames();
  #connection: Connection | null = null;
  #epoch: string | null = null;
  #started = false;
  #closing = false;
  /** The engine has ended the connection because of an instrument that is another's: at once again would be in vain. */
  #refused = false;
  #failure: Error | null = null;
  #nextSequence = 1;
  #skipBelow = 1;
  #durable = 0;
  #instruments = 0;
  #chunk: { block: Block; stride: number; used: number; firstSequence: number } | null = null;
  #scheduled = false;
  readonly #waiters = new Set<{ done(): boolean; resolve(): void; reject(error: Error): void }>();

  constructor(options: FeedSessionOptions) {
    this.#options = options;
    this.#retainedBytesMax = options.retainedBytesMax ?? RETAINED_BYTES_MAX;
  }

  /** Connects, trying for as long as it takes, and returns the first sequence that the engine does not have on disk. */
  async start({ signal }: { signal?: AbortSignal } = {}): Promise<{ nextSequence: number; epoch: string }> {
    if (this.#started) throw new Error("the session has been started");
    const connection = await this.#connect(signal);
    const next = Number(connection.acknowledged.nextSequence);
    this.#started = true;
    this.#skipBelow = next;
    this.#durable = next - 1;
    this.#attach(connection);
    return { nextSequence: next, epoch: this.#epoch! };
  }

  /** Sequence that the next record gets. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** All records up to this sequence are on disk. */
  get durableSequence(): number {
    return this.#durable;
  }

  get connected(): boolean {
    return this.#connection !== null;
  }

  /** Whether records that are written now are new to the engine. */
  get fresh(): boolean {
    return this.#nextSequence >= this.#skipBelow;
  }

  /** Whether the feed should await `room` before it writes on. */
  get full(): boolean {
    return this.#retained.bytes >= this.#retainedBytesMax;
  }

  /** Resolves when there is room again; at once while there is. */
  async room(): Promise<void> {
    if (this.full) await this.#wait(() => this.#retained.bytes * 2 <= this.#retainedBytesMax);
  }

  /** Resolves when everything that was written is on disk. */
  async flush(): Promise<void> {
    this.#seal();
    const last = this.#nextSequence - 1;
    await this.#wait(() => this.#durable >= last);
  }

  /** Sends the rest, waits until it is durable (at most `timeoutMs`) and ends the connection. */
  async close({ timeoutMs = 5_000 } = {}): Promise<void> {
    const timer = new AbortController();
    try {
      if (this.#connection) await Promise.race([this.flush(), delay(timeoutMs, undefined, { signal: timer.signal })]);
    } finally {
      timer.abort();
      this.#closing = true;
      this.#connection?.goodbye();
      this.#fail(new Error("the session is closed"));
    }
  }

  /** Returns the number by which the records of this session name the instrument. */
  defineInstrument(instrument: InstrumentInput): number {
    const instrumentId = this.#instruments++;
    const place = this.#place(INSTRUMENT_DEFINITION_BYTES);
    if (place) {
      encodeInstrumentDefinition(place.block, place.offset, {
        ...stamp({ instrumentId, tsEventNanos: 0n }),
        priceIncrementE9: instrument.priceIncrementE9 ?? 0n,
        sizeIncrementE9: instrument.sizeIncrementE9 ?? 0n,
        flagsInstrument: instrument.tradesConsecutive ? INSTRUMENT_FLAG_TRADES_CONSECUTIVE : 0,
        class: instrument.class,
        source: instrument.source,
        symbol: instrument.symbol,
        name: instrument.name,
        venue: instrument.venue,
        venueSymbol: instrument.venueSymbol,
      });
    }
    return instrumentId;
  }

  trade(trade: TradeInput): void {
    const place = this.#place(TRADE_BYTES);
    if (!place) return;
    encodeTrade(place.block, place.offset, {
      ...stamp(trade),
      tradeId: trade.tradeId,
      priceE9: trade.priceE9,
      sizeE9: trade.sizeE9,
      side: trade.side ?? Side.NONE,
      action: Action.TRADE,
    });
  }

  quote(quote: QuoteInput): void {
    const place = this.#place(QUOTE_BYTES);
    if (!place) return;
    encodeQuote(place.block, place.offset, {
      ...stamp(quote),
      bidPriceE9: quote.bidPriceE9,
      bidSizeE9: quote.bidSizeE9,
      askPriceE9: quote.askPriceE9,
      askSizeE9: quote.askSizeE9,
    });
  }

  /** The changes of one venue message: a record for each level, the last one marked. */
  bookDelta(update: BookUpdateInput): void {
    this.#levels(update, 0);
  }

  /** The book begins anew with these levels, best first or not. */
  bookSnapshot(snapshot: BookUpdateInput): void {
    const place = this.#place(BOOK_SNAPSHOT_BYTES);
    if (place) {
      encodeBookSnapshot(place.block, place.offset, {
        ...stamp(snapshot),
        bidCount: snapshot.levels.filter((level) => level.side === Side.BUY).length,
        askCount: snapshot.levels.filter((level) => level.side === Side.SELL).length,
      });
    }
    this.#levels(snapshot, FLAG_SNAPSHOT);
  }

  /** A bar of the past. Bars of one interval go from old to new. */
  bar(bar: BarInput): void {
    const place = this.#place(BAR_BYTES);
    if (!place) return;
    encodeBar(place.block, place.offset, {
      ...stamp({ instrumentId: bar.instrumentId, tsEventNanos: bar.openedAtNanos }),
      interval: bar.interval,
      openE9: bar.openE9,
      highE9: bar.highE9,
      lowE9: bar.lowE9,
      closeE9: bar.closeE9,
      volumeE9: bar.volumeE9,
      notionalE18: bar.notionalE18 ?? bar.volumeE9 * bar.closeE9,
      tradeCount: BigInt(bar.tradeCount),
      revision: 0,
      final: 1,
    });
  }

  /** Promises that nothing earlier follows, for one instrument or for all of the session. Closes bars. */
  clock(tsEventNanos: bigint, instrumentId: number = INSTRUMENT_UNDEFINED): void {
    const place = this.#place(CLOCK_BYTES);
    if (place) encodeClock(place.block, place.offset, stamp({ instrumentId, tsEventNanos }));
  }

  /** Reports that the venue's own numbers showed a hole. */
  gap(gap: Stamped & { fromVenueSequence: bigint; toVenueSequence: bigint }): void {
    const place = this.#place(GAP_BYTES);
    if (place)
      encodeGap(place.block, place.offset, {
        ...stamp(gap),
        fromVenueSequence: gap.fromVenueSequence,
        toVenueSequence: gap.toVenueSequence,
      });
  }

  /** A generic event; the text is at most 30 bytes. */
  event(event: Stamped & { kind?: EventKind; valueE9?: bigint; text?: string }): void {
    const place = this.#place(EVENT_BYTES);
    if (place)
      encodeEvent(place.block, place.offset, {
        ...stamp(event),
        kind: event.kind ?? EventKind.NOTE,
        valueE9: event.valueE9 ?? 0n,
        text: event.text ?? "",
      });
  }

  #levels(update: BookUpdateInput, flags: number): void {
    for (const [at, level] of update.levels.entries()) {
      const place = this.#place(BOOK_DELTA_BYTES);
      if (!place) continue;
      const last = at === update.levels.length - 1 ? FLAG_LAST : 0;
      encodeBookDelta(place.block, place.offset, {
        ...stamp({ ...update, flags: (update.flags ?? 0) | flags | last }),
        firstVenueSequence: update.firstVenueSequence ?? update.venueSequence ?? 0n,
        side: level.side,
        action: level.sizeE9 === 0n ? Action.CANCEL : Action.MODIFY,
        priceE9: level.priceE9,
        sizeE9: level.sizeE9,
      });
    }
  }

  /** Numbers a record and finds room for it; null when the engine has it already. */
  #place(stride: number): { block: Block; offset: number } | null {
    if (this.#failure) throw this.#failure;
    if (!this.#started) throw new Error("start the session before writing to it");
    if (this.#retained.bytes > 2 * this.#retainedBytesMax) throw new Error("the feed writes on without awaiting room");
    const sequence = this.#nextSequence++;
    if (sequence < this.#skipBelow) return null;
    if (this.#chunk && (this.#chunk.stride !== stride || this.#chunk.used + stride > CHUNK_BYTES)) this.#seal();
    this.#chunk ??= {
      block: blockOf(new Uint8Array(CHUNK_BYTES)),
      stride,
      used: FRAME_HEADER_BYTES,
      firstSequence: sequence,
    };
    const offset = this.#chunk.used;
    this.#chunk.used += stride;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#seal());
    }
    return { block: this.#chunk.block, offset };
  }

  /** Makes a frame of what has been written, keeps it and sends it. */
  #seal(): void {
    this.#scheduled = false;
    const chunk = this.#chunk;
    if (!chunk) return;
    this.#chunk = null;
    const recordCount = (chunk.used - FRAME_HEADER_BYTES) / chunk.stride;
    // A copy, so that a small frame does not keep a whole chunk.
    const bytes =
      chunk.used * 2 > CHUNK_BYTES ? chunk.block.bytes.subarray(0, chunk.used) : chunk.block.bytes.slice(0, chunk.used);
    sealFrame(bytes, {
      kind: FrameKind.DATA,
      template: 0,
      blockLen: chunk.stride,
      recordCount,
      firstSeq: BigInt(chunk.firstSequence),
    });
    this.#retained.add({
      firstSequence: chunk.firstSequence,
      lastSequence: chunk.firstSequence + recordCount - 1,
      bytes,
    });
    this.#connection?.send(bytes);
  }

  async #connect(signal?: AbortSignal): Promise<Connection> {
    const { address, shard, session, feed, source } = this.#options;
    for (let retryMs = RETRY_MS_MIN; ; retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)) {
      signal?.throwIfAborted();
      if (this.#closing) throw new Error("the session is closed");
      try {
        const hello = { session, feed, source, versionMax: PROTOCOL_VERSION, ackLevels: ACK_LEVEL_DURABLE };
        const connection = await Connection.open(address, hello, shard);
        const epoch = Buffer.from(connection.acknowledged.epoch).toString("hex");
        this.#epoch ??= epoch;
        return connection;
      } catch (error) {
        this.#options.onTrouble?.(error as Error);
        await delay(retryMs * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {});
      }
    }
  }

  #attach(connection: Connection): void {
    const next = Number(connection.acknowledged.nextSequence);
    const first = this.#retained.firstSequence ?? this.#nextSequence;
    if (this.#durable >= next) {
      connection.goodbye();
      this.#fail(
        new Error(`the engine has lost acknowledged records: it wants ${next}, and ${this.#durable} were durable`),
      );
      return;
    }
    if (next > first) this.#acknowledge(next - 1);
    this.#connection = connection;
    connection.handle({
      onFrame: (frame) => this.#receive(frame),
      onClose: (reason) => void this.#reconnect(connection, reason),
    });
    for (const frame of this.#retained.all()) connection.send(frame);
    this.#options.onConnected?.(next);
  }

  async #reconnect(connection: Connection, reason: Error): Promise<void> {
    if (this.#connection !== connection) return;
    this.#connection = null;
    if (this.#closing || this.#failure) return;
    this.#options.onTrouble?.(reason);
    try {
      if (this.#refused) await delay(RETRY_MS_MAX);
      this.#refused = false;
      this.#attach(await this.#connect());
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #receive(frame: Frame): void {
    const { header, body } = frame;
    if (header.kind === FrameKind.ERROR) {
      const error = errorOf(frame);
      this.#refused ||= error.code === "WRONG_SHARD";
      return this.#options.onTrouble?.(error);
    }
    const block = blockOf(body);
    for (let at = 0; at < header.recordCount; at++) {
      if (header.template === ACK_TEMPLATE && header.blockLen >= ACK_BYTES) {
        const { level, sequence } = decodeAck(block, at * header.blockLen);
        if (level === ACK_LEVEL_DURABLE) this.#acknowledge(Number(sequence));
      } else if (header.template === REJECT_TEMPLATE && header.blockLen >= REJECT_BYTES) {
        const { sequence, instrumentId, reason } = decodeReject(block, at * header.blockLen);
        this.#options.onReject?.({
          sequence: Number(sequence),
          instrumentId,
          reason: REJECT_REASON_NAMES[reason] ?? `REASON_${reason}`,
        });
      }
    }
  }

  #acknowledge(sequence: number): void {
    if (sequence <= this.#durable) return;
    this.#durable = sequence;
    this.#retained.release(sequence);
    this.#settle();
  }

  #wait(done: () => boolean): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#waiters.add({ done, resolve, reject });
      this.#settle();
    });
  }

  #settle(): void {
    for (const waiter of this.#waiters) {
      if (waiter.done()) waiter.resolve();
      else if (this.#failure) waiter.reject(this.#failure);
      else continue;
      this.#waiters.delete(waiter);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle();
  }
}

function stamp({
  instrumentId,
  tsEventNanos,
  tsRecvNanos = 0n,
  venueSequence = 0n,
  publisherId = 0,
  flags = 0,
}: Stamped) {
  return { instrumentId, tsEventNanos, tsRecvNanos, venueSequence, publisherId, flags };
}
