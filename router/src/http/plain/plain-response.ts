import { type OutgoingHttpHeaders, STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import type { Socket } from "node:net";
import type { HttpResponse } from "../http-exchange.ts";

/** How a connection goes on after an answer: as its headers say it. */
export interface AfterAnswer {
  headers: string;
  /** The answer is handed to the socket. */
  answered(): void;
  /** The system has all of it. */
  readonly flushed: () => void;
}

let second = 0;
let dateHeader = "";

/** The answer to a plain request: headers and body in one write. */
export class PlainResponse implements HttpResponse {
  headersSent = false;
  readonly #socket: Socket;
  readonly #after: AfterAnswer;
  #status = 200;
  /** By lower-case name. */
  readonly #headers = new Map<string, string>();

  constructor(socket: Socket, after: AfterAnswer) {
    this.#socket = socket;
    this.#after = after;
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

  writeHead(status: number, headers: OutgoingHttpHeaders): void {
    this.#status = status;
    for (const name in headers) this.#headers.set(name, String(headers[name]));
  }

  end(body: string | Uint8Array = "", encoding: BufferEncoding = "utf8"): void {
    if (this.headersSent) return;
    this.headersSent = true;
    const head = this.#head(body);
    if (typeof body === "string" && encoding === "latin1") {
      this.#socket.write(head + body, "latin1", this.#after.flushed);
    } else {
      this.#socket.cork();
      this.#socket.write(head, "latin1");
      this.#socket.write(body, encoding, this.#after.flushed);
      this.#socket.uncork();
    }
    this.#after.answered();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #head(body: string | Uint8Array): string {
    if (!this.#headers.has("content-length")) this.#headers.set("content-length", String(Buffer.byteLength(body)));
    let head = `HTTP/1.1 ${this.#status} ${STATUS_CODES[this.#status]}\r\n`;
    for (const [name, value] of this.#headers) head += `${name}: ${value}\r\n`;
    return `${head}${date()}${this.#after.headers}\r\n`;
  }
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
