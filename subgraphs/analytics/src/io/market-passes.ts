import { CodedError } from "@mib/service/coded-error";
import DataLoader from "dataloader";
import type { RequestTurns } from "./request-turns.ts";

/** What one request may look at: the largest screen of 10 000 instruments, and then some. About two seconds of one processor. */
const BARS_MAX = 40_000_000;
/** Looks at single instruments are made together until they have so many bars: about 20 ms of one processor. */
const LOOKED_TOGETHER_BARS = 400_000;

/** A look at the bars of an instrument. */
interface Look {
  /** Looks of one object are made in one piece: what it says is as of one time. */
  of: object;
  bars: number;
  look: () => unknown;
}

/**
 * What one request looks at. Passes over the bars of many instruments hold the process up until they are done, so each waits for
 * its turn, and what a client has left is not made.
 */
export class MarketPasses {
  readonly #turns: RequestTurns;
  readonly #looks = new DataLoader<Look, unknown>((looks) => this.#lookAtAll(looks), { cache: false });
  #bars = 0;

  constructor(turns: RequestTurns) {
    this.#turns = turns;
  }

  /** Counts bars that are looked at. RANGE_TOO_LARGE where the request asks for more than one may. */
  count(bars: number): void {
    this.#bars += bars;
    if (this.#bars > BARS_MAX)
      throw new CodedError(
        "RANGE_TOO_LARGE",
        `One request looks at no more than ${BARS_MAX} bars: ask for less at once.`,
        {
          barsMax: BARS_MAX,
        },
      );
  }

  /** Makes a pass over so many bars, which are counted. */
  async make<Value>(bars: number, pass: () => Value): Promise<Value> {
    this.count(bars);
    return this.#turns.take(bars, pass);
  }

  /** The same for what many objects of a list ask for: what is asked for at a time is made in a few passes. */
  async look<Value>(of: object, bars: number, look: () => Value): Promise<Value> {
    this.count(bars);
    return this.#looks.load({ of, bars, look }) as Promise<Value>;
  }

  async #lookAtAll(looks: readonly Look[]): Promise<unknown[]> {
    const passes = partsOf(looks).map(({ bars, looks: part }) => this.#turns.take(bars, () => part.map(outcomeOf)));
    return (await Promise.all(passes)).flat();
  }
}

/** What fails is the failure of its own field. */
function outcomeOf({ look }: Look): unknown {
  try {
    return look();
  } catch (error) {
    return error instanceof Error ? error : new Error("a look failed", { cause: error });
  }
}

/** In their order. */
function partsOf(looks: readonly Look[]): { bars: number; looks: Look[] }[] {
  const parts: { bars: number; looks: Look[] }[] = [];
  for (const look of looks) {
    const part = parts.at(-1);
    if (part === undefined || (part.bars >= LOOKED_TOGETHER_BARS && part.looks.at(-1)!.of !== look.of))
      parts.push({ bars: look.bars, looks: [look] });
    else {
      part.bars += look.bars;
      part.looks.push(look);
    }
  }
  return parts;
}
