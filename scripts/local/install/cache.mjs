import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where downloads are kept for all clones of this user. */
function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "market-intel-brain");
}

/**
 * The folder of one thing in one version. A folder that is there is whole: it is filled under another name and renamed.
 * @param {string} name
 * @param {string} version
 */
export function cachedFolder(name, version) {
  const folder = join(cacheFolder(), `${name}-${version}`);
  return {
    folder,
    present: existsSync(folder),
    /** @param {(folder: string) => Promise<void>} fill */
    async fill(fill) {
      const partial = `${folder}.partial-${process.pid}`;
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      try {
        await fill(partial);
        renameSync(partial, folder);
      } catch (error) {
        rmSync(partial, { recursive: true, force: true });
        // Another process may have filled it meanwhile.
        if (!existsSync(folder)) throw error;
      }
    },
  };
}

/**
 * A hash of files and folders with their names, for "has anything changed since".
 * @param {string[]} paths
 * @param {{ skip?: RegExp, extra?: string }} [options]
 */
export function contentStamp(paths, { skip, extra = "" } = {}) {
  const hash = createHash("sha256").update(extra);
  /** @param {string} path */
  const add = (path) => {
    if (skip?.test(path)) return;
    let names;
    try {
      names = readdirSync(path).sort();
    } catch {
      if (existsSync(path)) hash.update(`${path}\0`).update(readFileSync(path)).update("\0");
      return;
    }
    for (const name of names) add(join(path, name));
  };
  for (const path of paths) add(path);
  return hash.digest("hex").slice(0, 16);
}
