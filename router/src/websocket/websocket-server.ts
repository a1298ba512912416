import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Revocations } from "../authentication/revocations.ts";
import type { OriginPolicy } from "../http/origin-policy.ts";
import { credentialsOf } from "../http/request-headers.ts";
import type { Http1Server } from "../http/taken-connections.ts";
import { AddressCounts } from "../subscription/address-counts.ts";
import { CredentialEnds } from "../subscription/credential-ends.ts";
import { inSteps } from "../subscription/in-steps.ts";
import { CLOSE } from "./close-codes.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";

const PROTOCOL = "graphql-transport-ws";
/** An offer to take compressed messages that refer back less far than ours do. */
const SMALLER_WINDOW = /server_max_window_bits\s*=\s*"?(8|9|1[0-4])\b/;

export interface WebSocketOptions extends Omit<ConnectionOptions, "livesBy"> {
  revocations: Revocations;
  path: string;
  origins: OriginPolicy;
  connectionsMax: number;
  connectionsPerAddressMax: number;
  messageBytesMax: number;
  pingIntervalMs: number;
  /** So often clients are told of the newest events that they should have; 0: never. */
  headsIntervalMs: number;
}

/** Admits WebSockets on an HTTP server and keeps what concerns all of them: number, signs of life, expiry, the end. */
export class GraphqlWebSocketServer {
  readonly #options: WebSocketOptions;
  readonly #connections = new Set<Connection>();
  readonly #perAddress = new AddressCounts();
  readonly #credentialEnds: CredentialEnds;
  readonly #aliveTimer: NodeJS.Timeout;
  readonly #headsTimer: NodeJS.Timeout | null;
  readonly #sockets: WebSocketServer;
  #lastOptions: ConnectionOptions | null = null;
  #draining = false;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#credentialEnds = new CredentialEnds(options.revocations);
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Messages of ours stand alone, since many clients share them, and refer back as far as deflate can.
      perMessageDeflate: options.compression !== null && {
        serverNoContextTakeover: true,
        serverMaxWindowBits: 15,
        clientNoContextTakeover: true,
      },
      maxPayload: options.messageBytesMax,
      handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
    });
    this.#aliveTimer = setInterval(() => this.#checkAlive(), options.pingIntervalMs).unref();
    const { headsIntervalMs } = options;
    this.#headsTimer = headsIntervalMs === 0 ? null : setInterval(() => this.#tellHeads(), headsIntervalMs).unref();
  }

  /** Bytes that wait for sockets. */
  get backlogBytes(): number {
    let bytes = 0;
    for (const { backpressure } of this.#connections) bytes += backpressure.backlogBytes;
    return bytes;
  }

  attach(server: Http1Server): void {
    server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) =>
      this.#upgrade(request, stream, head),
    );
  }

  /** Closes every connection with 1012, spread over a while, so that the clients do not come back all at once. */
  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    clearInterval(this.#aliveTimer);
    if (this.#headsTimer) clearInterval(this.#headsTimer);
    this.#credentialEnds.stop();
    await inSteps([...this.#connections], overMs, (connection) =>
      connection.close(CLOSE.serviceRestart, "Service Restart"),
    );
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { path, origins, connectionsMax, connectionsPerAddressMax } = this.#options;
    const address = request.socket.remoteAddress ?? "";
    stream.on("error", destroyStream);
    if ((request.url ?? "").split("?", 1)[0] !== path) return reject(stream, 404);
    if (!origins.allows(request.headers.origin)) return reject(stream, 403);
    if (this.#draining || this.#connections.size >= connectionsMax) return reject(stream, 503);
    if (this.#perAddress.of(address) >= connectionsPerAddressMax) return reject(stream, 429);
    const credentials = credentialsOf(request);
    // ws answers offers that it can't take with 400.
    if (SMALLER_WINDOW.test(request.headers["sec-websocket-extensions"] ?? ""))
      delete request.headers["sec-websocket-extensions"];
    this.#sockets.handleUpgrade(request, stream, head, (socket) =>
      this.#admit(socket, { stream, address, credentials }),
    );
  }

  /** Knows nothing of the request: what a socket's listeners hold lives as long as the socket. */
  #admit(socket: WebSocket, facts: ConstructorParameters<typeof Connection>[1]): void {
    if (socket.protocol !== PROTOCOL) {
      socket.on("error", ignoreError); // "close" follows
      socket.close(CLOSE.subprotocolNotAcceptable, "Subprotocol not acceptable");
      return;
    }
    const connection = new Connection(socket, facts, this.#optionsNow());
    this.#connections.add(connection);
    this.#perAddress.add(facts.address);
    this.#options.metrics.connectionsOpen.set(this.#connections.size);
    socket.on("close", () => this.#forget(connection));
  }

  /** What is in use now: one object for all sockets that are opened before something else is. */
  #optionsNow(): ConnectionOptions {
    const { runner, authenticator, limits } = this.#options;
    const last = this.#lastOptions;
    if (last?.runner === runner && last.authenticator === authenticator && last.limits === limits) return last;
    return (this.#lastOptions = {
      ...this.#options,
      livesBy: (connection, caller) => this.#credentialEnds.replace(connection, caller),
    });
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#credentialEnds.delete(connection);
    this.#perAddress.delete(connection.address);
    this.#options.metrics.connectionsOpen.set(this.#connections.size);
  }

  /** Over half of the interval, so that events are not held up by as many writes as there are connections. */
  #tellHeads(): void {
    void inSteps([...this.#connections], this.#options.headsIntervalMs / 2, (connection) => connection.tellHeads());
  }

  #checkAlive(): void {
    for (const connection of this.#connections) connection.checkAlive();
  }
}

function destroyStream(this: Duplex): void {
  this.destroy();
}

function ignoreError(): void {}

function reject(stream: Duplex, status: number): void {
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
