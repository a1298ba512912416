import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { HttpResponse } from "../http-exchange.ts";
import { PlainConnections } from "./plain-connections.ts";
import { readPlainHead } from "./plain-request.ts";
import { RequestTurns } from "../request-turns.ts";

const BODY_BYTES_MAX = 1_000;

interface Served {
  by: "plain" | "node";
  url: string | undefined;
  authorization: string | undefined;
  body: string;
}

/** A server that answers every request with who read it and what was read. `hold`: it answers when it is told to. */
async function server({ hold = false, plain = true, idleMsMax = 60_000, padding = "", times = 1 } = {}) {
  const held: (() => void)[] = [];
  /** For so long each plain request waited for its turn. */
  const waitsMs: number[] = [];
  let servedCount = 0;
  const answer = (served: Served, response: HttpResponse) => {
    servedCount += 1;
    const send = () => {
      const text = JSON.stringify({ ...served, ...(padding && { padding }) });
      response.writeHead(200, { "content-length": Buffer.byteLength(text) });
      response.end(text);
    };
    if (hold) held.push(send);
    else send();
  };
  const http = createServer((request, response) => {
    void textOf(request).then(
      (body) => answer({ by: "node", url: request.url, authorization: request.headers.authorization, body }, response),
      () => {},
    );
  });
  const connections = plain
    ? new PlainConnections(http, {
        turns: new RequestTurns(),
        rules: { path: "/graphql", headerBytesMax: 4_096, bodyBytesMax: BODY_BYTES_MAX },
        serve({ url, headers }, response, body, receivedAt) {
          waitsMs.push(performance.now() - receivedAt);
          answer({ by: "plain", url, authorization: headers.authorization, body: body.repeat(times) }, response);
        },
        idleMsMax,
        firstRequestMsMax: idleMsMax,
      })
    : null;
  http.listen(0, "127.0.0.1");
  await new Promise((resolve) => http.once("listening", resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    connections?.destroy();
    http.close();
  });
  return { port: (http.address() as AddressInfo).port, http, connections, held, waitsMs, served: () => servedCount };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += (chunk as Buffer).toString();
  return text;
}

/** A connection that sends bytes as they are. */
async function client(port: number) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  let text = "";
  let ended = false;
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.on("end", () => (ended = true));
  socket.on("error", () => (ended = true));
  socket.on("close", () => (ended = true));
  await new Promise((resolve) => socket.once("connect", resolve));
  onTestFinished(() => void socket.destroy());
  const answers = () => [...text.matchAll(/\{"by".*?\}(?=HTTP|$)/gs)].map(([json]) => JSON.parse(json) as Served);
  return {
    socket,
    send: (bytes: string) => void socket.write(bytes, "latin1"),
    text: () => text,
    ended: () => ended,
    answers,
    has: (count: number) => eventually(() => expect(answers()).toHaveLength(count)),
  };
}

const HEAD = "host: a\r\ncontent-type: application/json\r\n";
const post = (body: string, more = "", path = "/graphql") =>
  `POST ${path} HTTP/1.1\r\n${HEAD}${more}content-length: ${Buffer.byteLength(body, "latin1")}\r\n\r\n${body}`;

