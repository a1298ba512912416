import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Http1Error } from "./http1-error.ts";
import { ResponseParser } from "./response-parser.ts";

interface Outcome {
  status: number;
  body: string;
  keepAlive: boolean;
  /** Bytes after the response. */
  surplus: number;
}

/** What comes of bytes that arrive in these pieces: "refused", or "unfinished" when more must come. */
function parse(pieces: readonly Buffer[], closes = false): Outcome | "refused" | "unfinished" {
  const body: Buffer[] = [];
  const parser = new ResponseParser({ onHead: () => true, onData: (bytes) => body.push(bytes) > 0 });
  parser.begin();
  const outcome = (surplus: number): Outcome => ({
    status: parser.head!.status,
    body: Buffer.concat([...body, ...(parser.rest ? [parser.rest] : [])]).toString("latin1"),
    keepAlive: parser.head!.keepAlive,
    surplus,
  });
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const shared = Buffer.alloc(total); // as all connections read into one buffer
  let read = 0;
  try {
    for (const piece of pieces) {
      piece.copy(shared);
      const size = parser.read(shared, piece.length);
      if (size !== null) return outcome(total - read - size);
      read += piece.length;
    }
  } catch (error) {
    if (error instanceof Http1Error) return "refused";
    throw error;
  }
  return closes && parser.end() ? outcome(0) : "unfinished";
}

const parseText = (text: string, closes = false) => parse([Buffer.from(text, "latin1")], closes);

