import { CodedError } from "@mib/service/coded-error";
import { isEngineDown, type Market, type PlacedTrade, type TradeHistory, type TradeMemory } from "./ports.ts";
import { comparePlaces } from "./trade-place.ts";
import type { TradeWindow } from "./trade-window.ts";

export interface TradePage {
  /** Oldest first. */
  trades: PlacedTrade[];
  /** Whether the window has more beyond the end that the page was read towards. */
  more: boolean;
}

/** Reads trades from the engine's memory and from what was written down: one list without hole or repeat. */
export class TradeReader {
  readonly #market: Pick<Market, "tradesBetween" | "findTrade" | "lastTrades">;
  readonly #history: TradeHistory;

  constructor(market: Pick<Market, "tradesBetween" | "findTrade" | "lastTrades">, history: TradeHistory) {
    this.#market = market;
    this.#history = history;
  }

  /** The last trades before the one with this id; none when nobody knows that one. */
  async before(symbol: string, tradeId: bigint | null, count: number): Promise<PlacedTrade[]> {
    if (count === 0) return [];
    const before = tradeId === null ? null : await this.#find(symbol, tradeId);
    if (tradeId !== null && before === null) return [];
    return this.#between(symbol, { after: null, before, count, end: "LAST" });
  }

  /**
   * While the engine is down, what was written down answers alone, if anything was. Fails with TRADES_NOT_WRITTEN_YET when the page would have a
   * hole: between the two are trades that the engine has forgotten and nobody has written down so far.
   */
  async read(symbol: string, window: TradeWindow): Promise<TradePage> {
    if (window.count === 0) return { trades: [], more: false };
    // One more than asked for shows whether there is more.
    return pageOf(await this.#between(symbol, { ...window, count: window.count + 1 }), window);
  }

  async #between(symbol: string, window: TradeWindow): Promise<PlacedTrade[]> {
    // In this order: what the engine forgets in between is written down by then, or known not to be.
    const memory = await this.#recent(symbol, window);
    if (memory instanceof CodedError) {
      const { trades, writtenTo } = await this.#history.tradesBetween(symbol, window);
      if (writtenTo === null) throw memory;
      return trades;
    }
    if (isFullByItself(memory, window)) return memory.trades;
    return cut(join(await this.#written(symbol, window, memory), memory.trades), window);
  }

  async #recent(symbol: string, window: TradeWindow): Promise<TradeMemory | CodedError> {
    try {
      return await this.#market.tradesBetween(symbol, window);
    } catch (error) {
      if (isEngineDown(error)) return error;
      throw error;
    }
  }

  /** What is written of a window; without the database nothing, where the engine has forgotten nothing of it. */
  async #written(symbol: string, window: TradeWindow, memory: TradeMemory): Promise<PlacedTrade[]> {
    if (!isWholeByItself(memory, window)) return this.#everythingForgotten(symbol, window, memory);
    try {
      return (await this.#history.tradesBetween(symbol, window)).trades;
    } catch {
      return [];
    }
  }

  /** What is written of a window, where that has all that the engine has forgotten; fails where it has not. */
  async #everythingForgotten(symbol: string, window: TradeWindow, memory: TradeMemory): Promise<PlacedTrade[]> {
    const { trades, writtenTo } = await this.#history.tradesBetween(symbol, window);
    if (reaches(writtenTo, memory)) return trades;
    if (!(await this.#isNewestWritten(symbol))) throw new CodedError("TRADES_NOT_WRITTEN_YET", undefined, { symbol });
    return (await this.#history.tradesBetween(symbol, window)).trades;
  }

  /**
   * Whether the last trade that came is written, and with it all before it, asked where the engine does not know that one's sequence:
   * an older version's snapshot did not say it, and what the engine says instead may be one that no trade has.
   */
  async #isNewestWritten(symbol: string): Promise<boolean> {
    const [newest] = await this.#market.lastTrades([symbol]);
    if (newest instanceof CodedError) throw newest;
    if (newest == null || (await this.#market.findTrade(symbol, BigInt(newest.id))) !== null) return false;
    return (await this.#history.findTrade(symbol, BigInt(newest.id)))?.atNanos === newest.atNanos;
  }

  async #find(symbol: string, tradeId: bigint): Promise<PlacedTrade | null> {
    const recent = await this.#findRecent(symbol, tradeId);
    if (recent !== null && !(recent instanceof CodedError)) return recent;
    const written = await this.#history.findTrade(symbol, tradeId);
    if (written !== null) return written;
    if (recent !== null) throw recent;
    // Nobody knows it, or the engine has forgotten it and it was not written when the database was asked.
    const memory = await this.#market.tradesBetween(symbol, OLDEST);
    if (memory.forgottenSequence === 0n) return null;
    await this.#everythingForgotten(symbol, OLDEST, memory);
    return this.#history.findTrade(symbol, tradeId);
  }

  async #findRecent(symbol: string, tradeId: bigint): Promise<PlacedTrade | CodedError | null> {
    try {
      return await this.#market.findTrade(symbol, tradeId);
    } catch (error) {
      if (isEngineDown(error)) return error;
      throw error;
    }
  }
}

const OLDEST: TradeWindow = { after: null, before: null, count: 1, end: "FIRST" };

function pageOf(trades: PlacedTrade[], window: TradeWindow): TradePage {
  return { trades: cut(trades, window), more: trades.length > window.count };
}

function cut(trades: PlacedTrade[], { count, end }: TradeWindow): PlacedTrade[] {
  return end === "LAST" ? trades.slice(-count) : trades.slice(0, count);
}

/** Whether no trade that the engine has forgotten can belong to the window. */
function isWholeByItself({ forgottenNanos }: TradeMemory, { after }: TradeWindow): boolean {
  return forgottenNanos === 0n || (after !== null && after.atNanos > forgottenNanos);
}

/** Whether the engine has as many of the newest trades as are asked for, all newer than any that it has forgotten. */
function isFullByItself({ trades, forgottenNanos }: TradeMemory, { count, end }: TradeWindow): boolean {
  const oldest = trades[0];
  return end === "LAST" && trades.length >= count && oldest !== undefined && oldest.atNanos > forgottenNanos;
}

/** Whether everything that the engine has forgotten is written down. */
function reaches(
  writtenTo: { epoch: string; sequence: bigint } | null,
  { epoch, epochAfter, forgottenSequence }: TradeMemory,
): boolean {
  if (forgottenSequence === 0n) return true;
  if (writtenTo === null || writtenTo.sequence < forgottenSequence) return false;
  // Trades of before the epoch were published in the one before it.
  return writtenTo.epoch === epoch || forgottenSequence <= epochAfter;
}

/** One list out of two that are in order, each trade once. */
function join(left: readonly PlacedTrade[], right: readonly PlacedTrade[]): PlacedTrade[] {
  const joined: PlacedTrade[] = [];
  for (let at = 0, other = 0; at < left.length || other < right.length;) {
    const [one, two] = [left[at], right[other]];
    const order = one === undefined ? 1 : two === undefined ? -1 : comparePlaces(one, two);
    joined.push((order <= 0 ? one : two) as PlacedTrade);
    if (order <= 0) at += 1;
    if (order >= 0) other += 1;
  }
  return joined;
}
