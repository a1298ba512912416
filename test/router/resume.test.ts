import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { createClient } from "graphql-ws";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { cursorKeysFile } from "./cursor-keys.ts";
import { receive, runningRouter, streamTopic, type RunningRouter } from "./running-router.ts";
import { OWNERS, readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

const EVERY = `subscription { every(sensor: "s1") { value } }`;
const WITH_ROOM = `subscription { every(sensor: "s1") { value sensor { room } } }`;
const MINE = `subscription { every(sensor: "s1") { value sensor { owner } } }`;
const NEWEST = `subscription { newest(sensors: ["a", "b"]) { value } }`;

async function resuming(streams: Record<string, unknown> = {}) {
  const stream = await streamTopic("resume");
  const auth = await issuer();
  const { file } = cursorKeysFile("k1");
  const start = () =>
    runningRouter(
      { readings: readings(stream.topic), sensors: SENSORS, owners: OWNERS },
      {
        streams: { redis_url: servers.redisUrl, verify_interval_ms: 200, cursor_keys_file: file, ...streams },
        authentication: { jwks_url: auth.jwksUrl },
        subgraphs: { owners: { identity: "subject" } },
      },
    );
  return { ...stream, auth, start, router: await start() };
}

const stream = (router: RunningRouter, query: string, request: object, connection?: Record<string, unknown>) =>
  receive(router.client(connection), query, {}, { stream: request });

const values = (received: { values: any[] }, field: string): number[] =>
  received.values.map(({ data }) => data[field].value);
const notes = (received: { values: any[] }): any[] => received.values.map(({ extensions }) => extensions?.stream);
const openOn = (router: RunningRouter, count: number) =>
  eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));

describe("a subscription that goes on", () => {
  test("gets what it missed, once and in order, on another router too, then what comes", async () => {
    const { append, router, start } = await resuming();
    const first = stream(router, EVERY, {});
    await openOn(router, 1);
    for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
    await eventually(() => expect(values(first, "every")).toEqual([1, 2, 3]));
    const { cursor } = notes(first)[1];
    first.stop();
    await router.stop();
    for (let id = 4; id <= 500; id++) await append("s1", id, { value: id });

    const other = await start();
    const second = stream(other, EVERY, { after: cursor });
    await openOn(other, 1);
    for (let id = 501; id <= 510; id++) await append("s1", id, { value: id });
    await eventually(() => expect(second.values.length).toBe(508));
    expect(values(second, "every")).toEqual(Array.from({ length: 508 }, (_, i) => i + 3));
    expect(notes(second)[0]).toMatchObject({ recovered: true, replayed: 498 });
    expect(notes(second)[1]).toEqual({ cursor: expect.any(String) });
    expect(await other.metric("router_stream_resumes_total")).toBe(1);
  });

  test("tells that nothing was missed with the next event", async () => {
    const { append, router } = await resuming();
    const first = stream(router, EVERY, {});
    await openOn(router, 1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(first.values.length).toBe(1));
    const second = stream(router, EVERY, { after: notes(first)[0].cursor });
    await openOn(router, 2);
    await append("s1", 2, { value: 2 });
    await eventually(() => expect(second.values.length).toBe(1));
    expect(notes(second)[0]).toMatchObject({ recovered: true, replayed: 0 });
    expect(notes(second)[0].cursor).toBe(notes(first)[1].cursor);
  });

  test("may begin with the oldest event that is kept", async () => {
    const { append, router } = await resuming();
    for (let id = 1; id <= 5; id++) await append("s1", id, { value: id });
    const received = stream(router, EVERY, { after: "start" });
    await eventually(() => expect(values(received, "every")).toEqual([1, 2, 3, 4, 5]));
    const empty = stream(router, `subscription { every(sensor: "s2") { value } }`, { after: "start" });
    await openOn(router, 2);
    await append("s2", 1, { value: 7 });
    await eventually(() => expect(values(empty, "every")).toEqual([7]));
  });

  test("has the fields of other subgraphs too, executed once for all who come back at once", async () => {
    const { append, router } = await resuming();
    for (let id = 1; id <= 20; id++) await append("s1", id, { value: id, sensor: { id: "s1" } });
    const many = Array.from({ length: 10 }, () => stream(router, WITH_ROOM, { after: "start" }));
    for (const received of many)
      await eventually(() => expect(values(received, "every")).toEqual(Array.from({ length: 20 }, (_, i) => i + 1)));
    expect(many[9]!.values[19].data).toEqual({ every: { value: 20, sensor: { room: "room s1" } } });
    expect(await router.metric("router_stream_executions_total")).toBeLessThanOrEqual(40);
  });

  test("survives any number of cuts with a stock client that sends the same payload again", async () => {
    const { append, router } = await resuming();
    const got: number[] = [];
    let sockets: WebSocket[] = [];
    const client = createClient({
      url: router.wsUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 1_000,
      shouldRetry: () => true,
      retryWait: () => delay(5),
      on: { opened: (socket) => sockets.push(socket as WebSocket) },
    });
    onTestFinished(() => void client.dispose());
    const request: { after?: string } = {};
    const problems: unknown[] = [];
    client.subscribe<any>(
      { query: EVERY, extensions: { stream: request } },
      {
        next({ data, extensions }) {
          got.push(data.every.value);
          request.after = (extensions as any).stream.cursor;
        },
        error: (error) => void problems.push(error),
        complete: () => {},
      },
    );
    await openOn(router, 1);
    for (let id = 1; id <= 300; id++) {
      await append("s1", id, { value: id });
      if (id % 20 === 0 && got.length > 0) {
        for (const socket of sockets) socket.terminate();
        sockets = [];
      }
    }
    await eventually(() => expect(got.at(-1)).toBe(300));
    expect(got).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(problems).toEqual([]);
  });

  test("of the newest values begins with the current ones", async () => {
    const { append, router } = await resuming();
    await append("a", 1, { value: 1 });
    await append("b", 1, { value: 10 });
    const first = stream(router, NEWEST, {});
    await eventually(() => expect(first.values.length).toBe(2));
    await append("a", 2, { value: 2 });
    await eventually(() => expect(first.values.length).toBe(3)); // the router has it, too
    const second = stream(router, NEWEST, { after: notes(first)[0].cursor });
    await eventually(() => expect(values(second, "newest").toSorted((x, y) => x - y)).toEqual([2, 10]));
    expect(notes(second)[0].recovered).toBe(true);
    expect(notes(second)[1]).not.toHaveProperty("recovered");
  });
});

