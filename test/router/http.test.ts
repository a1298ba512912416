import { connect } from "node:net";
import { eventually } from "@mib/testkit/eventually";
import { describe, expect, test } from "vitest";
import { runningRouter } from "./running-router.ts";
import { OWNERS, PRODUCTS, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

const router = (settings = {}) => runningRouter({ products: PRODUCTS }, settings);
const QUERY = { query: `{ product(id: "1") { name } }` };
const codeOf = ({ body }: { body: any }) => body.errors?.[0]?.extensions.code;

describe("what is wrong with a request is told by a code and a status", () => {
  test.each([
    ["a syntax error", { query: "{" }, {}, 400, "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", { query: "{ nonsense }" }, {}, 400, "GRAPHQL_VALIDATION_FAILED"],
    [
      "a variable of the wrong type",
      { query: "query ($id: ID!) { product(id: $id) { name } }", variables: {} },
      {},
      400,
      "BAD_USER_INPUT",
    ],
    ["a batch", [QUERY, QUERY], {}, 400, "BATCHING_NOT_SUPPORTED"],
    ["no JSON", "{", {}, 400, "BAD_REQUEST"],
    [
      "a body of another type",
      "query=x",
      { "content-type": "application/x-www-form-urlencoded" },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["an Accept that nothing fits", QUERY, { accept: "image/png" }, 406, "NOT_ACCEPTABLE"],
    [
      "a query of 2 MB",
      { query: `{ product(id: "1") { name } } #${"x".repeat(2_000_000)}` },
      {},
      413,
      "REQUEST_TOO_LARGE",
    ],
    [
      "an operation too deep",
      { query: "{ __schema { types { fields { type { ofType { ofType { name } } } } } } }" },
      {},
      400,
      "OPERATION_LIMIT_EXCEEDED",
    ],
    ["a foreign origin", QUERY, { origin: "https://evil.example" }, 403, "ORIGIN_NOT_ALLOWED"],
    ["a credential where none is accepted", QUERY, { authorization: "Bearer x" }, 401, "CREDENTIAL_INVALID"],
  ])("%s", async (_, body, headers, status, code) => {
    const answer = await (await router({ limits: { depth_max: 6 } })).post(body, headers);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.body.data).toBeUndefined();
  });

  test("a body that grows past the limit without saying its length", async () => {
    const { url } = await router();
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 20; i++) controller.enqueue(new TextEncoder().encode("x".repeat(100_000)));
        controller.close();
      },
    });
    const response = await fetch(url, {
      method: "POST",
      body: stream,
      duplex: "half",
      headers: { "content-type": "application/json" },
    } as RequestInit);
    expect(response.status).toBe(413);
  });

  test("headers beyond the limit, and what is no HTTP", async () => {
    const { url, post } = await router();
    const { hostname, port } = new URL(url);
    const say = async (text: string) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.write(text);
      let answer = "";
      for await (const chunk of socket) answer += String(chunk);
      return answer;
    };
    expect(await say(`GET / HTTP/1.1\r\nhost: x\r\nx-big: ${"x".repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [^]*"code":"HEADERS_TOO_LARGE"/,
    );
    expect(await say("nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 [^]*"code":"BAD_REQUEST"/);
    expect((await post(QUERY)).status).toBe(200);
  });

  test("variables beyond the limit, and nested beyond reason", async () => {
    const { post } = await router({ limits: { variables_bytes_max: 2_000 } });
    const query = "query ($id: ID!) { product(id: $id) { name } }";
    const nested = `${"[".repeat(900)}${"]".repeat(900)}`;
    expect(codeOf(await post({ query, variables: { id: "x".repeat(2_000) } }))).toBe("OPERATION_LIMIT_EXCEEDED");
    expect(codeOf(await post(`{"query":"{ me }","variables":{"a":${nested}}}`))).toBe("OPERATION_LIMIT_EXCEEDED");
    expect((await post({ query, variables: { id: "1" } })).body.data.product.name).toBe("product 1");
  });

  test("more fields than the limit, also through fragments that are small themselves", async () => {
    const { post } = await router({ limits: { height_max: 10 } });
    const twice = (of: string) => `a: product(id: 1) { ...${of} } b: product(id: 2) { ...${of} }`;
    expect(codeOf(await post({ query: `{ ${twice("P")} } fragment P on Product { id name a: id b: id }` }))).toBe(
      undefined,
    );
    expect(codeOf(await post({ query: `{ ${twice("P")} me } fragment P on Product { id name a: id b: id }` }))).toBe(
      "OPERATION_LIMIT_EXCEEDED",
    );
  });

  test("a mutation by GET, and a method that is none of ours", async () => {
    const { url } = await router();
    const mutation = await fetch(
      `${url}?query=${encodeURIComponent('mutation { rename(id: "1", name: "x") { name } }')}`,
    );
    expect([mutation.status, mutation.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await fetch(url, { method: "PATCH" })).status).toBe(405);
  });

  test("introspection where it is off", async () => {
    expect(
      codeOf(await (await router({ introspection: false })).post({ query: "{ __schema { types { name } } }" })),
    ).toBe("INTROSPECTION_DISABLED");
  });

  test("an operation's name that is made to look like another operation", async () => {
    const { post } = await router({ introspection: false });
    const hidden = "Q\0query Q { __schema { types { name } } } #";
    expect(codeOf(await post({ query: "{ me }", operationName: hidden }))).toBe("BAD_REQUEST");
  });

  test("aliases and root fields beyond the limit, also through fragments", async () => {
    const { post } = await router({ limits: { aliases_max: 2, root_fields_max: 3 } });
    const aliases = ["a", "b", "c"].map((alias) => `${alias}: me`).join(" ");
    expect(codeOf(await post({ query: `{ ${aliases} }` }))).toBe("OPERATION_LIMIT_EXCEEDED");
    expect(codeOf(await post({ query: "{ ...F ...F } fragment F on Query { me fail }" }))).toBe(
      "OPERATION_LIMIT_EXCEEDED",
    );
    expect((await post({ query: "{ a: me b: me }" })).body).toEqual({ data: { a: "me", b: "me" } });
  });
});

test("a request gets its id back, or one of its own", async () => {
  const { post } = await router();
  expect((await post(QUERY, { "x-request-id": "given-id-1" })).headers.get("x-request-id")).toBe("given-id-1");
  const own = (await post(QUERY, { "x-request-id": "not valid" })).headers.get("x-request-id");
  expect(own).toMatch(/^[\w-]+$/);
});

test("pages of the allow-list may read the answer and ask beforehand", async () => {
  const { url, post } = await router();
  const origin = "http://localhost:5173";
  const preflight = await fetch(url, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST" },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("x-api-key");
  expect((await post(QUERY, { origin })).headers.get("access-control-allow-origin")).toBe(origin);
});

test("the plan is in the answer when the request asks for it", async () => {
  const { post } = await router();
  const { body } = await post(QUERY, { "x-query-plan": "1" });
  expect(body.data).toEqual({ product: { name: "product 1" } });
  expect(body.extensions.queryPlan.requests).toMatchObject([
    { subgraph: "products", after: [], run: { ms: expect.any(Number), bytes: expect.any(Number), entities: null } },
  ]);
  expect((await post(QUERY)).body.extensions).toBeUndefined();
});

test("requests beyond the limit are refused until the window ends, and the headers say how many are left", async () => {
  const { post } = await router({ rate_limits: { address: { requests_max: 3, window_seconds: 3_600 } } });
  const left: string[] = [];
  for (let i = 0; i < 3; i++) left.push(/r=(\d+)/.exec((await post(QUERY)).headers.get("ratelimit")!)![1]!);
  expect(left).toEqual(["2", "1", "0"]);
  const refused = await post(QUERY);
  expect([refused.status, codeOf(refused)]).toEqual([429, "RATE_LIMITED"]);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.headers.get("ratelimit-policy")).toBe(`"address";q=3;w=3600`);
});

describe("callers", () => {
  async function withIssuer(settings: Record<string, unknown> = {}) {
    const auth = await issuer();
    const running = await runningRouter(
      { products: PRODUCTS, owners: OWNERS, sensors: SENSORS },
      {
        authentication: {
          jwks_url: auth.jwksUrl,
          api_key_verify_url: auth.verifyUrl,
          issuer: "test-issuer",
          audience: "test",
          ...settings,
        },
        subgraphs: { owners: { identity: "subject" } },
      },
    );
    const token = (claims: Record<string, unknown>, options?: { expiresInSeconds?: number }) =>
      auth.token({ iss: "test-issuer", aud: "test", ...claims }, options);
    const caller = async (headers: Record<string, string>) =>
      (await running.post({ query: "{ caller me }" }, headers)).body;
    return { auth, token, caller, ...running };
  }

  test("with an access token reach the subgraphs that may know them, and only those", async () => {
    const { token, caller, requests, verifier } = await withIssuer();
    expect(
      await caller({ authorization: `Bearer ${await token({ sub: "ada", roles: ["analyst"], sid: "s1" })}` }),
    ).toEqual({ data: { caller: "ada", me: "me" } });
    const identities = new Map<string, unknown>();
    for (const { subgraph, headers } of requests)
      identities.set(subgraph, await (await verifier(subgraph)).verify(String(headers["x-mib-identity"])));
    expect(identities.get("owners")).toEqual({
      subject: "ada",
      roles: ["analyst"],
      scopes: [],
      credential: "session",
      sessionId: "s1",
    });
    expect(identities.get("products")).toEqual({
      subject: null,
      roles: [],
      scopes: [],
      credential: "none",
      sessionId: null,
    });
    // Where they are as well: the header of the client itself is not believed.
    await caller({ "x-forwarded-for": "203.0.113.9" });
    const addresses = new Map(requests.map(({ subgraph, headers }) => [subgraph, headers["x-forwarded-for"]]));
    expect(addresses.get("owners")).toMatch(/127\.0\.0\.1$/);
    expect(addresses.get("products")).toBeUndefined();
  });

  test("reach a subgraph with `identity: mutations` in mutations, and in nothing else", async () => {
    const auth = await issuer();
    const {
      post: ask,
      requests,
      verifier,
    } = await runningRouter(
      { products: PRODUCTS, owners: OWNERS },
      {
        authentication: { jwks_url: auth.jwksUrl, issuer: "test-issuer", audience: "test" },
        subgraphs: { products: { identity: "mutations" } },
      },
    );
    const token = await auth.token({ iss: "test-issuer", aud: "test", sub: "ada", roles: ["analyst"] });
    const products = await verifier("products");
    const subjectOf = async (query: string) => {
      requests.length = 0;
      const answer = await ask({ query }, { authorization: `Bearer ${token}` });
      expect(answer.body.errors).toBeUndefined();
      const told = requests.filter(({ subgraph }) => subgraph === "products");
      expect(told.length).toBeGreaterThan(0);
      const identities = told.map(({ headers }) => products.verify(String(headers["x-mib-identity"])));
      return (await Promise.all(identities)).map(({ subject, roles }) => [subject, roles]);
    };
    expect(await subjectOf('mutation { rename(id: "1", name: "x") { name } }')).toEqual([["ada", ["analyst"]]]);
    expect(await subjectOf('{ product(id: "1") { name } }')).toEqual([[null, []]]);
  });

  test("take turns at a subgraph that tells them apart without learning who they are, and share no answer of it", async () => {
    const auth = await issuer();
    const { post, requests, verifier } = await runningRouter(
      { products: PRODUCTS, owners: OWNERS },
      {
        authentication: { jwks_url: auth.jwksUrl, issuer: "test-issuer", audience: "test" },
        request_sharing: true,
        subgraphs: { products: { identity: "mutations", turns: true } },
      },
    );
    const products = await verifier("products");
    const credentials = async (sub: string) => ({
      authorization: `Bearer ${await auth.token({ iss: "test-issuer", aud: "test", sub })}`,
    });
    const told = async (headers: Record<string, string>, query = '{ product(id: "1") { name } }') => {
      requests.length = 0;
      expect((await post({ query }, headers)).body.errors).toBeUndefined();
      const { headers: sent } = requests.find(({ subgraph }) => subgraph === "products")!;
      const { subject } = await products.verify(String(sent["x-mib-identity"]));
      return { subject, turn: sent["x-mib-turn"], address: sent["x-forwarded-for"] };
    };
    const [ada, bob] = [await credentials("ada"), await credentials("bob")];
    const turn = expect.stringMatching(/^[\w-]{22}$/);
    const first = await told(ada);
    expect(first).toEqual({ subject: null, turn, address: undefined });
    expect(await told({ ...(await credentials("ada")), "x-mib-turn": "forged" })).toEqual(first);
    const others = [await told(bob), await told({})];
    expect(others).toEqual([first, first].map(() => ({ subject: null, turn, address: undefined })));
    expect(new Set([first, ...others].map((each) => each.turn)).size).toBe(3);
    expect(await told(ada, 'mutation { rename(id: "1", name: "x") { name } }')).toEqual({
      subject: "ada",
      turn: undefined,
      address: expect.stringMatching(/127\.0\.0\.1$/),
    });
    requests.length = 0;
    const same = { query: '{ product(id: "1") { name } }' };
    await Promise.all([ada, ada, bob].map((headers) => post(same, headers)));
    const turns = requests
      .filter(({ subgraph }) => subgraph === "products")
      .map(({ headers }) => headers["x-mib-turn"]);
    expect(new Set(turns).size).toBe(2);
  });

  test.each([
    ["expired", { sub: "ada" }, { expiresInSeconds: -30 }],
    ["of another issuer", { sub: "ada", iss: "somebody" }, {}],
    ["for another audience", { sub: "ada", aud: "others" }, {}],
    ["without a subject", {}, {}],
  ])("with a token %s are refused", async (_, claims, options) => {
    const { token, post } = await withIssuer();
    const answer = await post({ query: "{ me }" }, { authorization: `Bearer ${await token(claims, options)}` });
    expect([answer.status, codeOf(answer)]).toEqual([401, "CREDENTIAL_INVALID"]);
  });

  test("with tokens of a new key are known as soon as it is published, and forged ones never", async () => {
    const { auth, token, caller, post } = await withIssuer();
    const old = await token({ sub: "ada" });
    await caller({ authorization: `Bearer ${old}` });
    const forger = await issuer();
    const forged = await forger.token({ iss: "test-issuer", aud: "test", sub: "ada" });
    expect((await post({ query: "{ me }" }, { authorization: `Bearer ${forged}` })).status).toBe(401);
    await auth.rotate();
    const fresh = await token({ sub: "bob" });
    await eventually(
      async () => expect(await caller({ authorization: `Bearer ${fresh}` })).toMatchObject({ data: { caller: "bob" } }),
      { deadlineMs: 15_000 },
    );
    expect(await caller({ authorization: `Bearer ${old}` })).toMatchObject({ data: { caller: "ada" } });
  });

  const KEY = "mib_test_abcdefghijklmnop_0123456789";
  const PARTNER = { subject: "partner", roles: [], scopes: ["news:read"] };

  test("with one API key at the same time are asked for once", async () => {
    const { auth, caller } = await withIssuer();
    auth.apiKeys.set(KEY, PARTNER);
    const answers = await Promise.all(Array.from({ length: 10 }, () => caller({ "x-api-key": KEY })));
    for (const answer of answers) expect(answer).toMatchObject({ data: { caller: "partner" } });
    expect(auth.asked.verify).toBe(1);
  });

  test("with an API key are not known any more after it was revoked", async () => {
    const { auth, caller, post } = await withIssuer({ api_key_cache_ms: 100 });
    auth.apiKeys.set(KEY, PARTNER);
    expect(await caller({ "x-api-key": KEY })).toMatchObject({ data: { caller: "partner" } });
    auth.apiKeys.delete(KEY);
    await eventually(async () => expect((await post({ query: "{ me }" }, { "x-api-key": KEY })).status).toBe(401));
    expect((await post({ query: "{ me }" }, { "x-api-key": "short" })).status).toBe(401);
  });

  test("are not refused for good while nobody can check them", async () => {
    const { auth, token, post } = await withIssuer();
    auth.broken = true;
    const headers = { authorization: `Bearer ${await token({ sub: "ada" })}` };
    const answer = await post({ query: "{ me }" }, headers);
    expect([answer.status, codeOf(answer)]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    expect(codeOf(await post({ query: "{ me }" }, { "x-api-key": "mib_test_abcdefghijklmnop" }))).toBe(
      "SERVICE_UNAVAILABLE",
    );
    auth.broken = false;
    await eventually(async () => expect((await post({ query: "{ me }" }, headers)).status).toBe(200), {
      deadlineMs: 15_000,
    });
  });
});

describe("the playground", () => {
  test("opens in a browser and loads nothing from elsewhere", async () => {
    const { url } = await router({ playground: { title: "Test </script>", tabs: [{ query: "{ me } # </script>" }] } });
    const page = await fetch(url, { headers: { accept: "text/html" } });
    const html = await page.text();
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(html.match(/<\/script>/g)).toHaveLength(3); // ours: none of the title or a tab
    const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!);
    expect(sources.filter((source) => !source.startsWith("/") && !source.startsWith("data:"))).toEqual([]);
    for (const source of [
      ...sources.filter((each) => each.startsWith("/")),
      "/playground/graphql.js",
      "/playground/json.js",
      "/playground/editorWorkerService.js",
    ]) {
      const asset = await fetch(new URL(source, url));
      expect(asset.status, source).toBe(200);
      expect((await asset.text()).length, source).toBeGreaterThan(1_000);
    }
  });

  test("is not there where it is off, and never in the way of a query", async () => {
    const { url } = await router({ playground: { enabled: false } });
    expect((await fetch(url, { headers: { accept: "text/html" } })).status).toBe(406);
    expect((await fetch(new URL("/playground/graphiql.js", url))).status).toBe(404);
    const on = await router();
    const answer = await fetch(`${on.url}?query={me}`, { headers: { accept: "text/html, application/json;q=0.5" } });
    expect(await answer.json()).toEqual({ data: { me: "me" } });
  });
});

test("health, readiness and metrics are told", async () => {
  const { url, post } = await router({
    subgraphs: { products: { ready_url: "http://127.0.0.1:1/ready" } },
    hops: { relay: "http://127.0.0.1:1/ready" },
  });
  await post({ query: `query Named { product(id: "1") { name } }` });
  expect((await fetch(new URL("/health", url))).status).toBe(200);
  const ready = await fetch(new URL("/ready", url));
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({
    ready: true,
    checks: {
      supergraph: { ok: true },
      "subgraph products": { detail: { ready: false } },
      relay: { detail: { ready: false } },
    },
  });
  expect(await (await fetch(new URL("/metrics", url))).text()).toMatch(
    /router_operations_total\{transport="http",kind="query",operation="Named",outcome="ok"/,
  );
});
