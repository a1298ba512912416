import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect as netConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { brotliDecompressSync, gzipSync } from "node:zlib";
import { eventually } from "@mib/testkit/eventually";
import { describe, expect, test, vi } from "vitest";
import { http2Connection, http2Fetch, http2Request } from "./http2-client.ts";
import { receive, runningRouter } from "./running-router.ts";
import { PRODUCTS, SENSORS } from "./sample-subgraphs.ts";
import { tlsFiles } from "./tls-files.ts";

vi.setConfig({ testTimeout: 60_000 }); // each starts a router

const QUERY = { query: `{ product(id: "1") { name } }` };
const ANSWER = `{"data":{"product":{"name":"product 1"}}}`;
const codeIn = (text: string) => JSON.parse(text).errors?.[0]?.extensions.code;

/** A router behind TLS, and a connection to it over HTTP/2. */
async function secureRouter(settings = {}) {
  const { tls, certificate } = tlsFiles();
  const router = await runningRouter(
    { products: PRODUCTS, sensors: SENSORS },
    { tls, ...settings },
    { certificate, fetch: http2Fetch(certificate) },
  );
  return { ...router, certificate, session: await http2Connection(router.url, certificate) };
}

async function clearRouter(settings = {}) {
  const router = await runningRouter({ products: PRODUCTS }, { http2: { prior_knowledge: true }, ...settings });
  return { ...router, session: await http2Connection(router.url) };
}

async function ask(session: Awaited<ReturnType<typeof http2Connection>>, request: Parameters<typeof http2Request>[1]) {
  const answer = http2Request(session, request);
  await answer.closed;
  return { headers: answer.headers()!, text: answer.text() };
}

