/** Requests that begin in one turn of the event loop, at least. */
const PER_TURN = 2;
/** And for each millisecond that the turn before took: long turns, of events to many clients say, must not slow queries. */
const PER_MILLISECOND = 1;
/** And as many as have had so many bytes of answers of late: the data of small ones is no burden. */
const ANSWER_BYTES = 65_536;
const PER_TURN_MAX = 64;
/** Of the answers' mean size, what an answer counts for. */
const WEIGHT = 1 / 32;

/**
 * Lets few requests begin in each turn of the event loop, so that those under way are ended before others are begun:
 * answers of subgraphs that are there are read in between. A process with nothing else to do begins them all at once;
 * a busy one holds the data of fewer of them at a time.
 */
export class RequestTurns {
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  #left = 0;
  #turnAt = 0;
  #isScheduled = false;
  #meanBytes = ANSWER_BYTES;

  /** `now`: a clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  begin(request: () => void): void {
    if (!this.#isScheduled) {
      this.#left = this.#perTurn;
      this.#schedule(this.#now());
    }
    if (this.#left > 0 && this.#waiting.length === 0) {
      this.#left -= 1;
      request();
    } else this.#waiting.push(request);
  }

  /** A request was answered with about so many bytes. */
  answered(bytes: number): void {
    this.#meanBytes += (bytes - this.#meanBytes) * WEIGHT;
  }

  get #perTurn(): number {
    return Math.max(PER_TURN, Math.min(PER_TURN_MAX, Math.floor(ANSWER_BYTES / this.#meanBytes)));
  }

  #schedule(now: number): void {
    this.#turnAt = now;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    if (this.#waiting.length === 0) return;
    const now = this.#now();
    this.#left = Math.max(this.#perTurn, Math.floor((now - this.#turnAt) * PER_MILLISECOND));
    this.#schedule(now);
    for (const request of this.#waiting.splice(0, this.#left)) {
      this.#left -= 1;
      request();
    }
  };
}