describe("a response is read", () => {
  test.each<[string, string, Partial<Outcome>]>([
    ["with a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", { status: 200, body: "abc", keepAlive: true }],
    ["without a reason", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", { status: 200, body: "" }],
    ["with an empty reason", "HTTP/1.1 200 \r\ncontent-length:0\r\n\r\n", { body: "" }],
    ["with space around values", "HTTP/1.1 200 OK\r\ncontent-length: \t 2 \t \r\n\r\nab", { body: "ab" }],
    [
      "in chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
      { body: "abcd" },
    ],
    [
      "in chunks with extensions",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nA;x=1\r\n0123456789\r\n0;y\r\n\r\n",
      { body: "0123456789" },
    ],
    [
      "in chunks with trailers",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: 1\r\ny: 2\r\n\r\n",
      { body: "a" },
    ],
    [
      "after interim ones",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na",
      { status: 200, body: "a" },
    ],
    ["without a body because of its status", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, body: "", surplus: 0 }],
    ["without a body though it tells a length", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", { body: "" }],
    [
      "as the last of its connection",
      "HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 0\r\n\r\n",
      { keepAlive: false },
    ],
    [
      "of HTTP/1.0, as the last of its connection",
      "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na",
      { body: "a", keepAlive: false },
    ],
    [
      "with what comes after it",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 200 OK",
      { body: "a", surplus: 15 },
    ],
    [
      "in chunks with what comes after it",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n\r\n",
      { body: "", surplus: 2 },
    ],
  ])("%s", (_, text, expected) => {
    expect(parseText(text)).toMatchObject({ surplus: 0, ...expected });
  });

  test("up to the end of the connection where it tells no length", () => {
    expect(parseText("HTTP/1.1 200 OK\r\n\r\nabc")).toBe("unfinished");
    expect(parseText("HTTP/1.1 200 OK\r\n\r\nabc", true)).toMatchObject({ body: "abc", keepAlive: false });
  });

  test("not to its end where the connection ends early", () => {
    expect(parseText("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabc", true)).toBe("unfinished");
    expect(parseText("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", true)).toBe("unfinished");
    expect(parseText("HTTP/1.1 200 OK\r\n", true)).toBe("unfinished");
  });
});

const chunked = (body: string) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}`;

/** What two readers could understand in two ways, or what no server should send. */
const REFUSED: Record<string, string> = {
  "a length beside a transfer coding":
    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "a transfer coding beside a length":
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
  "one length twice": "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nContent-Length: 3\r\n\r\nabc",
  "a list of lengths": "HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc",
  "a negative length": "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
  "a length with a sign": "HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\nabc",
  "a hexadecimal length": "HTTP/1.1 200 OK\r\ncontent-length: 0x3\r\n\r\nabc",
  "an empty length": "HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\n",
  "a length beyond counting": "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
  "another transfer coding": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
  "two transfer codings": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
  "a transfer coding twice": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
  "a transfer coding in disguise": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\x0b\r\n\r\n",
  "a transfer coding in HTTP/1.0": "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "a folded header": "HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n",
  "a space before the colon": "HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n",
  "a space before the name": "HTTP/1.1 200 OK\r\n content-length: 0\r\n\r\n",
  "a header without a name": "HTTP/1.1 200 OK\r\n: 0\r\n\r\n",
  "a header without a colon": "HTTP/1.1 200 OK\r\nx\r\n\r\n",
  "a bare LF after a header": "HTTP/1.1 200 OK\r\nx: a\ncontent-length: 0\r\n\r\n",
  "a bare LF after the status line": "HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n",
  "a bare CR in a header": "HTTP/1.1 200 OK\r\nx: a\rby: c\r\n\r\n",
  "a NUL in a header": "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
  "a NUL in a name": "HTTP/1.1 200 OK\r\nx\0: a\r\n\r\n",
  "a control character in the reason": "HTTP/1.1 200 O\x01K\r\n\r\n",
  "a letter beyond ASCII in a name": "HTTP/1.1 200 OK\r\nx\xe9: a\r\n\r\n",
  "HTTP/2": "HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n",
  "HTTP/1.2": "HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n",
  "two digits of a status": "HTTP/1.1 20 OK\r\n\r\n",
  "four digits of a status": "HTTP/1.1 2000 OK\r\n\r\n",
  "a status below 100": "HTTP/1.1 099 OK\r\n\r\n",
  "an empty line first": "\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
  "a switch of protocols": "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
  "interim answers without end": "HTTP/1.1 100 Continue\r\n\r\n".repeat(17),
  "a request": "POST / HTTP/1.1\r\nhost: x\r\n\r\n",
  "a head without end": `HTTP/1.1 200 OK\r\nx: ${"a".repeat(20_000)}`,
  "a head that is too large": `HTTP/1.1 200 OK\r\nx: ${"a".repeat(17_000)}\r\n\r\n`,
  "too many headers": `HTTP/1.1 200 OK\r\n${"x: a\r\n".repeat(300)}\r\n`,
  "a chunk without a size": chunked("\r\n\r\n"),
  "a negative chunk": chunked("-1\r\n\r\n"),
  "a chunk's size in words": chunked("xyz\r\n\r\n"),
  "a chunk's size with a prefix": chunked("0x1\r\na\r\n0\r\n\r\n"),
  "a chunk's size beyond counting": chunked("100000000\r\n"),
  "a chunk's size with a space": chunked("1 \r\na\r\n0\r\n\r\n"),
  "a chunk longer than its size": chunked("1\r\nab\r\n0\r\n\r\n"),
  "a chunk that ends with LF": chunked("1\r\na\n0\r\n\r\n"),
  "a chunk's line that ends with LF": chunked("1\na\r\n0\r\n\r\n"),
  "a bare LF in a chunk's extension": chunked("1;\nx\r\na\r\n0\r\n\r\n"),
  "a chunk's line without end": chunked(`1;${"x".repeat(600)}`),
  "a trailer that is no header": chunked("0\r\nx\r\n\r\n"),
  "a folded trailer": chunked("0\r\nx: a\r\n b\r\n\r\n"),
  "a length as a trailer, twice": chunked("0\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
  "trailers without end": chunked(`0\r\n${"x: a\r\n".repeat(4_000)}`),
};

describe("refused is", () => {
  test.each(Object.entries(REFUSED))("%s", (_, text) => {
    expect(parseText(text)).toBe("refused");
    expect(parse([...Buffer.from(text, "latin1")].map((byte) => Buffer.of(byte)))).toBe("refused");
  });
});

const anyBody = fc.string({ unit: "binary", maxLength: 3_000 }).map((text) => Buffer.from(text).toString("latin1"));
const anyHeader = fc.tuple(
  fc.stringMatching(/^x[-!#$%&'*+.^_`|~0-9A-Za-z]{0,20}$/),
  fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,60}$/),
);
const anyResponse = fc
  .record({
    interim: fc.nat(2),
    headers: fc.array(anyHeader, { maxLength: 12 }),
    body: anyBody,
    chunks: fc.option(fc.array(fc.nat(400), { minLength: 1, maxLength: 8 })),
    trailers: fc.array(anyHeader, { maxLength: 3 }),
  })
  .map(({ interim, headers, body, chunks, trailers }) => {
    const lines = (all: readonly (readonly [string, string])[]) =>
      all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    let text = `${"HTTP/1.1 103 Early\r\n\r\n".repeat(interim)}HTTP/1.1 200 OK\r\n${lines(headers)}`;
    if (chunks === null) text += `content-length: ${body.length}\r\n\r\n${body}`;
    else {
      text += "transfer-encoding: chunked\r\n\r\n";
      let at = 0;
      for (const size of [...chunks, body.length]) {
        const part = body.slice(at, at + size);
        if (part !== "") text += `${part.length.toString(16)}\r\n${part}\r\n`;
        at += size;
      }
      text += `0\r\n${lines(trailers)}\r\n`;
    }
    return { text, body };
  });

/** The same bytes in pieces, cut at these fractions of them. */
function cut(text: string, fractions: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const cuts = fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((left, right) => left - right);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}
const anyCuts = fc.array(
  fc.nat(10_000).map((part) => part / 10_000),
  { maxLength: 20 },
);

test("however a response is cut into pieces, it is the same response", () => {
  fc.assert(
    fc.property(anyResponse, anyCuts, ({ text, body }, cuts) => {
      expect(parse(cut(text, cuts))).toEqual({ status: 200, body, keepAlive: true, surplus: 0 });
    }),
  );
});

test("whatever comes is a response, refused, or unfinished, and the same in whatever pieces", () => {
  const anyPart = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }).map((text) => Buffer.from(text).toString("latin1")),
    fc.constantFrom(
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.0 200\r\n",
      "content-length: 5\r\n",
      "transfer-encoding: chunked\r\n",
      "connection: close\r\n",
      "\r\n",
      "\n",
      "\r",
      "\0",
      "3\r\nabc\r\n",
      "0\r\n",
      "x: y\r\n",
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 12 }), anyCuts, fc.boolean(), (parts, cuts, closes) => {
      const text = parts.join("");
      const pieces = cut(text, cuts);
      expect(parse(pieces, closes)).toEqual(parseText(text, closes));
    }),
    { numRuns: 2_000 },
  );
});
