import type { AnswerHead } from "../transport.ts";
import { Http1Error } from "./http1-error.ts";
import { checkTrailers, readResponseHead, type HeadLimits, type ResponseHead } from "./response-head.ts";

/** Where a response goes. Once a method returned false, nothing more is read. */
export interface ResponseSink {
  onHead(head: AnswerHead): boolean;
  /** A part of the body, but not its last; the bytes are the sink's. */
  onData(bytes: Buffer): boolean;
}

type State = "head" | "length" | "close" | "chunk-size" | "chunk-data" | "chunk-end" | "trailers" | "done";

const LIMITS: HeadLimits = { headersMax: 256 };
/** Of a head, and of the trailers. */
const HEAD_BYTES_MAX = 16_384;
/** A chunk's size with its extensions. */
const CHUNK_LINE_BYTES_MAX = 512;
/** Interim responses (1xx) that may come before the answer. */
const INTERIM_MAX = 16;
/** What is looked for is looked for in so many bytes first: most heads are smaller. */
const FIRST_LOOK_BYTES = 1_024;
const CHUNK_LINE = /^([0-9a-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n$/i;
const NOTHING_MORE = -1;

/**
 * Reads one response after another from bytes as they come, in whatever pieces. It throws an Http1Error for everything that is
 * not plainly a response, and is of no use then.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  #state: State = "done";
  #head: ResponseHead | null = null;
  #interim = 0;
  /** What there is of a head, a chunk's line or the trailers. */
  #text = "";
  /** Bytes of the body, or of the chunk, that are to come. */
  #left = 0;
  #rest: Buffer | null = null;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Null until the head of the response was read. */
  get head(): ResponseHead | null {
    return this.#head;
  }

  /** The last part of the body: a view of the bytes that `read` was given last. */
  get rest(): Buffer | null {
    return this.#rest;
  }

  /** Makes ready for the next response. */
  begin(): void {
    this.#state = "head";
    this.#head = null;
    this.#interim = 0;
    this.#text = "";
    this.#rest = null;
  }

  /** Reads the first `end` of the bytes. Says how many of them are the response's when it ends with them, else null. */
  read(bytes: Buffer, end: number): number | null {
    let at = 0;
    while (at < end && this.#state !== "done") {
      at = this.#step(bytes, at, end);
      if (at === NOTHING_MORE) return null;
    }
    if (this.#state === "done") return at;
    this.#passOn();
    return null;
  }

  /** The connection ended: true where that is how the response ends. */
  end(): boolean {
    return this.#state === "close";
  }

  /** Reads on from `at`, and says where it stopped. */
  #step(bytes: Buffer, at: number, end: number): number {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes, at, end);
      case "close":
        return this.#take(bytes, at, end);
      case "length":
      case "chunk-data": {
        const to = Math.min(end, at + this.#left);
        this.#left -= to - at;
        if (this.#left === 0) this.#state = this.#state === "length" ? "done" : "chunk-end";
        return this.#take(bytes, at, to);
      }
      case "chunk-end": {
        const next = this.#readUpTo("\r\n", 2, bytes, at, end);
        if (this.#state === "chunk-end" && this.#text === "\r\n") this.#expect("chunk-size");
        return next;
      }
      case "chunk-size": {
        const next = this.#readUpTo("\r\n", CHUNK_LINE_BYTES_MAX, bytes, at, end);
        if (this.#text.endsWith("\r\n")) this.#beginChunk();
        return next;
      }
      case "trailers": {
        const next = this.#readUpTo("\r\n\r\n", HEAD_BYTES_MAX, bytes, at, end);
        if (this.#text.endsWith("\r\n\r\n")) {
          checkTrailers(this.#text.slice(2, -2), LIMITS);
          this.#expect("done");
        }
        return next;
      }
      case "done":
        return at;
    }
  }

  /** Adds to `#text` what comes up to and with a terminator, and says where that ends. */
  #readUpTo(terminator: string, bytesMax: number, bytes: Buffer, at: number, end: number): number {
    const known = this.#text.length;
    const from = Math.max(0, known - terminator.length + 1);
    let text = this.#text + bytes.toString("latin1", at, Math.min(end, at + FIRST_LOOK_BYTES));
    let found = text.indexOf(terminator, from);
    if (found < 0 && end - at > FIRST_LOOK_BYTES) {
      text = this.#text + bytes.toString("latin1", at, Math.min(end, at + bytesMax + 1));
      found = text.indexOf(terminator, from);
    }
    const size = found < 0 ? text.length : found + terminator.length;
    if (size > bytesMax) throw new Http1Error("a head, a chunk's line or trailers too large");
    this.#text = found < 0 ? text : text.slice(0, size);
    return at + size - known;
  }

  #expect(state: State): void {
    this.#state = state;
    this.#text = "";
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const next = this.#readUpTo("\r\n\r\n", HEAD_BYTES_MAX, bytes, at, end);
    if (!this.#text.endsWith("\r\n\r\n")) return next;
    const head = readResponseHead(this.#text.slice(0, -2), LIMITS);
    this.#text = "";
    if (head.status < 200) {
      this.#interim += 1;
      if (head.status === 101 || this.#interim > INTERIM_MAX) throw new Http1Error("an interim answer not asked for");
      return next;
    }
    this.#head = head;
    this.#left = head.contentLength ?? 0;
    this.#state = STATE_AFTER_HEAD[head.framing];
    if (this.#state === "length" && this.#left === 0) this.#state = "done";
    return this.#sink.onHead(head) ? next : NOTHING_MORE;
  }

  #beginChunk(): void {
    const size = CHUNK_LINE.exec(this.#text)?.[1];
    if (size === undefined) throw new Http1Error("a chunk without a size");
    this.#left = Number.parseInt(size, 16);
    if (this.#left > 0) return this.#expect("chunk-data");
    this.#state = "trailers";
    this.#text = "\r\n"; // so that the empty line ends them whether there are any or none
  }

  /** A part of the body; the one before it cannot be the last, then. */
  #take(bytes: Buffer, from: number, to: number): number {
    if (!this.#passOn()) return NOTHING_MORE;
    this.#rest = bytes.subarray(from, to);
    return to;
  }

  #passOn(): boolean {
    const rest = this.#rest;
    this.#rest = null;
    return rest === null || this.#sink.onData(Buffer.from(rest));
  }
}

const STATE_AFTER_HEAD = { none: "done", length: "length", chunked: "chunk-size", close: "close" } as const;
