import { CodedError } from "@mib/service/coded-error";

/** Whose work it is, and when nobody waits for it any more. */
export interface Turn {
  /** A name of the caller; work of nobody in particular (null) has one place together. */
  caller: string | null;
  signal: AbortSignal;
}

interface Limits {
  atOnceMax: number;
  /** What may wait of one caller, and of all together. */
  waitingOfOneMax?: number;
  waitingMax?: number;
}

interface Place {
  waiting: Waiting[];
  /** What the caller has had, on the clock of `#reached`. */
  had: number;
}

interface Waiting {
  cost: number;
  begin(): void;
}

/**
 * Lets so many pieces of work run at a time. Next is the caller who has had least, by cost (start-time fair queueing): who comes
 * after a while waits for what runs, and for at most one piece of each other caller. Those of one caller go in their order. Between
 * two pieces everything else of the process is let in.
 */
export class FairTurns {
  readonly #limits: Required<Limits>;
  readonly #places = new Map<string | null, Place>();
  #free: number;
  #waiting = 0;
  /** What the caller whose piece began last had had by then: less counts for nobody, so that no one saves turns up. */
  #reached = 0;

  constructor({ atOnceMax, waitingOfOneMax = 100, waitingMax = 2_000 }: Limits) {
    this.#limits = { atOnceMax, waitingOfOneMax, waitingMax };
    this.#free = atOnceMax;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Does a piece of work when its turn comes; costs may be in any unit that is the same for all. ANALYTICS_QUEUE_FULL where too much
   * waits. Once the signal is aborted it waits no longer and is not begun.
   */
  async take<Value>({ caller, signal }: Turn, cost: number, work: () => Value | Promise<Value>): Promise<Value> {
    signal.throwIfAborted();
    let place = this.#places.get(caller);
    if (place === undefined) this.#places.set(caller, (place = { waiting: [], had: this.#reached }));
    if (this.#free > 0) {
      this.#free -= 1;
      this.#charge(place, cost);
    } else await this.#wait(place, cost, { caller, signal });
    try {
      return await work();
    } finally {
      // In the next turn of the event loop: by then others may have come, and everything else was let in.
      setImmediate(() => this.#beginNext());
    }
  }

  #wait(place: Place, cost: number, { caller, signal }: Turn): Promise<void> {
    const { waitingOfOneMax, waitingMax } = this.#limits;
    // What is done for several callers is bounded with all others.
    if (this.#waiting >= waitingMax || (caller !== null && place.waiting.length >= waitingOfOneMax))
      throw new CodedError("ANALYTICS_QUEUE_FULL", undefined, {
        own: place.waiting.length,
        waitingOfOneMax,
        waitingMax,
      });
    return new Promise<void>((resolve, reject) => {
      const leave = () => {
        place.waiting.splice(place.waiting.indexOf(waiting), 1);
        this.#waiting -= 1;
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        cost,
        begin: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      place.waiting.push(waiting);
      this.#waiting += 1;
    });
  }

  #beginNext(): void {
    const place = this.#next();
    if (place === null) return this.#release();
    const waiting = place.waiting.shift()!;
    this.#waiting -= 1;
    this.#charge(place, waiting.cost);
    waiting.begin();
  }

  #release(): void {
    this.#free += 1;
    if (this.#free < this.#limits.atOnceMax) return;
    this.#places.clear();
    this.#reached = 0;
  }

  #charge(place: Place, cost: number): void {
    this.#reached = Math.max(this.#reached, place.had);
    place.had = this.#reached + cost;
  }

  /** Null where all have left. Forgets callers who neither wait nor have had more than others by now. */
  #next(): Place | null {
    let next: Place | null = null;
    for (const [caller, place] of this.#places) {
      if (place.waiting.length === 0) {
        if (place.had <= this.#reached) this.#places.delete(caller);
      } else if (next === null || this.#startOf(place) < this.#startOf(next)) next = place;
    }
    return next;
  }

  #startOf({ had }: Place): number {
    return Math.max(had, this.#reached);
  }
}
