import { copyFileSync, readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

const LOG_BYTES_MAX = 50_000_000;

/** Keeps each log file bounded: past the bound its content moves to NAME.1, and its writer goes on at its beginning. */
export function boundLogs(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".log"))) {
    const path = join(folder, name);
    if (statSync(path).size <= LOG_BYTES_MAX) continue;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  }
}
