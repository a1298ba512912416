import { backoffMs } from "./backoff.ts";
import type { OpenConnection } from "./followed-stream.ts";
import type { Clock, Connection, Loss, Transport } from "./transport.ts";

export interface KeptConnectionOptions {
  transport: Transport;
  clock: Clock;
  random: () => number;
  /** For so long there may be no connection before it is told. */
  staleAfterMs: number;
  opened(open: OpenConnection): void;
  lost(): void;
  /** It is lost and must not be made again. */
  ended(loss: Loss): void;
  stale(): void;
  /** The credential is refused: whether there may be another. */
  retriesForbidden(): boolean;
}

const OPENING_MS_MAX = 10_000;
/** A connection that has held for so long was a good one: the next failure is a first one. */
const STEADY_MS = 10_000;

const INITIALISATION_TIMEOUT = 4408;
const FORBIDDEN = 4403;

/** One connection, made again whenever it is lost, for as long as it is needed. */
export class KeptConnection {
  readonly #options: KeptConnectionOptions;
  #isNeeded = false;
  #connection: Connection | null = null;
  #openedAtMs: number | null = null;
  #failures = 0;
  #wasForbidden = false;
  #isStale = false;
  #cancelOpening: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;
  #cancelStale: (() => void) | null = null;

  constructor(options: KeptConnectionOptions) {
    this.#options = options;
  }

  /** Connects now, unless it is connected or about to be. */
  need(): void {
    if (this.#isNeeded) return;
    this.#isNeeded = true;
    this.#failures = 0;
    this.#wasForbidden = false;
    this.#waitUntilStale();
    this.#connect();
  }

  release(): void {
    this.#isNeeded = false;
    this.#isStale = false;
    this.#cancelStale?.();
    this.#cancelStale = null;
    this.#drop();
  }

  /** Gives up the connection, if there is one, for a new one. */
  renew(): void {
    if (!this.#isNeeded) return;
    this.#drop();
    this.#options.lost();
    this.#waitUntilStale();
    this.#connect();
  }

  /** The connection is no good: it counts as lost. */
  giveUp(reason: string): void {
    this.#lost({ closeCode: null, reason });
  }

  #connect(): void {
    this.#cancelRetry = null;
    const { transport, clock } = this.#options;
    const connection = transport({
      opened: ({ resumes }) => this.#opened(connection, resumes),
      lost: (loss) => this.#lost(loss),
    });
    this.#connection = connection;
    this.#cancelOpening = clock.after(OPENING_MS_MAX, () =>
      this.#lost({ closeCode: null, reason: "the router does not answer" }),
    );
  }

  #opened(connection: Connection, resumes: boolean): void {
    this.#cancelOpening?.();
    this.#cancelStale?.();
    this.#cancelStale = null;
    this.#isStale = false;
    this.#openedAtMs = this.#options.clock.now();
    this.#options.opened({ connection, resumes });
  }

  #lost(loss: Loss): void {
    const { clock, random, lost, ended, retriesForbidden } = this.#options;
    const wasOpen = this.#openedAtMs !== null;
    const wasSteady = wasOpen && clock.now() - this.#openedAtMs! >= STEADY_MS;
    const isForbidden = loss.closeCode === FORBIDDEN;
    // A credential that was good has ended: what is given now may be good again.
    const isExpiry = isForbidden && wasOpen && (wasSteady || !this.#wasForbidden);
    this.#wasForbidden = isForbidden;
    this.#drop();
    lost();
    const mayReturn = isExpiry || (isForbidden ? retriesForbidden() : !isFinal(loss));
    // Whoever was asked may have stopped all subscriptions, or wanted another connection.
    if (!this.#isNeeded || this.#connection !== null) return;
    if (!mayReturn) {
      this.release();
      ended(loss);
      return;
    }
    if (wasSteady) this.#failures = 0;
    this.#waitUntilStale();
    this.#cancelRetry = clock.after(backoffMs(this.#failures++, random), () => this.#connect());
  }

  #drop(): void {
    this.#cancelOpening?.();
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#openedAtMs = null;
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
  }

  #waitUntilStale(): void {
    if (this.#isStale || this.#cancelStale !== null) return;
    const { clock, staleAfterMs, stale } = this.#options;
    this.#cancelStale = clock.after(staleAfterMs, () => {
      this.#cancelStale = null;
      this.#isStale = true;
      stale();
    });
  }
}

/** Whether the code says that the same client would be refused again. */
function isFinal({ closeCode }: Loss): boolean {
  if (closeCode === null || closeCode === INITIALISATION_TIMEOUT) return false;
  return closeCode >= 4400 && closeCode < 4500;
}
