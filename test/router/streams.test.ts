import { servers } from "@mib/testkit/servers";
import { eventually } from "@mib/testkit/eventually";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { createClient } from "graphql-ws";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { appendUntil, receive, runningRouter, streamTopic } from "./running-router.ts";
import { OWNERS, readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

async function streaming(settings: Record<string, unknown> = {}) {
  const stream = await streamTopic("readings");
  const auth = await issuer();
  const router = await runningRouter(
    { readings: readings(stream.topic), sensors: SENSORS, owners: OWNERS },
    {
      streams: { redis_url: servers.redisUrl, verify_interval_ms: 200 },
      authentication: { jwks_url: auth.jwksUrl },
      subgraphs: { owners: { identity: "subject" } },
      ...settings,
    },
  );
  /** Waits until so many subscriptions hear their channels. */
  const open = (count: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
  return { ...stream, router, auth, open };
}

const values = (received: { values: any[] }, field: string): number[] =>
  received.values.map((result) => result.data[field].value);

describe("a stock graphql-ws client", () => {
  test("receives every event once and in order, with fields of other subgraphs", async () => {
    const { append, router, open } = await streaming();
    const received = receive(router.client(), `subscription { every(sensor: "s1") { value sensor { id room } } }`);
    await open(1);
    for (let id = 1; id <= 50; id++) await append("s1", id, { sensor: { id: "s1" }, value: id });
    await eventually(() => expect(received.values.length).toBe(50));
    expect(values(received, "every")).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(received.values[0]).toEqual({ data: { every: { value: 1, sensor: { id: "s1", room: "room s1" } } } });
  });

  test("begins with the last event where the stream says so, then goes on without hole or repeat", async () => {
    const { append, router, open } = await streaming();
    await append("s1", 1, { value: 1 });
    await append("s1", 2, { value: 2 });
    const first = receive(router.client(), `subscription { everyFromLast(sensor: "s1") { value } }`);
    await eventually(() => expect(values(first, "everyFromLast")).toEqual([2]));
    await append("s1", 3, { value: 3 });
    await eventually(() => expect(values(first, "everyFromLast")).toEqual([2, 3]));
    const second = receive(router.client(), `subscription { everyFromLast(sensor: "s1") { value } }`);
    await eventually(() => expect(values(second, "everyFromLast")).toEqual([3]));
    await append("s1", 4, { value: 4 });
    await eventually(() => expect(values(second, "everyFromLast")).toEqual([3, 4]));
    await open(2);
    expect(values(first, "everyFromLast")).toEqual([2, 3, 4]);
  });

  test("gets the newest of many channels", async () => {
    const { append, router, open } = await streaming();
    await append("a", 1, { sensor: { id: "a" }, value: 1 });
    const received = receive(
      router.client(),
      "subscription ($sensors: [ID!]!) { newest(sensors: $sensors) { value sensor { id } } }",
      { sensors: ["a", "b", "a"] },
    );
    await open(1);
    await append("b", 1, { sensor: { id: "b" }, value: 10 });
    await append("c", 1, { sensor: { id: "c" }, value: 20 });
    await append("a", 2, { sensor: { id: "a" }, value: 2 });
    await eventually(() => expect(values(received, "newest").toSorted((x, y) => x - y)).toEqual([1, 2, 10]));
  });

  test("gets the events that pass its filter, and all of them without one", async () => {
    const { append, router, open } = await streaming();
    const query = "subscription ($kinds: [String!]) { alarms(kinds: $kinds) { value kind } }";
    const some = receive(router.client(), query, { kinds: ["fire", "flood"] });
    const all = receive(router.client(), query);
    const none = receive(router.client(), query, { kinds: [] });
    await open(3);
    for (const [i, kind] of ["fire", "smoke", "flood", null].entries()) await append("*", i + 1, { value: i, kind });
    await eventually(() => expect(values(all, "alarms")).toEqual([0, 1, 2, 3]));
    expect(values(some, "alarms")).toEqual([0, 2]);
    expect(values(none, "alarms")).toEqual([]);
  });
});

describe("one execution per event and group", () => {
  test("subscribers of the same events share one execution and one fetch", async () => {
    const { append, router, open } = await streaming();
    const client = router.client();
    const received = Array.from({ length: 20 }, (_, i) =>
      receive(client, `subscription Op${i} { every(sensor: "s1") { value sensor { room } } }`),
    );
    await open(20);
    await append("s1", 1, { sensor: { id: "s1" }, value: 1 });
    await eventually(() => received.forEach((each) => expect(each.values.length).toBe(1)));
    expect(await router.metric("router_stream_executions_total")).toBe(1);
    expect(await router.metric("router_stream_groups")).toBe(1);
    expect(router.requests.length).toBe(1);
    received.forEach((each) => each.stop());
    await open(0);
    await eventually(async () => expect(await router.metric("router_stream_channels")).toBe(0));
  });

  test("two users never share what a subgraph knows about one of them", async () => {
    const { append, router, auth, open } = await streaming();
    const query = `subscription { every(sensor: "s1") { sensor { owner } } }`;
    const ada = receive(router.client({ authorization: `Bearer ${await auth.token({ sub: "ada" })}` }), query);
    const bob = receive(router.client({ authorization: `Bearer ${await auth.token({ sub: "bob" })}` }), query);
    const nobody = receive(router.client(), query);
    await open(3);
    await append("s1", 1, { sensor: { id: "s1" }, value: 1 });
    const owner = (received: typeof ada) => received.values[0]?.data.every.sensor.owner;
    await eventually(() => expect([owner(ada), owner(bob), owner(nobody)]).toEqual(["ada", "bob", "nobody"]));
    expect(await router.metric("router_stream_groups")).toBe(3);
  });

  test("a channel of one's own needs a caller, and carries only that caller's events", async () => {
    const { append, router, auth, open } = await streaming();
    const anonymous = receive(router.client(), "subscription { mine { value } }");
    await eventually(() => expect(anonymous.errors[0]?.[0]?.extensions.code).toBe("UNAUTHENTICATED"));
    const ada = receive(
      router.client({ authorization: `Bearer ${await auth.token({ sub: "ada" })}` }),
      "subscription { mine { value } }",
    );
    await open(1);
    await append("bob", 1, { value: 1 });
    await append("ada", 1, { value: 2 });
    await eventually(() => expect(values(ada, "mine")).toEqual([2]));
  });
});

describe("what pub/sub loses", () => {
  test("is read from the window before the next event is delivered", async () => {
    const { append, router, open } = await streaming({ streams: { redis_url: servers.redisUrl } });
    const received = receive(router.client(), `subscription { every(sensor: "s1") { value } }`);
    await open(1);
    await append("s1", 1, { value: 1 });
    await append("s1", 2, { value: 2 }, { publish: false });
    await append("s1", 3, { value: 3 }, { publish: false });
    await append("s1", 4, { value: 4 });
    await eventually(() => expect(values(received, "every")).toEqual([1, 2, 3, 4]));
    expect(received.values.some((result) => result.extensions)).toBe(false);
    expect(await router.metric("router_stream_holes_total")).toBe(1);
  });

  test("is found without a next event, by comparing quiet channels with their windows", async () => {
    const { append, router, open } = await streaming();
    const received = receive(router.client(), `subscription { every(sensor: "s1") { value } }`);
    await open(1);
    await append("s1", 1, { value: 1 }, { publish: false });
    await eventually(() => expect(values(received, "every")).toEqual([1]));
  });

  test("and the window has lost too is told as a gap with its count", async () => {
    const { append, router, redis, topic, open } = await streaming({ streams: { redis_url: servers.redisUrl } });
    const received = receive(router.client(), `subscription { every(sensor: "s1") { value } }`);
    await open(1);
    await append("s1", 1, { value: 1 });
    for (const id of [2, 3, 4]) await append("s1", id, { value: id }, { publish: false });
    await redis.xtrim(`{${topic}/s1}:e1`, "MAXLEN", 1);
    await append("s1", 5, { value: 5 });
    await eventually(() => expect(values(received, "every")).toEqual([1, 4, 5]));
    expect(received.values[1].extensions.stream.gap).toEqual({ count: 2, reason: "lost" });
  });

  test("with an epoch that ended is told as a gap, and the new epoch is delivered from its start", async () => {
    const { append, router, open } = await streaming();
    const received = receive(router.client(), `subscription { every(sensor: "s1") { value } }`);
    await open(1);
    await append("s1", 1, { value: 1 });
    await append("s1", 1, { value: 2 }, { epoch: "e2" });
    await append("s1", 2, { value: 3 }, { epoch: "e2" });
    await eventually(() => expect(values(received, "every")).toEqual([1, 2, 3]));
    expect(received.values[1].extensions.stream.gap).toEqual({ count: null, reason: "epoch" });
  });

  test("while the connection to Redis is cut comes when it is back", async () => {
    const { append, router, redis, open } = await streaming();
    const received = receive(router.client(), `subscription { every(sensor: "s1") { value } }`);
    await open(1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(values(received, "every")).toEqual([1]));
    for (const line of ((await redis.client("LIST")) as string).split("\n")) {
      if (line.includes("name=mib-router-messages"))
        await redis.client("KILL", "ID", /id=(\d+)/.exec(line)![1]!).catch(() => {});
    }
    for (const id of [2, 3, 4]) await append("s1", id, { value: id });
    await eventually(() => expect(values(received, "every")).toEqual([1, 2, 3, 4]));
  });
});

test("router connections to Redis that pass nothing any more are made anew, and what was missed comes", async () => {
  const proxy = await startTcpProxy(servers.redisUrl);
  onTestFinished(() => proxy.close());
  const { append, router, open } = await streaming({ streams: { redis_url: proxy.through(servers.redisUrl) } });
  const received = receive(router.client(), `subscription { every(sensor: "s1") { value } }`);
  await open(1);
  await append("s1", 1, { value: 1 });
  await eventually(() => expect(values(received, "every")).toEqual([1]));
  proxy.silence();
  for (const id of [2, 3, 4]) await append("s1", id, { value: id });
  await eventually(() => expect(values(received, "every")).toEqual([1, 2, 3, 4]), { deadlineMs: 30_000 });
});

/** A client that stops reading when it is told to; a stock one always reads. */
async function rawSubscriber(wsUrl: string, query: string) {
  const socket = new WebSocket(wsUrl, "graphql-transport-ws");
  const payloads: any[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse((data as Buffer).toString());
    if (message.type === "connection_ack")
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
    if (message.type === "next") payloads.push(message.payload);
  });
  socket.once("open", () => socket.send(`{"type":"connection_init"}`));
  onTestFinished(() => socket.terminate());
  return { socket, payloads };
}

describe("a client that reads slowly", () => {
  test("gets every event later where it wants every event, and the others do not wait", async () => {
    const { append, router, open } = await streaming({ websocket: { buffer_bytes_max: 65_536 } });
    const { socket, payloads } = await rawSubscriber(
      router.wsUrl,
      `subscription { every(sensor: "s1") { value text } }`,
    );
    const fast = receive(router.client(), `subscription { every(sensor: "s1") { value } }`);
    await open(2);
    socket.pause();
    let sent = await appendUntil(append, async () =>
      expect(await router.metric("router_stream_fallen_behind_total")).toBeGreaterThan(0),
    );
    await eventually(() => expect(fast.values.length).toBe(sent));
    expect(payloads.length).toBeLessThan(sent);
    socket.resume();
    await append("s1", ++sent, { value: sent });
    const all = Array.from({ length: sent }, (_, i) => i + 1);
    await eventually(() => expect(payloads.map(({ data }) => data.every.value)).toEqual(all), { deadlineMs: 20_000 });
    expect(payloads.every(({ extensions }) => extensions === undefined)).toBe(true);
  });

  test("is closed with 1013 when it takes nothing for too long", async () => {
    const { append, router, open } = await streaming({
      websocket: { buffer_bytes_max: 65_536, stall_timeout_ms: 300 },
    });
    const { socket } = await rawSubscriber(router.wsUrl, `subscription { every(sensor: "s1") { value text } }`);
    await open(1);
    socket.pause();
    await appendUntil(append, async () => expect(await router.metric("router_connection_closes_total")).toBe(1));
    expect(await router.service.registry.metrics()).toMatch(/router_connection_closes_total\{code="1013"/);
  });

  test("skips events where it wants the newest, is told how many, and ends with the newest", async () => {
    const { append, router, open } = await streaming({ websocket: { buffer_bytes_max: 1_048_576 } });
    const { socket, payloads } = await rawSubscriber(
      router.wsUrl,
      `subscription { newest(sensors: ["s1"]) { value text } }`,
    );
    await open(1);
    socket.pause();
    const text = "x".repeat(200_000);
    const count = 150;
    for (let id = 1; id <= count; id++) await append("s1", id, { value: id, text });
    await eventually(async () => expect(await router.metric("router_stream_executions_total")).toBeGreaterThan(10));
    socket.resume();
    await eventually(() => expect(payloads.at(-1)?.data.newest.value).toBe(count), { deadlineMs: 20_000 });
    const skipped = payloads.reduce((sum, payload) => sum + (payload.extensions?.stream?.conflated ?? 0), 0);
    expect(payloads.length + skipped).toBe(count);
    expect(skipped).toBeGreaterThan(0);
  });
});

describe("a client that takes compressed messages", () => {
  const TEXT = "the same again and again ".repeat(200);
  const QUERY = `subscription { every(sensor: "s1") { value text } }`;

  /** What a client hears of a few events, and how many bytes its socket got. */
  async function heard(settings: Record<string, unknown>) {
    const { append, router, open } = await streaming(settings);
    const sockets: WebSocket[] = [];
    class Offering extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { perMessageDeflate: true });
        sockets.push(this);
      }
    }
    const client = createClient({ url: router.wsUrl, webSocketImpl: Offering, retryAttempts: 0 });
    onTestFinished(() => void client.dispose());
    const received = receive(client, QUERY);
    await open(1);
    for (let id = 1; id <= 5; id++) await append("s1", id, { value: id, text: TEXT });
    await eventually(() => expect(received.values.length).toBe(5));
    expect(received.values.map((result) => result.data.every)).toEqual(
      [1, 2, 3, 4, 5].map((value) => ({ value, text: TEXT })),
    );
    const { _socket: stream } = sockets[0] as unknown as { _socket: { bytesRead: number } };
    return { extensions: sockets[0]!.extensions, bytes: stream.bytesRead };
  }

  test("gets large events compressed where that is switched on, and all of them as they are otherwise", async () => {
    const compressed = await heard({ websocket: { compression: { enabled: true } } });
    expect(compressed.extensions).toBe("permessage-deflate");
    expect(compressed.bytes).toBeLessThan(TEXT.length);
    const plain = await heard({});
    expect(plain.extensions).toBe("");
    expect(plain.bytes).toBeGreaterThan(5 * TEXT.length);
  });
});