describe.each([
  ["behind TLS", secureRouter],
  ["in clear, by prior knowledge", clearRouter],
])("HTTP/2 %s", (_, start: typeof clearRouter) => {
  test("answers many requests of a connection at a time", async () => {
    const { session } = await start();
    const names = await Promise.all(
      Array.from({ length: 50 }, async (__, id) => {
        const { text } = await ask(session, { body: { query: `{ product(id: "${id}") { name } }` } });
        return JSON.parse(text).data.product.name;
      }),
    );
    expect(names).toEqual(Array.from({ length: 50 }, (__, id) => `product ${id}`));
  });

  test("has the head of an answer that HTTP/1.1 has, but what only that knows", async () => {
    const { session } = await start();
    const id = "a-request-id";
    const headers = { accept: "application/graphql-response+json", "x-request-id": id, origin: "http://localhost:1" };
    const answer = await ask(session, { headers, body: QUERY });
    expect(answer.text).toBe(ANSWER);
    expect(answer.headers).toMatchObject({
      ":status": 200,
      "content-type": "application/graphql-response+json; charset=utf-8",
      "content-length": String(ANSWER.length),
      "x-request-id": id,
      "access-control-allow-origin": "http://localhost:1",
      vary: "origin, accept-encoding",
    });
    expect(answer.headers["connection"] ?? answer.headers["keep-alive"]).toBeUndefined();
  });

  test("knows GET with its ETag, HEAD, OPTIONS, and what is beside GraphQL", async () => {
    const { session } = await start();
    const path = `/graphql?query=${encodeURIComponent(QUERY.query)}`;
    const first = await ask(session, { method: "GET", path });
    expect([first.headers[":status"], first.text]).toEqual([200, ANSWER]);
    const again = await ask(session, {
      method: "GET",
      path,
      headers: { "if-none-match": first.headers.etag as string },
    });
    expect([again.headers[":status"], again.text]).toEqual([304, ""]);
    const options = await ask(session, { method: "OPTIONS" });
    expect([options.headers[":status"], options.headers["access-control-max-age"]]).toEqual([204, "600"]);
    const head = await ask(session, { method: "HEAD", path: "/health" });
    expect([head.headers[":status"], head.text]).toEqual([200, ""]);
    expect((await ask(session, { method: "GET", path: "/ready" })).headers[":status"]).toBe(200);
    expect((await ask(session, { method: "GET", path: "/metrics" })).text).toContain("router_operations_total");
    const page = await ask(session, { method: "GET", headers: { accept: "text/html" } });
    expect(page.text).toContain("<title>GraphiQL</title>");
    expect((await ask(session, { method: "GET", path: "/nowhere" })).headers[":status"]).toBe(404);
  });

  test("compresses answers, and reads bodies that are compressed", async () => {
    const { session } = await start();
    const body = { query: `{ product(id: "${"x".repeat(2_000)}") { name } }` };
    const answer = http2Request(session, { headers: { "accept-encoding": "br" }, body });
    const chunks: Buffer[] = [];
    answer.stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    await answer.closed;
    expect(answer.headers()).toMatchObject({ "content-encoding": "br" });
    expect(brotliDecompressSync(Buffer.concat(chunks)).toString()).toContain(`"product xxx`);
    const coded = http2Request(session, {
      headers: { "content-encoding": "gzip", "content-type": "application/json" },
      isWhole: false,
    });
    coded.stream.end(gzipSync(JSON.stringify(QUERY)));
    await coded.closed;
    expect(coded.text()).toBe(ANSWER);
  });

  test("tells what is wrong with a request by a code and a status, and serves the next", async () => {
    const { session } = await start({ limits: { url_bytes_max: 1_024 } });
    const told = async (request: Parameters<typeof http2Request>[1]) => {
      const headers = { accept: "application/graphql-response+json", ...request.headers };
      const answer = await ask(session, { ...request, headers });
      return `${Number(answer.headers[":status"])} ${codeIn(answer.text)}`;
    };
    expect(await told({ body: { query: "{" } })).toBe("400 GRAPHQL_PARSE_FAILED");
    expect(await told({ body: "{" })).toBe("400 BAD_REQUEST");
    expect(await told({ body: "x", headers: { "content-type": "text/plain" } })).toBe("415 UNSUPPORTED_MEDIA_TYPE");
    expect(await told({ body: QUERY, headers: { accept: "image/png" } })).toBe("406 NOT_ACCEPTABLE");
    expect(await told({ body: { query: `{ me } #${"x".repeat(2_000_000)}` } })).toBe("413 REQUEST_TOO_LARGE");
    expect(await told({ method: "GET", path: `/graphql?query=${"x".repeat(2_000)}` })).toBe("413 REQUEST_TOO_LARGE");
    expect(await told({ body: QUERY, headers: { origin: "https://evil.example" } })).toBe("403 ORIGIN_NOT_ALLOWED");
    expect(await told({ body: QUERY, headers: { "x-api-key": "x" } })).toBe("401 CREDENTIAL_INVALID");
    expect(await told({ method: "PATCH" })).toBe("405 METHOD_NOT_ALLOWED");
    expect((await ask(session, { body: QUERY })).text).toBe(ANSWER);
  });

  test("refuses a tunnel", async () => {
    const { session } = await start();
    const tunnel = session.request({ ":method": "CONNECT", ":authority": "example.org:443" });
    const status = await new Promise((resolve) => tunnel.once("response", (head) => resolve(head[":status"])));
    expect(status).toBe(405);
  });

  test("goes on when requests are given up before, while and after their bodies come", async () => {
    const { session, metric } = await start();
    const before = http2Request(session, { isWhole: false });
    before.stream.close(8);
    const during = http2Request(session, { body: `{"query":`, isWhole: false });
    await eventually(async () => expect(during.stream.pending).toBe(false));
    during.stream.close(8);
    const after = http2Request(session, { body: QUERY });
    after.stream.close(8);
    await Promise.all([before.closed, during.closed, after.closed]);
    expect((await ask(session, { body: QUERY })).text).toBe(ANSWER);
    await eventually(async () => expect(await metric("router_operations_total")).toBeGreaterThanOrEqual(1));
  });

  test("passes no pseudo-header to a subgraph, by whatever rule", async () => {
    const { session, requests } = await start({
      all_subgraphs: { headers: [{ propagate: { matching: ".*" } }] },
    });
    await ask(session, { headers: { "x-tenant": "t" }, body: QUERY });
    const { headers } = requests.at(-1)!;
    expect(headers["x-tenant"]).toBe("t");
    expect(Object.keys(headers).filter((name) => name.startsWith(":"))).toEqual([]);
  });
});

