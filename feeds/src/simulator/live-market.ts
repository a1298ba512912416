import { Side } from "@mib/protocol/messages.generated";
import { ActivityTable, TRADE_SHARE } from "./activity-table.ts";
import type { SimulatedInstrument, Universe } from "./instruments.ts";
import type { Jump, JumpSource } from "./jumps.ts";
import type { MarketSink } from "../market-sink.ts";
import type { PriceProcess } from "./price-process.ts";
import type { Random } from "./random.ts";
import { SimulatedBook } from "./simulated-book.ts";

const STEP_MICROS = 1_000;
const FACTOR_STEP_MICROS = 100_000;
const CLOCK_STEP_MICROS = 1_000_000;
/** Levels are this far apart: what the price usually moves in two seconds. */
const GRID_SECONDS = 2;

interface Trading {
  number: number;
  instrument: SimulatedInstrument;
  book: SimulatedBook;
  venueSequence: bigint;
  tradeId: bigint;
}

export interface LiveMarketOptions {
  universe: Universe;
  process: PriceProcess;
  jumps: JumpSource;
  random: Random;
  activity: ActivityTable;
  /** Records per second over all instruments, on average. */
  rate: number;
  startMicros: number;
  /** Ids that each instrument's last trade had; trades go on from there. */
  lastTradeIds: readonly bigint[];
}

/**
 * The market from its start on. What it writes depends on the options alone and not on how `advance` is called; after every
 * group of records of one instrument the book's best levels are its quote, and a trade has happened at the touch before it.
 */
export class LiveMarket {
  readonly #options: LiveMarketOptions;
  readonly #trading: Trading[];
  /** Until when each asset's own part has been moved. */
  readonly #ownAtMicros: Float64Array;
  #stepAtMicros: number;
  #factorsAtMicros: number;
  #clockAtMicros: number;
  /** Records that are due and not written yet; below zero: written ahead of the rate. */
  #due = 0;
  #written = 0;

