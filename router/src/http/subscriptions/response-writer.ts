import { getDefaultHighWaterMark } from "node:stream";
import type { Outlet } from "../../subscription/backpressure.ts";
import { flushAtEndOfTurn } from "../../subscription/end-of-turn.ts";
import type { OngoingResponse } from "../http-exchange.ts";

/** Shared bytes beyond this are handed to the response as they are; copying smaller ones into one buffer is cheaper. */
const COPIED_BYTES_MAX = 16_384;

/** Puts the bytes of events on a response, those of one turn of the event loop in as few writes as they allow. */
export class ResponseWriter implements Outlet {
  #response: OngoingResponse | null = null;
  readonly #contentType: string;
  readonly #opening: string;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  flushed: (() => void) | null = null;

  /** `opening` is what the body begins with. */
  constructor({ contentType, opening }: { contentType: string; opening: string }) {
    this.#contentType = contentType;
    this.#opening = opening;
  }

  get backlogBytes(): number {
    return this.#queuedBytes + (this.#response?.writableLength ?? 0);
  }

  get highWaterMark(): number {
    return this.#response?.writableHighWaterMark ?? getDefaultHighWaterMark(false);
  }

  /** From now on, bytes go to this response; until then they wait. */
  attach(response: OngoingResponse): void {
    this.#response = response;
  }

  /** Queues bytes, which others may share. */
  write(...parts: readonly Buffer[]): void {
    if (this.#queue.length === 0) flushAtEndOfTurn(this);
    for (const part of parts) {
      this.#queue.push(part);
      this.#queuedBytes += part.length;
    }
  }

  /** Sends bytes after what is queued, and tells when they have left the process. */
  send(bytes: Buffer, taken: () => void): void {
    this.flush();
    const response = this.#response;
    if (response !== null && !response.destroyed) response.write(bytes, taken);
  }

  /** Hands all that is queued to the response, after its head. */
  flush(): void {
    const response = this.#response;
    if (response === null) return;
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (response.destroyed || response.writableEnded) return;
    if (!response.headersSent) this.#begin(response);
    let small: Buffer[] = [];
    for (const part of queue) {
      if (part.length <= COPIED_BYTES_MAX) {
        small.push(part);
        continue;
      }
      if (small.length > 0) response.write(Buffer.concat(small));
      small = [];
      response.write(part);
    }
    if (small.length > 0) response.write(small.length === 1 ? small[0]! : Buffer.concat(small));
    this.flushed?.();
  }

  #begin(response: OngoingResponse): void {
    response.writeHead(200, {
      "content-type": this.#contentType,
      "cache-control": "no-cache",
      "x-accel-buffering": "no", // a proxy must not keep events back
      connection: "close", // by HTTP/1.1 nothing else travels on it, and so its end is the end of the stream
    });
    response.write(this.#opening);
  }
}
