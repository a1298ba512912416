import type { AnswerHead } from "../transport.ts";
import { Http1Error } from "./http1-error.ts";

/** How the end of a response's body is known. */
type Framing = "none" | "length" | "chunked" | "close";

export interface ResponseHead extends AnswerHead {
  framing: Framing;
  /** Whether another request may follow on the connection. */
  keepAlive: boolean;
  /** For how long the server says that it keeps an idle connection. */
  keepAliveSeconds: number | null;
}

export interface HeadLimits {
  headersMax: number;
}

const TOKEN = 1;
const TEXT = 2;
/** What each character may be part of: a header's name, a header's value. */
const KIND = new Uint8Array(256);
for (let code = 0x20; code < 0x100; code++) if (code !== 0x7f) KIND[code] = TEXT;
KIND[0x09] = TEXT;
for (const token of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  KIND[token.charCodeAt(0)] = TOKEN | TEXT;

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)[ \r]/;
const STATUS_LINE_SIZE_MIN = "HTTP/1.1 200".length;

/**
 * Reads the head of a response, up to and with the CRLF of its last header. Throws an Http1Error for whatever two readers
 * could understand in two ways: a length told twice, a length beside a transfer coding, folded lines, bare CR or LF.
 */
export function readResponseHead(text: string, { headersMax }: HeadLimits): ResponseHead {
  const status = readStatusLine(text);
  const head: ResponseHead = {
    status,
    contentLength: null,
    contentEncoding: undefined,
    retryAfter: undefined,
    framing: "close",
    keepAlive: text.charCodeAt(7) === 0x31, // HTTP/1.1, not 1.0
    keepAliveSeconds: null,
  };
  let at = endOfLine(text, STATUS_LINE_SIZE_MIN);
  for (let count = 0; at < text.length; count++) {
    if (count === headersMax) throw new Http1Error("too many headers");
    at = readHeader(text, at, head);
  }
  if (head.framing === "chunked") {
    if (head.contentLength !== null) throw new Http1Error("a length beside a transfer coding");
    if (text.charCodeAt(7) !== 0x31) throw new Http1Error("a transfer coding in HTTP/1.0");
  } else if (head.contentLength !== null) head.framing = "length";
  if (status < 200 || status === 204 || status === 304) head.framing = "none";
  if (head.framing === "close") head.keepAlive = false;
  return head;
}

/** Checks trailers, up to and with the CRLF of the last one: they are read like headers and say nothing. */
export function checkTrailers(text: string, { headersMax }: HeadLimits): void {
  const ignored = { contentLength: null, framing: "close" } as ResponseHead;
  let at = 0;
  for (let count = 0; at < text.length; count++) {
    if (count === headersMax) throw new Http1Error("too many trailers");
    at = readHeader(text, at, ignored);
  }
}

function readStatusLine(text: string): number {
  const status = STATUS_LINE.exec(text)?.[1];
  if (status === undefined) throw new Http1Error("no status line");
  return Number(status);
}

/** Where the next line begins; every character up to there must be text. */
function endOfLine(text: string, start: number): number {
  let at = start;
  while ((KIND[text.charCodeAt(at)]! & TEXT) !== 0) at++;
  if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF)
    throw new Http1Error("a character that no line may have");
  return at + 2;
}

/** Reads one header, and returns where the next begins. */
function readHeader(text: string, start: number, head: ResponseHead): number {
  let at = start;
  while ((KIND[text.charCodeAt(at)]! & TOKEN) !== 0) at++;
  // So a folded line, which begins with a space, is none, and neither is a name with a space after it.
  if (at === start || text.charCodeAt(at) !== COLON) throw new Http1Error("no header");
  const next = endOfLine(text, at + 1);
  switch (at - start) {
    case 10:
    case 11:
    case 14:
    case 16:
    case 17:
      takeHeader(head, text.slice(start, at).toLowerCase(), text.slice(at + 1, next - 2));
  }
  return next;
}

function takeHeader(head: ResponseHead, name: string, text: string): void {
  const value = trimmed(text);
  switch (name) {
    case "content-length":
      if (head.contentLength !== null) throw new Http1Error("two lengths");
      if (!/^\d{1,15}$/.test(value)) throw new Http1Error("a length that is none");
      head.contentLength = Number(value);
      return;
    case "transfer-encoding":
      if (head.framing === "chunked" || value.toLowerCase() !== "chunked")
        throw new Http1Error("a transfer coding that is not known");
      head.framing = "chunked";
      return;
    case "connection":
      if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)) head.keepAlive = false;
      return;
    case "keep-alive": {
      const seconds = /(?:^|[,; \t])timeout=(\d{1,9})/i.exec(value)?.[1];
      if (seconds !== undefined) head.keepAliveSeconds = Number(seconds);
      return;
    }
    case "content-encoding":
      head.contentEncoding = head.contentEncoding === undefined ? value : `${head.contentEncoding}, ${value}`;
      return;
    case "retry-after":
      head.retryAfter = value;
  }
}

/** Without the spaces and tabs around it, and with nothing else taken off. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
