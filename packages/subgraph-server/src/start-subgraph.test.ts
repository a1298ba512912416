import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { CodedError } from "@mib/service/coded-error";
import { serverAudits } from "graphql-http";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSubgraph, user, type TestSubgraph } from "./test-subgraph.ts";

interface Context {
  subject: string | null;
  signal: AbortSignal;
}

let counted = 0;
let abortedBy: unknown;
let release: () => void = () => {};
let ask: () => Promise<unknown> = async () => null;

const resolvers = {
  Query: {
    greeting: (_: unknown, { name }: { name: string }) => `hello ${name}`,
    caller: (_: unknown, __: unknown, { subject }: Context) => subject,
    price: (_: unknown, { of }: { of: string }) => of,
    time: (_: unknown, { at }: { at: string }) => at,
    coded: () => {
      throw new CodedError("INSTRUMENT_NOT_FOUND", "No instrument NOPE.", { symbol: "NOPE" });
    },
    bug: () => {
      throw new Error("password of the database: hunter2");
    },
    nothing: () => null,
    ratio: () => Number.NaN,
    large: () => 2 ** 40,
    database: async () => JSON.stringify(await ask()),
    slow: (_: unknown, __: unknown, { signal }: Context) =>
      new Promise<string>((resolve) => {
        release = () => resolve("at last");
        signal.addEventListener("abort", () => (abortedBy = signal.reason));
      }),
    aborted: () => abortedBy !== undefined,
    deep: () => ({}),
  },
  Mutation: { count: () => (counted += 1) },
  Deep: { deep: () => ({}) },
  Thing: {
    __resolveReference: ({ id }: { id: string }) => (id === "none" ? null : { id }),
    name: ({ id }: { id: string }) => `thing ${id}`,
  },
};

const options = {
  schemaFile: new URL("../test-fixture/schema.graphql", import.meta.url),
  resolvers,
  context: (identity: { subject: string | null }, { signal }: { signal: AbortSignal }): Context => ({
    subject: identity.subject,
    signal,
  }),
  rateLimits: [{ type: "Mutation" as const, field: "count", max: 3, windowSeconds: 3_600 }],
  routes: [
    { method: "GET" as const, path: "/open", public: true, handle: () => ({ body: { open: true } }) },
    { method: "POST" as const, path: "/closed", handle: (_: unknown, body: unknown) => ({ body: { got: body } }) },
  ],
};

let subgraph: TestSubgraph;
beforeAll(async () => {
  subgraph = await startTestSubgraph("fixture", () => options, {
    REQUEST_TIMEOUT_MS: 5_000,
    REQUEST_BYTES_MAX: 10_000,
    OPERATION_DEPTH_MAX: 6,
    OPERATION_TOKENS_MAX: 500,
  });
});
afterAll(() => subgraph.stop());

async function post(path: string, body: string | undefined, headers: Record<string, string> = {}) {
  const response = await fetch(subgraph.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, text, code: codeIn(text), headers: response.headers };
}

function codeIn(text: string): string | undefined {
  return /"code":"(\w+)"/.exec(text)?.[1];
}

