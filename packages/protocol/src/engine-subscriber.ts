import { setTimeout as delay } from "node:timers/promises";
import { Connection, EngineError, errorOf } from "./connection.ts";
import { moreFollows, sealFrame, type Frame } from "./frame.ts";
import {
  blockOf,
  BOOK_TOP_TEMPLATE,
  CREDIT_BYTES,
  CREDIT_TEMPLATE,
  DataSource,
  decodeBookTop,
  decodeInstrumentDefinition,
  decodePositionedBar,
  decodePositionedQuote,
  decodePositionedTrade,
  decodeSubscribeAck,
  decodeSubscriberGap,
  decodeSubscriberStatus,
  encodeCredit,
  encodeSubscribe,
  FLAG_SNAPSHOT,
  FRAME_HEADER_BYTES,
  FrameKind,
  INSTRUMENT_DEFINITION_TEMPLATE,
  KIND_BARS,
  KIND_BOOK_TOPS,
  KIND_CURRENT_BARS,
  KIND_QUOTES,
  KIND_TRADES,
  POSITIONED_BAR_TEMPLATE,
  POSITIONED_QUOTE_TEMPLATE,
  POSITIONED_TRADE_TEMPLATE,
  PROTOCOL_VERSION,
  SlowPolicy,
  SUBSCRIBE_BYTES,
  SUBSCRIBE_TEMPLATE,
  SUBSCRIBER_GAP_TEMPLATE,
  SUBSCRIBER_STATE_NAMES,
  SUBSCRIBER_STATUS_TEMPLATE,
  type Block,
  type BookTop,
  type InstrumentDefinition,
  type PositionedBar,
  type PositionedQuote,
  type PositionedTrade,
  type SlowPolicyName,
  type SubscriberStateName,
} from "./messages.generated.ts";
import type { Shard } from "./shard.ts";

const KINDS = {
  QUOTES: KIND_QUOTES,
  TRADES: KIND_TRADES,
  BARS: KIND_BARS,
  CURRENT_BARS: KIND_CURRENT_BARS,
  BOOK_TOPS: KIND_BOOK_TOPS,
} as const;

/** Where a subscriber stands: another one with this as `resume` goes on without hole or repeat. */
export interface SubscriberPosition {
  /** Epoch of the engine's journal, in hex. */
  epoch: string;
  /** It has all that came of inputs up to here, */
  complete: bigint;
  /** and so many events of the next one. */
  further: number;
  /** It has all state that came first. */
  hasState: boolean;
}

export interface EngineSubscriberOptions {
  /** `unix:/path` or `tcp:host:port`. */
  address: string;
  /** What the engine there must be; without it, whichever it is. */
  shard?: Shard;
  /** `ALL`: those that there are and those to come. A symbol that is not known yet is waited for. */
  symbols: readonly string[] | "ALL";
  /** QUOTES, CURRENT_BARS and BOOK_TOPS are state, TRADES and BARS (final ones) are events. */
  kinds: readonly (keyof typeof KINDS)[];
  /** What becomes of it when it does not keep up; see SlowPolicy in docs/engine-protocol.md. */
  policy: SlowPolicyName;
  /** Bytes of records that may wait here for the one who iterates, and half as many more at most: an integer from 1 on; 1 MiB. */
  windowBytes?: number;
  /** Without it the state as it stands comes first, then what follows. */
  resume?: SubscriberPosition;
  /** It was cut off; it goes on by itself. */
  onTrouble?(error: Error): void;
}

/** `snapshot`: the state as it stood, not an event. */
type Of<Type extends string, Message> = { type: Type; symbol: string; snapshot: boolean } & Message;

export type SubscriberEvent =
  | Of<"QUOTE", PositionedQuote>
  | Of<"TRADE", PositionedTrade>
  | Of<"BAR", PositionedBar>
  | Of<"BOOK_TOP", BookTop>
  /** Up to date, or behind what is durable; everything up to `sequence` has been sent. */
  | { type: "STATUS"; state: SubscriberStateName; sequence: bigint; durableSequence: bigint }
  /** Nothing of what came of these inputs can be had: the journal was trimmed beyond them. */
  | { type: "GAP"; fromSequence: bigint; toSequence: bigint };

interface Batch {
  events: SubscriberEvent[];
  position: SubscriberPosition;
  /** Received up to its end on the connection that brought it. */
  received: { connection: Connection; bytes: bigint };
}

const WINDOW_BYTES = 1 << 20;
const WINDOW_BYTES_MAX = 2 ** 32 - 1;
const REQUEST_ID = 1;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
/** What trying again would not mend, or what the one who iterates has asked to be told. */
const FINAL_ERRORS = new Set(["POSITION_UNKNOWN", "BAD_QUERY", "UNSUPPORTED_QUERY", "SLOW_READER"]);

