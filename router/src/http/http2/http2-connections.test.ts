import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import { expect, onTestFinished, test } from "vitest";
import type { HttpRequest, OngoingResponse } from "../http-exchange.ts";
import { RequestTurns } from "../request-turns.ts";
import { Http2Connections } from "./http2-connections.ts";

interface Served {
  request: HttpRequest;
  response: OngoingResponse;
  answer(text: string): void;
}

/** A server that leaves every request to the test. */
async function server(limits: Partial<ConstructorParameters<typeof Http2Connections>[0]> = {}) {
  const served: Served[] = [];
  const sockets: Socket[] = [];
  const connections = new Http2Connections({
    headerBytesMax: 4_096,
    requestsMax: 10,
    turns: new RequestTurns(),
    serve: (request, response, { body }) =>
      new Promise((resolve) => {
        body.on("data", () => {});
        served.push({
          request,
          response,
          answer(text) {
            response.writeHead(200);
            response.end(text);
            resolve();
          },
        });
      }),
    idleMsMax: 60_000,
    firstRequestMsMax: 60_000,
    requestMsMax: 60_000,
    stalledMsMax: 60_000,
    ...limits,
  });
  const net = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    connections.take(socket);
  });
  net.listen(0, "127.0.0.1");
  await new Promise((resolve) => net.once("listening", resolve));
  onTestFinished(() => {
    connections.destroy();
    net.close();
  });
  const { port } = net.address() as AddressInfo;
  const has = (count: number) => eventually(() => expect(served.length).toBe(count));
  return { port, served, has, connections, socketsOpen: () => sockets.filter(({ destroyed }) => !destroyed).length };
}

interface Client {
  session: ClientHttp2Session;
  /** The code by which the server ended the connection; null while it has not. */
  ended(): number | null;
  goneAway(): number[];
}

function client(port: number): Client {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const goneAway: number[] = [];
  let isOver = false;
  session.on("goaway", (code) => void goneAway.push(code));
  session.on("close", () => (isOver = true));
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  return { session, ended: () => (isOver ? (goneAway.at(-1) ?? 0) : null), goneAway: () => goneAway };
}

interface Asked {
  stream: ClientHttp2Stream;
  text(): string;
  status(): number | null;
  /** The code by which the stream ended; null while it has not. */
  ended(): number | null;
}

function ask(
  { session }: Client,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
): Asked {
  const stream = session.request({ ":method": "POST", ":path": "/x", ...headers }, { endStream: body === undefined });
  let text = "";
  let status: number | null = null;
  let ended: number | null = null;
  stream.on("response", (head) => (status = head[":status"] ?? null));
  stream.on("data", (chunk) => (text += String(chunk)));
  stream.on("error", () => {});
  stream.on("close", () => (ended = stream.rstCode));
  if (body !== undefined) stream.write(body);
  return { stream, text: () => text, status: () => status, ended: () => ended };
}

const FLOOD_FRAMES = 100_000;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, CONTINUATION] = [0, 1, 3, 4, 6, 9];

function frame(type: number, { flags = 0, stream = 0, payload = Buffer.alloc(0) } = {}): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header field as HPACK has it without compression. */
function field(name: string, value: string): Buffer {
  const text = (part: string) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]);
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

const END_STREAM = 1;
const END_HEADERS = 4;
const HEAD = Buffer.concat([
  field(":method", "POST"),
  field(":scheme", "http"),
  field(":path", "/x"),
  field(":authority", "a"),
]);

const request = (stream: number): Buffer => frame(HEADERS, { flags: END_HEADERS | END_STREAM, stream, payload: HEAD });

/** A client that begins with frames as they are. */
function frameClient(port: number, ...first: Buffer[]) {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let over = false;
  socket.on("close", () => (over = true));
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  onTestFinished(() => void socket.destroy());
  socket.write(Buffer.concat([Buffer.from(PREFACE), ...first]));
  return { socket, received: () => Buffer.concat(chunks), over: () => over };
}

