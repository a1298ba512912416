import type { FormattedExecutionResult, SubscribePayload } from "graphql-ws";
import { backoffMs } from "./backoff.ts";
import { notRecoveredReason, StreamProgress, type Gap, type Recovered } from "./stream-progress.ts";
import { codeOf, retryAfterMs, SubscriptionError } from "./subscription-error.ts";
import type { Clock, Connection, Errors } from "./transport.ts";

/** One thing to tell, in this order: `recovered`, `gap`, `result`. */
export interface Delivery {
  recovered: Recovered | null;
  gap: Gap | null;
  result: FormattedExecutionResult<any> | null;
  /** Where the stream goes on after this. */
  cursor: string | null;
}

export interface FollowedStreamOptions {
  operation: SubscribePayload;
  cursor: string | null;
  whenNotRecovered: "restart" | "end";
  clock: Clock;
  random: () => number;
  deliver(delivery: Delivery): void;
  /** The connection has lost an event: the stream can go on before it on another one. */
  missed(): void;
  /** Called once, unless the stream is stopped before; null: the stream is over as it should be. */
  ended(error: SubscriptionError | null): void;
}

/** A connection that is open, and whether its router can resume. */
export interface OpenConnection {
  connection: Connection;
  resumes: boolean;
}

/** What a router says when the same request may pass a moment later. */
const TRANSIENT_CODES: readonly (string | null)[] = ["RATE_LIMITED", "SERVICE_UNAVAILABLE"];
const REFUSALS_MAX = 10;
/** For so long an event may be on its way after the router has said that it was sent. */
const HEAD_GRACE_MS = 2_000;

/** One subscription across all connections. */
export class FollowedStream {
  readonly #options: FollowedStreamOptions;
  readonly #progress: StreamProgress;
  #open: OpenConnection | null = null;
  /** How to leave on this connection; null while it is not subscribed there. */
  #leave: (() => void) | null = null;
  #attempt = 0;
  #refusals = 0;
  #cancelRetry: (() => void) | null = null;
  /** Runs while an event is missing that the router has sent. */
  #cancelGrace: (() => void) | null = null;
  #isPaused = false;
  #isOver = false;

  constructor(options: FollowedStreamOptions) {
    this.#options = options;
    this.#progress = new StreamProgress(options.cursor);
  }

  connected(open: OpenConnection): void {
    this.#open = open;
    this.#subscribe();
  }

  disconnected(): void {
    this.#open = null;
    this.#unsubscribe();
  }

  /** Takes nothing until `resume`, then goes on where it was. */
  pause(): void {
    this.#isPaused = true;
    this.#unsubscribe();
  }

  resume(): void {
    this.#isPaused = false;
    this.#subscribe();
  }

  /** Ends it without a word. */
  stop(): void {
    this.#isOver = true;
    this.disconnected();
  }

  end(error: SubscriptionError | null): void {
    if (this.#isOver) return;
    this.stop();
    this.#options.ended(error);
  }

  #subscribe(): void {
    if (this.#open === null || this.#isPaused || this.#isOver) return;
    const { connection, resumes } = this.#open;
    const { operation } = this.#options;
    const { request, gap } = this.#progress.begin(resumes);
    const attempt = ++this.#attempt;
    if (gap !== null) this.#tell({ gap });
    // Whoever was told may have stopped or paused it.
    if (attempt !== this.#attempt) return;
    const payload =
      request === null ? operation : { ...operation, extensions: { ...operation.extensions, stream: request } };
    const ifCurrent =
      <Args extends unknown[]>(action: (...args: Args) => void) =>
      (...args: Args) => {
        if (attempt === this.#attempt) action(...args);
      };
    this.#leave = connection.subscribe(payload, {
      next: ifCurrent((result) => this.#take(result)),
      head: ifCurrent((cursor) => this.#hear(cursor)),
      failed: ifCurrent((errors) => this.#failed(errors)),
      completed: ifCurrent(() => this.end(null)),
    });
  }

  #unsubscribe(): void {
    this.#attempt += 1;
    this.#endGrace();
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    const leave = this.#leave;
    this.#leave = null;
    leave?.();
  }

  #hear(head: string): void {
    if (!this.#progress.hear(head)) this.#endGrace();
    else this.#cancelGrace ??= this.#options.clock.after(HEAD_GRACE_MS, () => this.#options.missed());
  }

  #endGrace(): void {
    this.#cancelGrace?.();
    this.#cancelGrace = null;
  }

  #take(result: FormattedExecutionResult<any>): void {
    // It comes again after the missing one.
    if (this.#progress.isBeyondMissing(result)) return this.#options.missed();
    this.#endGrace();
    this.#refusals = 0;
    this.#tell({ ...this.#progress.take(result), result });
  }

  #failed(errors: Errors): void {
    this.#unsubscribe();
    const { whenNotRecovered, clock, random } = this.#options;
    const reason = notRecoveredReason(errors);
    if (reason !== null && whenNotRecovered === "restart") {
      this.#tell({ gap: this.#progress.restart(reason) });
      this.#subscribe();
    } else if (TRANSIENT_CODES.includes(codeOf(errors)) && this.#refusals < REFUSALS_MAX) {
      this.#progress.refused();
      const waitMs = retryAfterMs(errors) + backoffMs(this.#refusals++, random);
      this.#cancelRetry = clock.after(waitMs, () => this.#subscribe());
    } else this.end(SubscriptionError.ofErrors(errors));
  }

  #tell(what: Partial<Delivery>): void {
    this.#options.deliver({ recovered: null, gap: null, result: null, ...what, cursor: this.#progress.cursor });
  }
}
