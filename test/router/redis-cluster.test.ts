import { type Append, appendEvents } from "@mib/stream-window/append-function";
import { FunctionMissingError, loadLibrary } from "@mib/stream-window/library";
import { channelName } from "@mib/stream-window/layout";
import { markWhole } from "@mib/stream-window/progress";
import { eventually } from "@mib/testkit/eventually";
import { createLogger } from "@mib/service/log";
import { uniqueName } from "@mib/testkit/servers";
import type { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { asAdmin, type OwnCluster, startOwnCluster } from "../../relay/src/own-cluster.ts";
import type { OwnRedis } from "../../relay/src/own-redis.ts";
import { RedisCounters } from "../../router/src/request/redis-counters.ts";
import { slotOf } from "../../router/src/streams/messages/slot-of.ts";
import { createFederation } from "../../router/src/operation/federation.ts";
import { federated, type TestSubgraph } from "../federation/federated.ts";
import { cursorKeysFile } from "./cursor-keys.ts";
import { receive, type Received, runningRouter, type RunningRouter } from "./running-router.ts";
import { readings, SENSORS, STREAMED } from "./sample-subgraphs.ts";

const LIMITS = { entriesMax: 1_000, bytesMax: 100_000_000, ageMsMax: 3_600_000 };
const DEADLINE = { deadlineMs: 60_000 };
const CHANNELS = Array.from({ length: 24 }, (_, i) => `s${i}`);

let cluster: OwnCluster;
let writer: Cluster;
beforeAll(async () => {
  cluster = await startOwnCluster({ primaries: 3, replicas: 1 });
  writer = cluster.client();
  await eventually(() => loadLibrary(writer));
}, 60_000);
afterAll(async () => {
  writer?.disconnect();
  await cluster?.stop();
});

/** A topic with a channel for each of CHANNELS, which lie on all servers; and a router that subscribes to them. */
async function streaming() {
  const topic = uniqueName("cluster");
  await markWhole(writer, topic, []);
  const { file } = cursorKeysFile("k1");
  const streams = {
    redis_url: cluster.urls.join(","),
    redis_cluster: true,
    verify_interval_ms: 600_000,
    cursor_keys_file: file,
  };
  const start = () => runningRouter({ readings: readings(topic), sensors: SENSORS }, { streams });
  const last = new Map<string, number>();
  /** Appends the next event of a channel as the relay does, which tries until Redis has taken it; here until the replica has it, too. */
  const append = async (channel: string): Promise<void> => {
    const value = (last.get(channel) ?? 0) + 1;
    const event = eventOf(topic, channel, value);
    await eventually(async () => {
      try {
        await appendEvents(writer, [event], { limits: LIMITS, publish: "SHARDED" });
        await replicated(channelName(topic, channel));
      } catch (error) {
        if (error instanceof FunctionMissingError) await loadLibrary(writer);
        throw error;
      }
    }, DEADLINE);
    last.set(channel, value);
  };
  const appendAll = (channels = CHANNELS) => Promise.all(channels.map(append));
  /** Appends to all channels until the work is done. */
  const appendWhile = async (work: () => Promise<void>, channels = CHANNELS): Promise<void> => {
    const state = { isDone: false };
    const working = work().finally(() => (state.isDone = true));
    do await appendAll(channels);
    while (!state.isDone);
    await working;
  };
  return { topic, start, router: await start(), append, appendAll, appendWhile, last };
}

const eventOf = (topic: string, channel: string, value: number): Append => ({
  topic,
  channel,
  epoch: "e1",
  id: `${value}-0`,
  brokerTimeMs: Date.now(),
  traceparent: null,
  value: JSON.stringify({ value }),
});
/**
 * Waits for the replica of the server that has a channel, if there is one: a cluster loses what was acknowledged and not replicated, and
 * here no next batch of the relay tells so.
 */
async function replicated(name: string): Promise<void> {
  const node = writer.slots[slotOf(name)]![0];
  // The client's own connection: WAIT is for what was written on the same one.
  const server = writer.nodes("master").find(({ options }) => `${options.host}:${options.port}` === node);
  if (!server) throw new Error(`${node} is not connected`);
  const replicas = Number(/^connected_slaves:(\d+)/m.exec(await server.info("replication"))?.[1]);
  const reached = await server.wait(replicas, 1_000);
  if (reached < replicas) throw new Error(`${reached} of ${replicas} replicas of ${node} have all that was written`);
}
const subscribe = (router: RunningRouter, channel: string, request: object = {}) =>
  receive(router.client(), `subscription { every(sensor: "${channel}") { value } }`, {}, { stream: request });
const values = ({ values: received }: Received): number[] => received.map(({ data }) => data.every.value);
const notes = ({ values: received }: Received): any[] => received.map(({ extensions }) => extensions?.stream);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const openOn = (router: RunningRouter, count: number) =>
  eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count), DEADLINE);
