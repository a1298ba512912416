import { Registry } from "@mib/service/metrics";
import { expect, test } from "vitest";
import type { ResponseError } from "../execute/execution.ts";
import type { PreparedOperation } from "../operation/federation.ts";
import { RouterMetrics } from "./router-metrics.ts";

const none = { groups: () => 0, channels: () => 0, resumesWaiting: () => 0 };
const named = (operationName: string | null) => ({ kind: "query", operationName }) as PreparedOperation;
const answer = (body: string) => ({ body, errors: (JSON.parse(body) as { errors?: ResponseError[] }).errors ?? [] });

test("operations are counted by name and outcome, and their times, however often somebody asks", async () => {
  const registry = new Registry();
  const metrics = new RouterMetrics(registry, none);
  metrics.operation("http", named("A"), answer(`{"data":{}}`), 3);
  metrics.operation("http", named("A"), answer(`{"data":{}}`), 30);
  await registry.metrics();
  metrics.operation("http", named("A"), answer(`{"errors":[{}],"data":null}`), 20_000);
  metrics.operation("ws", named(null), answer(`{"errors":[{}],"data":{}}`), 1);
  const lines = (await registry.metrics()).split("\n");
  const shown = (name: string) => lines.filter((line) => line.startsWith(name)).sort();
  expect(shown("router_operations_total")).toEqual([
    `router_operations_total{transport="http",kind="query",operation="A",outcome="failed"} 1`,
    `router_operations_total{transport="http",kind="query",operation="A",outcome="ok"} 2`,
    `router_operations_total{transport="ws",kind="query",operation="anonymous",outcome="partial"} 1`,
  ]);
  const http = `transport="http",kind="query",operation="A"`;
  expect(lines).toEqual(
    expect.arrayContaining([
      `router_operation_seconds_bucket{${http},le="0.002"} 0`,
      `router_operation_seconds_bucket{${http},le="0.005"} 1`,
      `router_operation_seconds_bucket{${http},le="10"} 2`,
      `router_operation_seconds_bucket{${http},le="+Inf"} 3`,
      `router_operation_seconds_count{${http}} 3`,
      `router_operation_seconds_sum{transport="ws",kind="query",operation="anonymous"} 0.001`,
    ]),
  );
});
