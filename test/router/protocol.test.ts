import { connect } from "node:net";
import { eventually } from "@mib/testkit/eventually";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { json } from "../federation/federated.ts";
import { runningRouter, type RunningRouter } from "./running-router.ts";
import { PRODUCTS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

/** A socket that says what it is told to, and keeps what it hears. */
async function raw(
  router: RunningRouter,
  {
    protocols = ["graphql-transport-ws"],
    headers = {},
  }: { protocols?: string[]; headers?: Record<string, string> } = {},
) {
  const socket = new WebSocket(router.wsUrl, protocols, { headers });
  const heard: any[] = [];
  let closed: { code: number; reason: string } | null = null;
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString())));
  socket.on("close", (code, reason) => (closed = { code, reason: String(reason) }));
  socket.on("error", () => {});
  onTestFinished(() => socket.terminate());
  await new Promise((resolve) => {
    socket.once("open", resolve);
    socket.once("close", resolve);
  });
  return {
    socket,
    heard,
    say: (message: unknown) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    closedWith: (code: number) => eventually(() => expect(closed?.code).toBe(code)),
    hears: (message: unknown) => eventually(() => expect(heard).toContainEqual(message)),
    async initialised(payload?: Record<string, unknown>) {
      this.say({ type: "connection_init", ...(payload && { payload }) });
      await this.hears({ type: "connection_ack" });
    },
  };
}

const router = (settings = {}) => runningRouter({ products: PRODUCTS }, settings);
const QUERY = `{ product(id: "1") { name } }`;

describe("the protocol's close codes", () => {
  test.each([
    ["no JSON", "{"],
    ["a message of no known type", { type: "start" }],
    ["a subscribe without a query", { type: "subscribe", id: "1", payload: {} }],
    ["a subscribe without an id", { type: "subscribe", payload: { query: QUERY } }],
    ["a list", []],
    ["a payload of connection_init that is no object", { type: "connection_init", payload: "token" }],
    ["binary data", Buffer.from([1, 2, 3])],
  ])("4400 for %s", async (_, message) => {
    const client = await raw(await router());
    client.socket.send(
      Buffer.isBuffer(message) ? message : typeof message === "string" ? message : JSON.stringify(message),
    );
    await client.closedWith(4400);
  });

  test("4401 for an operation before the connection is acknowledged", async () => {
    const client = await raw(await router());
    client.say({ type: "subscribe", id: "1", payload: { query: QUERY } });
    await client.closedWith(4401);
  });

  test("4403 for a credential that is not good", async () => {
    const auth = await issuer();
    const client = await raw(await router({ authentication: { jwks_url: auth.jwksUrl } }));
    client.say({ type: "connection_init", payload: { Authorization: "Bearer nonsense" } });
    await client.closedWith(4403);
  });

  test("4403 for a credential of another kind than text, which is not the absence of one", async () => {
    const client = await raw(await router());
    client.say({ type: "connection_init", payload: { authorization: { token: 1 } } });
    await client.closedWith(4403);
  });

  test("4406 for another protocol", async () => {
    const client = await raw(await router(), { protocols: [] });
    await client.closedWith(4406);
  });

  test("4406 also for who breaks the protocol's frames at once, and the router goes on", async () => {
    const { url, post } = await router();
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(
      Buffer.concat([
        Buffer.from(
          "GET /graphql HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n" +
            "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: other\r\n\r\n",
        ),
        Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), // reserved bits that nobody asked for
      ]),
    );
    socket.resume();
    await closed;
    expect((await post({ query: QUERY })).status).toBe(200);
  });

  test("4408 when nothing is said", async () => {
    const client = await raw(await router({ websocket: { init_timeout_ms: 50 } }));
    await client.closedWith(4408);
  });

  test("4409 for an id that is in use", async () => {
    const slow = { ...PRODUCTS, answer: () => {} };
    const client = await raw(await runningRouter({ products: slow }));
    await client.initialised();
    client.say({ type: "subscribe", id: "1", payload: { query: QUERY } });
    client.say({ type: "subscribe", id: "1", payload: { query: QUERY } });
    await client.closedWith(4409);
  });

  test("4429 for a second connection_init", async () => {
    const client = await raw(await router());
    client.say({ type: "connection_init" });
    client.say({ type: "connection_init" });
    await client.closedWith(4429);
  });

  test("1012 when the router stops, which a stock client retries", async () => {
    const running = await router();
    const client = await raw(running);
    await client.initialised();
    await running.stop();
    await client.closedWith(1012);
  });
});

