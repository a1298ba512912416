/** Over so long the events of a channel are averaged: what was longer ago weighs less and less. */
const AVERAGED_MS = 10_000;

/** How many events a channel has in a second, of late. */
export class EventRate {
  #weight = 0;
  #atMs = 0;

  note(nowMs: number): void {
    this.#weight = this.#weightAt(nowMs) + 1;
    this.#atMs = nowMs;
  }

  perSecond(nowMs: number): number {
    return this.#weightAt(nowMs) / (AVERAGED_MS / 1_000);
  }

  #weightAt(nowMs: number): number {
    return this.#weight * Math.exp(Math.min(0, this.#atMs - nowMs) / AVERAGED_MS);
  }
}
