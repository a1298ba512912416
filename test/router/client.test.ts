import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { createStreamClient, type StreamClientOptions, type SubscribeOptions } from "@mib/client";
import { eventually, patient } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { cursorKeysFile } from "./cursor-keys.ts";
import { publishingSubgraph } from "./publishing-subgraph.ts";
import { runningRouter, streamTopic, type RunningRouter } from "./running-router.ts";
import { OWNERS, readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

const EVERY = `subscription { every(sensor: "s1") { value } }`;
const MINE = `subscription { every(sensor: "s1") { value sensor { owner } } }`;
const NEWEST = `subscription { newest(sensors: ["a", "b"]) { value } }`;

type Way = "WebSocket" | "server-sent events";
const WAYS: Way[] = ["WebSocket", "server-sent events"];

/** A router that resumes, behind a proxy. */
async function resuming(way: Way = "WebSocket", { withKeys = true, headsIntervalMs = 10_000 } = {}) {
  const stream = await streamTopic("client");
  const auth = await issuer();
  const { file } = cursorKeysFile("k1");
  const start = () =>
    runningRouter(
      { readings: readings(stream.topic), sensors: SENSORS, owners: OWNERS },
      {
        streams: {
          redis_url: servers.redisUrl,
          verify_interval_ms: 200,
          ...(withKeys && { cursor_keys_file: file }),
        },
        http_subscriptions: { heartbeat_ms: 100 },
        websocket: { heads_interval_ms: headsIntervalMs },
        authentication: { jwks_url: auth.jwksUrl },
        subgraphs: { owners: { identity: "subject" } },
      },
    );
  const router = await start();
  const proxy = await startTcpProxy(router.url);
  onTestFinished(() => proxy.close());
  const url = proxy.through(way === "WebSocket" ? router.wsUrl : router.url);
  const client = (options: Partial<StreamClientOptions> = {}) => {
    const made = createStreamClient({ url, ...options });
    onTestFinished(() => made.dispose());
    return made;
  };
  return { ...stream, auth, router, proxy, client };
}

/** Follows a subscription; `told` is what it was told, `values` what it got. */
function follow(
  client: ReturnType<typeof createStreamClient>,
  query: string,
  options: Partial<SubscribeOptions<Record<string, { value: number }>>> = {},
) {
  const values: number[] = [];
  const told: unknown[] = [];
  const subscription = client.subscribe<Record<string, { value: number }>>(
    { query },
    {
      next: ({ data }) => void values.push(Object.values(data!)[0]!.value),
      onGap: (gap) => void told.push({ gap }),
      onRecovered: (recovered) => void told.push({ recovered }),
      error: ({ code, closeCode }) => void told.push({ code, closeCode }),
      ...options,
    },
  );
  return { values, told, subscription };
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const openOn = (router: RunningRouter, count: number) =>
  eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));

test("an event that is lost on a connection which holds is had over another one", async () => {
  const { append, router, client } = await resuming("WebSocket", { headsIntervalMs: 100 });
  let losing = true;
  let sockets = 0;
  class LosingSocket extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      sockets += 1;
    }

    override emit(name: string | symbol, ...args: any[]): boolean {
      if (losing && name === "message" && String(args[0]).includes(`"value":2`)) return true;
      return super.emit(name, ...args);
    }
  }
  const { values, told } = follow(client({ webSocketImpl: LosingSocket }), EVERY);
  await openOn(router, 1);
  await append("s1", 1, { value: 1 });
  await eventually(() => expect(values).toEqual([1]));
  await append("s1", 2, { value: 2 });
  await eventually(() => expect(sockets).toBe(2));
  losing = false;
  await eventually(() => expect(values).toEqual([1, 2]), { deadlineMs: 40_000 });
  expect(told).toEqual([{ recovered: { replayed: 1 } }]);
});

