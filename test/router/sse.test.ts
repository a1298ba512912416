import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { createClient } from "graphql-sse";
import { EventSource } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { cursorKeysFile } from "./cursor-keys.ts";
import { httpStream, resultsOf } from "./http-stream.ts";
import { publishingSubgraph } from "./publishing-subgraph.ts";
import { appendUntil, receive, runningRouter, streamTopic } from "./running-router.ts";
import { OWNERS, PRODUCTS, readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

const EVERY = `subscription { every(sensor: "s1") { value } }`;
const WITH_TEXT = `subscription { every(sensor: "s1") { value text } }`;
const WITH_ROOM = `subscription { every(sensor: "s1") { value sensor { room } } }`;
const NEWEST = `subscription { newest(sensors: ["s1"]) { value text } }`;
const SSE = { accept: "text/event-stream" };

async function streaming(http: Record<string, unknown> = {}) {
  const stream = await streamTopic("sse");
  const auth = await issuer();
  const { file } = cursorKeysFile("k1");
  const start = () =>
    runningRouter(
      { readings: readings(stream.topic), sensors: SENSORS, owners: OWNERS },
      {
        streams: { redis_url: servers.redisUrl, verify_interval_ms: 200, cursor_keys_file: file },
        authentication: { jwks_url: auth.jwksUrl },
        subgraphs: { owners: { identity: "subject" } },
        http_subscriptions: { retry_ms: 10, ...http },
      },
    );
  const router = await start();
  const open = (count: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
  const raw = (query: string, headers: Record<string, string> = {}, extensions?: object) =>
    httpStream(router.url, { query, headers: { ...SSE, ...headers }, ...(extensions && { extensions }) });
  return { ...stream, start, router, auth, open, raw };
}

const values = (results: readonly any[], field = "every"): number[] => results.map(({ data }) => data[field].value);
const upTo = (count: number, from = 1): number[] => Array.from({ length: count - from + 1 }, (_, i) => from + i);
const idsOf = (text: string): string[] => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id!);

/** What a stock client gets that keeps its cursor in its request and comes back at once; `url` is asked each time. */
function followed(url: () => string): { got: number[]; problems: unknown[] } {
  const got: number[] = [];
  const problems: unknown[] = [];
  const client = createClient({ url, retryAttempts: 1_000, retry: () => delay(5) });
  onTestFinished(() => client.dispose());
  const request: { after?: string } = {};
  client.subscribe<any>(
    { query: EVERY, extensions: { stream: request } },
    {
      next({ data, extensions }) {
        got.push(data.every.value);
        request.after = (extensions as any).stream.cursor;
      },
      error: (error) => void problems.push(error),
      complete: () => void problems.push("complete"),
    },
  );
  return { got, problems };
}

describe("a stock graphql-sse client", () => {
  test("receives every event once and in order, from the same execution as one on a WebSocket", async () => {
    const { append, router, open } = await streaming();
    const overSse = receive(router.sseClient(), WITH_ROOM);
    const overWebSocket = receive(router.client(), WITH_ROOM);
    await open(2);
    for (let id = 1; id <= 50; id++) await append("s1", id, { sensor: { id: "s1" }, value: id });
    await eventually(() => expect([overSse.values.length, overWebSocket.values.length]).toEqual([50, 50]));
    expect(values(overSse.values)).toEqual(upTo(50));
    expect(overSse.values).toEqual(overWebSocket.values);
    expect(overSse.values[0]).toEqual({ data: { every: { value: 1, sensor: { room: "room s1" } } } });
    expect(await router.metric("router_stream_groups")).toBe(1);
    expect(await router.metric("router_stream_executions_total")).toBe(50);
    const metrics = await router.service.registry.metrics();
    expect(metrics).toMatch(/router_subscriptions_open\{operation="every",transport="sse".*\} 1/);
    expect(metrics).toMatch(/router_subscriptions_open\{operation="every",transport="ws".*\} 1/);
  });

  test("leaves the group as soon as it goes", async () => {
    const { router, open } = await streaming();
    const received = receive(router.sseClient(), EVERY);
    await open(1);
    received.stop();
    await open(0);
    await eventually(async () => expect(await router.metric("router_stream_channels")).toBe(0));
  });

  test("goes on where it was, whatever is cut, when it sends its request again", async () => {
    const { append, router, open } = await streaming();
    const proxy = await startTcpProxy(router.url);
    onTestFinished(() => proxy.close());
    const { got, problems } = followed(() => proxy.through(router.url));
    await open(1);
    for (let id = 1; id <= 200; id++) {
      await append("s1", id, { value: id });
      if (id % 20 !== 0) continue;
      // The client takes a cut for an error, and not for a lost connection, while it works on what it has read.
      await eventually(() => expect(got.at(-1)).toBe(id));
      proxy.cut();
    }
    await append("s1", 201, { value: 201 });
    await eventually(() => expect(got.at(-1)).toBe(201));
    expect(got).toEqual(upTo(201));
    expect(problems).toEqual([]);
  });

  test("goes on at another router when its own stops", async () => {
    const { append, router, start, open } = await streaming();
    let { url } = router;
    const { got, problems } = followed(() => url);
    await open(1);
    for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
    await eventually(() => expect(got).toEqual([1, 2, 3]));
    const other = await start();
    ({ url } = other);
    await router.stop();
    for (let id = 4; id <= 6; id++) await append("s1", id, { value: id });
    await eventually(() => expect(got).toEqual(upTo(6)));
    expect(await other.metric("router_subscriptions_open")).toBe(1);
    expect(problems).toEqual([]);
  });

  test("is told that its credential has ended", async () => {
    const { router, auth, open, append } = await streaming();
    const token = await auth.token({ sub: "ada" }, { expiresInSeconds: 3 });
    const received = receive(router.sseClient({ authorization: `Bearer ${token}` }), EVERY);
    await open(1);
    await eventually(() => expect(received.done).toBe(true));
    expect(received.values).toEqual([
      { errors: [{ message: expect.any(String), extensions: { code: "CREDENTIAL_INVALID" } }] },
    ]);
    await open(0);
    await append("s1", 1, { value: 1 });
    expect(await router.service.registry.metrics()).toMatch(
      /router_connection_closes_total\{code="CREDENTIAL_INVALID",transport="sse".*\} 1/,
    );
  });

  test("has queries answered, and refusals told as results", async () => {
    const router = await runningRouter({ products: PRODUCTS });
    const answered = receive(router.sseClient(), `{ product(id: "1") { name } }`);
    const refused = receive(router.sseClient(), "{ nonsense }");
    await eventually(() => expect([answered.done, refused.done]).toEqual([true, true]));
    expect(answered.values).toEqual([{ data: { product: { name: "product 1" } } }]);
    expect(refused.values[0].errors[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
  });
});

describe("a browser's EventSource", () => {
  test("subscribes by GET, and comes back by itself with the id of what it had last", async () => {
    const { append, router, open } = await streaming();
    const proxy = await startTcpProxy(router.url);
    onTestFinished(() => proxy.close());
    const source = new EventSource(`${proxy.through(router.url)}?query=${encodeURIComponent(EVERY)}`);
    onTestFinished(() => source.close());
    const results: any[] = [];
    source.addEventListener("next", ({ data }: any) => results.push(JSON.parse(data)));
    await open(1);
    for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
    await eventually(() => expect(values(results)).toEqual([1, 2, 3]));
    proxy.cut();
    await open(0);
    for (let id = 4; id <= 6; id++) await append("s1", id, { value: id });
    await eventually(() => expect(values(results)).toEqual(upTo(6)));
    expect(results[2].extensions).toBeUndefined();
    expect(results[3].extensions.stream).toEqual({ recovered: true, replayed: 3 });
    await open(1);
    await append("s1", 7, { value: 7 });
    await eventually(() => expect(values(results)).toEqual(upTo(7)));
  });
});

describe("Last-Event-ID", () => {
  test("wins over the cursor in the request, which is older", async () => {
    const { append, raw, open } = await streaming();
    const first = await raw(EVERY, {}, { stream: {} });
    await open(1);
    for (let id = 1; id <= 5; id++) await append("s1", id, { value: id });
    await eventually(() => expect(resultsOf(first.text()).length).toBe(5));
    const ids = idsOf(first.text());
    expect(ids).toEqual(resultsOf(first.text()).map(({ extensions }) => extensions.stream.cursor));
    const second = await raw(EVERY, { "last-event-id": ids[3]! }, { stream: { after: ids[0] } });
    await eventually(() => expect(values(resultsOf(second.text()))).toEqual([5]));
    const third = await raw(EVERY, {}, { stream: { after: ids[0] } });
    await eventually(() => expect(values(resultsOf(third.text()))).toEqual([2, 3, 4, 5]));
  });

  test("may stand in the query string, for a page that opens an EventSource anew; the header is newer", async () => {
    const { append, raw, open, router } = await streaming();
    const first = await raw(EVERY);
    await open(1);
    for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
    await eventually(() => expect(idsOf(first.text()).length).toBe(3));
    const ids = idsOf(first.text());
    const url = `${router.url}?lastEventId=${encodeURIComponent(ids[0]!)}`;
    const byQuery = await httpStream(url, { query: EVERY, headers: SSE });
    await eventually(() => expect(values(resultsOf(byQuery.text()))).toEqual([2, 3]));
    const byHeader = await httpStream(url, { query: EVERY, headers: { ...SSE, "last-event-id": ids[1]! } });
    await eventually(() => expect(values(resultsOf(byHeader.text()))).toEqual([3]));
  });

  test("gets the same verdicts as on a WebSocket", async () => {
    const { append, raw, open, router } = await streaming();
    const first = await raw(EVERY);
    await open(1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(idsOf(first.text()).length).toBe(1));
    const [id] = idsOf(first.text());
    const refused = async (query: string, lastEventId: string) => {
      const stream = await raw(query, { "last-event-id": lastEventId });
      await eventually(() => expect(stream.ended()).toBe("end"));
      expect(stream.response.statusCode).toBe(200);
      expect(stream.text().endsWith("event: complete\ndata:\n\n")).toBe(true);
      return resultsOf(stream.text())[0].errors[0].extensions;
    };
    expect(await refused(WITH_ROOM, id!)).toMatchObject({ code: "STREAM_NOT_RECOVERED", reason: "changed" });
    expect(await refused(EVERY, `${id!.slice(0, -2)}AA`)).toEqual({ code: "STREAM_CURSOR_INVALID" });
    await append("s1", 1, { value: 1 }, { epoch: "e2" });
    expect(await refused(EVERY, id!)).toMatchObject({ code: "STREAM_NOT_RECOVERED", reason: "epoch" });
    expect(await router.service.registry.metrics()).toMatch(
      /router_refused_total\{transport="sse",code="STREAM_NOT_RECOVERED".*\} 2/,
    );
  });
});

describe("a client that reads slowly", () => {
  test("gets every event later where it wants every event, and the others do not wait", async () => {
    const { append, router, raw, open } = await streaming({ buffer_bytes_max: 65_536 });
    const slow = await raw(WITH_TEXT);
    const fast = receive(router.sseClient(), EVERY);
    await open(2);
    slow.pause();
    let sent = await appendUntil(append, async () =>
      expect(await router.metric("router_stream_fallen_behind_total")).toBeGreaterThan(0),
    );
    await eventually(() => expect(fast.values.length).toBe(sent));
    expect(resultsOf(slow.text()).length).toBeLessThan(sent);
    slow.resume();
    await append("s1", ++sent, { value: sent });
    await eventually(() => expect(values(resultsOf(slow.text()))).toEqual(upTo(sent)), { deadlineMs: 20_000 });
    expect(resultsOf(slow.text()).every(({ extensions }) => extensions === undefined)).toBe(true);
  });

  test.each([
    ["every event", WITH_TEXT],
    ["the newest", NEWEST],
  ])("is cut off when it wants %s and takes nothing for too long", async (_, query) => {
    const { append, router, raw, open } = await streaming({ buffer_bytes_max: 65_536, stall_timeout_ms: 300 });
    const slow = await raw(query);
    await open(1);
    slow.pause();
    await appendUntil(append, async () => expect(await router.metric("router_connection_closes_total")).toBe(1));
    expect(await router.service.registry.metrics()).toMatch(
      /router_connection_closes_total\{code="SLOW_CONSUMER",transport="sse".*\} 1/,
    );
    await open(0);
    await eventually(() => {
      slow.resume();
      expect(slow.ended()).not.toBe(null);
    });
    expect(slow.text()).not.toContain("event: complete");
  });

  test("is cut off when it takes nothing for too long, however much may wait", async () => {
    const { append, router, raw, open } = await streaming({
      buffer_bytes_max: 1_073_741_824,
      heartbeat_ms: 100,
      stall_timeout_ms: 300,
    });
    const slow = await raw(WITH_TEXT);
    await open(1);
    slow.pause();
    await appendUntil(append, async () => expect(await router.metric("router_connection_closes_total")).toBe(1));
    expect(await router.metric("router_stream_fallen_behind_total")).toBe(0);
    await open(0);
  });

  test("skips events where it wants the newest, is told how many, and ends with the newest", async () => {
    const { append, router, raw, open } = await streaming({ buffer_bytes_max: 1_048_576 });
    const slow = await raw(NEWEST);
    await open(1);
    slow.pause();
    const text = "x".repeat(200_000);
    const count = 150;
    for (let id = 1; id <= count; id++) await append("s1", id, { value: id, text });
    await eventually(async () => expect(await router.metric("router_stream_executions_total")).toBeGreaterThan(10));
    slow.resume();
    await eventually(() => expect(values(resultsOf(slow.text()), "newest").at(-1)).toBe(count), {
      deadlineMs: 20_000,
    });
    const results = resultsOf(slow.text());
    const skipped = results.reduce((sum, { extensions }) => sum + (extensions?.stream?.conflated ?? 0), 0);
    expect(results.length + skipped).toBe(count);
    expect(skipped).toBeGreaterThan(0);
  });
});

describe("the connection", () => {
  test("shows that it is alive, and has a head before the first event", async () => {
    const { raw } = await streaming({ heartbeat_ms: 100 });
    const quiet = await raw(EVERY);
    expect(quiet.response.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
    });
    await eventually(() => expect(quiet.text()).toMatch(/^retry: \d+\n\n(:\n\n){2}/));
  });

  test("ends with a hint to come back, and without completion, when the router stops", async () => {
    const { raw, router, open } = await streaming();
    const stream = await raw(EVERY);
    await open(1);
    await router.stop();
    await eventually(() => expect(stream.ended()).toBe("end"));
    expect(stream.text()).toMatch(/^retry: \d+\n\n: SERVICE_UNAVAILABLE\nretry: \d+\n\n$/);
  });

  test("is refused past the limits, and where the client accepts no stream", async () => {
    const { raw, router, open } = await streaming({ open_per_address_max: 1 });
    const first = await raw(EVERY);
    await open(1);
    const second = await raw(EVERY);
    await eventually(() => expect(second.ended()).toBe("end"));
    expect(resultsOf(second.text())[0].errors[0].extensions.code).toBe("SUBSCRIPTION_LIMIT_EXCEEDED");
    first.leave();
    await open(0);
    await raw(EVERY);
    await open(1);
    const { status, body } = await router.post({ query: EVERY });
    expect([status, body.errors[0].extensions.code]).toEqual([406, "NOT_ACCEPTABLE"]);
  });
});

describe("what a subgraph publishes", () => {
  const BERTHS = `subscription { arrivals(port: "Bergen") { berth } }`;

  test("comes by server-sent events too, and so does its end", async () => {
    const publisher = await publishingSubgraph();
    const router = await runningRouter({ publisher: publisher.subgraph });
    const received = receive(router.sseClient(), BERTHS);
    await eventually(() => expect(publisher.open.length).toBe(1));
    publisher.publish("arrivals", { berth: 7, ship: { id: "7" } });
    await eventually(() => expect(received.values).toEqual([{ data: { arrivals: { berth: 7 } } }]));
    publisher.open[0]!.end();
    await eventually(() => expect(received.done).toBe(true));
    expect(received.values.length).toBe(1);
    expect(await router.metric("router_subscriptions_open")).toBe(0);
  });

  test("ends with a code when the subgraph stays away", async () => {
    const publisher = await publishingSubgraph();
    const router = await runningRouter(
      { publisher: publisher.subgraph },
      { all_subgraphs: { subscriptions: { reconnects_max: 0 } } },
    );
    const received = receive(router.sseClient(), BERTHS);
    await eventually(() => expect(publisher.open.length).toBe(1));
    await publisher.kill();
    await eventually(() => expect(received.done).toBe(true));
    expect(received.values).toMatchObject([
      { errors: [{ extensions: { code: "SUBGRAPH_UNREACHABLE", service: "publisher" } }] },
    ]);
  });
});
