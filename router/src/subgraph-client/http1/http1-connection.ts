import { connect, type Socket } from "node:net";
import type { AnswerHead } from "../transport.ts";
import { Http1Error } from "./http1-error.ts";
import type { Http1Request, RequestOwner } from "./http1-request.ts";
import { ResponseParser, type ResponseSink } from "./response-parser.ts";

/** What a connection tells the pool that it belongs to. */
export interface ConnectionOwner {
  /** It can take a request: it was just opened, or its last answer is there. */
  ready(connection: Http1Connection): void;
  /** It is closed, or cannot be used any more. Called once. `error`: why it was never ready. */
  lost(connection: Http1Connection, error: unknown): void;
  /** A request that was sent on a connection that the server had closed meanwhile. */
  again(request: Http1Request): void;
}

export interface ConnectionTarget {
  host: string;
  port: number;
  connectTimeoutMs: number;
}

const READ_BYTES_MAX = 131_072;
/**
 * Read into by all connections, one after the other: what was read is used before the next read begins. Windows reads before
 * it says so.
 */
const SHARED = process.platform === "win32" ? null : Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/** For servers that do not say how long they keep an idle connection. */
const IDLE_MS = 4_000;
const IDLE_MS_MAX = 600_000;
/** Given up so much earlier than the server would: a request that is on its way then must not meet a closed connection. */
const IDLE_MARGIN_MS = 1_000;

/** One connection with one request at a time. After anything but a whole answer it is closed and never used again. */
export class Http1Connection implements ResponseSink, RequestOwner {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser(this);
  #connectTimer: NodeJS.Timeout | null;
  #request: Http1Request | null = null;
  #isFirst = true;
  /** Whether any byte of the answer came. */
  #answered = false;
  #lost = false;
  #error: unknown = null;
  #idleUntil = 0;

  constructor({ host, port, connectTimeoutMs }: ConnectionTarget, owner: ConnectionOwner) {
    this.#owner = owner;
    const buffer = SHARED ?? Buffer.allocUnsafeSlow(READ_BYTES_MAX);
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      onread: {
        buffer,
        callback: (count) => {
          this.#read(buffer, count);
          return true;
        },
      },
    });
    this.#connectTimer = setTimeout(
      () => this.#close(new Http1Error("the connection was not there in time")),
      connectTimeoutMs,
    );
    this.#socket.once("connect", () => {
      this.#endConnecting();
      if (this.#lost) return;
      this.#idleUntil = performance.now() + IDLE_MS;
      owner.ready(this);
    });
    this.#socket.on("error", (error) => (this.#error = error));
    this.#socket.once("end", () => this.#ended());
    this.#socket.once("close", () => this.#close(this.#error ?? new Http1Error("the connection was closed")));
  }

  /** Until when it may be used again, while it is idle; on the clock of `performance.now`. */
  get idleUntil(): number {
    return this.#idleUntil;
  }

  send(request: Http1Request): void {
    this.#request = request;
    request.owner = this;
    this.#answered = false;
    this.#parser.begin();
    this.#socket.write(request.text, "latin1");
  }

  giveUp(request: Http1Request): void {
    request.owner = null;
    this.#request = null;
    this.#close(new Http1Error("the request was given up"));
  }

  close(error: unknown): void {
    this.#close(error);
  }

  onHead(head: AnswerHead): boolean {
    this.#request!.handler.onHead(head);
    return this.#request !== null;
  }

  onData(bytes: Buffer): boolean {
    this.#request!.handler.onData(bytes);
    return this.#request !== null;
  }

  #read(bytes: Buffer, count: number): void {
    if (this.#lost) return;
    if (this.#request === null) return this.#close(new Http1Error("an answer that nobody asked for"));
    this.#answered = true;
    let size: number | null;
    try {
      size = this.#parser.read(bytes, count);
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      return this.#close(error);
    }
    if (size !== null) this.#finish(size === count);
  }

  /** The answer is there. `alone`: nothing came after it. */
  #finish(alone: boolean): void {
    const request = this.#request!;
    const { rest } = this.#parser;
    this.#request = null;
    request.owner = null;
    this.#isFirst = false;
    const idleMs = alone && this.#socket.writableLength === 0 ? this.#idleMs() : 0;
    if (idleMs > 0) {
      this.#idleUntil = performance.now() + idleMs;
      this.#owner.ready(this);
    } else this.#close(null);
    request.handler.onEnd(rest);
  }

  /** For how long the connection may be used again; 0: not at all. */
  #idleMs(): number {
    const { keepAlive, keepAliveSeconds } = this.#parser.head!;
    if (!keepAlive) return 0;
    return keepAliveSeconds === null ? IDLE_MS : Math.min(keepAliveSeconds * 1_000 - IDLE_MARGIN_MS, IDLE_MS_MAX);
  }

  #ended(): void {
    if (this.#request !== null && this.#answered && this.#parser.end()) this.#finish(false);
    else this.#close(new Http1Error("the connection was closed"));
  }

  #endConnecting(): void {
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    this.#connectTimer = null;
  }

  #close(error: unknown): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#endConnecting();
    this.#socket.destroy();
    const request = this.#request;
    this.#request = null;
    this.#owner.lost(this, error);
    if (request === null) return;
    request.owner = null;
    if (this.#answered || this.#isFirst || !request.repeatable) return request.handler.onError(error);
    request.repeatable = false;
    this.#owner.again(request);
  }
}
