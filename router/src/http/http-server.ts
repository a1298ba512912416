import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Http2Connections } from "./http2/http2-connections.ts";
import { PriorKnowledge } from "./http2/prior-knowledge.ts";
import { PlainConnections } from "./plain/plain-connections.ts";
import { RequestTurns } from "./request-turns.ts";
import { refuseBadConnections } from "./refuse-connection.ts";
import { route, routePlain, type Routes } from "./routes.ts";
import { isTls, takeConnections, type Http1Server } from "./taken-connections.ts";
import type { KeyPair } from "./tls/key-pair.ts";
import { TlsConnections } from "./tls/tls-connections.ts";

export interface HttpServerOptions extends Routes {
  headerBytesMax: number;
  bodyBytesMax: number;
  /** Whether plain requests pass `node:http` by. */
  plain: boolean;
  /** Null in clear. */
  keyPair: KeyPair | null;
  /** Null where HTTP/1.1 is all that is spoken. */
  http2: {
    requestsPerConnectionMax: number;
    /** For so long a subscription may be sent something of which its client takes nothing. */
    stallTimeoutMs: number;
  } | null;
}

/** Longer than a proxy's usual minute, so that the proxy is the one who closes. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS_MAX = 20_000;
const REQUEST_MS_MAX = 60_000;

export interface ListenAddress {
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** Whether other processes listen there too: the system gives each its part of the connections. */
  shared: boolean;
}

/** The router's HTTP side: all connections of clients, whatever they speak. Upgrades are somebody else's. */
export class HttpServer {
  /** Reads HTTP/1.1; the others are given connections by it. */
  readonly server: Http1Server;
  readonly #tls: TlsConnections | null;
  readonly #plain: PlainConnections | null;
  readonly #http2: Http2Connections | null;
  #priorKnowledge: PriorKnowledge | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: HttpServerOptions) {
    const http1 = {
      maxHeaderSize: options.headerBytesMax,
      requestTimeout: REQUEST_MS_MAX,
      headersTimeout: HEADERS_MS_MAX,
    };
    const { keyPair, http2 } = options;
    const times = { idleMsMax: KEEP_ALIVE_MS, firstRequestMsMax: HEADERS_MS_MAX };
    const turns = new RequestTurns();
    this.server =
      keyPair === null
        ? createServer(http1)
        : createTlsServer({
            ...http1,
            cert: keyPair.certificate,
            key: keyPair.privateKey,
            ALPNProtocols: http2 === null ? ["http/1.1"] : ["h2", "http/1.1"],
            handshakeTimeout: HEADERS_MS_MAX,
          });
    this.server.on(
      "request",
      (request, response) => void route(options, request, response, { body: request, receivedAt: performance.now() }),
    );
    this.server.keepAliveTimeout = KEEP_ALIVE_MS;
    refuseBadConnections(this.server);
    this.#tls = keyPair && isTls(this.server) ? new TlsConnections(this.server, keyPair) : null;
    this.#plain = options.plain
      ? new PlainConnections(this.server, {
          ...times,
          rules: options,
          turns,
          serve: (request, response, body, receivedAt) => routePlain(options, request, response, { body, receivedAt }),
        })
      : null;
    this.#http2 =
      http2 &&
      new Http2Connections({
        ...times,
        headerBytesMax: options.headerBytesMax,
        requestsMax: http2.requestsPerConnectionMax,
        requestMsMax: REQUEST_MS_MAX,
        // Subscriptions see to that by themselves, and sooner.
        stalledMsMax: Math.max(KEEP_ALIVE_MS, 2 * http2.stallTimeoutMs),
        turns,
        serve: (request, response, rest) => route(options, request, response, rest),
      });
    if (this.#http2) this.#share(this.#http2);
  }

  /** Gives HTTP/2 its part of the connections. */
  #share(http2: Http2Connections): void {
    const toHttp2 = (socket: Socket) => http2.take(socket);
    if (this.#tls) {
      const toHttp1 = takeConnections(this.server, (socket) =>
        (socket as TLSSocket).alpnProtocol === "h2" ? toHttp2(socket) : toHttp1(socket),
      );
    } else {
      const toHttp1 = takeConnections(this.server, (socket) => this.#priorKnowledge!.take(socket));
      this.#priorKnowledge = new PriorKnowledge({ http1: toHttp1, http2: toHttp2, firstRequestMsMax: HEADERS_MS_MAX });
    }
  }

  /** Returns the port. */
  async listen({ host, port, shared }: ListenAddress): Promise<number> {
    const { server } = this;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host, backlog: 2_048, reusePort: shared }, resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  /** Null in clear. */
  get certificateEndsAt(): Date | null {
    return this.#tls?.certificateEndsAt ?? null;
  }

  /** Shows another certificate to whoever connects from now on. Throws, and goes on with the old, where it can't. */
  useKeyPair(keyPair: KeyPair): void {
    this.#tls?.useKeyPair(keyPair);
  }

  /** Takes no connections any more, and asks clients to begin nothing new on theirs. */
  close(): void {
    this.#closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.#http2?.announceEnd();
  }

  /** Ends idle connections now, the others with what they wait for, and after a while in any case. Settles when none is left. */
  async drain(msMax: number): Promise<void> {
    this.server.closeIdleConnections();
    this.#priorKnowledge?.destroy();
    this.#plain?.drain();
    this.#http2?.drain();
    const deadline = setTimeout(() => {
      this.server.closeAllConnections();
      this.#plain?.destroy();
      this.#http2?.destroy();
      this.#tls?.destroy();
    }, msMax);
    await this.#closed;
    clearTimeout(deadline);
  }
}
