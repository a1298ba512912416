import { BarWindow, type WindowBar } from "./bar-window.ts";

export type BarInterval = "S1" | "M1" | "M5" | "H1" | "D1";

/** How many bars a window keeps: enough for the longest indicator to have settled. */
export const WINDOW_BARS_MAX = 600;

export interface Mover {
  symbol: string;
  changePercent: number;
}

/** The windows of all instruments and intervals. */
export class MarketMemory {
  readonly #windows = new Map<BarInterval, Map<string, BarWindow>>();
  readonly #symbols = new Set<string>();
  readonly #changed = new Set<string>();

  /** Returns the window when the bar is now its newest. */
  add(symbol: string, interval: BarInterval, bar: WindowBar): BarWindow | null {
    const key = keyOf(symbol, interval);
    const windows = this.#of(interval);
    let window = windows.get(symbol);
    if (!window) windows.set(symbol, (window = new BarWindow(WINDOW_BARS_MAX)));
    this.#symbols.add(symbol);
    this.#changed.add(key);
    return window.add(bar) ? window : null;
  }

  window(symbol: string, interval: BarInterval): BarWindow | undefined {
    return this.#windows.get(interval)?.get(symbol);
  }

  /** The windows of an interval by symbol. */
  windows(interval: BarInterval): ReadonlyMap<string, BarWindow> {
    return this.#of(interval);
  }

  bars(symbol: string, interval: BarInterval): readonly WindowBar[] {
    return this.window(symbol, interval)?.bars ?? [];
  }

  get symbols(): ReadonlySet<string> {
    return this.#symbols;
  }

  /** The instruments by the size of their last bar's change, close to close, the largest first; equal ones by symbol. */
  movers(interval: BarInterval, first: number): Mover[] {
    const movers: Mover[] = [];
    for (const symbol of this.#symbols) {
      const bars = this.bars(symbol, interval);
      const last = bars.at(-1);
      const before = bars.at(-2);
      if (last && before && before.close > 0)
        movers.push({ symbol, changePercent: (last.close / before.close - 1) * 100 });
    }
    return movers
      .sort((a, b) => Math.abs(b.changePercent) - Math.abs(a.changePercent) || (a.symbol < b.symbol ? -1 : 1))
      .slice(0, first);
  }

  #of(interval: BarInterval): Map<string, BarWindow> {
    let windows = this.#windows.get(interval);
    if (!windows) this.#windows.set(interval, (windows = new Map()));
    return windows;
  }

  /** The windows that changed since the last call, packed, to be saved. */
  takeChanged(): { symbol: string; interval: BarInterval; packed: Buffer }[] {
    const changed = [...this.#changed].map((key) => {
      const [interval, symbol] = splitKey(key);
      return { symbol, interval, packed: this.window(symbol, interval)!.pack() };
    });
    this.#changed.clear();
    return changed;
  }

  /** False where the bytes can't be a window: then there is none. */
  restore(symbol: string, interval: BarInterval, packed: Buffer): boolean {
    const window = BarWindow.unpack(packed, WINDOW_BARS_MAX);
    if (window === null) return false;
    this.#of(interval).set(symbol, window);
    this.#symbols.add(symbol);
    return true;
  }
}

function keyOf(symbol: string, interval: BarInterval): string {
  return `${interval}/${symbol}`;
}

function splitKey(key: string): [BarInterval, string] {
  const slash = key.indexOf("/");
  return [key.slice(0, slash) as BarInterval, key.slice(slash + 1)];
}