describe.each(WAYS)("a subscription by the client package over %s", (way) => {
  test("gets every event once and in order, however often its connection is cut", async () => {
    const { append, router, proxy, client } = await resuming(way);
    const { values, told } = follow(client(), EVERY);
    await openOn(router, 1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(values).toEqual([1]));
    for (let id = 2; id <= 400; id++) {
      await append("s1", id, { value: id });
      if (id % 20 === 0) proxy.cut();
    }
    await eventually(() => expect(values.length).toBe(400), { deadlineMs: 30_000 });
    expect(values).toEqual(numbers(400));
    expect(told.every((what) => "recovered" in (what as object))).toBe(true);
    expect(told.length).toBeGreaterThan(0);
  });

  test("notices a connection on which nothing passes any more, says so, and goes on over a new one", async () => {
    const { append, router, proxy, client } = await resuming(way);
    const states: string[] = [];
    const { values } = follow(
      client({
        keepAliveMs: 200,
        staleAfterMs: 0,
        onStale: () => states.push("stale"),
        onLive: () => states.push("live"),
      }),
      EVERY,
    );
    await openOn(router, 1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(values).toEqual([1]));
    states.length = 0;
    proxy.silence();
    await append("s1", 2, { value: 2 });
    // Over HTTP another try may be sent down a silent connection that was kept, and be given up after 10 s.
    await eventually(() => expect(values).toEqual([1, 2]), { deadlineMs: 40_000 });
    expect(states.slice(0, 2)).toEqual(["stale", "live"]);
  });

  test("tells when it can't go on, and begins anew, or ends where that is wanted", async () => {
    const { append, router, redis, topic, proxy, client } = await resuming(way);
    const restarting = follow(client(), EVERY);
    const ending = follow(client(), EVERY, { whenNotRecovered: "end" });
    await openOn(router, 2);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect([restarting.values, ending.values]).toEqual([[1], [1]]));
    proxy.refuses = true;
    proxy.cut();
    for (let id = 2; id <= 5; id++) await append("s1", id, { value: id });
    await redis.xtrim(`{${topic}/s1}:e1`, "MAXLEN", 2);
    proxy.refuses = false;
    await eventually(() => expect(restarting.told).toEqual([{ gap: { count: null, reason: "too_far" } }]));
    await eventually(() => expect(ending.told).toEqual([{ code: "STREAM_NOT_RECOVERED", closeCode: null }]));
    await openOn(router, 1);
    await append("s1", 6, { value: 6 });
    await eventually(() => expect(restarting.values).toEqual([1, 6]));
    expect(ending.values).toEqual([1]);
  });

  test("of the newest values begins with the current ones again", async () => {
    const { append, proxy, client } = await resuming(way);
    await append("a", 1, { value: 1 });
    await append("b", 1, { value: 10 });
    const { values, told } = follow(client(), NEWEST);
    await eventually(() => expect(values.toSorted((x, y) => x - y)).toEqual([1, 10]));
    proxy.refuses = true;
    proxy.cut();
    await append("a", 2, { value: 2 });
    proxy.refuses = false;
    await eventually(() => expect(values.slice(2).toSorted((x, y) => x - y)).toEqual([2, 10]));
    expect(told).toEqual([{ recovered: { replayed: null } }]);
  });

  test("goes on at a cursor that was kept, in another client", async () => {
    const { append, router, client } = await resuming(way);
    const first = follow(client(), EVERY);
    await openOn(router, 1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(first.values).toEqual([1]));
    const { cursor } = first.subscription;
    first.subscription.stop();
    await openOn(router, 0);
    for (let id = 2; id <= 4; id++) await append("s1", id, { value: id });
    const second = follow(client(), EVERY, { cursor });
    await eventually(() => expect(second.values).toEqual([2, 3, 4]));
    expect(second.told).toEqual([{ recovered: { replayed: 3 } }]);
  });

  test("of a router without keys is a plain one, and each reconnect a gap", async () => {
    const { append, router, proxy, client } = await resuming(way, { withKeys: false });
    const { values, told, subscription } = follow(client(), EVERY);
    await openOn(router, 1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(values).toEqual([1]));
    expect(subscription.cursor).toBeNull();
    proxy.cut();
    await eventually(() => expect(told).toEqual([{ gap: { count: null, reason: "no_cursor" } }]));
    await openOn(router, 1);
    await append("s1", 2, { value: 2 });
    await eventually(() => expect(values).toEqual([1, 2]));
  });

  test("waits at the router while a loop is slow, and misses nothing", async () => {
    const { append, router, client } = await resuming(way);
    const results = client().iterate<{ every: { value: number } }>({ query: EVERY }, { waitingMax: 10 });
    await openOn(router, 1);
    for (let id = 1; id <= 100; id++) await append("s1", id, { value: id });
    await openOn(router, 0);
    const values: number[] = [];
    for await (const { data } of results) {
      values.push(data!.every.value);
      if (values.length === 100) break;
    }
    expect(values).toEqual(numbers(100));
  });
});

