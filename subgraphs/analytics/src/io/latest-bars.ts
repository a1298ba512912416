import type { WindowBar } from "../domain/bar-window.ts";
import type { BarInterval } from "../domain/market-memory.ts";
import { isStored, type StoredBar } from "./postgres-bar-history.ts";

/** Bars that are to be written, each once and in its latest revision. */
export class LatestBars {
  readonly #bars = new Map<string, StoredBar>();

  get size(): number {
    return this.#bars.size;
  }

  /** Takes a bar, unless its interval is not stored. */
  keep(symbol: string, interval: BarInterval, bar: WindowBar): void {
    if (!isStored(interval)) return;
    const key = `${interval}/${bar.openedAtMs}/${symbol}`;
    const there = this.#bars.get(key);
    if (there === undefined || there.bar.revision < bar.revision) this.#bars.set(key, { symbol, interval, bar });
  }

  /** Those that are there now, to be written. What came since then stays when `written` is called. */
  pending(): { bars: StoredBar[]; written(): void } {
    const pending = [...this.#bars];
    return {
      bars: pending.map(([, bar]) => bar),
      written: () => {
        for (const [key, bar] of pending) if (this.#bars.get(key) === bar) this.#bars.delete(key);
      },
    };
  }
}
