// npm run compose -- [--check] [--allow-breaking]
// Writes router/supergraph.graphql from supergraph.yaml. Fails when the subgraphs do not compose, when a stream's
// channel or filter makes no sense, or when the API breaks its clients compared with the last commit.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { breakingChanges } from "../router/src/supergraph/api-schema.ts";
import { composeSupergraph } from "../router/src/supergraph/compose-supergraph.ts";
import { readSupergraphConfig } from "../router/src/supergraph/supergraph-config.ts";

const ROOT = join(import.meta.dirname, "..");
const OUTPUT = "router/supergraph.graphql";

const { values: options } = parseArgs({
  options: { check: { type: "boolean", default: false }, "allow-breaking": { type: "boolean", default: false } },
});

const composition = composeSupergraph(readSupergraphConfig(join(ROOT, "supergraph.yaml")));
if ("problems" in composition) fail("the subgraphs do not compose", composition.problems);
const { supergraphSdl } = composition;

const committed = lastCommitted(OUTPUT);
if (committed !== null && committed !== supergraphSdl && !options["allow-breaking"]) {
  const breaking = breakingChanges(committed, supergraphSdl);
  if (breaking.length > 0) fail("the API breaks its clients (--allow-breaking lets it)", breaking);
}

const path = join(ROOT, OUTPUT);
const current = existsSync(path) ? readFileSync(path, "utf8") : null;
if (options.check) {
  if (current !== supergraphSdl) fail(`${OUTPUT} is out of date`, ["npm run compose writes it"]);
  console.log(`${OUTPUT} is up to date`);
} else {
  if (current !== supergraphSdl) writeFileSync(path, supergraphSdl);
  console.log(`${OUTPUT} ${current === supergraphSdl ? "is unchanged" : "written"}`);
}

function lastCommitted(file: string): string | null {
  try {
    return execFileSync("git", ["show", `HEAD:${file}`], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return null; // not in the last commit, or not a clone: nothing to compare with
  }
}

function fail(summary: string, details: readonly string[]): never {
  console.error(`compose: ${summary}\n${details.map((detail) => `  - ${detail}`).join("\n")}`);
  process.exit(1);
}