/** Each has every event of its channel from one on, once and in order, and was told of no gap. */
const haveAll = (received: readonly Received[], last: ReadonlyMap<string, number>, from = 1) =>
  eventually(
    () =>
      received.forEach((each, i) => {
        expect(each.errors).toEqual([]);
        expect(values(each)).toEqual(range(from, last.get(CHANNELS[i]!)!));
        expect(notes(each).some((note) => note?.gap)).toBe(false);
      }),
    DEADLINE,
  );
const onServer = async (topic: string, server: OwnRedis): Promise<string[]> => {
  const { host } = new URL(server.url);
  const slots = await writer.cluster("SLOTS");
  return CHANNELS.filter((channel) => {
    const slot = slotOf(channelName(topic, channel));
    return slots.some(([from, to, node]) => from <= slot && slot <= to && `${node![0]}:${node![1]}` === host);
  });
};

describe("a router on Redis Cluster", () => {
  test("gives every event of channels on all servers once and in order, and goes on after a cursor", async () => {
    const { start, router, appendAll, last, topic } = await streaming();
    for (const server of cluster.primaries) expect(await onServer(topic, server)).not.toEqual([]);
    const received = CHANNELS.map((channel) => subscribe(router, channel));
    await openOn(router, CHANNELS.length);
    for (let i = 0; i < 20; i++) await appendAll();
    await haveAll(received, last);
    const cursors = received.map((each) => notes(each)[4].cursor);
    received.forEach((each) => each.stop());
    await openOn(router, 0);
    await appendAll();
    const other = await start();
    const further = CHANNELS.map((channel, i) => subscribe(other, channel, { after: cursors[i] }));
    await haveAll(further, last, 6);
    expect(notes(further[0]!)[0]).toMatchObject({ recovered: true, replayed: 16 });
  });

  test("counts requests for all routers together", async () => {
    const log = createLogger("test");
    const address = { urls: cluster.urls, isCluster: true };
    const [one, other] = [new RedisCounters(address, log), new RedisCounters(address, log)];
    onTestFinished(() => [one, other].forEach((each) => each.close()));
    for (const counters of [one, other]) await eventually(() => counters.add(uniqueName("rate"), 1, 60));
    const key = uniqueName("rate");
    expect([await one.add(key, 3, 60), await other.add(key, 4, 60), await one.add(key, 1, 60)]).toEqual([3, 7, 8]);
  });

  test("misses nothing when a server is killed and comes back with its data, and goes on with the others meanwhile", async () => {
    const { topic, start, router, append, appendAll, last } = await streaming();
    const [, victim] = cluster.primaries;
    const down = await onServer(topic, victim!);
    const up = CHANNELS.filter((channel) => !down.includes(channel));
    const received = CHANNELS.map((channel) => subscribe(router, channel));
    await openOn(router, CHANNELS.length);
    await appendAll();
    await haveAll(received, last);
    await victim!.kill();
    const waiting = down.map(append);
    for (let i = 0; i < 20; i++) await appendAll(up);
    const others = received.filter((_, i) => up.includes(CHANNELS[i]!));
    await eventually(
      () => others.forEach((each, i) => expect(values(each)).toEqual(range(1, last.get(up[i]!)!))),
      DEADLINE,
    );
    const late = await start();
    await victim!.start();
    await Promise.all(waiting);
    await haveAll(received, last);
    const again = CHANNELS.map((channel, i) => subscribe(late, channel, { after: notes(received[i]!)[0].cursor }));
    await appendAll();
    await haveAll(received, last);
    await haveAll(again, last, 2);
  });

  test("misses nothing while slots go from one server to another, and hears them there", async () => {
    const { topic, router, appendAll, appendWhile, last } = await streaming();
    const [, from, to] = cluster.primaries;
    const moving = await onServer(topic, from!);
    const received = CHANNELS.map((channel) => subscribe(router, channel));
    await openOn(router, CHANNELS.length);
    await appendAll();
    await appendWhile(async () => {
      for (const channel of moving.slice(0, 3)) await moveSlot(slotOf(channelName(topic, channel)), from!, to!);
    });
    expect((await onServer(topic, from!)).length).toBe(moving.length - 3);
    for (let i = 0; i < 10; i++) await appendAll();
    await haveAll(received, last);
  });

  test("takes events of a window whose slot is about to go to another server", async () => {
    const { topic, append } = await streaming();
    const [, from, to] = cluster.primaries;
    const [channel] = await onServer(topic, from!);
    await append(channel!);
    const slot = slotOf(channelName(topic, channel!));
    await openSlot(slot, from!, to!);
    const outcome = appendEvents(writer, [eventOf(topic, channel!, 2)], { limits: LIMITS, publish: "SHARDED" });
    await outcome.finally(() => Promise.all([from!, to!].map((server) => setSlot(server, slot, "STABLE"))));
    expect(await outcome).toEqual(["APPENDED"]);
  });

  test("misses nothing when a replica takes the place of a server that is killed, and subscribers go on by their cursors", async () => {
    const { start, router, appendAll, appendWhile, last } = await streaming();
    const [victim] = cluster.primaries;
    const received = CHANNELS.map((channel) => subscribe(router, channel));
    await openOn(router, CHANNELS.length);
    for (let i = 0; i < 5; i++) await appendAll();
    await haveAll(received, last);
    const cursors = received.map((each) => notes(each)[1].cursor);
    await appendWhile(async () => {
      await victim!.kill();
      await eventually(
        () =>
          asAdmin(cluster.replicas[0]!, async (redis) =>
            expect(await redis.info("replication")).toMatch(/^role:master/m),
          ),
        DEADLINE,
      );
    });
    await appendAll();
    await haveAll(received, last);
    const other = await start();
    const again = CHANNELS.map((channel, i) => subscribe(other, channel, { after: cursors[i] }));
    await haveAll(again, last, 3);
    await appendAll();
    await haveAll(received, last);
    await haveAll(again, last, 3);
  });
});

