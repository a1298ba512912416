import { type OutgoingHttpHeaders, STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import type { Socket } from "node:net";
import type { HttpResponse } from "../http-exchange.ts";
import type { AnswerBytes } from "./answer-bytes.ts";

/** How a connection goes on after an answer: as its headers say it. */
export interface AfterAnswer {
  headers: string;
  /** The answer, of about so many bytes, is handed to the socket. */
  answered(bytes: number): void;
  /** The system has all of it. */
  readonly flushed: () => void;
}

/** Characters of a body that is written as text. Larger ones are put together from many pieces, which that would copy first. */
const SMALL_MAX = 4_096;

let second = 0;
let dateHeader = "";

/** The answer to a plain request: headers and body in one write. */
export class PlainResponse implements HttpResponse {
  readonly measuresText = true;
  headersSent = false;
  readonly #socket: Socket;
  readonly #after: AfterAnswer;
  readonly #bytes: AnswerBytes | null;
  #status = 200;
  /** By lower-case name. */
  readonly #headers = new Map<string, string>();

  constructor(socket: Socket, after: AfterAnswer, bytes: AnswerBytes | null) {
    this.#socket = socket;
    this.#after = after;
    this.#bytes = bytes;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  setHeader(name: string, value: string): void {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    this.#headers.set(name.toLowerCase(), value);
  }

  appendHeader(name: string, value: string): void {
    const before = this.#headers.get(name.toLowerCase());
    this.setHeader(name, before === undefined ? value : `${before}, ${value}`);
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.#status = status;
    // The length is that of what is sent.
    for (const name in headers) if (name !== "content-length") this.#headers.set(name, String(headers[name]));
  }

  end(body: string | Uint8Array = ""): void {
    if (this.headersSent) return;
    this.headersSent = true;
    this.#after.answered(typeof body === "string" ? this.#writeText(body) : this.#writeApart(body, body.byteLength));
  }

  /** Returns how many bytes it wrote, more or less. */
  #writeText(body: string): number {
    // As many bytes as characters: it is ASCII, and as such leaves with its head without having been a buffer.
    if (body.length <= SMALL_MAX && Buffer.byteLength(body) === body.length) {
      this.#socket.write(this.#headFor(body.length) + body, "latin1", this.#after.flushed);
      return body.length;
    }
    const bytes = this.#bytes;
    const whole = bytes?.write(body, this.#headFor) ?? null;
    if (whole === null) return this.#writeApart(body, Buffer.byteLength(body));
    this.#socket.write(whole, this.#after.flushed);
    if (this.#socket.writableLength > 0) bytes!.giveAway();
    return whole.length;
  }

  #writeApart(body: string | Uint8Array, length: number): number {
    this.#socket.cork();
    this.#socket.write(this.#headFor(length), "latin1");
    this.#socket.write(body, this.#after.flushed);
    this.#socket.uncork();
    return length;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #headFor = (bytes: number): string => {
    let head = `HTTP/1.1 ${this.#status} ${STATUS_CODES[this.#status]}\r\n`;
    for (const [name, value] of this.#headers) head += `${name}: ${value}\r\n`;
    return `${head}content-length: ${bytes}\r\n${date()}${this.#after.headers}\r\n`;
  };
}

function date(): string {
  const now = Date.now();
  const thisSecond = Math.floor(now / 1_000);
  if (thisSecond !== second) {
    second = thisSecond;
    dateHeader = `Date: ${new Date(now).toUTCString()}\r\n`;
  }
  return dateHeader;
}
