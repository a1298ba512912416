import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { DataSource } from "@mib/protocol/messages.generated";
import { askEngine, lastTradesOf } from "../engine-knowledge.ts";
import { openEngineSession } from "../engine-session.ts";
import type { Feed, FeedContext } from "../feed.ts";
import type { MarketSink } from "../market-sink.ts";
import type { Shift } from "../venues/binance/market.ts";
import { VenueMessageError } from "../venues/message-fields.ts";
import type { VenueCounts } from "../venues/venue.ts";
import { hashOfFile, readCapture, type RawMessage } from "./capture.ts";
import { readCaptureHead, type CaptureHead } from "./capture-head.ts";
import { capturedMarket, type CapturedMarket } from "./captured-market.ts";
import { Pace, type Speed } from "./pace.ts";

export interface ReplayOptions {
  file: string;
  speed: Speed;
  /** What came before is told at once, so that books are whole, and the pace begins here. Null: at the beginning. */
  fromNanos: bigint | null;
  /** Begins anew at the end, for ever, with later times and numbers. */
  loop: boolean;
  /** Tells the capture once more although it was told, behind what the engine has. */
  again: boolean;
  /** Platform symbols; null: all of the capture. */
  symbols: readonly string[] | null;
}

/** How a capture begins. */
interface Beginning {
  head: CaptureHead | null;
  atNanos: bigint;
}

const NANOS_PER_MINUTE = 60_000_000_000n;
const MESSAGES_PER_TURN = 200;

/**
 * Tells a capture as if it happened now, with the times of then. The session is named after the file, so a replay that was cut
 * off goes on where it stopped and one that is through has nothing to tell. Later rounds have their times and numbers
 * shifted behind those of the first.
 */
export class ReplayFeed implements Feed {
  readonly name = "replay";
  readonly #options: ReplayOptions;
  #beginning: Beginning = { head: null, atNanos: 1n };

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  async run(context: FeedContext): Promise<void> {
    const { file, symbols, loop, again, fromNanos } = this.#options;
    const hash = await hashOfFile(file);
    this.#beginning = await beginningOf(file);
    const firstRound = again ? await this.#roundBehind(context) : 0;
    const session = await openEngineSession(context, {
      session: sessionName(hash, symbols, firstRound),
      feed: this.name,
      source: DataSource.REPLAY,
    });
    await using _ = session;
    const market = this.#market(session.sink);
    const pace = new Pace(this.#options.speed);
    const lastRound = loop ? Number.POSITIVE_INFINITY : firstRound;
    for (let round = firstRound; round <= lastRound; round++) {
      if (round > 0) market.restart(shiftOf(round, market.spanNanos > 0n ? market : await this.#measured()));
      pace.restart();
      await this.#tell(context, market, async ({ receivedNanos }) => {
        await session.room();
        if (session.fresh && (fromNanos === null || receivedNanos >= fromNanos)) {
          await pace.wait(receivedNanos, context.signal);
          context.metrics.lagSeconds.set(Math.max(0, -pace.dueInMs(receivedNanos)) / 1_000);
        }
      });
      market.finish();
      context.log.info({ round, ...market.counts }, "the capture has been told");
      if (market.symbols.length === 0) break; // nothing in it is wanted: another round would be as empty
    }
    await session.flush();
  }

  /** Reads the capture from beginning to end. */
  async #tell(
    context: FeedContext,
    market: CapturedMarket,
    before: (message: RawMessage) => Promise<void>,
  ): Promise<void> {
    const bad = (line: number, reason: string) => {
      context.metrics.badMessages.inc();
      context.log.warn({ line, reason }, "a message of the capture could not be read");
    };
    const counted = { ...market.counts };
    let number = 0;
    for await (const message of readCapture(this.#options.file, (line) => bad(line, "the line has no time"))) {
      number += 1;
      if (number === 1 && this.#beginning.head) continue;
      await before(message);
      try {
        market.tell(message.text, message.receivedNanos);
      } catch (error) {
        if (!(error instanceof VenueMessageError || error instanceof RangeError)) throw error;
        bad(number, error.message);
      }
      if (number % MESSAGES_PER_TURN === 0) {
        countNew(context, market.counts, counted);
        await turn(); // so that frames leave while the reader has more
        context.signal.throwIfAborted();
      }
    }
    countNew(context, market.counts, counted);
  }

  #market(sink: MarketSink): CapturedMarket {
    const { symbols } = this.#options;
    return capturedMarket(sink, {
      ...this.#beginning,
      source: DataSource.REPLAY,
      symbols: symbols === null ? null : new Set(symbols),
    });
  }

  /** What is in the capture, without telling it to anyone. */
  async #measured(): Promise<CapturedMarket> {
    let instruments = 0;
    const nothing = () => {};
    const market = this.#market({
      defineInstrument: () => instruments++,
      trade: nothing,
      quote: nothing,
      bookSnapshot: nothing,
      bookDelta: nothing,
      bar: nothing,
      clock: nothing,
      gap: nothing,
    });
    for await (const { text, receivedNanos } of readCapture(this.#options.file, nothing)) {
      if (text.startsWith('{"capture":')) continue;
      try {
        market.tell(text, receivedNanos);
      } catch (error) {
        if (!(error instanceof VenueMessageError || error instanceof RangeError)) throw error;
      }
    }
    return market;
  }

  /** The first round whose times lie behind everything that the engine has of these instruments. */
  async #roundBehind(context: FeedContext): Promise<number> {
    const capture = await this.#measured();
    const trades = await askEngine(context, (engines) => lastTradesOf(engines, capture.symbols));
    const newest = trades.reduce(
      (latest, trade) => (trade && trade.tsEventNanos > latest ? trade.tsEventNanos : latest),
      0n,
    );
    if (newest < capture.oldestNanos) return 0;
    return Number((newest - capture.oldestNanos) / periodOf(capture.spanNanos)) + 1;
  }
}

async function beginningOf(file: string): Promise<Beginning> {
  for await (const { text, receivedNanos } of readCapture(file, () => {}))
    return { head: readCaptureHead(text, DataSource.REPLAY), atNanos: receivedNanos };
  return { head: null, atNanos: 1n };
}

function sessionName(hash: string, symbols: readonly string[] | null, firstRound: number): string {
  const part =
    symbols === null
      ? ""
      : `:${createHash("sha256")
          .update([...symbols].sort().join())
          .digest("hex")
          .slice(0, 16)}`;
  return `replay:${hash}${part}${firstRound === 0 ? "" : `:${firstRound}`}`;
}

function shiftOf(round: number, { spanNanos, spans }: CapturedMarket): Shift {
  const times = (numbers: ReadonlyMap<string, number>) =>
    new Map([...numbers].map(([key, count]) => [key, count * round]));
  return {
    nanos: periodOf(spanNanos) * BigInt(round),
    tradeIds: times(spans.tradeIds),
    updateIds: times(spans.updateIds),
  };
}

/** From the beginning of one round to the beginning of the next: whole minutes, none of which has trades of both. */
function periodOf(spanNanos: bigint): bigint {
  return (spanNanos / NANOS_PER_MINUTE + 2n) * NANOS_PER_MINUTE;
}

function countNew({ metrics }: FeedContext, now: VenueCounts, before: VenueCounts): void {
  metrics.repeats.inc(now.repeats - before.repeats);
  metrics.holes.inc(now.holes - before.holes);
  Object.assign(before, now);
}