/** Sends a frame again and again, as long as the connection stands and as fast as it is taken; returns how often. */
async function flood({ socket, over }: ReturnType<typeof frameClient>, again: Buffer): Promise<number> {
  let sent = 0;
  for (; sent < FLOOD_FRAMES && !over(); sent++) {
    if (!socket.write(again)) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
    else if (sent % 100 === 0) await turn();
  }
  return sent;
}

test("a client is told how much it may ask for at a time, and gets its answers in whatever order they are made", async () => {
  const { port, served, has } = await server();
  const one = client(port);
  const asked = [ask(one), ask(one), ask(one)];
  await has(3);
  for (const [index, { answer }] of [...served.entries()].reverse()) answer(`answer ${index}`);
  await eventually(() => expect(asked.map(({ text }) => text())).toEqual(["answer 0", "answer 1", "answer 2"]));
  expect(one.session.remoteSettings).toMatchObject({ maxConcurrentStreams: 10, maxHeaderListSize: 4_096 });
});

test("requests that are given up count until they have been worked on", async () => {
  const { port, served, has } = await server({ requestsMax: 3 });
  const one = client(port);
  for (const { stream } of [ask(one), ask(one), ask(one)]) {
    await eventually(() => expect(served.some(({ response }) => !response.destroyed)).toBe(true));
    stream.close(constants.NGHTTP2_CANCEL);
  }
  await has(3);
  await eventually(() => expect(served.every(({ response }) => response.destroyed)).toBe(true));
  const refused = ask(one);
  await eventually(() => expect(refused.ended()).toBe(constants.NGHTTP2_REFUSED_STREAM));
  served[0]!.answer("nobody hears it");
  await turn();
  const taken = ask(one);
  await has(4);
  served[3]!.answer("in its place");
  await eventually(() => expect(taken.text()).toBe("in its place"));
});

test("headers beyond the limit end their stream and no other", async () => {
  const { port, served, has } = await server();
  const one = client(port);
  const first = ask(one);
  await has(1);
  served[0]!.answer("first");
  // From then on the client has acknowledged what it was told.
  await eventually(() => expect(first.text()).toBe("first"));
  const large = ask(one, { headers: { "x-large": "x".repeat(5_000) } });
  await eventually(() => expect(large.ended()).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM));
  const small = ask(one);
  await has(2);
  served[1]!.answer("small");
  await eventually(() => expect(small.text()).toBe("small"));
});

test("a request that does not come as a whole is told so, and others go on", async () => {
  const { port, served, has } = await server({ requestMsMax: 200 });
  const one = client(port);
  const [half, whole] = [ask(one, { body: "half" }), ask(one)];
  await has(2);
  await eventually(() => expect([half.status(), half.ended()]).toEqual([408, constants.NGHTTP2_NO_ERROR]));
  expect(half.text()).toContain(`"code":"REQUEST_TIMEOUT"`);
  served[1]!.answer("whole");
  await eventually(() => expect(whole.text()).toBe("whole"));
});

test("an answer of which nothing is taken is given up, and those of other streams are not", async () => {
  const { port, served, has } = await server({ stalledMsMax: 200 });
  const windowOf1000 = frame(SETTINGS, { payload: Buffer.from([0, 4, 0, 0, 3, 232]) });
  const { socket, received } = frameClient(port, windowOf1000, request(1));
  await has(1);
  served[0]!.answer("x".repeat(5_000));
  const cancelled = frame(RST_STREAM, { stream: 1, payload: Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]) });
  await eventually(() => expect(received().includes(cancelled)).toBe(true));
  expect(received().toString("latin1").match(/x/g)).toHaveLength(1_000);
  socket.write(request(3));
  await has(2);
  served[1]!.answer("taken");
  await eventually(() => expect(received().includes("taken")).toBe(true));
});