describe("a subscription that cannot go on ends with the reason", () => {
  const cursorOf = async (
    router: RunningRouter,
    append: (channel: string, id: number, value: unknown) => Promise<string>,
  ) => {
    const received = stream(router, EVERY, {});
    await openOn(router, 1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(received.values.length).toBe(1));
    received.stop();
    await openOn(router, 0);
    return notes(received)[0].cursor as string;
  };
  const refused = async (router: RunningRouter, query: string, after: string, connection?: Record<string, unknown>) => {
    const received = stream(router, query, { after }, connection);
    await eventually(() => expect(received.errors.length).toBe(1));
    expect(received.values).toEqual([]);
    return received.errors[0][0].extensions;
  };

  test("epoch: history began anew", async () => {
    const { append, router } = await resuming();
    const cursor = await cursorOf(router, append);
    await append("s1", 1, { value: 1 }, { epoch: "e2" });
    expect(await refused(router, EVERY, cursor)).toEqual({
      code: "STREAM_NOT_RECOVERED",
      reason: "epoch",
      stream: { recovered: false, reason: "epoch" },
    });
  });

  test("too_far: the window does not reach back", async () => {
    const { append, router, redis, topic } = await resuming();
    const cursor = await cursorOf(router, append);
    for (let id = 2; id <= 5; id++) await append("s1", id, { value: id });
    await redis.xtrim(`{${topic}/s1}:e1`, "MAXLEN", 2);
    expect(await refused(router, EVERY, cursor)).toMatchObject({ reason: "too_far" });
  });

  test("too_far: more events than one may be given", async () => {
    const { append, router } = await resuming({ replay_events_max: 3 });
    const cursor = await cursorOf(router, append);
    for (let id = 2; id <= 5; id++) await append("s1", id, { value: id });
    expect(await refused(router, EVERY, cursor)).toMatchObject({ reason: "too_far" });
  });

  test("expired: the cursor is too old", async () => {
    const { append, router } = await resuming({ cursor_lifetime_ms: 1_000 });
    const cursor = await cursorOf(router, append);
    await delay(1_100); // a lifetime can only be waited out
    expect(await refused(router, EVERY, cursor)).toMatchObject({ reason: "expired" });
  });

  test("changed: another operation", async () => {
    const { append, router } = await resuming();
    const cursor = await cursorOf(router, append);
    expect(await refused(router, WITH_ROOM, cursor)).toMatchObject({ reason: "changed" });
  });

  test("denied: another caller, where answers depend on who calls", async () => {
    const { append, router, auth } = await resuming();
    const as = async (subject: string) => ({ authorization: `Bearer ${await auth.token({ sub: subject })}` });
    const first = stream(router, MINE, {}, await as("ann"));
    await openOn(router, 1);
    await append("s1", 1, { value: 1, sensor: { id: "s1" } });
    await eventually(() => expect(first.values.length).toBe(1));
    expect(await refused(router, MINE, notes(first)[0].cursor, await as("bob"))).toMatchObject({ reason: "denied" });
  });

  test("a cursor that is forged, of foreign keys, or none is refused", async () => {
    const { append, router } = await resuming();
    const cursor = await cursorOf(router, append);
    const foreign = await cursorOf(
      ...(await (async () => {
        const other = await resuming();
        return [other.router, other.append] as const;
      })()),
    );
    for (const bad of [`${cursor.slice(0, -2)}AA`, cursor.replace("k1.", "k2."), foreign, "x", "..", "a.b.c"])
      expect(await refused(router, EVERY, bad), bad).toEqual({ code: "STREAM_CURSOR_INVALID" });
    for (const request of [{ after: 1 }, { after: "" }, { after: {} }])
      expect(await refused(router, EVERY, (request as any).after), JSON.stringify(request)).toEqual({
        code: "BAD_REQUEST",
      });
  });
});

