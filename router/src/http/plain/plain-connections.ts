import type { Server } from "node:http";
import type { Socket } from "node:net";
import { AnswerBytes } from "./answer-bytes.ts";
import { PlainConnection, type PlainHost } from "./plain-connection.ts";
import { RequestTurns } from "./request-turns.ts";

const SWEEP_MS_MAX = 5_000;

export interface PlainOptions extends Pick<PlainHost, "rules" | "serve"> {
  /** For so long a connection may be idle between two requests, and before the first. */
  idleMsMax: number;
  firstRequestMsMax: number;
}

/** The connections of an HTTP server while all their requests are plain ones; all others stay the server's. */
export class PlainConnections implements PlainHost {
  readonly rules: PlainHost["rules"];
  readonly serve: PlainHost["serve"];
  readonly keepAliveSeconds: number;
  readonly turns = new RequestTurns();
  readonly bytes = new AnswerBytes();
  isDraining = false;
  readonly #connections = new Set<PlainConnection>();
  readonly #listeners: ((socket: Socket) => void)[];
  readonly #server: Server;
  readonly #timer: NodeJS.Timeout;

  constructor(server: Server, { rules, serve, idleMsMax, firstRequestMsMax }: PlainOptions) {
    this.rules = rules;
    this.serve = serve;
    this.keepAliveSeconds = Math.floor(idleMsMax / 1_000);
    this.#server = server;
    // Node's own listener takes a connection over whenever it is called with it.
    this.#listeners = server.listeners("connection") as ((socket: Socket) => void)[];
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => void this.#connections.add(new PlainConnection(socket, this)));
    const sweepMs = Math.min(SWEEP_MS_MAX, idleMsMax / 2);
    this.#timer = setInterval(() => this.#sweep({ idleMsMax, firstRequestMsMax, sweepMs }), sweepMs).unref();
  }

  handOver(socket: Socket): void {
    for (const listener of this.#listeners) listener.call(this.#server, socket);
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

  #sweep({
    idleMsMax,
    firstRequestMsMax,
    sweepMs,
  }: Record<"idleMsMax" | "firstRequestMsMax" | "sweepMs", number>): void {
    const [idleSweepsMax, firstSweepsMax] = [idleMsMax / sweepMs, firstRequestMsMax / sweepMs];
    for (const connection of this.#connections) {
      connection.endIfStalled(idleMsMax);
      if (!connection.isIdle) continue;
      connection.idleSweeps += 1;
      if (connection.idleSweeps > (connection.hasServed ? idleSweepsMax : firstSweepsMax)) connection.destroy();
    }
  }
}