/**
 * What comes of the engine's inputs, once it is durable, in order and without a hole: iterate over it. When the connection or the
 * engine ends it connects again and goes on where it stood. The iteration fails with an `EngineError` of the code SLOW_READER (with
 * the policy DISCONNECT), POSITION_UNKNOWN (the engine has lost history), or what else speaks against the request.
 */
export class EngineSubscriber implements AsyncIterable<SubscriberEvent[]> {
  readonly #options: EngineSubscriberOptions;
  readonly #symbols = new Map<number, string>();
  readonly #ended = new AbortController();
  #connection: Connection | null = null;
  /** Before the next attempt to connect; 0 once the engine has served it. */
  #retryMs = 0;
  #queue: Batch[] = [];
  #wake: (() => void) | null = null;
  /** Whoever waits until nothing waits for the one who iterates. */
  #drained: (() => void) | null = null;
  #failure: Error | null = null;
  /** Where it stands with what has been received, and with what has been handed out. */
  #received: SubscriberPosition | null;
  #position: SubscriberPosition | null;
  #repeats = 0;
  #receivedBytes = 0n;

  /** Throws a `RangeError` for a window that is none. */
  constructor(options: EngineSubscriberOptions) {
    const { windowBytes = WINDOW_BYTES } = options;
    if (!Number.isInteger(windowBytes) || windowBytes < 1 || windowBytes > WINDOW_BYTES_MAX)
      throw new RangeError(`windowBytes must be an integer from 1 to ${WINDOW_BYTES_MAX}, and is ${windowBytes}`);
    this.#options = options;
    this.#received = options.resume ?? null;
    this.#position = this.#received;
  }

  /** Where it stands with the batches that have been handed out; null before the first. */
  get position(): SubscriberPosition | null {
    return this.#position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SubscriberEvent[], void, undefined> {
    void this.#connect();
    try {
      for (;;) {
        const batch = this.#queue.shift();
        if (batch) {
          this.#position = batch.position;
          yield batch.events;
          this.#credit(batch);
          if (this.#queue.length === 0) this.#drained?.();
        } else if (this.#failure) {
          throw this.#failure;
        } else if (this.#ended.signal.aborted) {
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      this.close();
    }
  }

  /** Ends the iteration, after what has been received. */
  close(): void {
    this.#ended.abort();
    this.#connection?.goodbye();
    this.#wake?.();
    this.#drained?.();
  }

  async #connect(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await delay(this.#retryMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      // The engine counts what is out on a connection from 0 on: what came on the one before must be gone.
      if (this.#queue.length > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
      if (signal.aborted) return;
      this.#retryMs = Math.min(Math.max(this.#retryMs * 2, RETRY_MS_MIN), RETRY_MS_MAX);
      try {
        const { address, shard } = this.#options;
        const hello = { session: "", feed: "", source: DataSource.LIVE, versionMax: PROTOCOL_VERSION, ackLevels: 0 };
        const connection = await Connection.open(address, hello, shard);
        if (signal.aborted) return connection.goodbye();
        this.#attach(connection);
        return;
      } catch (error) {
        this.#options.onTrouble?.(error as Error);
      }
    }
  }

  #attach(connection: Connection): void {
    this.#connection = connection;
    this.#receivedBytes = 0n;
    this.#repeats = this.#received?.further ?? 0;
    connection.handle({
      onFrame: (frame) => this.#receive(connection, frame),
      onClose: (reason) => {
        this.#connection = null;
        if (this.#failure || this.#ended.signal.aborted) return;
        this.#options.onTrouble?.(reason);
        void this.#connect();
      },
    });
    connection.send(this.#subscribeFrame());
  }

  #subscribeFrame(): Uint8Array {
    const { symbols, kinds, policy, windowBytes = WINDOW_BYTES } = this.#options;
    const blocks = symbols === "ALL" ? [""] : symbols;
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + blocks.length * SUBSCRIBE_BYTES);
    const block = blockOf(bytes);
    for (const [at, symbol] of blocks.entries()) {
      encodeSubscribe(block, FRAME_HEADER_BYTES + at * SUBSCRIBE_BYTES, {
        symbol,
        kinds: kinds.reduce((sum, kind) => sum | KINDS[kind], 0),
        policy: SlowPolicy[policy],
        windowBytes,
        resume: this.#received ? 1 : 0,
        state: this.#received?.hasState ? 0 : 1,
        afterSequence: this.#received?.complete ?? 0n,
        epoch: this.#received ? new Uint8Array(Buffer.from(this.#received.epoch, "hex")) : new Uint8Array(16),
      });
    }
    return sealFrame(bytes, {
      kind: FrameKind.QUERY,
      template: SUBSCRIBE_TEMPLATE,
      blockLen: SUBSCRIBE_BYTES,
      recordCount: blocks.length,
      firstSeq: 0n,
      requestId: REQUEST_ID,
    });
  }

  #receive(connection: Connection, frame: Frame): void {
    const { header, body } = frame;
    const block = blockOf(body);
    if (header.kind === FrameKind.ERROR) {
      const error = errorOf(frame);
      if (FINAL_ERRORS.has(error.code)) this.#fail(error);
      else this.#options.onTrouble?.(error);
    } else if (header.kind === FrameKind.REPLY) {
      const { epoch, sequence } = decodeSubscribeAck(block, 0);
      const { further = 0, hasState = false } = this.#received ?? {};
      this.#received = { epoch: Buffer.from(epoch).toString("hex"), complete: sequence, further, hasState };
    } else if (header.kind === FrameKind.DATA) {
      this.#retryMs = 0;
      this.#receivedBytes += BigInt(FRAME_HEADER_BYTES + body.length);
      this.#push(connection, this.#records(frame));
    } else if (header.template === SUBSCRIBER_STATUS_TEMPLATE) {
      const { state, sequence, durableSequence } = decodeSubscriberStatus(block, 0);
      const name = SUBSCRIBER_STATE_NAMES[state];
      if (name) this.#push(connection, [{ type: "STATUS", state: name, sequence, durableSequence }]);
    } else if (header.template === SUBSCRIBER_GAP_TEMPLATE) {
      const gap = decodeSubscriberGap(block, 0);
      this.#received = { ...this.#received!, complete: gap.toSequence, further: 0 };
      this.#repeats = 0;
      this.#push(connection, [{ type: "GAP", ...gap }]);
    }
  }

