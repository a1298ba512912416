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
  readonly #market: Pick<Market, "tradesBetween" | "findTrade">;
  readonly #history: TradeHistory;

  constructor(market: Pick<Market, "tradesBetween" | "findTrade">, history: TradeHistory) {
    this.#market = market;
    this.#history = history;
  }

  /** The last trades before the one with this id; none when nobody knows that one. */
  async before(symbol: string, tradeId: bigint | null, count: number): Promise<PlacedTrade[]> {
    const before = tradeId === null ? null : await this.#find(symbol, tradeId);
    if (tradeId !== null && before === null) return [];
    return (await this.read(symbol, { after: null, before, count, end: "LAST" })).trades;
  }

  /**
   * While the engine is down, what was written down answers alone, if anything was. Fails with TRADES_NOT_WRITTEN_YET when the page would have a
   * hole: between the two are trades that the engine has forgotten and nobody has written down so far.
   */
  async read(symbol: string, window: TradeWindow): Promise<TradePage> {
    if (window.count === 0) return { trades: [], more: false };
    // One more than asked for shows whether there is more.
    const wanted = { ...window, count: window.count + 1 };
    // In this order: what the engine forgets in between is written down by then, or known not to be.
    const memory = await this.#recent(symbol, wanted);
    if (memory instanceof CodedError) {
      const { trades, writtenTo } = await this.#history.tradesBetween(symbol, wanted);
      if (writtenTo === null) throw memory;
      return pageOf(trades, window);
    }
    const alone = isWholeByItself(memory, wanted);
    const { trades, writtenTo } = await this.#written(symbol, wanted, alone);
    if (!alone && !reaches(writtenTo, memory)) throw new CodedError("TRADES_NOT_WRITTEN_YET", undefined, { symbol });
    return pageOf(join(trades, memory.trades), window);
  }

  async #recent(symbol: string, window: TradeWindow): Promise<TradeMemory | CodedError> {
    try {
      return await this.#market.tradesBetween(symbol, window);
    } catch (error) {
      if (isEngineDown(error)) return error;
      throw error;
    }
  }

  async #written(symbol: string, window: TradeWindow, alone: boolean): ReturnType<TradeHistory["tradesBetween"]> {
    try {
      return await this.#history.tradesBetween(symbol, window);
    } catch (error) {
      if (alone) return { trades: [], writtenTo: null };
      throw error;
    }
  }

  async #find(symbol: string, tradeId: bigint): Promise<PlacedTrade | null> {
    try {
      const found = await this.#market.findTrade(symbol, tradeId);
      if (found !== null) return found;
    } catch (error) {
      if (!isEngineDown(error)) throw error;
    }
    return this.#history.findTrade(symbol, tradeId);
  }
}

function pageOf(trades: PlacedTrade[], { count, end }: TradeWindow): TradePage {
  if (trades.length <= count) return { trades, more: false };
  return { trades: end === "LAST" ? trades.slice(-count) : trades.slice(0, count), more: true };
}

/** Whether no trade that the engine has forgotten can belong to the page. */
function isWholeByItself({ trades, forgottenNanos }: TradeMemory, { after, count, end }: TradeWindow): boolean {
  if (forgottenNanos === 0n || (after !== null && after.atNanos > forgottenNanos)) return true;
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
