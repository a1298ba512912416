/** Something that ends when its time is over. */
export interface Limited {
  /** On the clock of `performance.now`. */
  readonly deadlineAt: number;
  overdue(): void;
}

/** Ends what takes longer than one limit that all share, with one timer for all of them. */
export class TimeLimit {
  /** In the order of their deadlines, because each began after the one before it. */
  readonly #running = new Set<Limited>();
  #timer: NodeJS.Timeout | null = null;

  begin(one: Limited): void {
    this.#running.add(one);
    if (this.#timer === null) this.#await(one);
  }

  end(one: Limited): void {
    this.#running.delete(one);
  }

  #await({ deadlineAt }: Limited): void {
    this.#timer = setTimeout(endOverdue, Math.max(1, Math.ceil(deadlineAt - performance.now())), this).unref();
  }

  /** Called when the time of the one may be over that began first. */
  tick(): void {
    this.#timer = null;
    const now = performance.now();
    for (const one of this.#running) {
      if (one.deadlineAt > now) return this.#await(one);
      this.#running.delete(one);
      one.overdue();
    }
  }
}

function endOverdue(limit: TimeLimit): void {
  limit.tick();
}