describe("clients that come back all at once", () => {
  test("catch up a few at a time, each with every event once, and live events flow meanwhile", async () => {
    const { append, router } = await resuming({ resumes_per_second_max: 20 });
    const live = stream(router, `subscription { every(sensor: "s2") { value } }`, {});
    await openOn(router, 1);
    for (let id = 1; id <= 20; id++) await append("s1", id, { value: id });
    const waiting = () => router.metric("router_stream_resumes_waiting");
    const many = Array.from({ length: 200 }, () => stream(router, EVERY, { after: "start" }));
    await eventually(async () => expect(await waiting()).toBeGreaterThan(50));
    for (let id = 1; id <= 5; id++) {
      await append("s2", id, { value: id });
      await eventually(() => expect(live.values.length).toBe(id));
    }
    expect(await waiting()).toBeGreaterThan(0);
    await append("s1", 21, { value: 21 });
    const all = Array.from({ length: 21 }, (_, i) => i + 1);
    await eventually(() => expect(many.every(({ values }) => values.length >= 21)).toBe(true), { deadlineMs: 60_000 });
    await append("s1", 22, { value: 22 });
    await eventually(() => expect(many.every(({ values }) => values.length >= 22)).toBe(true));
    for (const received of many) expect(values(received, "every")).toEqual([...all, 22]);
    expect(await waiting()).toBe(0);
    expect(await router.metric("router_stream_resumes_total")).toBe(200);
  });

  test("are told to come again where too many wait, and those that leave wait no longer", async () => {
    const { append, router } = await resuming({ resumes_per_second_max: 1, resumes_waiting_max: 60 });
    const waiting = () => router.metric("router_stream_resumes_waiting");
    await append("s1", 1, { value: 1 });
    const client = router.client();
    const begin = () => receive(client, EVERY, {}, { stream: { after: "start" } });
    const many = [begin()];
    await eventually(() => expect(many[0]!.values.length).toBe(1));
    // More than may wait, and one or another is let in meanwhile.
    await eventually(() => {
      for (let i = 0; i < 70; i++) many.push(begin());
      expect(many.some(({ errors }) => errors.length > 0)).toBe(true);
    });
    const { errors } = many.find((received) => received.errors.length > 0)!;
    expect(errors[0][0].extensions).toEqual({ code: "RATE_LIMITED", retryAfterSeconds: 60 });
    expect(await router.service.registry.metrics()).toMatch(/router_stream_resumes_total\{verdict="refused"/);
    expect(await waiting()).toBeGreaterThan(0);
    for (const received of many.slice(1)) received.stop();
    await eventually(async () => expect(await waiting()).toBe(0));
    expect(await router.metric("router_subscriptions_open")).toBeGreaterThan(0);
  });
});

test("a client that does not ask gets no cursors, and one that asks a router without keys neither", async () => {
  const { append, router, topic } = await resuming();
  const keyless = await runningRouter(
    { readings: readings(topic), sensors: SENSORS },
    { streams: { redis_url: servers.redisUrl } },
  );
  const silent = receive(router.client(), EVERY);
  const asking = stream(keyless, EVERY, {});
  await openOn(router, 1);
  await openOn(keyless, 1);
  await append("s1", 1, { value: 1 });
  await eventually(() => expect([silent.values.length, asking.values.length]).toEqual([1, 1]));
  expect(notes(silent)).toEqual([undefined]);
  expect(notes(asking)).toEqual([undefined]);
  const wanting = stream(keyless, EVERY, { after: "start" });
  await eventually(() => expect(wanting.errors[0]?.[0].extensions.code).toBe("STREAM_UNAVAILABLE"));
});
