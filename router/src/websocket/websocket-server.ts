import { STATUS_CODES, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocketServer } from "ws";
import type { OriginPolicy } from "../http/origin-policy.ts";
import { CLOSE } from "./close-codes.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";

const PROTOCOL = "graphql-transport-ws";
const EXPIRY_TICK_MS = 500;
const DRAIN_STEPS = 10;

export interface WebSocketOptions extends Omit<ConnectionOptions, "expires"> {
  path: string;
  origins: OriginPolicy;
  connectionsMax: number;
  connectionsPerAddressMax: number;
  messageBytesMax: number;
  pingIntervalMs: number;
}

/** Admits WebSockets on an HTTP server and keeps what concerns all of them: number, signs of life, expiry, the end. */
export class GraphqlWebSocketServer {
  readonly #options: WebSocketOptions;
  readonly #connections = new Set<Connection>();
  readonly #perAddress = new Map<string, number>();
  /** Connections by the time at which their credential ends, in ticks. */
  readonly #expiries = new Map<number, Set<Connection>>();
  readonly #timers: NodeJS.Timeout[];
  readonly #sockets: WebSocketServer;
  #draining = false;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.messageBytesMax,
      handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
    });
    this.#timers = [
      setInterval(() => this.#checkAlive(), options.pingIntervalMs).unref(),
      setInterval(() => this.#closeExpired(), EXPIRY_TICK_MS).unref(),
    ];
  }

  attach(server: Server): void {
    server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) =>
      this.#upgrade(request, stream, head),
    );
  }

  /** Closes every connection with 1012, spread over a while, so that the clients do not come back all at once. */
  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    for (const timer of this.#timers) clearInterval(timer);
    const connections = [...this.#connections];
    const step = Math.ceil(connections.length / DRAIN_STEPS);
    for (let start = 0; start < connections.length; start += step) {
      for (const connection of connections.slice(start, start + step))
        connection.close(CLOSE.serviceRestart, "Service Restart");
      if (start + step < connections.length) await delay(overMs / DRAIN_STEPS);
    }
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { path, origins, connectionsMax, connectionsPerAddressMax, metrics } = this.#options;
    const address = request.socket.remoteAddress ?? "";
    stream.on("error", () => stream.destroy());
    if ((request.url ?? "").split("?", 1)[0] !== path) return reject(stream, 404);
    if (!origins.allows(request.headers.origin)) return reject(stream, 403);
    if (this.#draining || this.#connections.size >= connectionsMax) return reject(stream, 503);
    const count = this.#perAddress.get(address) ?? 0;
    if (count >= connectionsPerAddressMax) return reject(stream, 429);

    this.#sockets.handleUpgrade(request, stream, head, (socket) => {
      if (socket.protocol !== PROTOCOL) {
        socket.close(CLOSE.subprotocolNotAcceptable, "Subprotocol not acceptable");
        return;
      }
      const apiKey = request.headers["x-api-key"];
      const credentials = {
        authorization: request.headers.authorization ?? null,
        apiKey: Array.isArray(apiKey) ? apiKey.join() : (apiKey ?? null),
      };
      const connection = new Connection(
        socket,
        { stream, address, credentials },
        { ...this.#options, expires: (of, atMs) => this.#expires(of, atMs) },
      );
      this.#connections.add(connection);
      this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
      metrics.connectionsOpen.set(this.#connections.size);
      socket.once("close", () => this.#forget(connection));
    });
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    if (connection.expiryTick !== null) this.#expiries.get(connection.expiryTick)?.delete(connection);
    const count = (this.#perAddress.get(connection.address) ?? 1) - 1;
    if (count === 0) this.#perAddress.delete(connection.address);
    else this.#perAddress.set(connection.address, count);
    this.#options.metrics.connectionsOpen.set(this.#connections.size);
  }

  #expires(connection: Connection, atMs: number): void {
    const tick = Math.ceil(atMs / EXPIRY_TICK_MS);
    connection.expiryTick = tick;
    const connections = this.#expiries.get(tick);
    if (connections) connections.add(connection);
    else this.#expiries.set(tick, new Set([connection]));
  }

  #closeExpired(): void {
    const now = Math.floor(Date.now() / EXPIRY_TICK_MS);
    for (const [tick, connections] of this.#expiries) {
      if (tick > now) continue;
      this.#expiries.delete(tick);
      for (const connection of connections) connection.close(CLOSE.forbidden, "CREDENTIAL_INVALID");
    }
  }

  #checkAlive(): void {
    for (const connection of this.#connections) connection.checkAlive();
  }
}

function reject(stream: Duplex, status: number): void {
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
