import type { Socket } from "node:net";
import type { HttpRequest, HttpResponse } from "../http-exchange.ts";
import type { AnswerBytes } from "./answer-bytes.ts";
import { readPlainHead, type PlainHead, type PlainRequestRules } from "./plain-request.ts";
import { PlainResponse } from "./plain-response.ts";
import type { RequestTurns } from "../request-turns.ts";

/** What a connection needs of its server. */
export interface PlainHost {
  readonly rules: PlainRequestRules;
  readonly isDraining: boolean;
  readonly keepAliveSeconds: number;
  readonly turns: RequestTurns;
  readonly bytes: AnswerBytes | null;
  /** `receivedAt`: when it was there, by `performance.now()`. */
  serve(request: HttpRequest, response: HttpResponse, body: string, receivedAt: number): void;
  /** Gives the connection to `node:http`; what was read and not served lies in its socket again. */
  handOver(socket: Socket): void;
  /** The connection is over, or somebody else's. */
  left(connection: PlainConnection): void;
}

/** One client's connection, while all its requests are plain: one after the other, each answered before the next is read. */
export class PlainConnection {
  /** The host's sweeps since it was last heard of. */
  idleSweeps = 0;
  hasServed = false;
  #isBusy = false;
  /** Answers that the client has not taken yet. */
  #unflushed = 0;
  readonly #socket: Socket;
  readonly #host: PlainHost;
  #head: PlainHead | null = null;
  #request: HttpRequest | null = null;
  /** Came while a request was answered. */
  #next: Buffer | null = null;
  #hasEnded = false;

  constructor(socket: Socket, host: PlainHost) {
    this.#socket = socket;
    this.#host = host;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.#unflushed === 0;
  }

  /**
   * Ends it when its client takes nothing of its answers for so long. A client that takes some of a long one in that time may
   * go on.
   */
  endIfStalled(ms: number): void {
    if (this.#unflushed === 0 || this.#socket.timeout === ms) return;
    this.#socket.setTimeout(ms, this.#onStill);
  }

  get headers(): string {
    return this.#host.isDraining
      ? "Connection: close\r\n"
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${this.#host.keepAliveSeconds}\r\n`;
  }

  /** Ends it as soon as no request is under way. */
  drain(): void {
    if (!this.#isBusy) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  answered(bytes: number): void {
    this.#host.turns.answered(bytes);
    this.#isBusy = false;
    this.#unflushed += 1;
    this.hasServed = true;
    if (this.#host.isDraining) {
      this.#socket.end();
    } else if (this.#next !== null) this.#takeNextWhenRead();
    else if (this.#hasEnded) this.#socket.end();
  }

  readonly flushed = (): void => {
    this.#unflushed -= 1;
    this.idleSweeps = 0;
  };

  readonly #onData = (chunk: Buffer): void => {
    const isFirst = this.#next === null;
    if (isFirst && !this.#isBusy && !this.#socket.writableNeedDrain) {
      this.#take(chunk);
      return;
    }
    this.#next = this.#next === null ? chunk : Buffer.concat([this.#next, chunk]);
    this.#socket.pause();
    if (isFirst && !this.#isBusy) this.#takeNextWhenRead();
  };

  readonly #onStill = (): void => {
    if (this.#unflushed > 0) this.#socket.destroy();
    else this.#socket.setTimeout(0, this.#onStill);
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (!this.#isBusy && this.#next === null) this.#socket.end();
  };

  readonly #onError = (): void => {}; // "close" follows

  readonly #onClose = (): void => this.#host.left(this);

  /** A client that sends and does not read has to read first. */
  #takeNextWhenRead(): void {
    if (this.#socket.writableNeedDrain) this.#socket.once("drain", () => this.#takeNext());
    else this.#takeNext();
  }

  #takeNext(): void {
    const next = this.#next!;
    this.#next = null;
    this.#socket.resume();
    this.#take(next);
  }

  #take(chunk: Buffer): void {
    const head = readPlainHead(chunk, this.#head, this.#host.rules);
    if (head === null) {
      this.#handOver(chunk);
      return;
    }
    if (head !== this.#head || this.#request === null) {
      this.#head = head;
      const { path } = this.#host.rules;
      this.#request = { method: "POST", url: path, headers: head.headers, socket: this.#socket };
    }
    this.#isBusy = true;
    const body = chunk.toString("utf8", head.bytes.length);
    const request = this.#request;
    const receivedAt = performance.now();
    this.#host.turns.begin(() => {
      if (!this.#socket.destroyed)
        this.#host.serve(request, new PlainResponse(this.#socket, this, this.#host.bytes), body, receivedAt);
    });
  }

  #handOver(chunk: Buffer): void {
    const socket = this.#socket;
    this.#host.left(this);
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    socket.setTimeout(0, this.#onStill);
    socket.pause();
    socket.unshift(chunk);
    this.#host.handOver(socket);
    socket.resume();
  }
}
