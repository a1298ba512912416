import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { createClient } from "graphql-sse";
import { describe, expect, onTestFinished, test } from "vitest";
import { cursorKeysFile } from "./cursor-keys.ts";
import { httpStream, resultsOf } from "./http-stream.ts";
import { appendUntil, receive, runningRouter, streamTopic } from "./running-router.ts";
import { OWNERS, readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

const EVERY = `subscription { every(sensor: "s1") { value } }`;
const OTHER = `subscription { every(sensor: "s2") { value } }`;
const WITH_TEXT = `subscription { every(sensor: "s1") { value text } }`;
const TOKEN = "x-graphql-event-stream-token";

async function streaming(http: Record<string, unknown> = {}) {
  const stream = await streamTopic("event-streams");
  const auth = await issuer();
  const { file } = cursorKeysFile("k1");
  const router = await runningRouter(
    { readings: readings(stream.topic), sensors: SENSORS, owners: OWNERS },
    {
      streams: { redis_url: servers.redisUrl, verify_interval_ms: 200, cursor_keys_file: file },
      authentication: { jwks_url: auth.jwksUrl },
      subgraphs: { owners: { identity: "subject" } },
      http_subscriptions: { retry_ms: 10, ...http },
    },
  );
  const open = (count: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
  const ask = (method: string, search = "", headers: Record<string, string> = {}) =>
    fetch(`${router.url}${search}`, { method, headers });
  const reserve = async (headers: Record<string, string> = {}) => {
    const response = await ask("PUT", "", headers);
    expect(response.status).toBe(201);
    return response.text();
  };
  const claim = (token: string) =>
    httpStream(router.url, { method: "GET", headers: { accept: "text/event-stream", [TOKEN]: token } });
  const post = (token: string, query: string, extensions: object, headers: Record<string, string> = {}) =>
    router.post({ query, extensions }, { accept: "*/*", [TOKEN]: token, ...headers });
  const bearer = async (sub: string, expiresInSeconds = 600) => ({
    authorization: `Bearer ${await auth.token({ sub }, { expiresInSeconds })}`,
  });
  return { ...stream, router, open, ask, reserve, claim, post, bearer };
}

const values = (results: readonly any[]): number[] => results.map(({ data }) => data.every.value);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
/** The results of one operation. */
const resultsFor = (text: string, id: string): any[] =>
  resultsOf(text).flatMap((result) => (result.id === id ? [result.payload] : []));

describe("a stock graphql-sse client with a single connection", () => {
  /** `asked` has the methods of its requests. */
  function singleConnection(url: string) {
    const asked: string[] = [];
    const client = createClient({
      url,
      singleConnection: true,
      retryAttempts: 1_000,
      retry: () => delay(5),
      fetchFn(input: string, init: RequestInit) {
        asked.push(init.method!);
        return fetch(input, init);
      },
    });
    onTestFinished(() => client.dispose());
    return { client, asked };
  }

  test("gets subscriptions and answers by one response, and what it ends is left", async () => {
    const { append, router, open } = await streaming();
    const { client, asked } = singleConnection(router.url);
    const one = receive(client, EVERY);
    const other = receive(client, OTHER);
    const overWebSocket = receive(router.client(), EVERY);
    await open(3);
    const answer = receive(client, `{ sensor(id: "s7") { room } }`);
    await append("s1", 1, { value: 1 });
    await append("s2", 1, { value: 10 });
    await eventually(() => expect([values(one.values), values(other.values)]).toEqual([[1], [10]]));
    await eventually(() => expect(answer.values).toEqual([{ data: { sensor: null } }]));
    await eventually(() => expect([answer.done, values(overWebSocket.values)]).toEqual([true, [1]]));
    expect(await router.metric("router_stream_groups")).toBe(2);
    expect(asked.toSorted()).toEqual(["GET", "POST", "POST", "POST", "PUT"]);
    one.stop();
    await open(2);
    await append("s2", 2, { value: 11 });
    await eventually(() => expect(values(other.values)).toEqual([10, 11]));
    client.dispose();
    await open(1);
  });

  test("goes on where it was after a cut, with all its subscriptions", async () => {
    const { append, router, open } = await streaming();
    const proxy = await startTcpProxy(router.url);
    onTestFinished(() => proxy.close());
    const { client } = singleConnection(proxy.through(router.url));
    const followed = (query: string) => {
      const got: number[] = [];
      const problems: unknown[] = [];
      const stream: { after?: string } = {};
      client.subscribe<any>(
        { query, extensions: { stream } },
        {
          next({ data, extensions }) {
            got.push(data.every.value);
            stream.after = (extensions as any).stream.cursor;
          },
          error: (error) => void problems.push(error),
          complete: () => void problems.push("complete"),
        },
      );
      return { got, problems };
    };
    const [one, other] = [followed(EVERY), followed(OTHER)];
    await open(2);
    for (let id = 1; id <= 30; id++) {
      await append("s1", id, { value: id });
      await append("s2", id, { value: id });
      if (id % 10 !== 0) continue;
      await eventually(() => expect([one.got.at(-1), other.got.at(-1)]).toEqual([id, id]));
      proxy.cut();
      await open(0);
    }
    await append("s1", 31, { value: 31 });
    await append("s2", 31, { value: 31 });
    await eventually(() => expect([one.got, other.got]).toEqual([upTo(31), upTo(31)]));
    expect([...one.problems, ...other.problems]).toEqual([]);
  });
});

describe("a reservation", () => {
  test("is claimed by one request, in the query string too, and takes operations before that", async () => {
    const { append, ask, claim, open, post, reserve } = await streaming();
    const token = await reserve();
    expect((await post(token, EVERY, { operationId: "a" })).status).toBe(202);
    await open(1);
    await append("s1", 1, { value: 1 });
    const claimed = await ask("GET", `?token=${token}`, { accept: "text/event-stream" });
    expect([claimed.status, claimed.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    const { value } = await claimed.body!.getReader().read();
    expect(Buffer.from(value!).toString()).toMatch(/^retry: \d+\n\n/);
    const query = await ask("GET", `?query=${encodeURIComponent("{ caller }")}&token=${token}`);
    expect(await query.json()).toEqual({ data: { caller: null } });
    const second = await claim(token);
    expect(second.response.statusCode).toBe(409);
    await eventually(() => expect(JSON.parse(second.text()).errors[0].extensions.code).toBe("EVENT_STREAM_CONFLICT"));
  });

  test("is gone when nobody claims it, and a stream with its client", async () => {
    const { claim, open, post, reserve } = await streaming({ reservation_timeout_ms: 300 });
    const claimed = await reserve();
    const stream = await claim(claimed);
    expect((await post(claimed, EVERY, { operationId: "a" })).status).toBe(202);
    await open(1);
    const forgotten = await reserve();
    await eventually(async () => expect((await post(forgotten, EVERY, { operationId: "a" })).status).toBe(404));
    expect((await post(claimed, OTHER, { operationId: "b" })).status).toBe(202);
    stream.leave();
    await open(0);
    expect((await post(claimed, EVERY, { operationId: "c" })).body.errors[0].extensions.code).toBe("NOT_FOUND");
  });

  test("counts among the subscriptions of its address", async () => {
    const { ask, reserve } = await streaming({ open_per_address_max: 1 });
    await reserve();
    const refused = await ask("PUT");
    expect([refused.status, (await refused.json()).errors[0].extensions.code]).toEqual([
      429,
      "SUBSCRIPTION_LIMIT_EXCEEDED",
    ]);
  });
});

describe("an operation on a stream", () => {
  test("is refused by status and code where it cannot begin", async () => {
    const { ask, bearer, claim, open, post, reserve } = await streaming({ operations_per_stream_max: 1 });
    const token = await reserve(await bearer("ada"));
    await claim(token);
    const refusal = async (query: string, extensions: object, headers: Record<string, string>) => {
      const { status, body } = await post(token, query, extensions, headers);
      return [status, body.errors[0].extensions.code];
    };
    const ada = await bearer("ada");
    expect(await refusal(EVERY, {}, ada)).toEqual([400, "BAD_REQUEST"]);
    expect(await refusal("{ nonsense }", { operationId: "a" }, ada)).toEqual([400, "GRAPHQL_VALIDATION_FAILED"]);
    expect(await refusal(EVERY, { operationId: "a" }, {})).toEqual([403, "FORBIDDEN"]);
    expect(await refusal(EVERY, { operationId: "a" }, await bearer("bob"))).toEqual([403, "FORBIDDEN"]);
    expect((await post(token, EVERY, { operationId: "a" }, ada)).status).toBe(202);
    await open(1);
    expect(await refusal(EVERY, { operationId: "a" }, ada)).toEqual([409, "EVENT_STREAM_CONFLICT"]);
    expect(await refusal(EVERY, { operationId: "b" }, ada)).toEqual([429, "SUBSCRIPTION_LIMIT_EXCEEDED"]);
    expect((await ask("DELETE", "?operationId=a")).status).toBe(400);
    expect((await ask("DELETE", "?operationId=a", { [TOKEN]: token })).status).toBe(200);
    await open(0);
    expect((await ask("DELETE", "?operationId=a", { [TOKEN]: "none" })).status).toBe(404);
  });

  test("fails on the stream where it fails later, and the others go on", async () => {
    const { append, claim, open, post, reserve } = await streaming();
    const token = await reserve();
    const stream = await claim(token);
    await post(token, EVERY, { operationId: "good" });
    await post(token, EVERY, { operationId: "bad", stream: { after: "forged" } });
    await eventually(() =>
      expect(resultsFor(stream.text(), "bad")).toMatchObject([
        { errors: [{ extensions: { code: "STREAM_CURSOR_INVALID" } }] },
      ]),
    );
    expect(stream.text()).toContain(`event: complete\ndata: {"id":"bad"}\n\n`);
    await open(1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(values(resultsFor(stream.text(), "good"))).toEqual([1]));
  });

  test("ends with the first of the credentials that were shown for its stream", async () => {
    const { bearer, claim, open, post, reserve } = await streaming();
    const token = await reserve(await bearer("ada"));
    const stream = await claim(token);
    await post(token, EVERY, { operationId: "a" }, await bearer("ada", 3));
    await open(1);
    await eventually(() => expect(stream.ended()).toBe("end"));
    expect(resultsFor(stream.text(), "a")).toMatchObject([
      { errors: [{ extensions: { code: "CREDENTIAL_INVALID" } }] },
    ]);
    expect(stream.text().endsWith(`event: complete\ndata: {"id":"a"}\n\n`)).toBe(true);
    await open(0);
  });

  test("of a client that reads slowly brings every event later", async () => {
    const { append, router, claim, open, post, reserve } = await streaming({ buffer_bytes_max: 65_536 });
    const token = await reserve();
    const slow = await claim(token);
    await post(token, WITH_TEXT, { operationId: "a" });
    await open(1);
    slow.pause();
    const sent = await appendUntil(append, async () =>
      expect(await router.metric("router_stream_fallen_behind_total")).toBeGreaterThan(0),
    );
    slow.resume();
    await eventually(() => expect(values(resultsFor(slow.text(), "a"))).toEqual(upTo(sent)), { deadlineMs: 20_000 });
  });

  test("ends with a hint to come back when the router stops", async () => {
    const { router, claim, open, post, reserve } = await streaming();
    const token = await reserve();
    await reserve();
    const stream = await claim(token);
    await post(token, EVERY, { operationId: "a" });
    await open(1);
    await router.stop();
    await eventually(() => expect(stream.ended()).toBe("end"));
    expect(stream.text()).toMatch(/^retry: \d+\n\n: SERVICE_UNAVAILABLE\nretry: \d+\n\n$/);
  });
});

test("reservations are limited as requests are", async () => {
  const router = await runningRouter(
    { sensors: SENSORS },
    { rate_limits: { address: { requests_max: 2, window_seconds: 600 } } },
  );
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) statuses.push((await fetch(router.url, { method: "PUT" })).status);
  expect(statuses).toEqual([201, 201, 429]);
});