test("plain requests are served one after the other on their connection", async () => {
  const { send, has, answers, text } = await client((await server()).port);
  send(post('{"query":"{ a }"}'));
  await has(1);
  send(post('{"query":"{ b }"}'));
  await has(2);
  send(post("{}", "Connection: keep-alive\r\nAccept: application/json\r\n"));
  await has(3);
  expect(answers().map(({ by, body }) => [by, body])).toEqual([
    ["plain", '{"query":"{ a }"}'],
    ["plain", '{"query":"{ b }"}'],
    ["plain", "{}"],
  ]);
  expect(text()).toMatch(
    /^HTTP\/1\.1 200 OK\r\ncontent-length: \d+\r\nDate: [^\r]+ GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=60\r\n\r\n\{/,
  );
});

test("a head of the same length with another value is another head", async () => {
  const { send, has, answers } = await client((await server()).port);
  send(post("1", "authorization: ada\r\n"));
  await has(1);
  send(post("2", "authorization: bob\r\n"));
  await has(2);
  expect(answers().map(({ by, authorization }) => [by, authorization])).toEqual([
    ["plain", "ada"],
    ["plain", "bob"],
  ]);
});

describe("what is not plain is node's to read", () => {
  const answered: Record<string, string> = {
    "another method": post("1").replace("POST", "PUT"),
    "no body": "GET /graphql HTTP/1.1\r\nhost: a\r\n\r\n",
    "another path": post("1", "", "/graphql/"),
    "a path with a query": post("1", "", "/graphql?a=b"),
    "HTTP/1.0": post("1").replace("HTTP/1.1", "HTTP/1.0"),
    "a chunked body": `POST /graphql HTTP/1.1\r\n${HEAD}transfer-encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n`,
    "a coded body": post("1", "content-encoding: gzip\r\n"),
    "another media type": post("1").replace("application/json", "text/plain"),
    "an end of the connection": post("1", "connection: close\r\n"),
    "an answer in parts": post("1", "accept: multipart/mixed\r\n"),
    "a stream of events": post("1", "accept: text/event-stream, application/json\r\n"),
    "a header that comes twice": post("1", "x-a: 1\r\nx-a: 2\r\n"),
    "a body that is larger than the limit": post("1".repeat(BODY_BYTES_MAX + 1)),
    "a large head": post("1", `x-a: ${"a".repeat(5_000)}\r\n`),
    "a length with a zero before it": post("1").replace("length: 1", "length: 01"),
    "an expectation": post("1", "expect: 100-continue\r\n"),
  };
  test.each(Object.entries(answered))("%s", async (_, bytes) => {
    const { send, has, answers } = await client((await server()).port);
    send(bytes);
    await has(1);
    expect(answers()[0]!.by).toBe("node");
  });

  const refused: Record<string, string> = {
    "a length beside a transfer coding": post("1", "transfer-encoding: chunked\r\n"),
    "two lengths": post("1", "content-length: 1\r\n"),
    "a length with a sign": post("1").replace("length: 1", "length: +1"),
    "a folded header": post("1", "x-a: 1\r\n 2\r\n"),
    "a space before the colon": post("1", "x-a : 1\r\n"),
    "a line that ends with LF": post("1", "x-a: 1\n"),
    "a NUL in a value": post("1", "x-a: \0\r\n"),
    "no host": post("1").replace("host: a\r\n", ""),
    "no HTTP": "nonsense\r\n\r\n",
  };
  test.each(Object.entries(refused))("%s, which it refuses", async (_, bytes) => {
    const { send, ended, text } = await client((await server()).port);
    send(bytes);
    await eventually(() => expect(ended()).toBe(true));
    expect(text()).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test("a connection is node's from its first request that is not plain, with what was read of it", async () => {
  const { send, has, answers } = await client((await server()).port);
  send(post("1"));
  await has(1);
  send(post("2") + post("3"));
  await has(3);
  send(post("4"));
  await has(4);
  expect(answers().map(({ by, body }) => by + body)).toEqual(["plain1", "node2", "node3", "node4"]);
});

test("a request that comes while another is answered waits for its turn", async () => {
  const { port, held } = await server({ hold: true });
  const { send, has, answers } = await client(port);
  send(post("1"));
  await eventually(() => expect(held).toHaveLength(1));
  send(post("2"));
  send(post("3"));
  await turn();
  held.shift()!();
  await eventually(() => expect(held.length).toBeGreaterThan(0));
  held.shift()!();
  await eventually(() => expect(held.length).toBeGreaterThan(0));
  held.shift()!();
  await has(3);
  expect(answers().map(({ body }) => body)).toEqual(["1", "2", "3"]);
});

test("what came before others began is known to have waited for its turn", async () => {
  const { port, connections, waitsMs } = await server();
  const { send, has } = await client(port);
  send(post("1"));
  await has(1);
  send(post("2"));
  const startedAt = performance.now();
  let lastAt = Infinity;
  // Two of them begin in a turn.
  for (let other = 0; other < 20_000; other++) connections!.turns.begin(() => (lastAt = performance.now()));
  await has(2);
  expect(lastAt).toBeLessThan(Infinity);
  expect(waitsMs[1]).toBeGreaterThan((lastAt - startedAt) / 2);
});

test("a client that has said all gets its answer, and then the end", async () => {
  const { port, held } = await server({ hold: true });
  const { socket, send, has, ended } = await client(port);
  send(post("1"));
  socket.end();
  await eventually(() => expect(held).toHaveLength(1));
  held.shift()!();
  await has(1);
  await eventually(() => expect(ended()).toBe(true));
});

test("an idle connection is ended, and one whose client still takes its answer is not", async () => {
  const { port } = await server({ idleMsMax: 1_000, padding: "x".repeat(200_000_000) });
  const [idle, slow] = [await client(port), await client(port)];
  let received = 0;
  slow.socket.pause();
  slow.socket.removeAllListeners("data");
  slow.socket.on("data", (chunk) => (received += chunk.length));
  slow.socket.pause();
  const reading = setInterval(() => slow.socket.read(500_000), 20); // takes 8 s and more
  onTestFinished(() => clearInterval(reading));
  slow.send(post("1"));
  await eventually(() => expect(idle.ended()).toBe(true), { deadlineMs: 70_000 });
  expect(received).toBeLessThan(200_000_000);
  clearInterval(reading);
  slow.socket.resume();
  await eventually(() => expect(received).toBeGreaterThanOrEqual(200_000_000), { deadlineMs: 60_000 });
});

test.each(["plain", "node"] as const)("a client that sends and does not read is not served on (%s)", async (by) => {
  const { port, served } = await server({ padding: "x".repeat(1_000_000) });
  const { socket, send } = await client(port);
  socket.pause();
  const turns = async (count: number) => {
    for (let passed = 0; passed < count; passed++) await turn();
  };
  const sendMany = async () => {
    for (let sent = 0; sent < 200; sent++) {
      send(by === "plain" ? post("1") : post("1", "", "/other"));
      await turns(20); // two that come at once are node's
    }
    await eventually(async () => {
      const before = served();
      await turns(50);
      expect(served()).toBe(before);
    });
  };
  await sendMany();
  const atRest = served(); // the system's buffers are full
  expect(atRest).toBeLessThan(100);
  await sendMany();
  expect(served()).toBe(atRest);
});

test("a connection whose client takes nothing of its answer is ended", async () => {
  const { port, http } = await server({ idleMsMax: 100, padding: "x".repeat(100_000_000) });
  const sockets: Socket[] = [];
  http.on("connection", (socket) => sockets.push(socket));
  const { socket, send } = await client(port);
  socket.pause();
  send(post("1"));
  await eventually(() => expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]));
});

test("an answer that a client has not taken yet is not written over by those of others", async () => {
  const { port } = await server({ times: 900_000 });
  const [slow, other] = [await client(port), await client(port)];
  slow.socket.pause();
  for (let request = 1; request <= 20; request++) {
    slow.send(post("s"));
    other.send(post("o"));
    await other.has(request);
  }
  slow.socket.resume();
  await slow.has(20);
  const letters = (each: typeof slow) => new Set(each.answers().flatMap(({ body }) => [body.length, ...new Set(body)]));
  expect(letters(slow)).toEqual(new Set([900_000, "s"]));
  expect(letters(other)).toEqual(new Set([900_000, "o"]));
});

test("a head is read in the time of its length, whatever is in it", () => {
  const rules = { path: "/graphql", headerBytesMax: 8_000_000, bodyBytesMax: 10 };
  const head = Buffer.from(`POST /graphql HTTP/1.1\r\nx:${" ".repeat(4_000_000)}\0\r\n\r\n`);
  expect(readPlainHead(head, null, rules)).toBeNull();
});

test("draining ends idle connections at once, the others with their answer, and the server with them", async () => {
  const { port, held, http, connections } = await server({ hold: true });
  const [idle, busy] = [await client(port), await client(port)];
  busy.send(post("1"));
  await eventually(() => expect(held).toHaveLength(1));
  const closed = new Promise((resolve) => http.close(resolve));
  connections!.drain();
  await eventually(() => expect(idle.ended()).toBe(true));
  idle.socket.end();
  held.shift()!();
  await busy.has(1);
  expect(busy.text()).toContain("Connection: close\r\n");
  await eventually(() => expect(busy.ended()).toBe(true));
  busy.socket.end();
  await closed;
});

test("however requests are cut into chunks, they are answered as node alone answers them", async () => {
  const request = fc.oneof(
    { weight: 4, arbitrary: fc.stringMatching(/^[a-z]{1,20}$/).map((body) => post(body)) },
    fc.stringMatching(/^[a-z]{1,20}$/).map((body) => post(body, "authorization: bob\r\n")),
    fc.constant(post("1", "", "/other")),
    fc.constant("GET /graphql HTTP/1.1\r\nhost: a\r\n\r\n"),
    fc.constant(`POST /graphql HTTP/1.1\r\n${HEAD}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  );
  const [ours, nodes] = [await server(), await server({ plain: false })];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ request, cuts: fc.array(fc.nat(400), { maxLength: 2 }), waits: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
      async (requests) => {
        const answersOf = async (port: number) => {
          const { socket, send, has, answers } = await client(port);
          for (const [index, { request: bytes, cuts, waits }] of requests.entries()) {
            const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
            for (const [at, place] of places.slice(1).entries()) {
              if (place > places[at]!) send(bytes.slice(places[at], place));
              await turn();
            }
            if (waits) await has(index + 1);
          }
          await has(requests.length);
          socket.destroy();
          return answers().map(({ url, authorization, body }) => ({ url, authorization, body }));
        };
        expect(await answersOf(ours.port)).toEqual(await answersOf(nodes.port));
      },
    ),
    { numRuns: 60 },
  );
});
