import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** @param {string} name */
export function findOnPath(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder !== "" && isProgram(join(folder, name))) return join(folder, name);
  }
  return null;
}

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * What a program prints, stdout and stderr together, or null when it does not run.
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<string | null>}
 */
export function output(program, args) {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 20_000 }, (error, stdout, stderr) => resolve(error ? null : stdout + stderr));
  });
}
