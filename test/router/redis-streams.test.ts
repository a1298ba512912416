import { eventually } from "@mib/testkit/eventually";
import { uniqueName } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type OwnRedis, startOwnRedis } from "../../relay/src/own-redis.ts";
import type { TestSubgraph } from "../federation/federated.ts";
import { cursorKeysFile } from "./cursor-keys.ts";
import { receive, type Received, runningRouter, type RunningRouter } from "./running-router.ts";
import { OWNERS, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

const EVERY = `subscription { every(sensor: "s1") { value } }`;

let shared: OwnRedis;
beforeAll(async () => (shared = await startOwnRedis()));
afterAll(() => shared.stop());

/** Streams that are filled by XADD alone, in every kind that the directive knows. */
const readings = (topic: string): TestSubgraph => ({
  stream: true,
  typeDefs: `
    extend schema @link(url: "https://specs.example.org/streamed/v1.1", import: ["@streamed"]) @composeDirective(name: "@streamed")
    directive @streamed(topic: String!, channel: String! = "*", source: Source! = KAFKA, delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
    enum Source { KAFKA REDIS }
    enum Delivery { EVERY LATEST }
    enum Snapshot { LAST NONE }
    type Subscription {
      every(sensor: ID!): Reading! @streamed(topic: "${topic}", channel: "{args.sensor}", source: REDIS)
      everyFromLast(sensor: ID!): Reading! @streamed(topic: "${topic}", channel: "{args.sensor}", source: REDIS, snapshot: LAST)
      newest(sensors: [ID!]!): Reading! @streamed(topic: "${topic}", channel: "{args.sensors}", source: REDIS, delivery: LATEST, snapshot: LAST)
      alarms(kinds: [String!]): Reading! @streamed(topic: "${topic}", source: REDIS, filter: ["kind in args.kinds"])
      mine: Reading! @streamed(topic: "${topic}", channel: "{claims.sub}", source: REDIS)
    }
    type Reading @shareable { sensor: Sensor value: Float! kind: String text: String }
    type Sensor @key(fields: "id", resolvable: false) { id: ID! }`,
});

async function streaming({
  redis: own = shared,
  url = own.url,
  settings = {},
}: { redis?: OwnRedis; url?: string; settings?: Record<string, unknown> } = {}) {
  const topic = uniqueName("log");
  const redis = new Redis(own.url, { maxRetriesPerRequest: null });
  redis.on("error", () => {});
  onTestFinished(() => redis.disconnect());
  const auth = await issuer();
  const { file } = cursorKeysFile("k1");
  const start = (streams: Record<string, unknown> = {}) =>
    runningRouter(
      { readings: readings(topic), sensors: SENSORS, owners: OWNERS },
      {
        streams: { redis_url: url, verify_interval_ms: 600_000, cursor_keys_file: file, ...settings, ...streams },
        authentication: { jwks_url: auth.jwksUrl },
        subgraphs: { owners: { identity: "subject" } },
      },
    );
  const keyOf = (sensor: string) => `${topic}:${sensor}`;
  return {
    topic,
    redis,
    auth,
    start,
    keyOf,
    router: await start(),
    /** Adds an event as any service would. */
    add: (sensor: string, value: number, more: object = {}) =>
      redis.xadd(keyOf(sensor), "*", "value", JSON.stringify({ value, ...more })),
  };
}

const stream = (router: RunningRouter, query: string, request: object, connection?: Record<string, unknown>) =>
  receive(router.client(connection), query, {}, { stream: request });

const values = (received: Received, field = "every"): number[] => received.values.map(({ data }) => data[field].value);
const notes = (received: Received): any[] => received.values.map(({ extensions }) => extensions?.stream);
const gaps = (received: Received): any[] => notes(received).map((note) => note?.gap);
const openOn = (router: RunningRouter, count: number) =>
  eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function refused(router: RunningRouter, after: string): Promise<string> {
  const received = stream(router, EVERY, { after });
  await eventually(() => expect(received.errors.length).toBe(1));
  expect(received.values).toEqual([]);
  expect(received.errors[0][0].extensions.code).toBe("STREAM_NOT_RECOVERED");
  return received.errors[0][0].extensions.reason;
}

describe("a stream that services fill by XADD", () => {
  test("gives every event once and in order, with fields of other subgraphs, executed once for all", async () => {
    const { add, router } = await streaming();
    await add("s1", 0);
    const query = `subscription { every(sensor: "s1") { value sensor { id room } } }`;
    const received = Array.from({ length: 10 }, () => receive(router.client(), query));
    await openOn(router, 10);
    for (let value = 1; value <= 50; value++) await add("s1", value, { sensor: { id: "s1" } });
    await eventually(() => received.forEach((each) => expect(values(each)).toEqual(range(1, 50))));
    expect(received[0]!.values[0]).toEqual({ data: { every: { value: 1, sensor: { id: "s1", room: "room s1" } } } });
    expect(await router.metric("router_stream_executions_total")).toBe(50);
    received.forEach((each) => each.stop());
    await eventually(async () => expect(await router.metric("router_stream_channels")).toBe(0));
  });

  test("begins with its last event where the field says so, then goes on without hole or repeat", async () => {
    const { add, router } = await streaming();
    for (const value of [1, 2]) await add("s1", value);
    const query = `subscription { everyFromLast(sensor: "s1") { value } }`;
    const first = receive(router.client(), query);
    await eventually(() => expect(values(first, "everyFromLast")).toEqual([2]));
    await add("s1", 3);
    await eventually(() => expect(values(first, "everyFromLast")).toEqual([2, 3]));
    const second = receive(router.client(), query);
    await eventually(() => expect(values(second, "everyFromLast")).toEqual([3]));
    await add("s1", 4);
    await eventually(() => expect(values(second, "everyFromLast")).toEqual([3, 4]));
    expect(values(first, "everyFromLast")).toEqual([2, 3, 4]);
  });

  test("gives the newest of many channels, the current ones first, and those that come while others are waited for", async () => {
    const { add, router } = await streaming();
    await add("a", 1);
    const received = receive(router.client(), `subscription { newest(sensors: ["a", "b", "a"]) { value } }`);
    await openOn(router, 1);
    await add("b", 10);
    await add("c", 20);
    await add("a", 2);
    await eventually(() => expect(values(received, "newest").toSorted((x, y) => x - y)).toEqual([1, 2, 10]));
  });

  test("is read from the topic's own key where the field names no channel, and filtered", async () => {
    const { redis, topic, router } = await streaming();
    const query = "subscription ($kinds: [String!]) { alarms(kinds: $kinds) { value } }";
    const some = receive(router.client(), query, { kinds: ["fire"] });
    const all = receive(router.client(), query);
    await openOn(router, 2);
    for (const [value, kind] of ["fire", "flood", "fire"].entries())
      await redis.xadd(topic, "*", "value", JSON.stringify({ value, kind }));
    await eventually(() => expect(values(all, "alarms")).toEqual([0, 1, 2]));
    expect(values(some, "alarms")).toEqual([0, 2]);
  });

  test("never mixes two users: neither their channels nor what a subgraph knows about one of them", async () => {
    const { add, router, auth } = await streaming();
    const as = async (sub: string) => router.client({ authorization: `Bearer ${await auth.token({ sub })}` });
    const owner = `subscription { every(sensor: "s1") { sensor { owner } } }`;
    const mine = "subscription { mine { value } }";
    const [ada, bob] = [await as("ada"), await as("bob")];
    const received = [receive(ada, owner), receive(bob, owner), receive(ada, mine), receive(bob, mine)];
    await openOn(router, 4);
    await add("s1", 1, { sensor: { id: "s1" } });
    await add("ada", 2);
    await add("bob", 3);
    await eventually(() => expect(received.map((each) => each.values.length)).toEqual([1, 1, 1, 1]));
    expect(received.slice(0, 2).map((each) => each.values[0].data.every.sensor.owner)).toEqual(["ada", "bob"]);
    expect(received.slice(2).map((each) => values(each, "mine"))).toEqual([[2], [3]]);
    expect(await router.metric("router_stream_groups")).toBe(4);
  });

  test("tells of an entry that has no JSON where the event should be", async () => {
    const { add, redis, keyOf, router } = await streaming();
    const received = receive(router.client(), EVERY);
    await openOn(router, 1);
    await redis.xadd(keyOf("s1"), "*", "value", "{");
    await redis.xadd(keyOf("s1"), "*", "other", "1");
    await add("s1", 3);
    await eventually(() => expect(values(received)).toEqual([3]));
    expect(gaps(received)).toEqual([{ count: 2, reason: "poison" }]);
  });

  test("has keys and a field of the services' own choice", async () => {
    const { redis, topic, start } = await streaming();
    const router = await start({ redis_streams: { key: "app/{channel}/{topic}", value_field: "json" } });
    const received = receive(router.client(), EVERY);
    await openOn(router, 1);
    await redis.xadd(`app/s1/${topic}`, "*", "value", "2", "json", `{"value":1}`);
    await eventually(() => expect(values(received)).toEqual([1]));
  });

  test("leaves the others alone when a key is no stream, and is heard when it has become one", async () => {
    const { add, redis, keyOf, router } = await streaming({ settings: { verify_interval_ms: 200 } });
    const [good, later] = [
      receive(router.client(), EVERY),
      receive(router.client(), `subscription { every(sensor: "s2") { value } }`),
    ];
    await openOn(router, 2);
    await redis.set(keyOf("s2"), "no stream");
    for (let value = 1; value <= 3; value++) {
      await add("s1", value);
      await eventually(() => expect(values(good)).toEqual(range(1, value)));
    }
    await redis.del(keyOf("s2"));
    await add("s2", 1);
    await eventually(() => expect(values(later)).toEqual([1]));
  });
});

describe("a subscription to it that goes on", () => {
  const first3 = async ({ add, router }: Awaited<ReturnType<typeof streaming>>) => {
    const received = stream(router, EVERY, {});
    await openOn(router, 1);
    for (const value of [1, 2, 3]) await add("s1", value);
    await eventually(() => expect(values(received)).toEqual([1, 2, 3]));
    received.stop();
    await openOn(router, 0);
    return notes(received).map(({ cursor }) => cursor as string);
  };

  test("gets what it missed on another router, once and in order, then what comes", async () => {
    const streams = await streaming();
    const { add, router, start } = streams;
    const cursors = await first3(streams);
    await router.stop();
    for (let value = 4; value <= 1_200; value++) void add("s1", value);
    await add("s1", 1_201);
    const other = await start();
    for (const [i, after] of cursors.entries()) {
      const received = stream(other, EVERY, { after });
      await eventually(() => expect(received.values.length).toBe(1_200 - i));
      expect(values(received)).toEqual(range(i + 2, 1_201));
      expect(notes(received)[0]).toMatchObject({ recovered: true, replayed: 1_200 - i });
    }
    const live = stream(other, EVERY, { after: "start" });
    await eventually(() => expect(values(live)).toEqual(range(1, 1_201)));
    await add("s1", 1_202);
    await eventually(() => expect(values(live).at(-1)).toBe(1_202));
  });

  test("gets a cursor for an event that is the same wherever the event is had", async () => {
    const streams = await streaming();
    const { add, router, start } = streams;
    const cursors = await first3(streams);
    const other = await start();
    const second = stream(other, EVERY, { after: cursors[1] });
    await eventually(() => expect(values(second)).toEqual([3]));
    const third = stream(router, EVERY, { after: notes(second)[0].cursor });
    await openOn(router, 1);
    await add("s1", 4);
    await eventually(() => expect(values(third)).toEqual([4]));
    expect(notes(third)[0]).toMatchObject({ recovered: true, replayed: 0 });
  });

  test("is told too_far when what it needs was trimmed or is more than it may be given, and goes on where all is there", async () => {
    const streams = await streaming();
    const { add, redis, keyOf, router, start } = streams;
    const cursors = await first3(streams);
    for (const value of [4, 5, 6]) await add("s1", value);
    await redis.xtrim(keyOf("s1"), "MAXLEN", 4); // 3 to 6
    expect(await refused(router, cursors[0]!)).toBe("too_far");
    const received = stream(router, EVERY, { after: cursors[1] });
    await eventually(() => expect(values(received)).toEqual([3, 4, 5, 6]));
    expect(await refused(await start({ replay_events_max: 2 }), cursors[2]!)).toBe("too_far");
    await redis.xtrim(keyOf("s1"), "MAXLEN", 0);
    expect(await refused(router, cursors[2]!)).toBe("too_far");
  });

  test("is told too_far when one of what it needs was deleted", async () => {
    const streams = await streaming();
    const { add, redis, keyOf, router } = streams;
    const cursors = await first3(streams);
    const fourth = await add("s1", 4);
    await add("s1", 5);
    await redis.xdel(keyOf("s1"), fourth!);
    expect(await refused(router, cursors[2]!)).toBe("too_far");
  });

  test("is told epoch when the stream was deleted, and when it began anew, on every router", async () => {
    const streams = await streaming();
    const { add, redis, keyOf, router, start } = streams;
    const cursors = await first3(streams);
    const other = await start();
    await redis.del(keyOf("s1"));
    for (const each of [router, other]) expect(await refused(each, cursors[2]!)).toBe("epoch");
    for (const value of [4, 5]) await add("s1", value);
    for (const each of [router, other]) expect(await refused(each, cursors[2]!)).toBe("epoch");
    expect(await refused(await start(), cursors[0]!)).toBe("epoch");
  });
});

describe("subscribers of it, while they are connected,", () => {
  test("are told how many events were trimmed before they could be read", async () => {
    const proxy = await startTcpProxy(shared.url);
    onTestFinished(() => proxy.close());
    const { add, redis, keyOf, router } = await streaming({ url: proxy.through(shared.url) });
    const received = receive(router.client(), EVERY);
    await openOn(router, 1);
    await add("s1", 1);
    await eventually(() => expect(values(received)).toEqual([1]));
    proxy.refuses = true;
    proxy.cut();
    for (let value = 2; value <= 10; value++) await add("s1", value);
    await redis.xtrim(keyOf("s1"), "MAXLEN", 3);
    proxy.refuses = false;
    await eventually(() => expect(values(received)).toEqual([1, 8, 9, 10]));
    expect(gaps(received)).toEqual([undefined, { count: 6, reason: "lost" }, undefined, undefined]);
  });

  test("miss nothing of a stream that keeps one entry, or are told of it", async () => {
    const { redis, keyOf, router } = await streaming();
    const received = receive(router.client(), EVERY);
    await openOn(router, 1);
    for (let value = 1; value <= 200; value++) {
      if (value === 2) await eventually(() => expect(values(received)).toEqual([1]));
      void redis.xadd(keyOf("s1"), "MAXLEN", "=", 1, "*", "value", JSON.stringify({ value }));
    }
    await eventually(() => expect(values(received).at(-1)).toBe(200));
    let last = 0;
    for (const [i, value] of values(received).entries()) {
      expect(value - last - 1).toBe(gaps(received)[i]?.count ?? 0);
      last = value;
    }
  });

  test("are told that a stream was deleted, and get what comes then, lower ids too", async () => {
    const { add, redis, keyOf, router } = await streaming({ settings: { verify_interval_ms: 200 } });
    const received = receive(router.client(), EVERY);
    await openOn(router, 1);
    await add("s1", 1);
    await eventually(() => expect(values(received)).toEqual([1]));
    await redis.del(keyOf("s1"));
    await add("s1", 2);
    await eventually(() => expect(values(received)).toEqual([1, 2]));
    await redis.del(keyOf("s1"));
    for (const id of [1, 2]) await redis.xadd(keyOf("s1"), `${id}-1`, "value", JSON.stringify({ value: 2 + id }));
    await eventually(() => expect(values(received)).toEqual([1, 2, 3, 4]));
    const epoch = { count: null, reason: "epoch" };
    expect(gaps(received)).toEqual([undefined, epoch, epoch, undefined]);
  });

  test("get what was added while a connection passed nothing any more", async () => {
    const proxy = await startTcpProxy(shared.url);
    onTestFinished(() => proxy.close());
    const { add, router } = await streaming({ url: proxy.through(shared.url) });
    const received = receive(router.client(), EVERY);
    await openOn(router, 1);
    await add("s1", 1);
    await eventually(() => expect(values(received)).toEqual([1]));
    proxy.silence();
    for (const value of [2, 3, 4]) await add("s1", value);
    await eventually(() => expect(values(received)).toEqual([1, 2, 3, 4]), { deadlineMs: 30_000 });
    expect(gaps(received)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("of more channels than one connection waits for each get theirs", async () => {
    const { add, router } = await streaming();
    const sensors = Array.from({ length: 1_200 }, (_, i) => `n${i}`);
    const query = "subscription ($sensors: [ID!]!) { newest(sensors: $sensors) { value } }";
    const client = router.client();
    const received = [0, 400, 800].map((from) => receive(client, query, { sensors: sensors.slice(from, from + 400) }));
    await openOn(router, 3);
    await Promise.all(sensors.map((sensor, i) => add(sensor, i)));
    await eventually(
      () =>
        expect(received.flatMap((each) => values(each, "newest")).toSorted((a, b) => a - b)).toEqual(range(0, 1_199)),
      { deadlineMs: 60_000 },
    );
  });
});

describe("when Redis is restarted", () => {
  async function restartable(args: string[] = []) {
    const redis = await startOwnRedis(args);
    onTestFinished(() => redis.stop());
    const streams = await streaming({ redis });
    const received = stream(streams.router, EVERY, {});
    const newest = receive(streams.router.client(), `subscription { newest(sensors: ["s1"]) { value } }`);
    await openOn(streams.router, 2);
    for (const value of [1, 2, 3]) await streams.add("s1", value);
    await eventually(() => expect(values(received)).toEqual([1, 2, 3]));
    return {
      ...streams,
      received,
      newest,
      own: redis,
      cursor: notes(received)[2].cursor as string,
      async restart() {
        await redis.kill();
        await redis.start();
      },
    };
  }

  test("with its data, nothing is missed, and subscriptions go on where they were", async () => {
    const { add, received, newest, restart, start, cursor } = await restartable([
      "--appendonly",
      "yes",
      "--appendfsync",
      "always",
    ]);
    await restart();
    for (const value of [4, 5]) await add("s1", value);
    await eventually(() => expect(values(received)).toEqual([1, 2, 3, 4, 5]));
    expect(gaps(received).some(Boolean)).toBe(false);
    await eventually(() => expect(values(newest, "newest").at(-1)).toBe(5));
    const other = stream(await start(), EVERY, { after: cursor });
    await eventually(() => expect(values(other)).toEqual([4, 5]));
    expect(notes(other)[0]).toMatchObject({ recovered: true, replayed: 2 });
  });

  test("without its data, that is told, and what comes then is given", async () => {
    const { add, received, newest, restart, start, cursor } = await restartable();
    await restart();
    expect(await refused(await start(), cursor)).toBe("epoch");
    for (const value of [4, 5]) await add("s1", value);
    await eventually(() => expect(values(received)).toEqual([1, 2, 3, 4, 5]));
    expect(gaps(received)).toEqual([undefined, undefined, undefined, { count: null, reason: "epoch" }, undefined]);
    await eventually(() => expect(values(newest, "newest").at(-1)).toBe(5));
    expect(await refused(await start(), cursor)).toBe("epoch");
    const other = stream(await start(), EVERY, { after: notes(received)[3].cursor });
    await eventually(() => expect(values(other)).toEqual([5]));
  });

  test("with older data, that is told, nothing old is given again, and cursors of what it still has are good", async () => {
    const { add, redis, received, restart, start, cursor } = await restartable();
    await redis.save();
    for (const value of [4, 5]) await add("s1", value);
    await eventually(() => expect(values(received)).toEqual([1, 2, 3, 4, 5]));
    const lost = notes(received)[4].cursor as string;
    await restart();
    expect(await refused(await start(), lost)).toBe("epoch");
    for (const value of [6, 7, 8]) await add("s1", value);
    await eventually(() => expect(values(received)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]));
    expect(gaps(received).slice(3)).toEqual([
      undefined,
      undefined,
      { count: null, reason: "epoch" },
      undefined,
      undefined,
    ]);
    const other = await start();
    expect(await refused(other, lost)).toBe("epoch");
    const goesOn = stream(other, EVERY, { after: cursor });
    await eventually(() => expect(values(goesOn)).toEqual([6, 7, 8]));
    const after = stream(other, EVERY, { after: notes(received)[5].cursor });
    await eventually(() => expect(values(after)).toEqual([7, 8]));
  });
});
