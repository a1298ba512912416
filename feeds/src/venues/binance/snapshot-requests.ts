import type { Logger } from "@mib/service/log";
import { VenueMessageError } from "../message-fields.ts";
import { VenueRestError, type VenueRest } from "../venue-rest.ts";

export interface SnapshotRequestsOptions {
  rest: VenueRest;
  url(symbol: string): string;
  log: Logger;
  signal: AbortSignal;
  onText(symbol: string, text: string): void;
}

/** Asks for snapshots of books, at most one at a time for a symbol. One that fails is asked for again when it is wanted again. */
export class SnapshotRequests {
  readonly #options: SnapshotRequestsOptions;
  readonly #asked = new Set<string>();

  constructor(options: SnapshotRequestsOptions) {
    this.#options = options;
  }

  want(symbol: string): void {
    if (this.#asked.has(symbol) || this.#options.signal.aborted) return;
    this.#asked.add(symbol);
    void this.#ask(symbol).finally(() => this.#asked.delete(symbol));
  }

  async #ask(symbol: string): Promise<void> {
    const { rest, url, log, signal, onText } = this.#options;
    try {
      onText(symbol, await rest.text(url(symbol)));
    } catch (error) {
      if (signal.aborted) return;
      // fetch fails with a TypeError when the network does, and with a TimeoutError.
      const expected =
        error instanceof VenueRestError ||
        error instanceof VenueMessageError ||
        error instanceof TypeError ||
        error instanceof RangeError ||
        (error as Error).name === "TimeoutError";
      if (!expected) throw error;
      log.warn({ symbol, reason: (error as Error).message }, "no snapshot of a book could be had");
    }
  }
}
