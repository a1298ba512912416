import { expect, onTestFinished, test, vi } from "vitest";
import { createRouter, type CreateRouterSettings } from "../../router/src/create-router.ts";
import { federated, type SubgraphRequest, type TestSubgraph } from "../federation/federated.ts";
import { otlpCollector, type CollectedSpan } from "./otlp-collector.ts";

process.env["LOG_LEVEL"] ??= "silent";
// Each test composes and starts a router, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

const BOOKS: Record<string, TestSubgraph> = {
  books: {
    typeDefs: `type Query { books: [Book] broken: String } type Book @key(fields: "id") { id: ID! title: String }`,
    resolvers: {
      Query: {
        books: () => ["1", "2"].map((id) => ({ id, title: `title ${id}` })),
        broken: () => {
          throw new Error("no");
        },
      },
    },
  },
  prices: {
    typeDefs: `type Book @key(fields: "id") { id: ID! price: Int }`,
    resolvers: { Book: { __resolveReference: ({ id }: { id: string }) => ({ id, price: Number(id) * 10 }) } },
  },
};

/** A router on the two subgraphs whose traces go to a collector of its own. */
async function traced(traces: object, settings: Partial<CreateRouterSettings> = {}) {
  const { supergraphSdl: sdl, requests } = await federated(BOOKS);
  const collector = await otlpCollector();
  const router = await createRouter({
    supergraph: { sdl },
    listen: { port: 0 },
    telemetry: { service_name: "edge", traces: { otlp_url: collector.url, ...traces } },
    ...settings,
  });
  onTestFinished(() => router.close());
  return {
    router,
    requests,
    async ask(query: string, headers: Record<string, string> = {}) {
      const response = await fetch(router.url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query }),
      });
      return { status: response.status, body: await response.json() };
    },
    /** The spans of all requests so far: a router sends what waits before it ends. */
    async spans(): Promise<CollectedSpan[]> {
      await router.close();
      return collector.spans;
    },
  };
}

const contextsOf = (requests: readonly SubgraphRequest[]) =>
  requests.map(({ subgraph, headers }) => [subgraph, headers["traceparent"], headers["tracestate"]]);

test("a sampled request is a tree of spans, below its caller's and above its subgraphs'", async () => {
  const { ask, spans, requests } = await traced({ sample_percent: 0 });
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=1", "user-agent": "tester" };
  await ask("query Shelf { books { title price } }", headers);
  const tree = await spans();

  const root = tree.find(({ name }) => name === "POST /graphql")!;
  expect(root).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, kind: 2, failed: false, service: "edge" });
  expect(root.attributes).toMatchObject({
    "http.request.method": "POST",
    "http.route": "/graphql",
    "http.response.status_code": 200,
    "graphql.operation.type": "query",
    "graphql.operation.name": "Shelf",
    "user_agent.original": "tester",
  });
  const below = tree.filter((span) => span !== root);
  expect(below.map(({ name }) => name).toSorted()).toEqual([
    "fetch books",
    "fetch prices",
    "parse",
    "plan",
    "shape",
    "validate",
  ]);
  for (const span of below) expect(span).toMatchObject({ traceId: TRACE, parentSpanId: root.spanId, failed: false });

  const spanOf = (subgraph: string) => tree.find(({ name }) => name === `fetch ${subgraph}`)!;
  expect(spanOf("books").attributes).toMatchObject({ "router.subgraph.entities": 0, "http.response.status_code": 200 });
  expect(spanOf("prices")).toMatchObject({ kind: 3, attributes: { "router.subgraph.entities": 2 } });
  expect(contextsOf(requests)).toEqual(
    ["books", "prices"].map((name) => [name, `00-${TRACE}-${spanOf(name).spanId}-01`, "vendor=1"]),
  );
});

test("what was prepared before is neither parsed nor planned again", async () => {
  const { ask, spans } = await traced({ sample_percent: 100 });
  await ask("{ books { title } }");
  await ask("{ books { title } }");
  const names = (await spans()).map(({ name }) => name);
  expect(names.filter((name) => name === "POST /graphql").length).toBe(2);
  expect(names.filter((name) => name === "shape").length).toBe(2);
  expect(names.filter((name) => ["parse", "validate", "plan"].includes(name)).length).toBe(3);
});

