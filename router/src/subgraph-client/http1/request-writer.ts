import { REQUEST_HEADERS } from "../transport.ts";
import { isToken } from "../header-names.ts";
import { Http1Error } from "./http1-error.ts";

// oxlint-disable-next-line no-control-regex -- exactly the characters that may stand in a header
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Writes requests to one URL; what stays the same is written once. */
export class RequestWriter {
  readonly #head: string;
  /** The headers that were written last, and their text: most requests have those of the one before. */
  #lastHeaders: Readonly<Record<string, string>> = {};
  #lastText = "";

  constructor(url: URL) {
    let head = `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n`;
    for (const [name, value] of Object.entries(REQUEST_HEADERS)) head += `${name}: ${value}\r\n`;
    this.#head = head;
  }

  /** Head and body: a text of one byte per character where the body is ASCII. Throws for headers that cannot be sent. */
  write(body: string, headers: Readonly<Record<string, string>>): string | Buffer {
    const bytes = Buffer.byteLength(body);
    const head = `${this.#head}${this.#textOf(headers)}content-length: ${bytes}\r\n\r\n`;
    if (bytes === body.length) return head + body;
    const whole = Buffer.allocUnsafe(head.length + bytes);
    whole.write(head, 0, "latin1");
    whole.write(body, head.length, "utf8");
    return whole;
  }

  #textOf(headers: Readonly<Record<string, string>>): string {
    if (headers === this.#lastHeaders) return this.#lastText;
    let text = "";
    for (const name in headers) {
      const value = headers[name]!;
      if (!isToken(name) || !VALUE.test(value)) throw new Http1Error("a header that cannot be sent");
      text += `${name}: ${value}\r\n`;
    }
    this.#lastHeaders = headers;
    this.#lastText = text;
    return text;
  }
}
