import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { TestSubgraph } from "../federation/federated.ts";
import { cursorKeysFile } from "./cursor-keys.ts";
import { runningRouter, streamTopic, type RunningRouter } from "./running-router.ts";
import { readings, SENSORS } from "./sample-subgraphs.ts";

const every = (sensor: string, fields = "value") => `subscription { every(sensor: "${sensor}") { ${fields} } }`;

async function telling({ sensors = SENSORS }: { sensors?: TestSubgraph } = {}, websocket = {}) {
  const stream = await streamTopic("heads");
  const router = await runningRouter(
    { readings: readings(stream.topic), sensors },
    {
      streams: { redis_url: servers.redisUrl, cursor_keys_file: cursorKeysFile("k1").file },
      websocket: { heads_interval_ms: 100, ...websocket },
    },
  );
  return { ...stream, router };
}

/**
 * A client that keeps the values of each operation and the heads that it is told. A head of what it has not had fails the
 * test: nothing is lost on the way here.
 */
async function listen(router: RunningRouter, operations: Record<string, { query: string; asks?: boolean }>) {
  const socket = new WebSocket(router.wsUrl, "graphql-transport-ws");
  onTestFinished(() => socket.terminate());
  const values: Record<string, number[]> = {};
  const heads: Record<string, string>[] = [];
  const cursors: Record<string, string> = {};
  const beyond: unknown[] = [];
  socket.on("message", (data) => {
    const { id, type, payload } = JSON.parse((data as Buffer).toString());
    if (type === "next") {
      const [reading] = Object.values<{ value: number }>(payload.data);
      (values[id] ??= []).push(reading!.value);
      cursors[id] = payload.extensions?.stream.cursor;
    } else if (type === "pong") {
      heads.push(payload.stream.heads);
      for (const [told, head] of Object.entries(payload.stream.heads))
        if (cursors[told] !== head) beyond.push({ told, head, had: cursors[told] });
    } else if (type === "connection_ack") {
      for (const [name, { query, asks = true }] of Object.entries(operations)) {
        const extensions = asks ? { stream: {} } : {};
        socket.send(JSON.stringify({ id: name, type: "subscribe", payload: { query, extensions } }));
      }
    }
  });
  socket.once("open", () => socket.send(`{"type":"connection_init"}`));
  await eventually(async () =>
    expect(await router.metric("router_subscriptions_open")).toBe(Object.keys(operations).length),
  );
  const headsOf = (id: string) => heads.map((told) => told[id]).filter((head) => head !== undefined);
  return { socket, values, heads, cursors, beyond, headsOf };
}

test("a client with cursors is told once of the newest event that it should have, by the event's own cursor", async () => {
  const { append, router } = await telling();
  const client = await listen(router, {
    a: { query: every("a") },
    b: { query: every("b") },
    silent: { query: every("a"), asks: false },
    newest: { query: `subscription { newest(sensors: ["a"]) { value } }` },
    alarms: { query: `subscription { alarms(kinds: ["red"]) { value } }` },
  });
  await append("a", 1, { value: 1 });
  await eventually(() => expect(client.headsOf("a")).toEqual([client.cursors["a"]]));
  expect(client.values).toMatchObject({ a: [1], silent: [1], newest: [1] });

  // What a filter keeps back is no news. Each answer of one tick shows that the others had nothing to tell.
  await append("*", 1, { value: 1, kind: "red" });
  await eventually(() => expect(client.headsOf("alarms")).toEqual([client.cursors["alarms"]]));
  await append("*", 2, { value: 2, kind: "green" });
  await append("b", 1, { value: 5 });
  await eventually(() => expect(client.headsOf("b")).toEqual([client.cursors["b"]]));
  await append("b", 2, { value: 6 });
  await eventually(() => expect(client.headsOf("b").at(-1)).toBe(client.cursors["b"]));
  await eventually(() => expect(client.headsOf("b").length).toBe(2));
  expect(client.headsOf("a").length).toBe(1);
  expect(client.headsOf("alarms").length).toBe(1);
  expect(client.headsOf("silent")).toEqual([]);
  expect(client.headsOf("newest")).toEqual([]);
  expect(client.beyond).toEqual([]);
});

test("one that begins later is not told of events before its time", async () => {
  const { append, router } = await telling();
  const early = await listen(router, { a: { query: every("a") } });
  await append("a", 1, { value: 1 });
  await eventually(() => expect(early.headsOf("a").length).toBe(1));
  early.socket.terminate();
  await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(0));
  const other = await listen(router, { a: { query: every("a") }, b: { query: every("b") } });
  for (let id = 1; id <= 3; id++) {
    await append("b", id, { value: id });
    await eventually(() => expect(other.headsOf("b").length).toBe(id));
  }
  expect(other.headsOf("a")).toEqual([]);
  await append("a", 2, { value: 2 });
  await eventually(() => expect(other.headsOf("a")).toEqual([other.cursors["a"]]));
  expect(other.beyond).toEqual([]);
});

test("an event that is still being executed is not told of", async () => {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const slow: TestSubgraph = {
    ...SENSORS,
    resolvers: {
      Sensor: {
        __resolveReference: async ({ id }: { id: string }) => {
          if (id === "slow") {
            asked.resolve();
            await go.promise;
          }
          return { id, room: `room ${id}` };
        },
      },
    },
  };
  const { append, router } = await telling({ sensors: slow });
  const client = await listen(router, {
    a: { query: every("a", "value sensor { room }") },
    b: { query: every("b") },
  });
  await append("a", 1, { value: 1, sensor: { id: "s1" } });
  await eventually(() => expect(client.headsOf("a").length).toBe(1));
  await append("a", 2, { value: 2, sensor: { id: "slow" } });
  await asked.promise;
  for (let id = 1; id <= 3; id++) {
    await append("b", id, { value: id });
    await eventually(() => expect(client.headsOf("b").length).toBe(id));
  }
  expect(client.headsOf("a").length).toBe(1);
  go.resolve();
  await eventually(() => expect(client.headsOf("a").length).toBe(2));
  expect(client.values["a"]).toEqual([1, 2]);
  expect(client.beyond).toEqual([]);
});

test("a client that has fallen behind is told when it has caught up", async () => {
  const { append, router } = await telling({}, { buffer_bytes_max: 65_536 });
  const client = await listen(router, { a: { query: every("a", "value text") } });
  client.socket.pause();
  const text = "x".repeat(200_000);
  let sent = 0;
  await eventually(
    async () => {
      for (let i = 0; i < 10; i++) await append("a", ++sent, { value: sent, text });
      expect(await router.metric("router_stream_fallen_behind_total")).toBeGreaterThan(0);
    },
    { deadlineMs: 20_000 },
  );
  client.socket.resume();
  await eventually(() => expect(client.values["a"]?.length).toBe(sent), { deadlineMs: 20_000 });
  await eventually(() => expect(client.headsOf("a").at(-1)).toBe(client.cursors["a"]));
  expect(client.beyond).toEqual([]);
});
