import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentStamp } from "./cache.mjs";
import { execute } from "./execute.mjs";
import { findOnPath } from "./find-program.mjs";

/**
 * The engine's binary, built when its sources have changed.
 * @param {{ root: string, logFile: string }} options
 * @returns {import("./installation.mjs").Installation<{ program: string }>}
 */
export function planEngine({ root, logFile }) {
  const folder = join(root, "engine");
  const program = join(folder, "target", "release", "mib-engine");
  const stampFile = join(folder, "target", "release", "mib-engine.stamp");
  const stamp = () => contentStamp([folder], { skip: /\/(target|golden|tests|benches)$/ });
  const present = existsSync(program) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp();
  const cargo = findOnPath("cargo");
  /** @type {import("./installation.mjs").Tool[]} */
  const tools = [];
  if (!present && cargo === null) tools.push("rust");
  if (!present && !["cc", "gcc", "clang"].some((name) => findOnPath(name) !== null)) tools.push("compiler");
  if (!present && findOnPath("make") === null) tools.push("make");
  return {
    name: "engine",
    present,
    verb: "building",
    tools,
    async install() {
      if (!present) {
        const before = stamp();
        await execute(String(cargo), ["build", "--release", "--locked", "--bin", "mib-engine"], {
          cwd: folder,
          logFile,
        });
        writeFileSync(stampFile, before);
      }
      return { program };
    },
  };
}
