/**
 * Runs all tests and ends with one line, `N passed, N failed, N skipped`: the engine's (cargo), the vector store's (pytest) and
 * the rest (vitest: units, real servers, end to end, browser). With words it hands them to vitest alone: `npm test -- relay`.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { findOnPath } from "./local/install/find-program.mjs";
import { findPython } from "./local/install/python.mjs";
import { planVectorStore } from "./local/install/vector-store.mjs";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const root = resolve(import.meta.dirname, "..");
const REASON_MAX = 200;
/** A test that waits runs beside one that computes. Each worker has servers of its own. */
const WORKERS = 2;
const reports = join(root, ".data", "test-reports");
mkdirSync(reports, { recursive: true });
const words = process.argv.slice(2);

const suites: [string, () => Promise<Count>][] =
  words.length > 0
    ? [["vitest", vitest]]
    : [
        ["engine", engine],
        ["vector store", vectorStore],
        ["vitest", vitest],
      ];

const sum: Count = { passed: 0, failed: 0, skipped: 0 };
/** Failed tests, named once more at the end: what they printed may be thousands of lines further up. */
const failures: string[] = [];
for (const [name, run] of suites) {
  process.stdout.write(`\n── ${name}\n`);
  const count = await run().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    process.stdout.write(`${reason}\n`);
    failures.push(`${name}: ${reason}`);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  for (const key of ["passed", "failed", "skipped"] as const) sum[key] += count[key];
}
if (failures.length > 0) process.stdout.write(`\nfailed:\n${failures.map((name) => `  ${name}\n`).join("")}`);
process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
process.exitCode = sum.failed > 0 ? 1 : 0;

/** Release, because the engine that `npm start` builds is: its dependencies are compiled once. */
async function engine(): Promise<Count> {
  if (findOnPath("cargo") === null) throw new Error("cargo is missing: https://rustup.rs");
  const all = ["test", "--release", "--no-fail-fast", "--manifest-path", "engine/Cargo.toml"];
  const workspace = await show("cargo", [...all, "--workspace"]);
  // The ring once more with loom's primitives, in a folder of its own: the flag would build everything anew.
  const models = [...all, "--package", "mib-ring", "--test", "loom", "--target-dir", "engine/target/loom"];
  const loom = await show("cargo", models, { RUSTFLAGS: "--cfg loom" });
  const output = workspace.output + loom.output;
  for (const [, name] of output.matchAll(/^test (.+) \.\.\. FAILED$/gm)) {
    const printed = output.split(`---- ${name} stdout ----\n`)[1]?.split("\n---- ", 1)[0] ?? "";
    const reason = /panicked at ([^]*?)\n(?:note|stack backtrace):/.exec(`${printed}\nnote:`)?.[1] ?? "";
    failures.push(`engine: ${name}: ${reason.replaceAll(/\s+/g, " ").slice(0, REASON_MAX)}`);
  }
  const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)].map(
    ([, ...numbers]) => numbers.map(Number),
  );
  const [passed, failed, skipped] = [0, 1, 2].map((column) =>
    results.reduce((total, row) => total + row[column]!, 0),
  ) as [number, number, number];
  return failIfCode(workspace.code === 0 ? loom.code : workspace.code, { passed, failed, skipped });
}

async function vectorStore(): Promise<Count> {
  const python = await findPython();
  const plan = planVectorStore({ root, python, logFile: join(reports, "install-vector-store.log"), forTests: true });
  if (plan.tools.length > 0) throw new Error("Python ≥ 3.10 with pip is missing");
  const installed = await plan.install();
  if ("url" in installed) throw new Error("the tests start stores of their own");
  const report = join(reports, "vector-store.xml");
  rmSync(report, { force: true });
  const folder = join(root, "deploy", "local", "vector-store");
  const { code } = await show(
    installed.python,
    ["-m", "pytest", "-q", "-p", "no:cacheprovider", `--junitxml=${report}`, folder],
    { PYTHONPATH: installed.pythonPath, PYTHONNOUSERSITE: "1" },
  );
  const [suite = ""] = existsSync(report) ? (/<testsuite [^>]*>/.exec(readFileSync(report, "utf8")) ?? []) : [];
  for (const [, name] of existsSync(report)
    ? readFileSync(report, "utf8").matchAll(/<testcase [^>]*?\bname="([^"]*)"[^>]*><(?:failure|error)/g)
    : [])
    failures.push(`vector store: ${name}`);
  const attribute = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const [failed, skipped] = [attribute("errors") + attribute("failures"), attribute("skipped")];
  return failIfCode(code, { passed: attribute("tests") - failed - skipped, failed, skipped });
}

async function vitest(): Promise<Count> {
  const report = join(reports, "vitest.json");
  rmSync(report, { force: true });
  const { code } = await show(
    process.execPath,
    [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...words,
    ],
    words.length === 0 ? { TEST_WORKERS: String(WORKERS) } : {},
  );
  if (!existsSync(report)) throw new Error("vitest wrote no report");
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
    testResults: {
      name: string;
      status: string;
      message: string;
      assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
    }[];
  };
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status));
  const count = (wanted: (status: string) => boolean) => tests.filter(wanted).length;
  // A file that can't be loaded has no tests to fail.
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  const named = (file: string, test: string, message = "") =>
    `${relative(root, file)}: ${test}: ${message.split("\n", 1)[0]!.slice(0, REASON_MAX)}`;
  for (const { name, message } of brokenFiles) failures.push(named(name, "could not be run", message));
  for (const { name, assertionResults } of testResults)
    for (const { status, fullName, failureMessages } of assertionResults)
      if (status === "failed") failures.push(named(name, fullName, failureMessages[0]));
  const [passed, failed] = [
    count((status) => status === "passed"),
    count((status) => status === "failed") + brokenFiles.length,
  ];
  return failIfCode(code, { passed, failed, skipped: tests.length - passed - count((status) => status === "failed") });
}

/** A run that failed without a failed test has failed all the same. */
function failIfCode(code: number, count: Count): Count {
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

function show(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
  return new Promise((done, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      from.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        to.write(chunk);
      });
    }
    child.once("error", reject);
    child.once("close", (code) => done({ code: code ?? 1, output }));
  });
}