const idOf = (server: OwnRedis) => asAdmin(server, async (redis) => String(await redis.call("CLUSTER", "MYID")));
const setSlot = (server: OwnRedis, slot: number, ...state: string[]) =>
  asAdmin(server, (redis) => redis.call("CLUSTER", "SETSLOT", String(slot), ...state));

/** Begins what `moveSlot` does. */
async function openSlot(slot: number, from: OwnRedis, to: OwnRedis): Promise<void> {
  await setSlot(to, slot, "IMPORTING", await idOf(from));
  await setSlot(from, slot, "MIGRATING", await idOf(to));
}

/** As `redis-cli --cluster reshard` does it. */
async function moveSlot(slot: number, from: OwnRedis, to: OwnRedis): Promise<void> {
  await openSlot(slot, from, to);
  const toId = await idOf(to);
  const { hostname, port } = new URL(to.url);
  await asAdmin(from, async (redis) => {
    for (;;) {
      const keys = (await redis.call("CLUSTER", "GETKEYSINSLOT", String(slot), "100")) as string[];
      if (keys.length === 0) break;
      await redis.call("MIGRATE", hostname, port, "", "0", "5000", "KEYS", ...keys);
    }
  });
  await setSlot(to, slot, "NODE", toId);
  await setSlot(from, slot, "NODE", toId);
}

const filled: TestSubgraph = {
  stream: true,
  typeDefs: `${STREAMED.replace("channel: String!", "source: Source! = KAFKA, channel: String!").replace("v1.0", "v1.1")}
    enum Source { KAFKA REDIS }
    type Subscription { orders: Reading! @streamed(topic: "orders", source: REDIS) }
    type Reading @shareable { value: Float! }`,
};

test("what a configuration that is taken later says of Redis changes no source: it holds at the next start", async () => {
  const router = await runningRouter({ filled, sensors: SENSORS });
  await router.replace({ streams: { redis_cluster: true }, override_labels: { soon: true } });
  expect((await router.post({ query: "{ __typename }" })).status).toBe(200);
});

test("a supergraph with a source that a cluster can't be is refused, at the start and later", async () => {
  const streams = { redis_url: cluster.urls.join(","), redis_cluster: true };
  const refused = await runningRouter({ filled, sensors: SENSORS }, { streams }).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: "STREAM_SOURCE_NOT_SUPPORTED",
    message: expect.stringContaining("orders (source: REDIS)"),
  });

  const [before, after] = [await federated({ sensors: SENSORS }), await federated({ filled, sensors: SENSORS })];
  const federation = await createFederation({
    supergraphSdl: before.supergraphSdl,
    streamSources: ["KAFKA"],
    subgraph: () => null,
    operationCacheMax: 1,
  });
  onTestFinished(() => federation.close());
  await expect(federation.update(after.supergraphSdl)).rejects.toMatchObject({ code: "STREAM_SOURCE_NOT_SUPPORTED" });
  expect(federation.supergraphSdl).toBe(before.supergraphSdl);
});