test("a connection without requests is ended, before the first and after the last, and one with a request is not", async () => {
  const { port, served, has, socketsOpen } = await server({ idleMsMax: 400, firstRequestMsMax: 200 });
  const silent = connect({ port, host: "127.0.0.1" });
  silent.on("error", () => {});
  const [idle, busy] = [client(port), client(port)];
  const first = ask(idle);
  const last = ask(busy);
  await has(2);
  served.find(({ response }) => !response.headersSent)!.answer("first");
  await eventually(() => expect([first.text(), last.text()]).toContain("first"));
  await eventually(() => expect(socketsOpen()).toBe(1));
  const [over, goesOn] = first.text() === "first" ? [idle, busy] : [busy, idle];
  await eventually(() => expect([over.goneAway()[0], over.ended()]).toEqual([0, 0]));
  expect(goesOn.ended()).toBe(null);
  served.find(({ response }) => !response.headersSent)!.answer("last");
  await eventually(() => expect([first.text(), last.text()].toSorted()).toEqual(["first", "last"]));
});

test("at the end clients are asked to begin nothing new, and get what they have begun with", async () => {
  const { port, served, has, connections } = await server();
  const [busy, idle] = [client(port), client(port)];
  const before = ask(busy);
  const forgotten = ask(idle);
  await has(2);
  served[0]!.answer("one");
  await eventually(() => expect([before.text(), forgotten.text()]).toContain("one"));
  connections.announceEnd();
  await eventually(() => expect([busy.goneAway()[0], idle.goneAway()[0]]).toEqual([0, 0]));
  connections.drain();
  await eventually(() => expect([busy.ended(), idle.ended()]).toContain(constants.NGHTTP2_NO_ERROR));
  served[1]!.answer("two");
  await eventually(() => expect([before.text(), forgotten.text()].toSorted()).toEqual(["one", "two"]));
  await eventually(() => expect([busy.ended(), idle.ended()]).toEqual([0, 0]));
});

test("a client that ends its side of the connection ends the connection", async () => {
  const { port, has, socketsOpen } = await server();
  const { socket } = frameClient(port, frame(SETTINGS), request(1));
  await has(1);
  socket.end();
  await eventually(() => expect(socketsOpen()).toBe(0));
});

test.each([
  ["PING", [], frame(PING, { payload: Buffer.alloc(8) })],
  ["SETTINGS", [], frame(SETTINGS)],
  ["CONTINUATION", [frame(HEADERS, { stream: 1, payload: HEAD })], frame(CONTINUATION, { stream: 1, payload: HEAD })],
  ["empty DATA", [frame(HEADERS, { flags: END_HEADERS, stream: 1, payload: HEAD })], frame(DATA, { stream: 1 })],
])("a flood of %s frames ends its connection and no other", async (_, first, again) => {
  const { port, served } = await server();
  const other = client(port);
  const flooding = frameClient(port, frame(SETTINGS), ...first);
  expect(await flood(flooding, again)).toBeLessThan(FLOOD_FRAMES);
  const asked = ask(other);
  await eventually(() => expect(served.filter(({ response }) => !response.destroyed)).toHaveLength(1));
  served.find(({ response }) => !response.destroyed)!.answer("served");
  await eventually(() => expect(asked.text()).toBe("served"));
});

test("a client that cancels its requests as soon as it has made them is ended, and few of them are worked on at a time", async () => {
  const { port, served } = await server();
  const one = client(port);
  let made = 0;
  for (; made < 20_000 && one.ended() === null; made++) {
    const { stream } = ask(one);
    stream.close(constants.NGHTTP2_CANCEL);
    if (made % 10 === 0) await turn();
  }
  await eventually(() => expect(one.ended()).not.toBe(null));
  expect(one.goneAway().at(-1)).not.toBe(constants.NGHTTP2_NO_ERROR);
  expect(made).toBeLessThan(20_000);
  expect(served.length).toBeLessThanOrEqual(10);
});
