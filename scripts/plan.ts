// npm run plan -- 'query { … }' [--operation NAME] [--supergraph FILE] [--override LABEL]… [--json]
// Prints which requests the router makes for an operation: of whom, for what, after what; progressive
// overrides hold where their label is given.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createFederation } from "../router/src/operation/federation.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    operation: { type: "string" },
    supergraph: { type: "string", default: join(import.meta.dirname, "../router/supergraph.graphql") },
    override: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
  },
});
const query = positionals[0];
if (query === undefined) {
  console.error(
    "usage: npm run plan -- 'query { … }' [--operation NAME] [--supergraph FILE] [--override LABEL]… [--json]",
  );
  process.exit(64);
}

const federation = await createFederation({
  supergraphSdl: readFileSync(options.supergraph, "utf8"),
  subgraph: () => null,
  operationCacheMax: 1,
  overrideLabels: Object.fromEntries(options.override.map((label) => [label, true])),
  random: () => 1,
});
const prepared = await federation.prepare({ query, operationName: options.operation ?? null });
await federation.close();

if ("errors" in prepared) {
  for (const { message, locations = [], extensions } of prepared.errors) {
    const places = locations.map(({ line, column }) => ` (${line}:${column})`).join("");
    console.error(`${extensions.code}: ${message}${places}`);
  }
  process.exitCode = 1;
} else {
  process.stdout.write(options.json ? `${JSON.stringify(prepared.plan.describe(), null, 2)}\n` : prepared.plan.print());
}
