// Runs every generator: what follows from a contract is written by one command. With `--check` nothing is written, and the
// exit code is 1 when a file is not what it would be.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const generators = globSync("scripts/generate-*.ts", { cwd: root }).sort();
const failed = generators.filter(
  (script) =>
    spawnSync(process.execPath, [script, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" }).status !== 0,
);
if (failed.length > 0) process.exitCode = 1;
