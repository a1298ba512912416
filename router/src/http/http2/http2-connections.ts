import type { Socket } from "node:net";
import { Http2Connection, type Http2Host } from "./http2-connection.ts";
import type { ExchangeLimits } from "./http2-exchange.ts";

const SWEEP_MS_MAX = 5_000;

export interface Http2Options
  extends ExchangeLimits, Pick<Http2Host, "headerBytesMax" | "requestsMax" | "turns" | "serve"> {
  /** For so long a connection may be without a request, and before the first. */
  idleMsMax: number;
  firstRequestMsMax: number;
}

/** The connections of clients that speak HTTP/2. */
export class Http2Connections implements Http2Host {
  readonly headerBytesMax: number;
  readonly requestsMax: number;
  readonly turns: Http2Host["turns"];
  readonly serve: Http2Host["serve"];
  readonly #connections = new Set<Http2Connection>();
  readonly #limits: ExchangeLimits;
  readonly #timer: NodeJS.Timeout;

  constructor({ headerBytesMax, requestsMax, turns, serve, idleMsMax, firstRequestMsMax, ...limits }: Http2Options) {
    this.headerBytesMax = headerBytesMax;
    this.requestsMax = requestsMax;
    this.turns = turns;
    this.serve = serve;
    this.#limits = limits;
    const sweepMs = Math.min(SWEEP_MS_MAX, idleMsMax / 2, limits.stalledMsMax / 2, limits.requestMsMax / 2);
    this.#timer = setInterval(() => this.#sweep(idleMsMax / sweepMs, firstRequestMsMax / sweepMs), sweepMs).unref();
  }

  /** Serves a connection, whose client has chosen HTTP/2 or begins with it. */
  take(socket: Socket): void {
    this.#connections.add(new Http2Connection(socket, this));
  }

  left(connection: Http2Connection): void {
    this.#connections.delete(connection);
  }

  announceEnd(): void {
    for (const connection of this.#connections) connection.announceEnd();
  }

  /** Ends idle connections now and the others with their last answer. */
  drain(): void {
    clearInterval(this.#timer);
    for (const connection of this.#connections) connection.drain();
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #sweep(idleSweepsMax: number, firstSweepsMax: number): void {
    for (const connection of this.#connections) {
      connection.sweep(this.#limits);
      if (!connection.isIdle) continue;
      connection.idleSweeps += 1;
      const most = connection.hasServed ? idleSweepsMax : firstSweepsMax;
      // First as the protocol wants it; whoever does not take that is cut off.
      if (connection.idleSweeps > most + 1) connection.destroy();
      else if (connection.idleSweeps > most) connection.drain();
    }
  }
}
