/** Requests that begin in one turn of the event loop. */
const BEGUN_MAX = 2;

/**
 * Lets few requests begin in each turn of the event loop, so that those under way are ended before others are begun:
 * answers of subgraphs that are there are read in between. A process with nothing else to do begins them all at once;
 * a busy one holds the data of fewer of them at a time.
 */
export class RequestTurns {
  readonly #waiting: (() => void)[] = [];
  #begun = 0;
  #isScheduled = false;

  begin(request: () => void): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#turn);
    }
    if (this.#begun < BEGUN_MAX && this.#waiting.length === 0) {
      this.#begun += 1;
      request();
    } else this.#waiting.push(request);
  }

  readonly #turn = (): void => {
    this.#begun = 0;
    for (const request of this.#waiting.splice(0, BEGUN_MAX)) {
      this.#begun += 1;
      request();
    }
    this.#isScheduled = this.#waiting.length > 0;
    if (this.#isScheduled) setImmediate(this.#turn);
  };
}
