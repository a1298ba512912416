import type { ClientHttp2Session } from "node:http2";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { createClient } from "graphql-sse";
import { expect, onTestFinished, test, vi } from "vitest";
import { cursorKeysFile } from "./cursor-keys.ts";
import { http2Connection, http2Fetch, http2Request, type Http2Answer } from "./http2-client.ts";
import { payloadsOf, resultsOf } from "./http-stream.ts";
import { appendUntil, receive, runningRouter, streamTopic } from "./running-router.ts";
import { PRODUCTS, readings } from "./sample-subgraphs.ts";
import { slowStock } from "./slow-stock.ts";
import { tlsFiles } from "./tls-files.ts";

vi.setConfig({ testTimeout: 120_000 }); // each starts a router

const every = (sensor: string): string => `subscription { every(sensor: "${sensor}") { value } }`;
const WITH_TEXT = `subscription { every(sensor: "s1") { value text } }`;
const SSE = { accept: "text/event-stream" };
const MULTIPART = { accept: "multipart/mixed;subscriptionSpec=1.0" };

async function streaming(http: Record<string, unknown> = {}) {
  const stream = await streamTopic("http2");
  const { file } = cursorKeysFile("k1");
  const { tls, certificate } = tlsFiles();
  const stock = slowStock();
  const router = await runningRouter(
    { readings: readings(stream.topic), products: PRODUCTS, stock: stock.subgraph },
    {
      tls,
      streams: { redis_url: servers.redisUrl, verify_interval_ms: 200, cursor_keys_file: file },
      http_subscriptions: { retry_ms: 10, ...http },
    },
    { certificate, fetch: http2Fetch(certificate) },
  );
  const open = (count: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
  const session: ClientHttp2Session = await http2Connection(router.url, certificate);
  const subscribe = (query: string, headers: Record<string, string>, extensions?: object): Http2Answer =>
    http2Request(session, { headers, body: { query, ...(extensions && { extensions }) } });
  return { ...stream, stock, router, open, session, subscribe, certificate };
}

const valuesIn = (answer: Http2Answer): number[] => resultsOf(answer.text()).map(({ data }) => data.every.value);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test("a hundred subscriptions share a connection with queries; one that is given up ends, and the others go on", async () => {
  const { subscribe, session, open, append } = await streaming();
  const answers = Array.from({ length: 100 }, (_, index) => subscribe(every(`s${index}`), SSE));
  await open(100);
  expect(answers[0]!.headers()).toMatchObject({ ":status": 200, "content-type": "text/event-stream; charset=utf-8" });
  expect(answers[0]!.headers()!["connection"]).toBeUndefined();
  for (let index = 0; index < 100; index++) await append(`s${index}`, 1, { value: index });
  await eventually(() => expect(answers.map(valuesIn)).toEqual(answers.map((_, index) => [index])));
  answers[0]!.stream.close(8);
  await open(99);
  await append("s1", 2, { value: 100 });
  await eventually(() => expect(valuesIn(answers[1]!)).toEqual([1, 100]));
  const query = http2Request(session, { body: { query: "{ me }" } });
  await query.closed;
  expect(query.text()).toBe(`{"data":{"me":"me"}}`);
});

test("stock graphql-sse clients subscribe in both modes, and their queries are answered", async () => {
  const { router, open, append } = await streaming();
  const single = createClient({
    url: router.url,
    singleConnection: true,
    retryAttempts: 0,
    fetchFn: router.fetch,
  });
  onTestFinished(() => single.dispose());
  const received = [
    receive(router.sseClient(), every("s1")),
    receive(single, every("s1")),
    receive(single, every("s2")),
  ];
  await open(3);
  for (let id = 1; id <= 20; id++) await append("s1", id, { value: id });
  await append("s2", 1, { value: 7 });
  const values = () => received.map(({ values: got }) => got.map(({ data }: any) => data.every.value));
  await eventually(() => expect(values()).toEqual([upTo(20), upTo(20), [7]]));
  const asked = receive(single, "{ me }");
  await eventually(() => expect(asked.done).toBe(true));
  expect(asked.values).toEqual([{ data: { me: "me" } }]);
  received[1]!.stop();
  await open(2);
});

test("multipart brings events as payloads, and heartbeats", async () => {
  const { subscribe, open, append } = await streaming({ heartbeat_ms: 100 });
  const answer = subscribe(every("s1"), MULTIPART);
  await open(1);
  for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
  await eventually(() =>
    expect(payloadsOf(answer.text()).map(({ payload }) => payload.data.every.value)).toEqual(upTo(3)),
  );
  await eventually(() => expect(answer.text()).toMatch(/(\r\n\r\n\{\}\r\n--graphql[^]*){3}/));
});

test("a client goes on by Last-Event-ID, over GET too and with its half of the stream open", async () => {
  const { subscribe, session, open, append } = await streaming();
  const first = subscribe(every("s1"), SSE, { stream: {} });
  await open(1);
  for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
  await eventually(() => expect(valuesIn(first)).toEqual(upTo(3)));
  const ids = [...first.text().matchAll(/^id: (.*)$/gm)].map(([, id]) => id!);
  first.stream.close(8);
  await open(0);
  await append("s1", 4, { value: 4 });
  const headers = { ...SSE, "last-event-id": ids[1]! };
  const path = `/graphql?query=${encodeURIComponent(every("s1"))}`;
  const halfOpen = http2Request(session, { method: "GET", path, headers, isWhole: false });
  const posted = subscribe(every("s1"), headers, { stream: {} });
  await eventually(() =>
    expect([valuesIn(halfOpen), valuesIn(posted)]).toEqual([
      [3, 4],
      [3, 4],
    ]),
  );
});

test("a stream that is read slowly brings every event later, and the others of its connection do not wait", async () => {
  const { subscribe, open, append, router } = await streaming({ buffer_bytes_max: 65_536 });
  const [slow, fast] = [subscribe(WITH_TEXT, SSE), subscribe(every("s1"), SSE)];
  await open(2);
  slow.stream.pause();
  let sent = await appendUntil(append, async () =>
    expect(await router.metric("router_stream_fallen_behind_total")).toBeGreaterThan(0),
  );
  await eventually(() => expect(valuesIn(fast)).toEqual(upTo(sent)));
  expect(valuesIn(slow).length).toBeLessThan(sent);
  slow.stream.resume();
  await append("s1", ++sent, { value: sent });
  await eventually(() => expect(valuesIn(slow)).toEqual(upTo(sent)), { deadlineMs: 30_000 });
});

test("a stream of which nothing is taken is cut off, and the others of its connection are not", async () => {
  const { subscribe, open, append, router } = await streaming({ buffer_bytes_max: 65_536, stall_timeout_ms: 300 });
  const [still, other] = [subscribe(WITH_TEXT, SSE), subscribe(every("s2"), SSE)];
  await open(2);
  still.stream.pause();
  await appendUntil(append, async () => expect(await router.metric("router_connection_closes_total")).toBe(1));
  await open(1);
  await append("s2", 1, { value: 1 });
  await eventually(() => expect(valuesIn(other)).toEqual([1]));
  still.stream.resume();
  await still.closed;
  expect(still.text()).not.toContain("event: complete");
  expect(other.stream.closed).toBe(false);
});

test("deferred parts come one by one, and a client that goes ends the exchange with the subgraph", async () => {
  const { subscribe, stock } = await streaming();
  const query = `{ product(id: "1") { name ... @defer(label: "stock") { stock } } }`;
  const [stays, goes] = [1, 2].map(() => subscribe(query, { accept: "multipart/mixed;deferSpec=20220824" }));
  const first = `\r\n\r\n{"data":{"product":{"name":"product 1"}},"hasNext":true}\r\n---`;
  await eventually(() => expect([stays!.text(), goes!.text()].every((text) => text.endsWith(first))).toBe(true));
  goes!.stream.close(8);
  await eventually(() => expect(stock.aborted()).toBe(1));
  stock.release();
  await stays!.closed;
  expect(stays!.text()).toMatch(/"incremental":\[\{.*"stock":3.*"hasNext":false\}\r\n-----\r\n$/);
});

test("when the router stops, subscriptions are told to come back, and requests under way are answered", async () => {
  const { subscribe, session, stock, router, open } = await streaming();
  const [overSse, overMultipart] = [subscribe(every("s1"), SSE), subscribe(every("s1"), MULTIPART)];
  const query = subscribe(`{ product(id: "1") { stock } }`, { accept: "application/json" });
  await open(2);
  await eventually(() => expect(stock.asked()).toBe(1));
  const goneAway: number[] = [];
  session.on("goaway", (code) => void goneAway.push(code));
  const stopped = router.stop();
  await eventually(() => expect(goneAway[0]).toBe(0));
  await Promise.all([overSse.closed, overMultipart.closed]);
  expect(overSse.text()).toMatch(/^retry: \d+\n\n: SERVICE_UNAVAILABLE\nretry: \d+\n\n$/);
  expect(payloadsOf(overMultipart.text()).at(-1)).toMatchObject({
    payload: null,
    errors: [{ extensions: { code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 1 } }],
  });
  expect(query.headers()).toBeNull();
  stock.release();
  await query.closed;
  expect(query.text()).toBe(`{"data":{"product":{"stock":3}}}`);
  await stopped;
  expect(session.closed).toBe(true);
});
