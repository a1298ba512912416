import { setImmediate as nextTurn } from "node:timers/promises";
import { CodedError } from "@mib/service/coded-error";
import { Turns } from "./turns.ts";

/** What one request may look at: the largest screen of 10 000 instruments, and then some. About two seconds of one processor. */
const BARS_MAX = 40_000_000;

/**
 * Passes over the bars of many instruments. Each holds the process up until it is done, so one is made at a time, with a pause for
 * everything else behind it, and requests take turns: one that asks for many does not keep another one waiting for all of them.
 */
export class MarketPasses {
  readonly #shared: Turns;
  readonly #own = new Turns(1);
  readonly #signal: AbortSignal;
  #bars = 0;

  /** For one request; `shared` is one turn at a time for all of them. */
  constructor(shared: Turns, signal: AbortSignal) {
    this.#shared = shared;
    this.#signal = signal;
  }

  /** Makes a pass over so many bars. RANGE_TOO_LARGE where the request asks for more than one may. Nothing is made for who is gone. */
  async make<Value>(bars: number, pass: () => Value): Promise<Value> {
    this.#bars += bars;
    if (this.#bars > BARS_MAX)
      throw new CodedError(
        "RANGE_TOO_LARGE",
        `One request looks at no more than ${BARS_MAX} bars: ask for less at once.`,
        {
          barsMax: BARS_MAX,
        },
      );
    return this.#own.take(() =>
      this.#shared.take(async () => {
        this.#signal.throwIfAborted();
        const value = pass();
        await nextTurn();
        return value;
      }),
    );
  }
}
