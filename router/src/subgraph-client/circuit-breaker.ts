import { SlidingCounts } from "./sliding-counts.ts";

export interface BreakerLimits {
  /** Part of the recent requests that must have failed for the circuit to open. */
  failureRatio: number;
  /** Fewer requests than this in a window say nothing. */
  requestsMin: number;
  windowMs: number;
  /** How long an open circuit refuses before it lets probes pass. */
  openMs: number;
  /** Probes that may be under way in a half-open circuit; as many successes close it. */
  probesMax: number;
}

export type CircuitState = "closed" | "open" | "half-open";
export type Outcome = "success" | "failure" | "unknown";

/** What `admit` says of a request that must not be made. */
export const REFUSED = -1;

/**
 * Decides whether a subgraph may be asked. Closed, everything passes; when too many of the recent requests failed it opens
 * and nothing does; after a while it is half-open and a few probes decide. Has no clock: whoever asks says what time it is.
 */
export class CircuitBreaker {
  readonly #limits: BreakerLimits;
  readonly #counts: SlidingCounts;
  #state: CircuitState = "closed";
  /** Counts the changes of state: an outcome speaks only for the state in which its request began. */
  #era = 0;
  #openedAt = 0;
  #probes = 0;
  #probesPassed = 0;
  #opened = 0;

  constructor(limits: BreakerLimits) {
    this.#limits = limits;
    this.#counts = new SlidingCounts(limits.windowMs);
  }

  /** As of the last request: an open circuit whose time is over becomes half-open when it is next asked. */
  get state(): CircuitState {
    return this.#state;
  }

  /** How often the circuit opened so far. */
  get opened(): number {
    return this.#opened;
  }

  /** A ticket for `settle`, which must follow; REFUSED when the request must not be made. */
  admit(nowMs: number): number {
    if (this.#state === "closed") return this.#era;
    if (this.#state === "open") {
      if (nowMs - this.#openedAt < this.#limits.openMs) return REFUSED;
      this.#enter("half-open");
    }
    if (this.#probes >= this.#limits.probesMax) return REFUSED;
    this.#probes += 1;
    return this.#era;
  }

  settle(ticket: number, outcome: Outcome, nowMs: number): void {
    if (ticket !== this.#era) return;
    if (this.#state === "closed") this.#count(outcome, nowMs);
    else this.#judge(outcome, nowMs);
  }

  #count(outcome: Outcome, nowMs: number): void {
    if (outcome === "unknown") return;
    this.#counts.add(outcome === "failure" ? 1 : 0, nowMs);
    if (outcome !== "failure" || this.#counts.total < this.#limits.requestsMin) return;
    if (this.#counts.marked >= this.#counts.total * this.#limits.failureRatio) this.#open(nowMs);
  }

  #judge(outcome: Outcome, nowMs: number): void {
    this.#probes -= 1;
    if (outcome === "failure") return this.#open(nowMs);
    if (outcome === "unknown") return;
    this.#probesPassed += 1;
    if (this.#probesPassed >= this.#limits.probesMax) {
      this.#enter("closed");
      this.#counts.clear();
    }
  }

  #open(nowMs: number): void {
    this.#enter("open");
    this.#openedAt = nowMs;
    this.#opened += 1;
  }

  #enter(state: CircuitState): void {
    this.#state = state;
    this.#era += 1;
    this.#probes = 0;
    this.#probesPassed = 0;
  }
}
