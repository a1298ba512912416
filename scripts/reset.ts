/** Clears data sets: all of them, or the one that `--set` names. One that is in use is left alone. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isFolder } from "./local/data-set.ts";
import { diskBytes } from "./local/disk.ts";
import { readRun } from "./local/run-file.mjs";
import { postgresDataFolder, SHARED_FOLDER } from "./local/servers/postgres.ts";

const { values } = parseArgs({ options: { set: { type: "string" }, data: { type: "string", default: ".data" } } });
const dataFolder = resolve(import.meta.dirname, "..", values.data);
const sets = (existsSync(dataFolder) ? readdirSync(dataFolder) : []).filter(
  (name) => existsSync(join(dataFolder, name, "set.json")) || (name === values.set && isFolder(join(dataFolder, name))),
);
const wanted = values.set === undefined ? sets : sets.filter((name) => name === values.set);

if (wanted.length === 0)
  process.stdout.write(
    `there is nothing to clear in ${dataFolder}${values.set === undefined ? "" : ` under the name ${values.set}`}\n`,
  );
for (const name of wanted) {
  const folder = join(dataFolder, name);
  const run = readRun(folder);
  if (run !== null) {
    process.stderr.write(`${name} is in use by process ${run.pid}: end it first\n`);
    process.exitCode = 1;
    continue;
  }
  const bytes = await diskBytes(folder);
  const database = postgresDataFolder(folder);
  if (database.startsWith(`${SHARED_FOLDER}/postgres-`)) rmSync(database, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`cleared ${name}, ${(bytes / 1e6).toFixed(0)} MB\n`);
}
