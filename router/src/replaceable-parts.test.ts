import { expect, test } from "vitest";
import { routerConfigSchema, type RouterSettings } from "./config/router-config.ts";
import { federationSettings, sameFederationSettings } from "./replaceable-parts.ts";
import { STREAM_KINDS } from "./supergraph/streamed-directive.ts";

const BASE = { supergraph: { file: "s" }, subgraphs: { a: { timeout_ms: 5 } } };

test.each<[string, Partial<RouterSettings>, boolean]>([
  ["nothing changed", {}, true],
  ["what has to do with clients changed", { introspection: false, cors: { origins: [] } }, true],
  ["a limit of requests changed", { limits: { depth_max: 3 } }, true],
  ["a subgraph's time limit changed", { subgraphs: { a: { timeout_ms: 6 } } }, false],
  ["all subgraphs got a breaker", { all_subgraphs: { circuit_breaker: {} } }, false],
  ["an override's label holds now", { override_labels: { soon: true } }, false],
  ["fewer operations are kept", { limits: { operations_cached_max: 3 } }, false],
  ["operations are kept in less memory", { limits: { operations_cached_bytes_max: 1_000_000 } }, false],
])("plans stay only where subgraphs do: %s", (_, change, same) => {
  const config = (settings: object) => routerConfigSchema.parse({ ...BASE, ...settings });
  expect(sameFederationSettings(config({}), config(change))).toBe(same);
});

test("the federation is told which labels of overrides hold", () => {
  const config = routerConfigSchema.parse({ ...BASE, override_labels: { soon: true, "percent(5)": false } });
  expect(federationSettings(config, STREAM_KINDS).overrideLabels).toEqual({ soon: true, "percent(5)": false });
});
