import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentStamp } from "./cache.mjs";
import { execute } from "./execute.mjs";

/**
 * The built page, built when its sources have changed. The npm packages come first.
 * @param {{ root: string, logFile: string }} options
 * @returns {import("./installation.mjs").Installation<void>}
 */
export function planWeb({ root, logFile }) {
  const folder = join(root, "web");
  const stampFile = join(folder, "dist", ".stamp");
  const stamp = () =>
    contentStamp([folder, join(root, "packages", "client"), join(root, "package-lock.json")], {
      skip: /\/(dist|node_modules)$/,
    });
  const present =
    existsSync(join(folder, "dist", "index.html")) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, "utf8") === stamp();
  return {
    name: "web",
    present,
    verb: "building",
    tools: [],
    async install() {
      if (present) return;
      const before = stamp();
      const bin = join(root, "node_modules", ".bin");
      await execute(join(bin, "node"), [join(root, "node_modules", "vite", "bin", "vite.js"), "build"], {
        cwd: folder,
        logFile,
      });
      writeFileSync(stampFile, before);
    },
  };
}
