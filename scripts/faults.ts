/**
 * npm run faults -- [--seed S] [--faults N] [--minutes M] [--rate R] [--lanes L] [--engine] [--kind WORDS] [--bug WORDS] [--report]
 *
 * Harms a stack of real parts while events are published, and compares what each client saw with what was published: test/streams.
 * Ends with 1 where something was lost, came twice or out of order, or a gap was not told. --engine: trades come by way of the
 * engine. --kind: only faults of these words. --bug: with a bug planted in the routers. --report writes docs/reports/streams.md.
 */
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ALL_FAULTS } from "../test/streams/faults/all-faults.ts";
import { PLANTED_BUGS } from "../test/streams/planted-bugs.ts";
import { reportOf, summaryOf } from "../test/streams/report.ts";
import { runFaults } from "../test/streams/run-faults.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    faults: { type: "string", default: "100" },
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "240" },
    lanes: { type: "string", default: "3" },
    kind: { type: "string", default: "" },
    engine: { type: "boolean", default: false },
    bug: { type: "string" },
    report: { type: "boolean", default: false },
  },
});
const root = join(import.meta.dirname, "..");
const faults = ALL_FAULTS.filter(({ kind }) => kind.includes(values.kind));
if (faults.length === 0)
  refuse(
    `no fault is called "${values.kind}"`,
    ALL_FAULTS.map(({ kind }) => kind),
  );
if (values.bug !== undefined) plant(values.bug);

const run = await runFaults({
  seed: Number(values.seed),
  faults,
  faultCount: Number(values.faults),
  minutesMax: Number(values.minutes),
  tradesPerSecond: Number(values.rate),
  fleet: { websockets: 4, eventStreams: 3, enriched: 2, latest: 2, fatSubscriptions: 20 },
  lanes: Number(values.lanes),
  faultsPerRound: 40,
  engine: values.engine,
  routerPreloads: values.bug === undefined ? [] : [join(root, "test/streams/plant-bug.ts")],
  tell: (line) => console.log(line),
});
console.log(summaryOf(run));
if (values.report)
  writeFileSync(
    join(root, "docs/reports/streams.md"),
    reportOf(run, {
      command: `npm run faults -- ${process.argv.slice(2).join(" ")}`,
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}, Node ${process.version}`,
    }),
  );
process.exit(run.violations.length === 0 ? 0 : 1);

function plant(words: string): void {
  const index = PLANTED_BUGS.findIndex(({ name }) => name.includes(words));
  if (index < 0)
    refuse(
      `no bug is called "${words}"`,
      PLANTED_BUGS.map(({ name }) => name),
    );
  process.env["PLANTED_BUG"] = String(index);
}

function refuse(problem: string, known: readonly string[]): never {
  console.error(`${problem}; there are:\n${known.join("\n")}`);
  process.exit(64);
}
