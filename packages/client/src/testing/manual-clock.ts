import type { Clock } from "../transport.ts";

/** Time that passes when the test says so. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { atMs: number; action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer = { atMs: this.#now + milliseconds, action };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  /** Runs what is due meanwhile, in order. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= until).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.atMs;
      next.action();
    }
    this.#now = until;
  }
}
