// npm run fuzz -- [--seeds N] [--from S]: the router against one schema on random federations. With --planted it is
// run with one bug after another planted in the router, and has to find each; --bug NAME: only those of that name.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FeatureTable } from "../test/federation/fuzz/features.ts";
import { runSeed } from "../test/federation/fuzz/fuzz-case.ts";
import { RefusalTable } from "../test/federation/fuzz/refusals.ts";
import { PLANTED_BUGS } from "../test/federation/fuzz/planted-bugs.ts";
import { reportFailure } from "../test/federation/fuzz/report-failure.ts";
import { shrink } from "../test/federation/fuzz/shrink.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    planted: { type: "boolean" },
    bug: { type: "string" },
    "first-only": { type: "boolean" },
  },
});
/** Seeds after which a long run says how far it is. */
const PROGRESS_EACH = 1_000;
const [seeds, from] = [Number(values.seeds ?? 1_000), Number(values.from ?? 0)];
const isClean = values.planted ? findPlantedBugs() : await fuzz();
if (!isClean) process.exitCode = 1;

async function fuzz(): Promise<boolean> {
  const features = new FeatureTable();
  let failures = 0;
  const refusals = new RefusalTable();
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runSeed(seed);
    if (values["first-only"] && (result.failure || result.refused.length > 0)) {
      console.log(`seed ${seed}: ${result.failure?.difference.slice(0, 100) ?? `${result.refused.length} refused`}`);
      return false;
    }
    features.count(result);
    refusals.count(result);
    const done = seed - from + 1;
    if (done % PROGRESS_EACH === 0 && done < seeds) console.log(`${done} seeds, ${failures} failed so far`);
    if (!result.failure) continue;
    failures++;
    console.log(await reportFailure(await shrink(result.failure)));
  }
  console.log(`${features.print()}\n${refusals.print()}\n${seeds} seeds, ${failures} failed`);
  return failures === 0;
}

/** A bug is found by a wrong answer, or by the verifier: then an operation is refused that is answered without it. */
function findPlantedBugs(): boolean {
  const bugs = [...PLANTED_BUGS.entries()].filter(([, { name }]) => name.includes(values.bug ?? ""));
  const missed = bugs.filter(([index, { name }]) => {
    const how = findPlantedBug(index);
    console.log(how === null ? `MISSED ${name}` : `found  ${name}: ${how}`);
    return how === null;
  });
  console.log(`${bugs.length - missed.length} of ${bugs.length} planted bugs found`);
  return missed.length === 0;
}

/** The first seed that tells, and what it says; null when none does. */
function findPlantedBug(index: number): string | null {
  const hook = new URL("../test/federation/fuzz/plant-bug.ts", import.meta.url).href;
  for (let next = from; next < from + seeds;) {
    const found = firstDifference(["--import", hook], { PLANTED_BUG: String(index) }, next, from + seeds - next);
    if (!found) return null;
    const usual = firstDifference([], {}, found.seed, 1);
    if (usual?.text !== found.text) return found.text;
    next = found.seed + 1;
  }
  return null;
}

/** Runs the fuzzer apart, up to the first wrong or refused answer. */
function firstDifference(
  nodeOptions: readonly string[],
  environment: Record<string, string>,
  first: number,
  count: number,
): { seed: number; text: string } | null {
  const options = ["--first-only", "--seeds", String(count), "--from", String(first)];
  const run = spawnSync(process.execPath, [...nodeOptions, fileURLToPath(import.meta.url), ...options], {
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  const [text = ""] = run.stdout.split("\n", 1);
  const seed = /^seed (\d+): /.exec(text)?.[1];
  if (seed === undefined && !run.stdout.includes(" seeds, ")) throw new Error(run.stderr);
  return seed === undefined ? null : { seed: Number(seed), text };
}
