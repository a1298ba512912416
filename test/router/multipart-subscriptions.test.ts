import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { describe, expect, test } from "vitest";
import { cursorKeysFile } from "./cursor-keys.ts";
import { httpStream, payloadsOf } from "./http-stream.ts";
import { publishingSubgraph } from "./publishing-subgraph.ts";
import { appendUntil, receive, runningRouter, streamTopic } from "./running-router.ts";
import { PRODUCTS, readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

const EVERY = `subscription { every(sensor: "s1") { value } }`;
const WITH_TEXT = `subscription { every(sensor: "s1") { value text } }`;
/** As Apollo's clients say it, and with nothing else to fall back on. */
const APOLLO = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";
const ONLY = `multipart/mixed;subscriptionSpec="1.0"`;

async function streaming(http: Record<string, unknown> = {}) {
  const stream = await streamTopic("multipart");
  const auth = await issuer();
  const { file } = cursorKeysFile("k1");
  const router = await runningRouter(
    { readings: readings(stream.topic), sensors: SENSORS },
    {
      streams: { redis_url: servers.redisUrl, verify_interval_ms: 200, cursor_keys_file: file },
      authentication: { jwks_url: auth.jwksUrl },
      http_subscriptions: http,
    },
  );
  const open = (count: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
  const subscribe = (query: string, extensions?: object, headers: Record<string, string> = {}) =>
    httpStream(router.url, { query, headers: { accept: APOLLO, ...headers }, ...(extensions && { extensions }) });
  return { ...stream, router, auth, open, subscribe };
}

const part = (body: unknown): string =>
  `\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(body)}\r\n--graphql`;
const values = (text: string): number[] => payloadsOf(text).map(({ payload }) => payload.data.every.value);

describe("a subscription by multipart", () => {
  test("has each event as the payload of a part, which is whole when it comes", async () => {
    const { append, router, open, subscribe } = await streaming();
    const stream = await subscribe(EVERY);
    const overWebSocket = receive(router.client(), EVERY);
    expect(stream.response.headers["content-type"]).toBe(`multipart/mixed; boundary="graphql"; subscriptionSpec=1.0`);
    await open(2);
    await append("s1", 1, { value: 1 });
    await append("s1", 2, { value: 2 });
    const event = (value: number) => part({ payload: { data: { every: { value } } } });
    await eventually(() => expect(stream.text()).toBe(`\r\n--graphql${part({})}${event(1)}${event(2)}`));
    await eventually(() => expect(overWebSocket.values.length).toBe(2));
    expect(await router.metric("router_stream_groups")).toBe(1);
    expect(await router.metric("router_stream_executions_total")).toBe(2);
    expect(await router.service.registry.metrics()).toMatch(
      /router_subscriptions_open\{operation="every",transport="multipart".*\} 1/,
    );
    stream.leave();
    await open(1);
  });

  test("goes on at the cursor in the extensions", async () => {
    const { append, open, subscribe } = await streaming();
    const first = await subscribe(EVERY, { stream: {} });
    await open(1);
    for (let id = 1; id <= 3; id++) await append("s1", id, { value: id });
    await eventually(() => expect(values(first.text())).toEqual([1, 2, 3]));
    const { cursor } = payloadsOf(first.text())[0].payload.extensions.stream;
    const second = await subscribe(EVERY, { stream: { after: cursor } });
    await eventually(() => expect(values(second.text())).toEqual([2, 3]));
    expect(payloadsOf(second.text())[0].payload.extensions.stream).toMatchObject({ recovered: true, replayed: 2 });
  });

  test("ends with an error beside the payload when it cannot go on, or its credential ends", async () => {
    const { append, open, subscribe, auth } = await streaming();
    const first = await subscribe(EVERY, { stream: {} });
    await open(1);
    await append("s1", 1, { value: 1 });
    await eventually(() => expect(values(first.text())).toEqual([1]));
    const { cursor } = payloadsOf(first.text())[0].payload.extensions.stream;
    await append("s1", 1, { value: 1 }, { epoch: "e2" });
    const gone = await subscribe(EVERY, { stream: { after: cursor } });
    await eventually(() => expect(gone.ended()).toBe("end"));
    expect(payloadsOf(gone.text())).toMatchObject([
      { payload: null, errors: [{ extensions: { code: "STREAM_NOT_RECOVERED", reason: "epoch" } }] },
    ]);

    const token = await auth.token({ sub: "ada" }, { expiresInSeconds: 3 });
    const expiring = await subscribe(EVERY, undefined, { authorization: `Bearer ${token}` });
    await eventually(() => expect(expiring.ended()).toBe("end"));
    expect(payloadsOf(expiring.text())).toMatchObject([
      { payload: null, errors: [{ extensions: { code: "CREDENTIAL_INVALID" } }] },
    ]);
    expect(expiring.text().endsWith("\r\n--graphql--\r\n")).toBe(true);
  });

  test("of a client that reads slowly brings every event later", async () => {
    const { append, router, open, subscribe } = await streaming({ buffer_bytes_max: 65_536 });
    const slow = await subscribe(WITH_TEXT);
    await open(1);
    slow.pause();
    const sent = await appendUntil(append, async () =>
      expect(await router.metric("router_stream_fallen_behind_total")).toBeGreaterThan(0),
    );
    slow.resume();
    const all = Array.from({ length: sent }, (_, i) => i + 1);
    await eventually(() => expect(values(slow.text())).toEqual(all), { deadlineMs: 20_000 });
  });

  test("shows that it is alive, and says when to come back when the router stops", async () => {
    const { router, open, subscribe } = await streaming({ heartbeat_ms: 100, retry_ms: 4_000 });
    const stream = await subscribe(EVERY);
    await open(1);
    await eventually(() => expect(stream.text()).toContain(`${part({})}${part({})}${part({})}`));
    await router.stop();
    await eventually(() => expect(stream.ended()).toBe("end"));
    const [{ payload, errors }] = payloadsOf(stream.text());
    expect([payload, errors[0].extensions.code]).toEqual([null, "SERVICE_UNAVAILABLE"]);
    expect(errors[0].extensions.retryAfterSeconds).toBeGreaterThanOrEqual(4);
    expect(errors[0].extensions.retryAfterSeconds).toBeLessThanOrEqual(8);
  });

  test("is over when the subgraph that publishes it ends it", async () => {
    const publisher = await publishingSubgraph();
    const router = await runningRouter({ publisher: publisher.subgraph });
    const query = `subscription { arrivals(port: "Bergen") { berth } }`;
    const stream = await httpStream(router.url, { query, headers: { accept: APOLLO } });
    await eventually(() => expect(publisher.open.length).toBe(1));
    publisher.publish("arrivals", { berth: 7, ship: { id: "7" } });
    await eventually(() =>
      expect(payloadsOf(stream.text())).toEqual([{ payload: { data: { arrivals: { berth: 7 } } } }]),
    );
    publisher.open[0]!.end();
    await eventually(() => expect(stream.ended()).toBe("end"));
    expect(stream.text().endsWith("\r\n--graphql--\r\n")).toBe(true);
  });
});

describe("what is no subscription", () => {
  const MANY_FIELDS = `{ ${Array.from({ length: 60 }, (_, i) => `f${i}: me`).join(" ")} }`;
  const ask = async (query: string, accept: string) => {
    const router = await runningRouter({ products: PRODUCTS });
    const stream = await httpStream(router.url, { query, headers: { accept } });
    await eventually(() => expect(stream.ended()).toBe("end"));
    return stream;
  };

  test("is answered in JSON where the client takes that", async () => {
    const { response, text } = await ask(`{ product(id: "1") { name } }`, APOLLO);
    expect(response.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(JSON.parse(text())).toEqual({ data: { product: { name: "product 1" } } });
  });

  test.each([
    ["an answer", `{ product(id: "1") { name } }`, { payload: { data: { product: { name: "product 1" } } } }],
    [
      "an invalid operation",
      "{ nonsense }",
      { payload: { errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }] } },
    ],
    ["a refusal", MANY_FIELDS, { payload: null, errors: [{ extensions: { code: "OPERATION_LIMIT_EXCEEDED" } }] }],
  ])("%s is the only part where the client takes nothing else", async (_, query, body) => {
    const { response, text } = await ask(query, ONLY);
    expect(response.statusCode).toBe(200);
    expect(payloadsOf(text())).toMatchObject([body]);
    expect(text().endsWith("\r\n--graphql--\r\n")).toBe(true);
  });
});