describe("who may call", () => {
  const query = JSON.stringify({ query: "{ greeting }" });

  test("a caller without an identity is refused, on every path that is not public", async () => {
    for (const path of ["/graphql", "/closed", "/", "/no-such-path"]) {
      expect(await post(path, query)).toMatchObject({ status: 401, code: "IDENTITY_MISSING" });
    }
    const read = await fetch(`${subgraph.url}/graphql?query={greeting}`);
    expect(read.status).toBe(401);
  });

  test("a forged identity and one for another subgraph are refused", async () => {
    for (const identity of ["a.b.c", await subgraph.sign(user("u1"), "another")]) {
      expect(await post("/graphql", query, { "x-mib-identity": identity })).toMatchObject({
        status: 401,
        code: "IDENTITY_INVALID",
      });
    }
  });

  test("the identity is looked at before the body", async () => {
    expect(await post("/graphql", "x".repeat(1_000_000))).toMatchObject({ status: 401, code: "IDENTITY_MISSING" });
  });

  test("resolvers see the caller", async () => {
    expect(await subgraph.ask("{ caller }", {}, user("u1"))).toEqual({ data: { caller: "u1" } });
    expect(await subgraph.ask("{ caller }")).toEqual({ data: { caller: null } });
  });

  test("public routes and the admin paths answer everybody", async () => {
    expect(await (await fetch(`${subgraph.url}/open`)).json()).toEqual({ open: true });
    expect((await fetch(`${subgraph.url}/health`)).status).toBe(200);
    expect((await fetch(`${subgraph.url}/ready`)).status).toBe(200);
  });

  test("a route gets the parsed body of a caller with an identity", async () => {
    const headers = { "x-mib-identity": await subgraph.sign() };
    expect((await post("/closed", `{"a":1}`, headers)).text).toBe(`{"got":{"a":1}}`);
    expect(await post("/closed", `{"a":`, headers)).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    expect(await post("/no-such-path", "{}", headers)).toMatchObject({ status: 404, code: "NOT_FOUND" });
    const wrongMethod = await fetch(`${subgraph.url}/closed`, { headers });
    expect([wrongMethod.status, wrongMethod.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("what callers see of errors", () => {
  test("a coded error keeps its message, code and details, and its neighbours their data", async () => {
    const answer = await subgraph.ask("{ greeting coded }");
    expect(answer.data).toEqual({ greeting: "hello world", coded: null });
    expect(answer.errors).toEqual([
      {
        message: "No instrument NOPE.",
        path: ["coded"],
        locations: [{ line: 1, column: 12 }],
        extensions: { code: "INSTRUMENT_NOT_FOUND", symbol: "NOPE" },
      },
    ]);
  });

  test("a bug becomes INTERNAL_ERROR without a word of what happened", async () => {
    // The last two: what a resolver gave is not what the schema says.
    for (const field of ["bug", "nothing", "ratio", "large"]) {
      const answer = await subgraph.ask(`{ ${field} }`);
      expect(answer.errors?.[0]).toMatchObject({
        message: "Something failed inside.",
        path: [field],
        extensions: { code: "INTERNAL_ERROR" },
      });
      expect(JSON.stringify(answer)).not.toMatch(/hunter2|non-null|represent/i);
    }
  });

  test("what execution finds wrong with a variable is the caller's, and says what", async () => {
    const answer = await subgraph.ask('query ($of: Decimal = "1") { price(of: $of) }', { of: null });
    expect(answer.errors?.[0]).toMatchObject({
      message: expect.stringContaining("must not be null"),
      path: ["price"],
      extensions: { code: "BAD_USER_INPUT" },
    });
  });

  test("a text that the database can't hold is told to the caller", async () => {
    ask = () =>
      Promise.reject(Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: "22021" }));
    expect((await subgraph.ask("{ database }")).errors?.[0]).toMatchObject({
      message: "A text must not contain the character U+0000.",
      extensions: { code: "BAD_USER_INPUT" },
    });
  });

  test("a database that is not there is told apart from a bug", async () => {
    const pool = new pg.Pool({ connectionString: "postgres://nobody@127.0.0.1:1/none" });
    ask = () => pool.query("SELECT 1");
    expect((await subgraph.ask("{ database }")).errors?.[0]?.extensions.code).toBe("SERVICE_UNAVAILABLE");
    await pool.end();
    ask = () => Promise.reject(Object.assign(new Error("relation x does not exist"), { code: "42P01" }));
    expect((await subgraph.ask("{ database }")).errors?.[0]?.extensions.code).toBe("INTERNAL_ERROR");
  });

  test.each([
    ["no GraphQL", `{"query":"{"}`, 400, "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", `{"query":"{ nope }"}`, 400, "GRAPHQL_VALIDATION_FAILED"],
    [
      "a wrong variable",
      `{"query":"query($n: String!) { greeting(name: $n) }","variables":{"n":5}}`,
      400,
      "BAD_USER_INPUT",
    ],
    ["a wrong literal", `{"query":"{ price(of: \\"1e5\\") }"}`, 400, "GRAPHQL_VALIDATION_FAILED"],
    [
      "a wrong time",
      `{"query":"query($t: DateTime!) { time(at: $t) }","variables":{"t":"2024-02-31T00:00:00Z"}}`,
      400,
      "BAD_USER_INPUT",
    ],
    ["no JSON", `{`, 400, "BAD_REQUEST"],
    ["no query", `{}`, 400, "BAD_REQUEST"],
    [
      "a large body",
      JSON.stringify({ query: "{ greeting }", extensions: { a: "x".repeat(20_000) } }),
      413,
      "REQUEST_TOO_LARGE",
    ],
    ["many tokens", JSON.stringify({ query: `{ ${"greeting ".repeat(600)} }` }), 400, "OPERATION_LIMIT_EXCEEDED"],
    [
      "a deep operation",
      JSON.stringify({ query: `{ deep ${"{ deep ".repeat(6)}{ __typename } ${"}".repeat(6)} }` }),
      400,
      "OPERATION_LIMIT_EXCEEDED",
    ],
    [
      "depth hidden in fragments",
      JSON.stringify({
        query: `{ deep { ...a } } ${["a", "b", "c", "d"].map((n, i, all) => `fragment ${n} on Deep { deep { deep { ${all[i + 1] ? `...${all[i + 1]}` : "__typename"} } } }`).join(" ")}`,
      }),
      400,
      "OPERATION_LIMIT_EXCEEDED",
    ],
    [
      "fragments in a circle",
      `{"query":"{ deep { ...a } } fragment a on Deep { deep { ...a } }"}`,
      400,
      "GRAPHQL_VALIDATION_FAILED",
    ],
  ])("%s is refused with its code", async (_, body, status, code) => {
    const headers = { "x-mib-identity": await subgraph.sign(), accept: "application/graphql-response+json" };
    expect(await post("/graphql", body, headers)).toMatchObject({ status, code });
  });

  test("a body of unknown length is refused", async () => {
    const { port } = new URL(subgraph.url);
    const identity = await subgraph.sign();
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1");
      let received = "";
      socket.on("data", (chunk) => (received += chunk)).on("close", () => resolve(received));
      socket.write(
        `POST /graphql HTTP/1.1\r\nhost: x\r\nx-mib-identity: ${identity}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
    });
    expect(text).toMatch(/^HTTP\/1.1 400/);
    expect(codeIn(text)).toBe("BAD_REQUEST");
  });
});

describe("federation", () => {
  test("entities are resolved in order, unknown ones to null", async () => {
    const representations = ["a", "none", "b"].map((id) => ({ __typename: "Thing", id }));
    const answer = await subgraph.ask(
      "query($r: [_Any!]!) { _entities(representations: $r) { ... on Thing { name } } }",
      { r: representations },
    );
    expect(answer).toEqual({ data: { _entities: [{ name: "thing a" }, null, { name: "thing b" }] } });
  });

  test("the schema can be read", async () => {
    expect((await subgraph.ask("{ _service { sdl } }")).data._service.sdl).toContain("@key");
  });
});

describe("limits", () => {
  test("a mutation is limited per caller, and others are not affected", async () => {
    const count = (subject: string) => subgraph.ask("mutation { count }", {}, user(subject));
    for (let call = 1; call <= 3; call += 1) expect((await count("u1")).errors).toBeUndefined();
    const before = counted;
    const refused = await count("u1");
    expect(refused.errors?.[0]).toMatchObject({
      message: "count can be called 3 times in 3600 seconds.",
      extensions: { code: "RATE_LIMITED" },
    });
    expect(counted).toBe(before);
    expect((await count("u2")).errors).toBeUndefined();
  });

  test("callers without a user are told apart by the address that the router names", async () => {
    const count = (address: string) =>
      subgraph.ask("mutation { count }", {}, undefined, { "x-forwarded-for": address });
    for (let call = 1; call <= 3; call += 1) await count("192.0.2.1");
    expect((await count("192.0.2.1")).errors?.[0]?.extensions.code).toBe("RATE_LIMITED");
    expect((await count("192.0.2.2")).errors).toBeUndefined();
  });

  test("callers that can't be told apart do not shut one another out", async () => {
    for (let call = 1; call <= 5; call += 1) expect((await subgraph.ask("mutation { count }")).errors).toBeUndefined();
  });

  test("many aliases in one request count one by one", async () => {
    const answer = await subgraph.ask("mutation { a: count b: count c: count d: count }", {}, user("u3"));
    expect(answer.errors?.[0]?.extensions.code).toBe("RATE_LIMITED");
  });

  test("an operation that takes too long answers TIMEOUT and aborts its signal", async () => {
    const quick = await startTestSubgraph("fixture", () => options, { REQUEST_TIMEOUT_MS: 100 });
    try {
      abortedBy = undefined;
      expect((await quick.ask("{ slow }")).errors?.[0]?.extensions.code).toBe("TIMEOUT");
      expect(abortedBy).toMatchObject({ code: "TIMEOUT" });
    } finally {
      await quick.stop();
    }
  });
});

test("metrics tell operations, outcomes and codes apart", async () => {
  await subgraph.ask("query Greet { greeting }");
  await subgraph.ask("query Fail { coded }");
  const metrics = await (await fetch(`${subgraph.url}/metrics`)).text();
  expect(metrics).toMatch(
    /subgraph_operation_duration_seconds_count\{service="fixture",operation="Greet",kind="query",outcome="ok"\} 1/,
  );
  expect(metrics).toMatch(
    /subgraph_operation_duration_seconds_count\{service="fixture",operation="Fail",kind="query",outcome="error"\} 1/,
  );
  expect(metrics).toMatch(/subgraph_errors_total\{code="INSTRUMENT_NOT_FOUND",service="fixture"\} \d/);
});

test("shutdown finishes what is running and takes nothing new", async () => {
  const draining = await startTestSubgraph("fixture", () => options);
  const slow = draining.ask("{ slow }");
  while (
    (await (await fetch(`${draining.url}/metrics`)).text()).includes(`subgraph_operations_running{service="fixture"} 0`)
  )
    await wait(5);
  const stopped = draining.stop();
  await expect(fetch(`${draining.url}/health`)).rejects.toThrow();
  release();
  expect(await slow).toEqual({ data: { slow: "at last" } });
  await stopped;
});

test("spans are exported into the trace of the caller", async () => {
  const exported: string[] = [];
  const collector = createServer((request: IncomingMessage, response) => {
    let body = "";
    request
      .on("data", (chunk) => (body += chunk))
      .on("end", () => {
        exported.push(`${request.url} ${body}`);
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const traced = await startTestSubgraph("fixture", () => options, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  await traced.ask("query Greet { greeting }", {}, undefined, {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  });
  await traced.stop();
  collector.close();
  const spans = exported
    .flatMap((text) => JSON.parse(text.slice(text.indexOf(" ") + 1)).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans: list }) => list);
  expect(exported[0]).toMatch(/^\/v1\/traces /);
  expect(spans).toContainEqual(
    expect.objectContaining({
      name: "query.Greet",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      parentSpanId: "b7ad6b7169203331",
    }),
  );
});

describe("GraphQL over HTTP", () => {
  const audits = serverAudits({
    url: () => `${subgraph.url}/graphql`,
    fetchFn: async (url: string, init: RequestInit = {}) =>
      fetch(url, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), "x-mib-identity": await subgraph.sign() },
      }),
  });
  test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))("%s %s", async (_, __, audit) => {
    const result = await audit.fn();
    expect(result.status, "reason" in result ? result.reason : "").toBe("ok");
  });
});