  /** The frame's events without those that were had before the cut; notes where it stands. */
  #records({ header, body }: Frame): SubscriberEvent[] {
    const { epoch, complete, further } = this.#received!;
    const hasState = this.#received!.hasState || !moreFollows(header);
    const block = blockOf(body);
    const events: SubscriberEvent[] = [];
    let beyond = 0;
    for (let at = 0; at < header.recordCount; at++) {
      const event = this.#decode(block, at * header.blockLen);
      if (!event) continue;
      if (!event.snapshot && this.#repeats > 0 && event.sequence === complete + 1n) {
        this.#repeats--;
        continue;
      }
      if (!event.snapshot && event.sequence > header.firstSeq) beyond++;
      events.push(event);
    }
    if (header.firstSeq > complete) this.#repeats = 0;
    this.#received =
      header.firstSeq > complete
        ? { epoch, complete: header.firstSeq, further: beyond, hasState }
        : { epoch, complete, further: further + beyond, hasState };
    return events;
  }

  #decode(block: Block, offset: number): Exclude<SubscriberEvent, { type: "STATUS" | "GAP" }> | null {
    const of = <Type extends string, Message extends { instrumentId: number; flags: number }>(
      type: Type,
      message: Message,
    ): Of<Type, Message> => ({
      type,
      symbol: this.#symbols.get(message.instrumentId) ?? "",
      // A trade's flags are its feed's.
      snapshot: type !== "TRADE" && (message.flags & FLAG_SNAPSHOT) !== 0,
      ...message,
    });
    switch (block.bytes[offset]) {
      case INSTRUMENT_DEFINITION_TEMPLATE:
        this.#define(decodeInstrumentDefinition(block, offset));
        return null;
      case POSITIONED_QUOTE_TEMPLATE:
        return of("QUOTE", decodePositionedQuote(block, offset));
      case POSITIONED_TRADE_TEMPLATE:
        return of("TRADE", decodePositionedTrade(block, offset));
      case POSITIONED_BAR_TEMPLATE:
        return of("BAR", decodePositionedBar(block, offset));
      case BOOK_TOP_TEMPLATE:
        return of("BOOK_TOP", decodeBookTop(block, offset));
      default:
        return null; // of a newer engine
    }
  }

  #define({ instrumentId, symbol }: InstrumentDefinition): void {
    this.#symbols.set(instrumentId, symbol);
  }

  #push(connection: Connection, events: SubscriberEvent[]): void {
    const batch = { events, position: this.#received!, received: { connection, bytes: this.#receivedBytes } };
    if (events.length === 0 && this.#queue.length === 0) {
      // Progress without events: nobody waits for it.
      this.#position = batch.position;
      this.#credit(batch);
      return;
    }
    this.#queue.push(batch);
    this.#wake?.();
  }

  /** Says that a batch is worked through. */
  #credit({ received: { connection, bytes } }: Batch): void {
    if (this.#connection !== connection) return;
    const frame = new Uint8Array(FRAME_HEADER_BYTES + CREDIT_BYTES);
    encodeCredit(blockOf(frame), FRAME_HEADER_BYTES, { takenBytes: bytes });
    connection.send(
      sealFrame(frame, {
        kind: FrameKind.CONTROL,
        template: CREDIT_TEMPLATE,
        blockLen: CREDIT_BYTES,
        recordCount: 1,
        firstSeq: 0n,
      }),
    );
  }

  #fail(error: EngineError): void {
    this.#failure ??= error;
    this.#connection?.goodbye();
    this.#wake?.();
  }
}
