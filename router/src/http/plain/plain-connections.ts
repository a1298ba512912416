import type { Socket } from "node:net";
import { isTls, takeConnections, type Http1Server } from "../taken-connections.ts";
import { AnswerBytes } from "./answer-bytes.ts";
import { PlainConnection, type PlainHost } from "./plain-connection.ts";

const SWEEP_MS_MAX = 5_000;

export interface PlainOptions extends Pick<PlainHost, "rules" | "serve" | "turns"> {
  /** For so long a connection may be idle between two requests, and before the first. */
  idleMsMax: number;
  firstRequestMsMax: number;
}

/** The connections of an HTTP server while all their requests are plain ones; all others stay the server's. */
export class PlainConnections implements PlainHost {
  readonly rules: PlainHost["rules"];
  readonly serve: PlainHost["serve"];
  readonly keepAliveSeconds: number;
  readonly turns: PlainHost["turns"];
  readonly bytes: AnswerBytes | null;
  /** Gives a connection to `node:http`. */
  readonly handOver: (socket: Socket) => void;
  isDraining = false;
  readonly #connections = new Set<PlainConnection>();
  readonly #timer: NodeJS.Timeout;

  constructor(server: Http1Server, { rules, serve, turns, idleMsMax, firstRequestMsMax }: PlainOptions) {
    this.rules = rules;
    this.serve = serve;
    this.turns = turns;
    // Behind TLS a write is never over at once: memory could not be used again.
    this.bytes = isTls(server) ? null : new AnswerBytes();
    this.keepAliveSeconds = Math.floor(idleMsMax / 1_000);
    this.handOver = takeConnections(server, (socket) => void this.#connections.add(new PlainConnection(socket, this)));
    const sweepMs = Math.min(SWEEP_MS_MAX, idleMsMax / 2);
    const [idleSweepsMax, firstSweepsMax] = [idleMsMax / sweepMs, firstRequestMsMax / sweepMs];
    this.#timer = setInterval(() => this.#sweep(idleMsMax, idleSweepsMax, firstSweepsMax), sweepMs).unref();
  }

  left(connection: PlainConnection): void {
    this.#connections.delete(connection);
  }

  /** Ends idle connections now and the others with their answer. */
  drain(): void {
    this.isDraining = true;
    clearInterval(this.#timer);
    for (const connection of this.#connections) connection.drain();
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #sweep(idleMsMax: number, idleSweepsMax: number, firstSweepsMax: number): void {
    for (const connection of this.#connections) {
      connection.endIfStalled(idleMsMax);
      if (!connection.isIdle) continue;
      connection.idleSweeps += 1;
      if (connection.idleSweeps > (connection.hasServed ? idleSweepsMax : firstSweepsMax)) connection.destroy();
    }
  }
}
