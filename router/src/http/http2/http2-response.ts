import { type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { OngoingResponse } from "../http-exchange.ts";

/** What HTTP/2 says in frames, and allows no header to say. */
const OF_HTTP1: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** The response of an HTTP/2 stream. What the client gave up takes nothing more, and says so by `destroyed`. */
export class Http2Response implements OngoingResponse {
  readonly #stream: ServerHttp2Stream;
  /** By lower-case name. */
  readonly #headers: OutgoingHttpHeaders = {};

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  get writableEnded(): boolean {
    return this.#stream.writableEnded;
  }

  get writableLength(): number {
    return this.#stream.writableLength;
  }

  get writableHighWaterMark(): number {
    return this.#stream.writableHighWaterMark;
  }

  setHeader(name: string, value: string): void {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    this.#set(name, value);
  }

  appendHeader(name: string, value: string): void {
    const before = this.#headers[name.toLowerCase()];
    this.setHeader(name, before === undefined ? value : `${String(before)}, ${value}`);
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): void {
    for (const name in headers) this.#set(name, headers[name]);
    if (!this.destroyed) this.#stream.respond({ ...this.#headers, ":status": status });
  }

  write(piece: string | Uint8Array, taken?: () => void): boolean {
    return this.#stream.write(piece, taken);
  }

  end(body?: string | Uint8Array, encoding: BufferEncoding = "utf8"): void {
    // One that must have no body has ended with its head.
    if (this.destroyed || this.#stream.writableEnded) return;
    if (body === undefined) this.#stream.end();
    else this.#stream.end(body, encoding);
  }

  /** Takes the stream from the client; the others of its connection go on. */
  destroy(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#stream.destroy();
  }

  on(event: "drain" | "close", listener: () => void): void {
    this.#stream.on(event, listener);
  }

  once(event: "drain" | "close", listener: () => void): void {
    this.#stream.once(event, listener);
  }

  off(event: "drain" | "close", listener: () => void): void {
    this.#stream.off(event, listener);
  }

  #set(name: string, value: OutgoingHttpHeaders[string]): void {
    const key = name.toLowerCase();
    if (!OF_HTTP1.has(key)) this.#headers[key] = value;
  }
}
