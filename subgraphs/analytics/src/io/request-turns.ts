import type { FairTurns, Turn } from "./fair-turns.ts";

/**
 * What one request takes of turns that all share. One piece of it waits or runs at a time, so requests of one caller take turns as
 * well, and what may wait of a caller is counted in requests.
 */
export class RequestTurns {
  readonly #turns: FairTurns;
  readonly #turn: Turn;
  #last: Promise<unknown> = Promise.resolve();

  constructor(turns: FairTurns, turn: Turn) {
    this.#turns = turns;
    this.#turn = turn;
  }

  take<Value>(cost: number, work: () => Value | Promise<Value>): Promise<Value> {
    const taken = this.#last.then(() => this.#turns.take(this.#turn, cost, work));
    // What fails is told to whoever asked for it.
    this.#last = taken.catch(() => {});
    return taken;
  }
}