test("a client gets HTTP/2 or HTTP/1.1 as it offers, and a WebSocket too", async () => {
  const { url, certificate, session, client } = await secureRouter();
  expect(session.alpnProtocol).toBe("h2");
  const over1 = await new Promise<{ version: string; text: string }>((resolve, reject) => {
    const sent = httpsRequest(
      url,
      { method: "POST", ca: certificate, headers: { "content-type": "application/json" }, agent: false },
      async (response) => {
        let text = "";
        for await (const chunk of response) text += String(chunk);
        resolve({ version: response.httpVersion, text });
      },
    );
    sent.once("error", reject).end(JSON.stringify(QUERY));
  });
  expect(over1).toEqual({ version: "1.1", text: ANSWER });
  const received = receive(client(), QUERY.query);
  await eventually(async () => expect(received.done).toBe(true));
  expect(received.values).toEqual([JSON.parse(ANSWER)]);
});

test("behind TLS, plain requests of HTTP/1.1 and those that are not plain go on one connection, large answers too", async () => {
  const { url, certificate } = await secureRouter();
  const { hostname, port } = new URL(url);
  const socket = tlsConnect({ host: hostname, port: Number(port), ca: certificate, ALPNProtocols: ["http/1.1"] });
  await once(socket, "secureConnect");
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  const post = async (id: string) => {
    const body = JSON.stringify({ query: `{ product(id: "${id}") { name } }` });
    const head = `host: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    socket.write(`POST /graphql HTTP/1.1\r\n${head}\r\n\r\n${body}`);
    await eventually(() => expect(text).toContain(`"product ${id}"`));
  };
  await post("1");
  await post("2".repeat(100_000));
  await post("3");
  socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
  await eventually(() => expect(text).toContain("alive"));
  await post("4");
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(5);
  socket.destroy();
});

test("undici's fetch speaks HTTP/2 with it", async () => {
  const { post } = await secureRouter();
  const { headers, body } = await post(QUERY);
  expect(body).toEqual(JSON.parse(ANSWER));
  expect(headers.get("connection")).toBeNull();
});

test("a router that is told to speaks HTTP/1.1 alone behind TLS", async () => {
  const { tls, certificate } = tlsFiles();
  const { url, post } = await runningRouter(
    { products: PRODUCTS },
    { tls, http2: { enabled: false } },
    { fetch: http2Fetch(certificate) },
  );
  const { headers, body } = await post(QUERY);
  expect(body).toEqual(JSON.parse(ANSWER));
  expect(headers.get("connection")).toBe("keep-alive");
  const { hostname, port } = new URL(url);
  const refused = new Promise((resolve) => {
    tlsConnect({ host: hostname, port: Number(port), ca: certificate, ALPNProtocols: ["h2"] }).once("error", resolve);
  });
  expect(String(await refused)).toContain("no application protocol");
});

/** Sends bytes as they are, and returns what comes until the end. */
async function say(url: string, ...texts: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = netConnect({ host: hostname, port: Number(port), noDelay: true });
  let answer = "";
  const over = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
  for (const text of texts) await new Promise((resolve) => socket.write(text, "latin1", resolve));
  await over;
  return answer;
}

const closing = (body: string) =>
  `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

test("in clear, HTTP/1.1 is what it was beside prior knowledge, however its bytes come", async () => {
  const { url, post } = await clearRouter();
  expect((await post(QUERY)).body).toEqual(JSON.parse(ANSWER));
  const request = closing(JSON.stringify(QUERY));
  expect(await say(url, request)).toMatch(/^HTTP\/1\.1 200 [^]*"product 1"/);
  expect(await say(url, request.slice(0, 2), request.slice(2))).toMatch(/^HTTP\/1\.1 200 [^]*"product 1"/);
  expect(await say(url, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
});

test("HTTP/2 in clear is not there unless it is asked for", async () => {
  const { url } = await runningRouter({ products: PRODUCTS });
  expect(await say(url, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
});

test("whoever speaks in clear to a router behind TLS is cut off, and others are served", async () => {
  const { url, session } = await secureRouter();
  expect(await say(url, closing(JSON.stringify(QUERY)))).not.toContain("HTTP");
  expect((await ask(session, { body: QUERY })).text).toBe(ANSWER);
});