describe("operations over a WebSocket", () => {
  test("queries and mutations answer and complete", async () => {
    const client = await raw(await router());
    await client.initialised();
    client.say({
      type: "subscribe",
      id: "q",
      payload: { query: "query Q($id: ID!) { product(id: $id) { name } }", operationName: "Q", variables: { id: "7" } },
    });
    await client.hears({ id: "q", type: "next", payload: { data: { product: { name: "product 7" } } } });
    await client.hears({ id: "q", type: "complete" });
    client.say({ type: "subscribe", id: "q", payload: { query: `mutation { rename(id: "1", name: "é✓") { name } }` } });
    await client.hears({ id: "q", type: "next", payload: { data: { rename: { name: "é✓" } } } });
  });

  test.each([
    ["a syntax error", "{", "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", "{ nonsense }", "GRAPHQL_VALIDATION_FAILED"],
    ["too many levels", `{ product(id: "1") { name } }`, "OPERATION_LIMIT_EXCEEDED"],
  ])("%s ends the operation with a coded error and leaves the connection", async (name, query, code) => {
    const client = await raw(await router(name === "too many levels" ? { limits: { depth_max: 1 } } : {}));
    await client.initialised();
    client.say({ type: "subscribe", id: "1", payload: { query } });
    await eventually(() =>
      expect(client.heard.find(({ type }) => type === "error")?.payload[0].extensions.code).toBe(code),
    );
    client.say({ type: "ping", payload: { n: 1 } });
    await client.hears({ type: "pong", payload: { n: 1 } });
  });

  test("more operations than a connection may have are refused one by one", async () => {
    const client = await raw(
      await runningRouter(
        { products: { ...PRODUCTS, answer: () => {} } },
        { websocket: { operations_per_connection_max: 1 } },
      ),
    );
    await client.initialised();
    client.say({ type: "subscribe", id: "1", payload: { query: QUERY } });
    client.say({ type: "subscribe", id: "2", payload: { query: QUERY } });
    await eventually(() =>
      expect(client.heard.find(({ id }) => id === "2")?.payload[0].extensions.code).toBe("SUBSCRIPTION_LIMIT_EXCEEDED"),
    );
  });

  test("an answer that nobody waits for any more is not sent", async () => {
    let answer = () => {};
    const held = {
      ...PRODUCTS,
      answer: (_: unknown, response: import("node:http").ServerResponse) =>
        (answer = () => response.end(`{"data":{"product":{"name":"late"}}}`)),
    };
    const running = await runningRouter({ products: held });
    const client = await raw(running);
    await client.initialised();
    client.say({ type: "subscribe", id: "1", payload: { query: QUERY } });
    await eventually(() => expect(running.requests.length).toBe(1));
    client.say({ type: "complete", id: "1" });
    client.say({ type: "ping" });
    await client.hears({ type: "pong" });
    answer();
    await eventually(async () => expect(await running.metric("router_operations_total")).toBe(1));
    client.say({ type: "ping", payload: { last: true } });
    await client.hears({ type: "pong", payload: { last: true } });
    expect(client.heard.filter(({ id }) => id === "1")).toEqual([]);
  });
});

describe("who may connect", () => {
  test("pages of origins on the allow-list, and nobody else's", async () => {
    const running = await router({ cors: { origins: ["https://app.example", "http://localhost:*"] } });
    for (const origin of ["https://app.example", "http://localhost:5173"])
      await (await raw(running, { headers: { origin } })).initialised();
    for (const origin of ["https://evil.example", "http://localhost.evil.example:80", "null"]) {
      const refused = await raw(running, { headers: { origin } });
      await refused.closedWith(1006);
    }
  });

  test("no more connections of one address than the limit", async () => {
    const running = await router({ websocket: { connections_per_address_max: 1 } });
    await (await raw(running)).initialised();
    await (await raw(running)).closedWith(1006);
  });

  test("a connection lasts no longer than its token", async () => {
    const auth = await issuer();
    const running = await router({ authentication: { jwks_url: auth.jwksUrl } });
    const client = await raw(running);
    await client.initialised({ authorization: `Bearer ${await auth.token({ sub: "ada" }, { expiresInSeconds: 2 })}` });
    await client.closedWith(4403);
  });

  test("a connection that gives no sign of life is ended", async () => {
    const running = await router({ websocket: { ping_interval_ms: 100 } });
    const client = await raw(running);
    await client.initialised();
    client.socket.pause();
    await eventually(async () => expect(await running.metric("router_connections_open")).toBe(0));
  });
});

test("a client that asks and takes none of the answers is closed with 1013, however much it says meanwhile", async () => {
  const text = "x".repeat(500_000);
  const large = await runningRouter(
    { large: { typeDefs: "type Query { text: String }", answer: (_, response) => json(response, { data: { text } }) } },
    { websocket: { buffer_bytes_max: 65_536, stall_timeout_ms: 300 } },
  );
  const client = await raw(large);
  await client.initialised();
  client.socket.pause();
  let asked = 0;
  await eventually(
    async () => {
      for (let i = 0; i < 20; i++)
        client.say({ id: String(++asked), type: "subscribe", payload: { query: "{ text }" } });
      expect(await large.service.registry.metrics()).toMatch(/router_connection_closes_total\{code="1013"/);
    },
    { deadlineMs: 60_000 },
  );
});
