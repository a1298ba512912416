import { createLogger } from "@mib/service/log";
import { eventually } from "@mib/testkit/eventually";
import { uniqueName } from "@mib/testkit/servers";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { asAdmin, startOwnCluster } from "../../relay/src/own-cluster.ts";
import { type OwnRedis, startOwnRedis } from "../../relay/src/own-redis.ts";
import { MessageConnection } from "../../router/src/streams/messages/message-connection.ts";
import { slotOf } from "../../router/src/streams/messages/slot-of.ts";

const DEADLINE = { deadlineMs: 30_000 };

/** A server of a cluster that has no slot yet. */
async function emptyServer(): Promise<OwnRedis> {
  const server = await startOwnRedis(["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"]);
  onTestFinished(() => server.stop());
  return server;
}

/** A connection that hears messages of a server. */
async function connected(server: OwnRedis) {
  const admin = new Redis(server.url);
  const subscribed: string[] = [];
  const listener = {
    subscribed: (name: string) => subscribed.push(name),
    message: () => {},
    lost: () => {},
    returned: () => {},
    moved: () => {},
  };
  const connection = new MessageConnection(new Redis(server.url, { lazyConnect: true, autoResubscribe: false }), {
    isSharded: true,
    listener,
    log: createLogger("test"),
  });
  onTestFinished(() => {
    connection.close();
    admin.disconnect();
  });
  await eventually(() => expect(connection.isReady).toBe(true), DEADLINE);
  const take = (name: string) => eventually(() => admin.call("CLUSTER", "ADDSLOTS", String(slotOf(name))), DEADLINE);
  const isServing = () =>
    eventually(async () => expect(await admin.call("CLUSTER", "INFO")).toContain("cluster_state:ok"), DEADLINE);
  /** How many channels' subscriptions the server was asked for, those that it refused included. */
  const asked = async (): Promise<number> => {
    const line = /^cmdstat_ssubscribe:calls=(\d+),.*rejected_calls=(\d+)/m.exec(await admin.info("commandstats"));
    return Number(line?.[1] ?? 0) + Number(line?.[2] ?? 0);
  };
  return { connection, subscribed, take, isServing, asked };
}

test("what is under way is not asked for again, however often it is looked where slots are", async () => {
  const server = await emptyServer();
  const { connection, subscribed, take, isServing, asked } = await connected(server);
  const name = uniqueName("channel");
  await take(name);
  await isServing();
  const goOn = server.pause();
  connection.subscribe(name);
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    connection.askAgain();
  }
  goOn();
  await eventually(() => expect(connection.hears(name)).toBe(true), DEADLINE);
  connection.askAgain();
  expect([subscribed, await asked()]).toEqual([[name], 1]);
});

test("what a server refused is asked for again, and only that", async () => {
  const { connection, subscribed, take, isServing, asked } = await connected(await emptyServer());
  const [served, refused] = [uniqueName("channel"), uniqueName("channel")];
  await take(served);
  await isServing();
  connection.subscribe(served);
  connection.subscribe(refused);
  await eventually(() => expect(connection.hears(served)).toBe(true), DEADLINE);
  await eventually(async () => expect(await asked()).toBe(2), DEADLINE);
  await take(refused);
  await eventually(() => {
    connection.askAgain();
    expect(connection.hears(refused)).toBe(true);
  }, DEADLINE);
  expect(subscribed).toEqual([served, refused]);
});

test("what a server refused because another one has the slot is asked for again once it is there", async () => {
  const cluster = await startOwnCluster({ primaries: 2, replicas: 0 });
  onTestFinished(() => cluster.stop());
  const [first, second] = cluster.primaries;
  const { connection, subscribed } = await connected(first!);
  const names = Array.from({ length: 20 }, () => uniqueName("channel"));
  // The first server has the lower half of the slots.
  const [here, elsewhere] = [true, false].map((isHere) => names.filter((name) => slotOf(name) < 8_192 === isHere));
  for (const name of names) connection.subscribe(name);
  await eventually(() => expect(here!.every((name) => connection.hears(name))).toBe(true), DEADLINE);
  const firstId = await asAdmin(first!, async (redis) => String(await redis.call("CLUSTER", "MYID")));
  for (const server of [first!, second!]) {
    await asAdmin(server, async (redis) => {
      for (const name of elsewhere!) await redis.call("CLUSTER", "SETSLOT", String(slotOf(name)), "NODE", firstId);
    });
  }
  await eventually(() => {
    connection.askAgain();
    expect(names.every((name) => connection.hears(name))).toBe(true);
  }, DEADLINE);
  expect(subscribed.toSorted()).toEqual(names.toSorted());
});
