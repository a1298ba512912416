import { wholeKey } from "@mib/stream-window/layout";
import { markWhole } from "@mib/stream-window/progress";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { receive, runningRouter, streamTopic } from "./running-router.ts";
import { OWNERS, readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

async function streaming({ redisUrl = servers.redisUrl } = {}) {
  const stream = await streamTopic("readings");
  const revocations = await streamTopic("revocations");
  const auth = await issuer();
  let count = 0;
  const revoke = (kind: string, target: string, { atMs = Date.now(), publish = true } = {}) =>
    revocations.append("*", ++count, { id: `${count}`, kind, target, at: new Date(atMs).toISOString() }, { publish });
  const start = () =>
    runningRouter(
      { readings: readings(stream.topic), sensors: SENSORS, owners: OWNERS },
      {
        streams: { redis_url: redisUrl, verify_interval_ms: 200 },
        authentication: {
          jwks_url: auth.jwksUrl,
          api_key_verify_url: auth.verifyUrl,
          revocations: { topic: revocations.topic },
        },
      },
    );
  const tokenOf = async (sub: string, sid: string) => `Bearer ${await auth.token({ sub, sid })}`;
  return { ...stream, revocations, auth, revoke, start, tokenOf };
}
type Router = Awaited<ReturnType<Awaited<ReturnType<typeof streaming>>["start"]>>;

const EVERY = `subscription { every(sensor: "s1") { value } }`;
const isRefused = async (router: Router, headers: Record<string, string>) =>
  (await router.post({ query: "{ __typename }" }, headers)).status === 401;

describe("a credential that is revoked", () => {
  test("ends what was opened with it on every transport, and is refused from then on; others stay", async () => {
    const { start, revoke, tokenOf, append } = await streaming();
    const router = await start();
    const [one, other] = [await tokenOf("ada", "session-1"), await tokenOf("ada", "session-2")];
    const overSocket = receive(router.client({ authorization: one }), EVERY);
    const overHttp = receive(router.sseClient({ authorization: one }), EVERY);
    const others = receive(router.client({ authorization: other }), EVERY);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(3));

    await revoke("SESSION", "session-1");
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));
    await eventually(() => expect(overSocket.errors[0]?.code).toBe(4403));
    await eventually(() => expect(JSON.stringify(overHttp)).toContain("CREDENTIAL_INVALID"));
    expect(await isRefused(router, { authorization: one })).toBe(true);
    expect(await isRefused(router, { authorization: other })).toBe(false);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(others.values).toHaveLength(1));
  });

  test("is refused though it was verified a moment ago, an API key too", async () => {
    const { start, revoke, auth } = await streaming();
    const router = await start();
    const key = "mib_test_0123456789abcdef";
    auth.apiKeys.set(key, { subject: "ada", roles: [], scopes: [] });
    const stream = receive(router.client({ "x-api-key": key }), EVERY);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));
    await revoke("API_KEY", "1");
    await eventually(() => expect(stream.errors[0]?.code).toBe(4403));
    expect(await isRefused(router, { "x-api-key": key })).toBe(true);
  });

  test("with all of its user's is told from those that were issued later", async () => {
    const { start, revoke, tokenOf } = await streaming();
    const router = await start();
    const [ada, bob] = [await tokenOf("ada", "1"), await tokenOf("bob", "2")];
    await revoke("USER", "bob", { atMs: Date.now() - 60_000 });
    await revoke("USER", "ada", { atMs: Date.now() });
    await eventually(async () => expect(await isRefused(router, { authorization: ada })).toBe(true));
    expect(await isRefused(router, { authorization: bob })).toBe(false);
  });
});

