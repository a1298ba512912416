import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { cursorKeysFile } from "./cursor-keys.ts";
import { receive, runningRouter, streamTopic } from "./running-router.ts";
import { readings, SENSORS } from "./sample-subgraphs.ts";

// Each test composes and starts a router, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

async function measured(settings: Record<string, unknown> = {}) {
  const stream = await streamTopic("readings");
  const router = await runningRouter(
    { readings: readings(stream.topic), sensors: SENSORS },
    {
      streams: {
        redis_url: servers.redisUrl,
        cursor_keys_file: cursorKeysFile("k").file,
        event_time_fields: { [stream.topic]: "kind" },
      },
      ...settings,
    },
  );
  /** The value of one series: all of these labels must be there. */
  const series = async (name: string, labels: Record<string, string>): Promise<number> => {
    const lines = (await router.service.registry.metrics()).split("\n").filter((line) => line.startsWith(`${name}{`));
    const line = lines.find((each) =>
      Object.entries(labels).every(([key, value]) => each.includes(`${key}="${value}"`)),
    );
    return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ")));
  };
  const open = (count: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
  return { ...stream, router, series, open };
}

/** A bare socket with one subscription. */
async function subscribed(url: string, query: string): Promise<WebSocket> {
  const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send(JSON.stringify({ type: "connection_init" }));
  await new Promise((resolve) => socket.once("message", resolve));
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
  return socket;
}

test("the age of an event is taken since the broker took it and since it happened, once for each subscriber", async () => {
  const { append, router, series, open, topic } = await measured();
  const client = router.client();
  const received = [1, 2].map(() => receive(client, `subscription { every(sensor: "s1") { value } }`));
  await open(2);
  const happenedAt = new Date(Date.now() - 30_000).toISOString();
  await append("s1", 1, { value: 1, kind: happenedAt });
  await append("s1", 2, { value: 2, kind: "no time" });
  await eventually(() => received.forEach(({ values }) => expect(values.length).toBe(2)));

  const age = "router_stream_event_age_seconds";
  await eventually(async () => expect(await series(`${age}_count`, { topic, since: "broker" })).toBe(4));
  expect(await series(`${age}_bucket`, { topic, since: "broker", le: "10" })).toBe(4);
  expect(await series(`${age}_count`, { topic, since: "event" })).toBe(2);
  expect(await series(`${age}_bucket`, { topic, since: "event", le: "10" })).toBe(0);
  expect(await series(`${age}_bucket`, { topic, since: "event", le: "60" })).toBe(2);
});

test("what a client catches up with is a replay, and says nothing of ages", async () => {
  const { append, router, series, open, topic } = await measured();
  for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
  const received = receive(
    router.client(),
    `subscription { every(sensor: "s1") { value } }`,
    {},
    {
      stream: { after: "start" },
    },
  );
  await open(1);
  await eventually(() => expect(received.values.length).toBe(3));
  expect(await router.metric("router_stream_replayed_total")).toBe(3);
  expect(await router.metric("router_stream_deliveries_total")).toBe(3);
  expect(await series("router_stream_resumes_total", { verdict: "recovered" })).toBe(1);
  expect(await series("router_stream_event_age_seconds_count", { topic })).toBe(0);
});

test("ends are counted by their reasons, and subscriptions by their operations", async () => {
  const { router, series, open } = await measured();
  const query = `subscription Watch { every(sensor: "s1") { value } }`;
  const ended = (reason: string, transport = "ws") => series("router_subscriptions_ended_total", { reason, transport });

  const byClient = receive(router.client(), query);
  const bySse = receive(router.sseClient(), query);
  await open(2);
  expect(await series("router_subscriptions_open", { operation: "Watch", transport: "ws" })).toBe(1);
  byClient.stop();
  await eventually(async () => expect(await ended("client")).toBe(1));
  bySse.stop();
  await eventually(async () => expect(await ended("disconnected", "sse")).toBe(1));

  const socket = await subscribed(router.wsUrl, query);
  await open(1);
  socket.terminate();
  await eventually(async () => expect(await ended("disconnected")).toBe(1));

  receive(router.client(), query);
  await open(1);
  await router.stop();
  expect(await ended("1012")).toBe(1);
});

test("bytes that wait for a client that reads nothing are shown while they wait", async () => {
  const { append, router, series, open } = await measured({ websocket: { stall_timeout_ms: 60_000 } });
  const socket = await subscribed(router.wsUrl, `subscription { newest(sensors: ["s1"]) { text } }`);
  await open(1);
  expect(await series("router_subscriptions_backlog_bytes", { transport: "ws" })).toBe(0);
  socket.pause();
  const text = "t".repeat(100_000);
  for (let id = 1; id <= 200; id++) await append("s1", id, { text });
  await eventually(async () =>
    expect(await series("router_subscriptions_backlog_bytes", { transport: "ws" })).toBeGreaterThan(60_000),
  );
  await eventually(async () => expect(await router.metric("router_stream_conflated_total")).toBeGreaterThan(0));
});

test("what is held back for a slow client counts as delivered when it is, and not before", async () => {
  const { append, router, series, open } = await measured({ websocket: { stall_timeout_ms: 60_000 } });
  const socket = await subscribed(router.wsUrl, `subscription { newest(sensors: ["s1"]) { value text } }`);
  await open(1);
  let received = 0;
  let last = 0;
  socket.on("message", (message) => {
    received += 1;
    last = JSON.parse((message as Buffer).toString()).payload.data.newest.value;
  });
  socket.pause();
  const events = 200;
  const text = "t".repeat(100_000);
  for (let id = 1; id <= events; id++) await append("s1", id, { value: id, text });
  const deliveries = () => router.metric("router_stream_deliveries_total");
  const conflated = () => router.metric("router_stream_conflated_total");
  await eventually(async () => expect(await conflated()).toBeGreaterThan(0));
  await eventually(async () => expect((await deliveries()) + (await conflated())).toBe(events - 1)); // one is held
  socket.resume();
  await eventually(() => expect(last).toBe(events));
  expect(await deliveries()).toBe(received);
  expect(received + (await conflated())).toBe(events);
  expect(await series("router_subscriptions_backlog_bytes", { transport: "ws" })).toBe(0);
});