test.each(WAYS)("what a subgraph publishes has no cursors over %s, and ends when it ends", async (way) => {
  const publisher = await publishingSubgraph();
  const { url, wsUrl } = await runningRouter({ publisher: publisher.subgraph });
  const client = createStreamClient({ url: way === "WebSocket" ? wsUrl : url });
  const told: unknown[] = [];
  const refused = follow(client, "subscription { nonsense }");
  const subscription = client.subscribe(
    { query: `subscription { arrivals(port: "Bergen") { berth } }` },
    {
      next: ({ data }) => void told.push(data, subscription.cursor),
      complete: () => void told.push("complete"),
    },
  );
  await eventually(() => expect(publisher.open.length).toBe(1));
  publisher.publish("arrivals", { berth: 7, ship: { id: "7" } });
  await eventually(() => expect(told).toEqual([{ arrivals: { berth: 7 } }, null]));
  publisher.open[0]!.end();
  await eventually(() => expect(told.at(-1)).toBe("complete"));
  expect(refused.told).toEqual([{ code: "GRAPHQL_VALIDATION_FAILED", closeCode: null }]);
});

describe.each(WAYS)("credentials over %s", (way) => {
  test("that are refused end the subscription", async () => {
    const { client } = await resuming(way);
    const { told } = follow(client({ connectionParams: { authorization: "Bearer nonsense" } }), EVERY);
    await eventually(() => expect(told).toEqual([{ code: null, closeCode: 4403 }]));
  });

  test("that have expired are asked for again, and the stream goes on", async () => {
    const { append, auth, client } = await resuming(way);
    let asked = 0;
    const connectionParams = async () => ({
      authorization: `Bearer ${await auth.token({ sub: "ann" }, { expiresInSeconds: ++asked === 1 ? 4 : 600 })}`,
    });
    const { values, told } = follow(client({ connectionParams }), MINE, { cursor: "start" });
    await append("s1", 1, { value: 1, sensor: { id: "s1" } });
    await eventually(() => expect(values).toEqual([1]));
    await eventually(() => expect(asked).toBe(2), { deadlineMs: 30_000 });
    await append("s1", 2, { value: 2, sensor: { id: "s1" } });
    await eventually(() => expect(values).toEqual([1, 2]));
    expect(told.filter((what) => "code" in (what as object) || "gap" in (what as object))).toEqual([]);
  });

  test("that can't be had now are asked for again", async () => {
    const { append, router, client } = await resuming(way);
    let asked = 0;
    const connectionParams = async () => {
      if (++asked === 1) throw new Error("the network is down");
      return {};
    };
    const { values } = follow(client({ connectionParams }), EVERY);
    await openOn(router, 1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(values).toEqual([1]));
  });
});

test.each(WAYS)("a router that is not there yet, or has stopped, is waited for over %s", async (way) => {
  const { append, router, proxy, client } = await resuming(way);
  proxy.refuses = true;
  const { values, told } = follow(client(), EVERY);
  await eventually(() => expect(proxy.connectionsMade).toBeGreaterThan(1));
  proxy.refuses = false;
  await openOn(router, 1);
  await append("s1", 1, { value: 1 });
  await eventually(() => expect(values).toEqual([1]));
  await router.stop();
  await eventually(() => expect(proxy.connectionsMade).toBeGreaterThan(3));
  expect(told).toEqual([]);
});

test.each(WAYS)("the first example of packages/client/README.md is true over %s", async (way) => {
  const { append, router } = await resuming();
  const program = /```js\n([\s\S]*?)```/
    .exec(readFileSync("packages/client/README.md", "utf8"))![1]!
    .replace("wss://router.example.com/graphql", way === "WebSocket" ? router.wsUrl : router.url)
    .replace(`trades(symbol: "BTCUSDT") { price }`, `every(sensor: "s1") { value }`)
    .replace("console.log(data.trades.price)", "{ console.log(data.every.value); break; }");
  const running = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    timeout: patient(60_000),
  });
  await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1), {
    deadlineMs: 60_000,
  });
  await append("s1", 1, { value: 42 });
  expect((await running).stdout).toBe("42\n");
});
