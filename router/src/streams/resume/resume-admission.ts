import type { HubClock } from "../stream-source.ts";

export interface ResumeLimits {
  /** Resumes that may begin to read their windows in a second. */
  resumesPerSecondMax: number;
  /** Resumes that may wait for that. */
  resumesWaitingMax: number;
}

export type Admission = "ADMITTED" | "REFUSED" | "LEFT";

const STEP_MS = 20;
/** The part of a second's resumes that are admitted at once after a quiet time. */
const BURST_PART = 10;

/**
 * Lets resumes begin at a bounded rate, so that clients which come back all at once leave the process time for its live events.
 * They wait in order, and connections take turns: one with many resumes does not hold up those with one.
 */
export class ResumeAdmission {
  readonly #clock: HubClock;
  readonly #limits: ResumeLimits;
  readonly #burst: number;
  /** Resumes by connection; the connection whose turn it is comes first. */
  readonly #waiting = new Map<object, Map<object, (admission: Admission) => void>>();
  #waitingCount = 0;
  #allowed: number;
  #isRefilling = false;

  constructor(clock: HubClock, limits: ResumeLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#allowed = this.#burst = Math.max(1, limits.resumesPerSecondMax / BURST_PART);
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** After so long a resume that is refused now has a chance. */
  get retryAfterSeconds(): number {
    return Math.ceil(this.#limits.resumesWaitingMax / this.#limits.resumesPerSecondMax) || 1;
  }

  /** Resolves when the resume may begin, is refused because too many wait, or has left. */
  enter(resume: object, connection: object): Promise<Admission> {
    // While some wait there is less than one allowed: none overtakes them.
    if (this.#allowed >= 1) {
      this.#allowed -= 1;
      this.#refill();
      return Promise.resolve("ADMITTED");
    }
    if (this.#waitingCount >= this.#limits.resumesWaitingMax) return Promise.resolve("REFUSED");
    return new Promise((resolve) => {
      let resumes = this.#waiting.get(connection);
      if (resumes === undefined) this.#waiting.set(connection, (resumes = new Map()));
      resumes.set(resume, resolve);
      this.#waitingCount += 1;
      this.#refill();
    });
  }

  /** The resume is given up, if it waits. */
  leave(resume: object, connection: object): void {
    this.#take(resume, connection)?.("LEFT");
  }

  #refill(): void {
    if (this.#isRefilling) return;
    this.#isRefilling = true;
    this.#clock.after(STEP_MS, () => {
      this.#isRefilling = false;
      const more = (this.#limits.resumesPerSecondMax * STEP_MS) / 1_000;
      this.#allowed = Math.min(this.#burst, this.#allowed + more);
      for (; this.#allowed >= 1 && this.#waitingCount > 0; this.#allowed -= 1) this.#admitNext();
      if (this.#allowed < this.#burst) this.#refill();
    });
  }

  #admitNext(): void {
    const [connection, resumes] = this.#waiting.entries().next().value!;
    const admit = this.#take(resumes.keys().next().value!, connection)!;
    // The others of the connection wait until it is its turn again.
    if (this.#waiting.delete(connection)) this.#waiting.set(connection, resumes);
    admit("ADMITTED");
  }

  #take(resume: object, connection: object): ((admission: Admission) => void) | undefined {
    const resumes = this.#waiting.get(connection);
    const resolve = resumes?.get(resume);
    if (resumes === undefined || resolve === undefined) return undefined;
    resumes.delete(resume);
    if (resumes.size === 0) this.#waiting.delete(connection);
    this.#waitingCount -= 1;
    return resolve;
  }
}
