import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { CodedError } from "@mib/service/coded-error";
import { refuse } from "../error-body.ts";
import type { HttpRequest, OngoingResponse } from "../http-exchange.ts";
import type { RequestTurns } from "../request-turns.ts";
import type { StreamedRest } from "../routes.ts";
import { Http2Exchange, type ExchangeLimits } from "./http2-exchange.ts";
import { readHttp2Head } from "./http2-request.ts";

/** What a connection needs of its server. */
export interface Http2Host {
  readonly headerBytesMax: number;
  readonly requestsMax: number;
  readonly turns: RequestTurns;
  /** Settles when nothing is done for the request any more, but what goes on by its response. */
  serve(request: HttpRequest, response: OngoingResponse, rest: StreamedRest): Promise<void> | void;
  /** The connection is over. */
  left(connection: Http2Connection): void;
}

/** The largest stream id: a client that is told it may send all that it has begun with, and should begin with nothing new. */
const LAST_STREAM_ID = 2 ** 31 - 1;
/**
 * PING and SETTINGS frames between two sweeps, each of which is answered. Nobody needs a hundredth of them. Floods of other
 * frames are ended by Node: empty and invalid ones, headers without an end, streams that are cancelled at once.
 */
const CONTROL_FRAMES_MAX = 1_000;

/** One client's connection: any number of requests at a time, up to a bound. */
export class Http2Connection {
  /** The host's sweeps since it had a request. */
  idleSweeps = 0;
  hasServed = false;
  readonly #socket: Socket;
  readonly #host: Http2Host;
  readonly #session: ServerHttp2Session;
  /** What its requests show of it. */
  readonly #peer: HttpRequest["socket"];
  readonly #open = new Set<Http2Exchange>();
  /** Requests that are executed or answered, those too that the client has given up meanwhile. */
  #underWay = 0;
  /** Since the last sweep. */
  #controlFrames = 0;

  constructor(socket: Socket, host: Http2Host) {
    this.#socket = socket;
    this.#host = host;
    this.#peer = { remoteAddress: socket.remoteAddress };
    // A client that ends its side of a connection has no use for the other.
    socket.allowHalfOpen = false;
    const session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: host.requestsMax, maxHeaderListSize: host.headerBytesMax, enablePush: false },
    });
    this.#session = session;
    session.on("stream", (stream, headers) => this.#begin(stream, headers));
    session.on("ping", this.#onControlFrame);
    session.on("remoteSettings", this.#onControlFrame);
    session.on("error", () => {}); // "close" follows
    session.on("close", () => host.left(this));
  }

  get isIdle(): boolean {
    return this.#underWay === 0;
  }

  /** Called now and then. */
  sweep(limits: ExchangeLimits): void {
    this.#controlFrames = 0;
    const now = performance.now();
    for (const exchange of this.#open) exchange.endIfSlow(now, limits);
  }

  /** Asks the client to begin with nothing new here; what it has begun with is served. */
  announceEnd(): void {
    const session = this.#session;
    if (!session.closed && !session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM_ID);
  }

  /** Ends it as soon as no request is under way. */
  drain(): void {
    this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  readonly #onControlFrame = (): void => {
    this.#controlFrames += 1;
    if (this.#controlFrames > CONTROL_FRAMES_MAX) this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };

  #begin(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on("error", () => {}); // "close" follows
    if (this.#underWay >= this.#host.requestsMax) {
      // Streams that were given up count no more for the protocol, but they do for us.
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    this.#underWay += 1;
    this.hasServed = true;
    const exchange = new Http2Exchange(stream);
    this.#open.add(exchange);
    const closed = new Promise<void>((resolve) => {
      stream.once("close", () => {
        this.#open.delete(exchange);
        resolve();
      });
    });
    this.#host.turns.begin(() => {
      const served = stream.destroyed ? undefined : this.#serve(stream, headers, exchange);
      void Promise.all([closed, served]).finally(() => {
        this.#underWay -= 1;
        this.idleSweeps = 0;
      });
    });
  }

  #serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    { response, receivedAt }: Http2Exchange,
  ): Promise<void> | void {
    const request = readHttp2Head(headers, this.#peer);
    // No way through: it names no path.
    if (request.method === "CONNECT") return refuse(response, new CodedError("METHOD_NOT_ALLOWED"));
    if (request.headers.expect === "100-continue") stream.additionalHeaders({ ":status": 100 });
    return this.#host.serve(request, response, { body: stream, receivedAt });
  }
}
