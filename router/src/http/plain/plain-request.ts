import type { IncomingHttpHeaders } from "node:http";
import { isJsonContentType } from "../media-types.ts";

/** The head of a plain request. A client mostly sends the same one with each. */
export interface PlainHead {
  bytes: Buffer;
  headers: Readonly<IncomingHttpHeaders>;
  /** Length of the body. */
  contentLength: number;
}

export interface PlainRequestRules {
  path: string;
  headerBytesMax: number;
  bodyBytesMax: number;
}

// Blanks around a value are part of it here: told apart by the expression, they would be tried in every way.
const HEADER = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)\r\n/y;
const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;
const LENGTH = /^[1-9]\d{0,8}$/;
/** Headers by which a request asks for more than an answer, or is framed in another way than by its length. */
const NOT_PLAIN: ReadonlySet<string> = new Set([
  "content-encoding",
  "expect",
  "http2-settings",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const IN_PARTS = /event-stream|multipart/i;

/**
 * Reads a chunk that is exactly one plain request: POST to the path, HTTP/1.1, no header twice, JSON of the length that is
 * told, one whole answer wanted. Null for anything else, readable or not. `known` is the head of the request before.
 */
export function readPlainHead(chunk: Buffer, known: PlainHead | null, rules: PlainRequestRules): PlainHead | null {
  if (known !== null && isSame(chunk, known)) return known;
  const start = `POST ${rules.path} HTTP/1.1\r\n`;
  const text = chunk.toString("latin1", 0, Math.min(chunk.length, rules.headerBytesMax));
  const end = text.indexOf("\r\n\r\n") + 2;
  if (end < start.length || !text.startsWith(start)) return null;
  const headers: IncomingHttpHeaders = Object.create(null);
  HEADER.lastIndex = start.length;
  while (HEADER.lastIndex < end) {
    const [, name = "", value = ""] = HEADER.exec(text) ?? [];
    const key = name.toLowerCase();
    if (name === "" || NOT_PLAIN.has(key) || headers[key] !== undefined) return null;
    headers[key] = value.replace(BLANKS_AROUND, "");
  }
  const length = headers["content-length"];
  if (length === undefined || !LENGTH.test(length) || Number(length) > rules.bodyBytesMax) return null;
  if (chunk.length !== end + 2 + Number(length)) return null;
  if (!headers.host || !isJsonContentType(headers["content-type"])) return null;
  if ((headers.connection ?? "keep-alive").toLowerCase() !== "keep-alive") return null;
  if (IN_PARTS.test(headers.accept ?? "")) return null;
  // A copy: what a chunk is a part of may be much larger.
  return {
    bytes: Buffer.from(chunk.subarray(0, end + 2)),
    headers: Object.freeze(headers),
    contentLength: Number(length),
  };
}

function isSame(chunk: Buffer, { bytes, contentLength }: PlainHead): boolean {
  const { length } = bytes;
  return chunk.length === length + contentLength && bytes.compare(chunk, 0, length) === 0;
}
