import { expect, test } from "vitest";
import { runningRouter } from "./running-router.ts";
import { PRODUCTS } from "./sample-subgraphs.ts";

const QUERY = { query: `{ product(id: "1") { name } }` };

test("subgraphs are sent what the rules say, and an identity that no client can forge", async () => {
  const { post, requests, verifier } = await runningRouter(
    { products: PRODUCTS },
    {
      all_subgraphs: { headers: [{ propagate: { matching: "x-.*" } }] },
      subgraphs: {
        products: { headers: [{ remove: { named: "x-secret" } }, { insert: { name: "x-by", value: "r" } }] },
      },
    },
  );
  await post(QUERY, {
    "x-tenant": "t1",
    "x-secret": "s",
    "x-mib-identity": "forged",
    "x-forwarded-for": "6.6.6.6",
    "x-request-id": "given-id-1",
  });
  const { headers } = requests[0]!;
  expect(headers).toMatchObject({ "x-tenant": "t1", "x-by": "r" });
  expect([headers["x-secret"], headers["x-forwarded-for"]]).toEqual([undefined, undefined]);
  const identity = await (await verifier("products")).verify(headers["x-mib-identity"] as string);
  expect(identity.subject).toBeNull();
});

test("without rules a subgraph is sent nothing of what the client sent", async () => {
  const { post, requests } = await runningRouter({ products: PRODUCTS });
  await post(QUERY, { "x-tenant": "t1", cookie: "c=1" });
  expect([requests[0]!.headers["x-tenant"], requests[0]!.headers["cookie"]]).toEqual([undefined, undefined]);
});

test("an open circuit is told by /ready and by the metrics, and does not make the router unready", async () => {
  const { post, url, metric } = await runningRouter(
    {
      products: {
        typeDefs: "type Query { word: String }",
        answer: (_, response) => response.writeHead(500).end(),
      },
    },
    { all_subgraphs: { circuit_breaker: { requests_min: 2 } } },
  );
  for (let i = 0; i < 3; i++) await post({ query: "{ word }" });
  const ready = await fetch(new URL("/ready", url));
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ checks: { circuits: { ok: true, detail: { products: "open" } } } });
  expect(await metric("router_subgraph_circuit_state")).toBe(2);
  expect(await metric("router_subgraph_circuit_opened_total")).toBe(1);
  expect(await metric("router_subgraph_circuit_refused_total")).toBe(1);
  expect(await metric("router_subgraph_requests_total")).toBe(3);
});