test("a request that is not sampled makes no span, and subgraphs are told so under its own trace", async () => {
  const { ask, spans, requests } = await traced({ sample_percent: 100 });
  const traceparent = `00-${TRACE}-${PARENT}-00`;
  await ask("{ books { price } }", { traceparent, tracestate: "vendor=1" });
  expect(await spans()).toEqual([]);
  expect(contextsOf(requests)).toEqual(["books", "prices"].map((name) => [name, traceparent, "vendor=1"]));
});

test("at 0 % nothing is sampled, and all subgraphs of a request are told one trace", async () => {
  const { ask, spans, requests } = await traced({ sample_percent: 0 });
  await ask("{ books { price } }");
  await ask("{ books { price } }", { traceparent: "00-not-a-trace" });
  expect(await spans()).toEqual([]);
  const [first, second, third, fourth] = requests.map(({ headers }) => headers["traceparent"]);
  for (const traceparent of [first, third]) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect([second, fourth]).toEqual([first, third]);
  expect(third).not.toBe(first);
});

test("failures are marked with their codes, where they happened", async () => {
  const { ask, spans } = await traced(
    { sample_percent: 100 },
    { subgraphs: { prices: { url: "http://127.0.0.1:9/graphql" } } },
  );
  await ask("query Down { books { price } }");
  await ask("query Wrong { nothing }");
  const all = await spans();
  const root = (operation: string) => all.find(({ attributes }) => attributes["graphql.operation.name"] === operation);
  expect(all.find(({ name }) => name === "fetch prices")).toMatchObject({
    failed: true,
    attributes: { "error.type": "SUBGRAPH_UNREACHABLE" },
  });
  expect(root("Down")).toMatchObject({ failed: true, attributes: { "error.type": "SUBGRAPH_UNREACHABLE" } });
  const [refused] = all.filter(({ attributes }) => attributes["error.type"] === "GRAPHQL_VALIDATION_FAILED");
  expect(refused).toMatchObject({ name: "POST /graphql", failed: true });
});

test("without a collector subgraphs get no trace of ours", async () => {
  const { ask, requests } = await traced({ otlp_url: null });
  await ask("{ books { title } }", { traceparent: `00-${TRACE}-${PARENT}-01` });
  expect(contextsOf(requests)).toEqual([["books", undefined, undefined]]);
});

test("metrics tell operations, their errors and subgraphs apart", async () => {
  const { router, ask } = await traced({ otlp_url: null });
  await ask("query Shelf { books { title price } }");
  await ask("query Bad { broken }");
  const text = await router.metrics();
  const value = (line: string) => {
    const labels = line.replace(/[{}]/g, "");
    const [name, ...pairs] = labels.split(" ");
    const found = text
      .split("\n")
      .find((each) => each.startsWith(`${name}{`) && pairs.every((pair) => each.includes(pair)));
    return Number(found?.split(" ").at(-1));
  };
  expect(value('router_operations_total operation="Shelf" outcome="ok"')).toBe(1);
  expect(value('router_operation_seconds_count operation="Shelf" kind="query"')).toBe(1);
  expect(value('router_operation_errors_total operation="Bad" code="SUBGRAPH_ERROR"')).toBe(1);
  expect(value('router_subgraph_fetches_total subgraph="books" outcome="ok"')).toBe(1);
  expect(value('router_subgraph_fetches_total subgraph="books" outcome="errors"')).toBe(1);
  expect(value('router_subgraph_fetch_seconds_count subgraph="prices"')).toBe(1);
  expect(value('router_subgraph_entities_total subgraph="prices"')).toBe(2);
  expect(value('router_subgraph_response_bytes_total subgraph="prices"')).toBeGreaterThan(20);
});

test("clients cannot make more series than there is room for", async () => {
  const { router, ask } = await traced({ otlp_url: null });
  for (let i = 0; i < 210; i++) await ask(`query Op${i} { __typename }`);
  const lines = (await router.metrics()).split("\n").filter((line) => line.startsWith("router_operations_total{"));
  expect(lines.length).toBe(201);
  expect(
    lines
      .find((line) => line.includes('operation="other"'))
      ?.split(" ")
      .at(-1),
  ).toBe("10");
});