  constructor(options: LiveMarketOptions) {
    const { universe, process, random, startMicros, lastTradeIds } = options;
    this.#options = options;
    this.#stepAtMicros = startMicros;
    this.#factorsAtMicros = startMicros;
    this.#clockAtMicros = startMicros;
    this.#ownAtMicros = new Float64Array(universe.assets.length).fill(startMicros);
    this.#trading = universe.instruments.map((instrument, number) => {
      const gridTicks =
        (process.deviation(instrument, GRID_SECONDS, startMicros / 1e6) * Math.exp(process.logPrice(instrument))) /
        instrument.tick;
      return {
        number,
        instrument,
        book: new SimulatedBook(instrument, gridTicks, random),
        venueSequence: 0n,
        tradeId: lastTradeIds[number] ?? 0n,
      };
    });
  }

  /** Simulated time up to which everything has been written. */
  get atMicros(): number {
    return this.#stepAtMicros;
  }

  /** Records written since the start. */
  get written(): number {
    return this.#written;
  }

  /** Each instrument's first book, quote and trade. */
  open(sink: MarketSink): void {
    const at = this.#stepAtMicros;
    for (const trading of this.#trading) {
      const { book } = trading;
      this.#moveToFair(trading);
      const levels = book.levels();
      sink.bookSnapshot({
        instrumentId: trading.number,
        tsEventNanos: nanos(at),
        venueSequence: ++trading.venueSequence,
        levels,
      });
      this.#count(levels.length + 1);
      this.#quote(trading, at, sink);
      this.#trade(trading, at, sink);
      this.#quote(trading, at, sink);
    }
    this.#due = 0;
  }

  /** Writes everything up to a time, and tells of each jump right after it was made. */
  advance(toMicros: number, sink: MarketSink, onJump: (jump: Jump) => void): void {
    while (this.#stepAtMicros + STEP_MICROS <= toMicros) this.#step(sink, onJump);
  }

  #step(sink: MarketSink, onJump: (jump: Jump) => void): void {
    const { activity, process, random, rate } = this.#options;
    const from = this.#stepAtMicros;
    for (const jump of this.#options.jumps.apply(process, (from + STEP_MICROS) / 1e6)) onJump(jump);
    if (from - this.#factorsAtMicros >= FACTOR_STEP_MICROS) {
      process.advanceFactors((from - this.#factorsAtMicros) / 1e6, from / 1e6);
      this.#factorsAtMicros = from;
      activity.update(from / 1e6);
    }
    this.#due += (rate * STEP_MICROS) / 1e6;
    while (this.#due > 0) {
      const trading = this.#trading[activity.find(random.next())]!;
      // Times rise within the step as the records that are due run out.
      const share = Math.max(0, 1 - this.#due / ((rate * STEP_MICROS) / 1e6));
      this.#happen(trading, Math.floor(from + share * (STEP_MICROS - 1)), sink);
    }
    this.#stepAtMicros = from + STEP_MICROS;
    if (this.#stepAtMicros - this.#clockAtMicros >= CLOCK_STEP_MICROS) {
      this.#clockAtMicros = this.#stepAtMicros;
      sink.clock(nanos(this.#stepAtMicros));
    }
  }

  /** Something happens to an instrument: its price moves, it is traded, or an order comes or goes. */
  #happen(trading: Trading, at: number, sink: MarketSink): void {
    const { random } = this.#options;
    this.#advanceOwn(trading.instrument.base, at);
    this.#advanceOwn(trading.instrument.quoted, at);

    const { bidTicks, askTicks } = trading.book;
    const fair = this.#fairTicks(trading);
    if (fair > askTicks || fair < bidTicks) {
      // The touch is behind: someone takes what is left there, then it moves.
      if (random.chance(4 * TRADE_SHARE)) this.#trade(trading, at, sink, fair > askTicks ? Side.BUY : Side.SELL);
      this.#levels(trading, at, this.#moveToFair(trading), sink);
      this.#quote(trading, at, sink);
    } else if (random.chance(2 * TRADE_SHARE)) {
      this.#trade(trading, at, sink);
      this.#quote(trading, at, sink);
    } else {
      const { bidLots, askLots } = trading.book;
      this.#levels(trading, at, trading.book.resize(), sink);
      if (bidLots !== trading.book.bidLots || askLots !== trading.book.askLots) this.#quote(trading, at, sink);
    }
  }

  #advanceOwn(asset: number, at: number): void {
    if (asset < 0) return;
    this.#options.process.advanceOwn(asset, (at - this.#ownAtMicros[asset]!) / 1e6, at / 1e6);
    this.#ownAtMicros[asset] = at;
  }

  #fairTicks({ instrument }: Trading): number {
    return Math.exp(this.#options.process.logPrice(instrument)) / instrument.tick;
  }

  #moveToFair(trading: Trading) {
    const { spreadTicks } = trading.instrument;
    const spread = spreadTicks + (this.#options.random.chance(0.2) ? 1 : 0);
    const bid = Math.max(1, Math.round(this.#fairTicks(trading) - spread / 2));
    return trading.book.moveTo(bid, bid + spread);
  }

  #trade(
    trading: Trading,
    at: number,
    sink: MarketSink,
    side: Side = this.#options.random.chance(0.5) ? Side.BUY : Side.SELL,
  ): void {
    const { book, instrument, number } = trading;
    const buys = side === Side.BUY;
    const available = buys ? book.askLots : book.bidLots;
    const lots = Math.min(available, Math.max(1, Math.round(this.#options.random.exponential(instrument.tradeLots))));
    sink.trade({
      instrumentId: number,
      tsEventNanos: nanos(at),
      tsRecvNanos: nanos(at),
      tradeId: ++trading.tradeId,
      priceE9: BigInt(buys ? book.askTicks : book.bidTicks) * instrument.tickE9,
      sizeE9: BigInt(lots) * instrument.lotE9,
      side,
    });
    this.#count(1);
    this.#levels(trading, at, book.take(buys ? Side.SELL : Side.BUY, lots), sink);
  }

  #levels(trading: Trading, at: number, levels: ReturnType<SimulatedBook["levels"]>, sink: MarketSink): void {
    if (levels.length === 0) {
      this.#due -= 1; // an order that changed nothing: time goes on
      return;
    }
    sink.bookDelta({
      instrumentId: trading.number,
      tsEventNanos: nanos(at),
      tsRecvNanos: nanos(at),
      venueSequence: ++trading.venueSequence,
      levels,
    });
    this.#count(levels.length);
  }

  #quote(trading: Trading, at: number, sink: MarketSink): void {
    sink.quote({
      instrumentId: trading.number,
      tsEventNanos: nanos(at),
      tsRecvNanos: nanos(at),
      venueSequence: trading.venueSequence,
      ...trading.book.quote(),
    });
    this.#count(1);
  }

  #count(records: number): void {
    this.#due -= records;
    this.#written += records;
  }
}

const nanos = (micros: number): bigint => BigInt(micros) * 1_000n;
