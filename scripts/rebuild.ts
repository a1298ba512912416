/**
 * Makes anew what a part derives from Kafka and PostgreSQL: docs/rebuild.md. Where the environment does not say where they
 * are, they are those of the local stack that runs.
 */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readRuns } from "./local/run-file.mjs";

const USAGE = "npm run rebuild -- analytics|vector-search [--set NAME] [--data FOLDER]";
const EXIT = { usage: 64, signalled: 130 };
const ROOT = resolve(import.meta.dirname, "..");
/** Which program, and which server of the local stack it needs, by its variable. */
const PROGRAMS: Readonly<Record<string, { file: string; variable: string; server: string }>> = {
  analytics: { file: "subgraphs/analytics/src/rebuild.ts", variable: "DATABASE_URL", server: "postgres" },
  "vector-search": { file: "subgraphs/vector-search/src/rebuild.ts", variable: "QDRANT_URL", server: "vector-store" },
};

const request = readRequest();
if (request.problems.length > 0) {
  process.stderr.write(`${request.problems.join("\n")}\n\n${USAGE}\n`);
  process.exitCode = EXIT.usage;
} else {
  const child = spawn(process.execPath, ["--max-old-space-size=768", join(ROOT, request.program)], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...request.environment },
  });
  // It ends by itself, and what it then leaves the next one goes on with.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  child.once("exit", (code) => (process.exitCode = code ?? EXIT.signalled));
}

/** The program with its environment, and all that is wrong with the command line. */
function readRequest(): { program: string; environment: Record<string, string>; problems: string[] } {
  const problems: string[] = [];
  const { values, positionals } = parsed(problems);
  const [name, ...more] = positionals;
  const program = Object.hasOwn(PROGRAMS, name ?? "") ? PROGRAMS[name!]! : null;
  if (program === null)
    problems.push(name === undefined ? "what is to be rebuilt is missing" : `${name} is nothing that can be rebuilt`);
  if (more.length > 0) problems.push(`one part at a time: ${more.join(", ")}`);
  const environment = localServers(program ?? PROGRAMS["analytics"]!, values, problems);
  return { program: program?.file ?? "", environment, problems };
}

function parsed(problems: string[]): { values: { set: string | undefined; data: string }; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { set: { type: "string" }, data: { type: "string", default: ".data" } },
    });
    return { values: { set: values.set, data: values.data }, positionals };
  } catch (error) {
    problems.push((error as Error).message);
    return {
      values: { set: undefined, data: ".data" },
      positionals: process.argv.slice(2).filter((word) => !word.startsWith("-")),
    };
  }
}

/** What the environment leaves open, of the one local stack that runs. */
function localServers(
  { variable, server }: { variable: string; server: string },
  { data, set }: { data: string; set: string | undefined },
  problems: string[],
): Record<string, string> {
  if (process.env[variable] && set === undefined) return {};
  const runs = readRuns(resolve(ROOT, data)).filter((run) => set === undefined || run.set === set);
  if (runs.length > 1)
    problems.push(`several stacks run here: choose one by --set ${runs.map((run) => run.set).join("|")}`);
  if (runs.length === 0 && set !== undefined) problems.push(`no stack runs on the data set ${set}`);
  const url = runs[0]?.parts[server]?.url;
  const local = { ...runs[0]?.feedEnvironment, ...(url !== undefined && { [variable]: url }) };
  return Object.fromEntries(Object.entries(local).filter(([name]) => !process.env[name]));
}
