import { createServer, type AddressInfo, type Socket } from "node:net";
import { eventually } from "@mib/testkit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AnswerHandler, SentRequest } from "../transport.ts";
import { Http1Transport } from "./http1-transport.ts";

/** What a connection does with each of its requests, one after the other; the last again and again. */
type Script = readonly ((socket: Socket) => void)[];

interface Server {
  transport: Http1Transport;
  /** What came over each connection so far, as text of one byte per character. */
  received: string[];
  sockets: Socket[];
}

/** A server whose connections follow these scripts, the last one from then on. */
async function server(scripts: readonly Script[], connectionsMax = 10): Promise<Server> {
  const received: string[] = [];
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    const number = sockets.push(socket) - 1;
    const script = scripts[Math.min(number, scripts.length - 1)]!;
    received[number] = "";
    let requests = 0;
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received[number] += bytes.toString("latin1");
      for (; requests < bodiesOf(received[number]!).length; requests++)
        script[Math.min(requests, script.length - 1)]!(socket);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}/graphql?a=b`);
  const transport = new Http1Transport({ url, connectionsMax, connectTimeoutMs: 5_000 });
  onTestFinished(async () => {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { transport, received, sockets };
}

/** The bodies of all whole requests. */
function bodiesOf(text: string): string[] {
  return [...text.matchAll(/content-length: (\d+)\r\n\r\n/g)]
    .map((match) => text.slice(match.index + match[0].length).slice(0, Number(match[1])))
    .filter((body, index, all) => index < all.length - 1 || text.endsWith(body));
}

const send = (text: string) => (socket: Socket) => void socket.write(text);
const answer = (body: string, headers = "") =>
  send(`HTTP/1.1 200 OK\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`);
const close = (socket: Socket) => void socket.destroy();

interface Sent extends Promise<string> {
  request: SentRequest;
}

function post({ transport }: Server, body = "{}", { headers = {}, repeatable = true } = {}): Sent {
  let request!: SentRequest;
  const sent = new Promise<string>((resolve, reject) => {
    let text = "";
    const handler: AnswerHandler = {
      onHead: ({ status }) => void (text = `${status} `),
      onData: (bytes) => void (text += bytes.toString()),
      onEnd: (rest) => resolve(text + (rest?.toString() ?? "")),
      onError: reject,
    };
    request = transport.post(body, headers, repeatable, handler);
  });
  sent.catch(() => {});
  return Object.assign(sent, { request });
}

test("a request is sent whole, with its headers, and in UTF-8", async () => {
  const one = await server([[answer("ok")]]);
  const headers = { "x-one": "1", "x-latin": "\xe9" };
  expect(await post(one, `{"q":"ü€😀"}`, { headers })).toBe("200 ok");
  expect(await post(one, "1", { headers })).toBe("200 ok");
  expect(await post(one, `{"q":"u"}`)).toBe("200 ok");
  const [first, same, second] = one.received[0]!.split(/(?=POST )/);
  expect(Buffer.from(first!, "latin1").toString()).toMatch(
    /^POST \/graphql\?a=b HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nconnection: keep-alive\r\ncontent-type: application\/json\r\naccept: [^\r]+\r\nx-one: 1\r\n/,
  );
  expect(first).toContain("x-latin: \xe9\r\ncontent-length: 17\r\n\r\n");
  expect(Buffer.from(first!, "latin1").toString()).toMatch(/\{"q":"ü€😀"\}$/);
  expect(same).toContain("x-latin: \xe9\r\ncontent-length: 1\r\n\r\n1");
  expect(second).toMatch(/content-length: 9\r\n\r\n\{"q":"u"\}$/);
  expect(second).not.toContain("x-one");
});

test.each<[string, Record<string, string>]>([
  ["a line's end in a value", { x: "a\r\ny: b" }],
  ["a bare LF in a value", { x: "a\nb" }],
  ["a NUL in a value", { x: "a\0" }],
  ["a character of two bytes", { x: "€" }],
  ["a space in a name", { "x y": "a" }],
  ["a colon in a name", { "x:y": "a" }],
  ["an empty name", { "": "a" }],
])("a header with %s is not sent", async (_, headers) => {
  const one = await server([[answer("ok")]]);
  await expect(post(one, "{}", { headers })).rejects.toThrow("a header that cannot be sent");
  expect(one.sockets).toHaveLength(0);
});

describe("a connection is used again", () => {
  test("after a whole answer", async () => {
    const one = await server([[answer("a"), answer("b")]]);
    expect([await post(one), await post(one)]).toEqual(["200 a", "200 b"]);
    expect(one.sockets).toHaveLength(1);
  });

  test("with large answers in many pieces", async () => {
    const body = "0123456789".repeat(100_000);
    const one = await server([[answer(body)]]);
    for (let i = 0; i < 3; i++) expect((await post(one)).length).toBe(body.length + 4);
    expect(one.sockets).toHaveLength(1);
  });

  test("for the one that waits longest, when no more may be opened", async () => {
    const one = await server([[answer("a"), answer("b"), answer("c")]], 1);
    expect(await Promise.all([post(one), post(one), post(one)])).toEqual(["200 a", "200 b", "200 c"]);
    expect(one.sockets).toHaveLength(1);
  });
});

describe("a connection is closed and not used again", () => {
  test.each<[string, (socket: Socket) => void]>([
    ["when the server says that it closes it", answer("a", "connection: close\r\n")],
    ["when the server keeps it for no time", answer("a", "keep-alive: timeout=1\r\n")],
    ["of HTTP/1.0", send("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na")],
    ["when more comes than the answer", send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 200 OK\r\n")],
    ["whose end is the answer's", (socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\na")],
  ])("%s", async (_, behaviour) => {
    const one = await server([[behaviour], [answer("b")]]);
    const closed = eventually(() => one.sockets[0]?.closed === true);
    expect([await post(one), await post(one)]).toEqual(["200 a", "200 b"]);
    await closed;
    expect(one.sockets).toHaveLength(2);
  });

  test.each<[string, (socket: Socket) => void, RegExp]>([
    ["that is no HTTP", send("hello\r\n\r\n"), /no status line/],
    ["with two lengths", send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\naa"), /two lengths/],
    ["that breaks off", (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\na"), /was closed/],
    ["that never comes", close, /was closed/],
    ["that a reset took", (socket) => void socket.resetAndDestroy(), /ECONNRESET/],
  ])("after an answer %s", async (_, behaviour, reason) => {
    const one = await server([[behaviour], [answer("b")]]);
    await expect(post(one)).rejects.toThrow(reason);
    expect(await post(one)).toBe("200 b");
    expect(one.sockets).toHaveLength(2);
    await eventually(() => one.sockets[0]!.closed);
  });

  test("when it was idle for a second less than the server keeps it", async () => {
    const one = await server([[answer("a", "keep-alive: timeout=2, max=100\r\n")], [answer("b")]]);
    await post(one);
    await eventually(() => one.sockets[0]!.closed);
    expect(await post(one)).toBe("200 b");
  });

  test("when something comes that nobody asked for", async () => {
    const one = await server([[answer("a", "keep-alive: timeout=600\r\n")], [answer("b")]]);
    await post(one);
    one.sockets[0]!.write("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsmuggle");
    await eventually(() => one.sockets[0]!.closed);
    expect(await post(one)).toBe("200 b");
  });

  test("when its request is given up", async () => {
    const one = await server([[send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\na")], [answer("b")]]);
    const { request } = post(one);
    await eventually(() => one.received[0]?.endsWith("{}") === true);
    request.abort();
    await eventually(() => one.sockets[0]!.closed);
    expect(await post(one)).toBe("200 b");
  });
});

describe("when a connection that was used before is closed meanwhile", () => {
  const stale = () => server([[answer("a"), close], [answer("b")]]);

  test("what changes nothing is sent again on a new one", async () => {
    const one = await stale();
    expect([await post(one), await post(one)]).toEqual(["200 a", "200 b"]);
    expect(one.sockets).toHaveLength(2);
  });

  test("what changes something fails", async () => {
    const one = await stale();
    await post(one);
    await expect(post(one, "{}", { repeatable: false })).rejects.toThrow("was closed");
    expect(one.sockets).toHaveLength(1);
  });

  test("what was answered in part fails", async () => {
    const begin = (socket: Socket) => void socket.end("HTTP/1.1 200");
    const one = await server([[answer("a"), begin], [answer("b")]]);
    await post(one);
    await expect(post(one)).rejects.toThrow("was closed");
    expect(one.sockets).toHaveLength(1);
  });

  test("it is sent again once only", async () => {
    const one = await server([[answer("a"), close], [close], [answer("c")]]);
    await post(one);
    await expect(post(one)).rejects.toThrow("was closed");
    expect(one.sockets).toHaveLength(2);
  });
});

test("a request that is given up while it waits is not sent, and the next one is", async () => {
  const one = await server([[() => {}, answer("c")]], 1);
  const first = post(one, `"first"`);
  const second = post(one, `"second"`);
  const third = post(one, `"third"`);
  await eventually(() => one.received[0]?.endsWith(`"first"`) === true);
  second.request.abort();
  one.sockets[0]!.write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na");
  expect([await first, await third]).toEqual(["200 a", "200 c"]);
  expect(one.received.join()).not.toContain("second");
});

test("more requests than may wait are refused", async () => {
  const one = await server([[() => {}]], 1);
  const outcomes = Array.from({ length: 10_002 }, () => post(one).catch((error: Error) => error.message));
  expect(await Promise.race(outcomes.slice(10_000))).toBe("too many requests wait for a connection");
});

test("where nobody listens each request fails, those that wait too", async () => {
  const one = await server([[answer("a")]]);
  const url = new URL("http://127.0.0.1:9/");
  const transport = new Http1Transport({ url, connectionsMax: 2, connectTimeoutMs: 5_000 });
  onTestFinished(() => transport.close());
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => post({ ...one, transport })));
  expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "rejected"));
});

test("closing fails what is under way and what waits, and closes every connection", async () => {
  const one = await server([[() => {}]], 1);
  const outcomes = Promise.allSettled([post(one), post(one)]);
  await eventually(() => one.received[0]?.endsWith("{}") === true);
  await one.transport.close();
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await eventually(() => one.sockets[0]!.closed);
  await expect(post(one)).rejects.toThrow("the transport is closed");
});
