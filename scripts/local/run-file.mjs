import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTime } from "./reaper.mjs";

/**
 * What is known of a running stack from outside: `run.json` in its data set's folder.
 * @typedef {object} Run
 * @property {number} pid  of the supervisor
 * @property {string} startTime  tells the process from a later one with the same id
 * @property {string} set
 * @property {string} setFolder
 * @property {number} portOffset
 * @property {string} feed
 * @property {string} startedAt
 * @property {Record<string, string>} feedEnvironment  how a feed gets to its engine and to Kafka
 * @property {Record<string, { pid: number | null, state: string, url?: string, adminUrl?: string }>} parts
 */

/**
 * The stack that runs on this data set, or null. A file left behind by one that was killed counts as none.
 * @param {string} setFolder
 * @returns {Run | null}
 */
export function readRun(setFolder) {
  const file = join(setFolder, "run.json");
  if (!existsSync(file)) return null;
  try {
    const run = JSON.parse(readFileSync(file, "utf8"));
    process.kill(run.pid, 0);
    return startTime(run.pid) === run.startTime ? run : null;
  } catch {
    return null;
  }
}

/**
 * Every stack that runs on a set of this folder.
 * @param {string} dataFolder
 * @returns {Run[]}
 */
export function readRuns(dataFolder) {
  if (!existsSync(dataFolder)) return [];
  return readdirSync(dataFolder).flatMap((set) => readRun(join(dataFolder, set)) ?? []);
}

/** @param {string} setFolder @param {Run} run */
export function writeRun(setFolder, run) {
  writeAtomically(join(setFolder, "run.json"), JSON.stringify(run, null, 2));
}

/** @param {string} setFolder */
export function removeRun(setFolder) {
  rmSync(join(setFolder, "run.json"), { force: true });
}

/** Replaces a file as a whole; only its owner can read it. @param {string} file @param {string} text */
export function writeAtomically(file, text) {
  writeFileSync(`${file}.partial`, text, { mode: 0o600 });
  renameSync(`${file}.partial`, file);
}