describe("revocations are heard", () => {
  test("that came before the router did", async () => {
    const { start, revoke, tokenOf } = await streaming();
    await revoke("SESSION", "session-1");
    const router = await start();
    const authorization = await tokenOf("ada", "session-1");
    await eventually(async () => expect(await isRefused(router, { authorization })).toBe(true));
  });

  test("that a message was lost of", async () => {
    const { start, revoke, tokenOf } = await streaming();
    const router = await start();
    const stream = receive(router.client({ authorization: await tokenOf("ada", "session-1") }), EVERY);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));
    await revoke("SESSION", "session-1", { publish: false });
    await eventually(() => expect(stream.errors[0]?.code).toBe(4403));
  });

  test("later where the store is away; until then no stream is opened with a credential, and those without are", async () => {
    await using proxy = await startTcpProxy(servers.redisUrl);
    const { start, revoke, tokenOf } = await streaming({ redisUrl: proxy.through(servers.redisUrl) });
    const router = await start();
    const authorization = await tokenOf("ada", "session-1");
    const stream = receive(router.client({ authorization }), EVERY);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));

    proxy.refuses = true;
    proxy.cut();
    await revoke("SESSION", "session-1");
    const open = () => receive(router.client({ authorization }), EVERY);
    await eventually(
      async () => {
        const late = open();
        await eventually(() => expect(late.errors[0]?.[0]?.extensions.code).toBe("SERVICE_UNAVAILABLE"), {
          deadlineMs: 500,
        });
      },
      { deadlineMs: 30_000 },
    );
    expect(stream.errors).toEqual([]);

    proxy.refuses = false;
    await eventually(() => expect(stream.errors[0]?.code).toBe(4403), { deadlineMs: 30_000 });
    const anonymous = receive(router.client(), EVERY);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));
    expect(anonymous.errors).toEqual([]);
  });
});

describe("a ping with a newer credential", () => {
  async function socket(router: Router, authorization: string) {
    const ws = new WebSocket(router.wsUrl, "graphql-transport-ws");
    const heard: any[] = [];
    let closed: number | null = null;
    ws.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString())));
    ws.on("close", (code) => (closed = code));
    onTestFinished(() => ws.terminate());
    await new Promise((resolve) => ws.once("open", resolve));
    const say = (message: unknown) => ws.send(JSON.stringify(message));
    say({ type: "connection_init", payload: { authorization } });
    await eventually(() => expect(heard.map(({ type }) => type)).toContain("connection_ack"));
    say({ type: "subscribe", id: "1", payload: { query: EVERY } });
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));
    return { say, heard, closed: () => closed };
  }

  test("keeps the streams beyond the end of the one before", async () => {
    const { start, auth, append } = await streaming();
    const router = await start();
    const expiresAtMs = Date.now() + 8_000;
    const { say, heard, closed } = await socket(
      router,
      `Bearer ${await auth.token({ sub: "ada" }, { expiresInSeconds: 8 })}`,
    );
    say({ type: "ping", payload: { authorization: `Bearer ${await auth.token({ sub: "ada" })}` } });
    await eventually(() => expect(heard).toContainEqual({ type: "pong", payload: { credential: "renewed" } }));
    await eventually(() => expect(Date.now()).toBeGreaterThan(expiresAtMs + 2_000));
    await append("s1", 1, { value: 7 });
    await eventually(() => expect(heard.at(-1)).toMatchObject({ type: "next", id: "1" }));
    expect(closed()).toBeNull();
  });

  test.each(["another caller's", "one that is not good"])("ends the connection if it is %s", async (what) => {
    const { start, auth, tokenOf } = await streaming();
    const router = await start();
    const { say, closed } = await socket(router, `Bearer ${await auth.token({ sub: "ada" })}`);
    say({
      type: "ping",
      payload: { authorization: what === "another caller's" ? await tokenOf("bob", "1") : "Bearer x" },
    });
    await eventually(() => expect(closed()).toBe(4403));
  });
});

test("a router is not ready before it has heard of revocations, and is so from the moment that it takes subscriptions", async () => {
  const { start, revocations, tokenOf } = await streaming();
  // Nobody knows yet whether Redis has all of them.
  await revocations.redis.del(wholeKey(revocations.topic));
  const router = await start();
  const ready = async () => (await router.fetch(new URL("/ready", router.url))).status;
  await eventually(async () => expect(await ready()).toBe(503));
  await markWhole(revocations.redis, revocations.topic, []);
  await eventually(async () => expect(await ready()).toBe(200));
  const received = receive(router.client({ authorization: await tokenOf("ada", "session-1") }), EVERY);
  await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));
  expect(received.errors).toEqual([]);
});
