import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { execute } from "./execute.mjs";
import { findOnPath } from "./find-program.mjs";

/**
 * The packages of package-lock.json, installed when node_modules holds others.
 * @param {{ root: string, logFile: string }} options
 * @returns {import("./installation.mjs").Installation<void>}
 */
export function planNpmPackages({ root, logFile }) {
  const present = existsSync(join(root, "node_modules", ".bin", "node")) && holdsLockedPackages(root);
  // Beside the running Node, when PATH has none.
  const npm =
    findOnPath("npm") ??
    (existsSync(join(dirname(process.execPath), "npm")) ? join(dirname(process.execPath), "npm") : null);
  return {
    name: "npm",
    present,
    verb: "installing",
    tools: present || npm !== null ? [] : ["node"],
    async install() {
      if (!present)
        await execute(String(npm), ["ci", "--loglevel=warn", "--no-audit", "--no-fund", "--prefer-offline"], {
          cwd: root,
          logFile,
        });
    },
  };
}

/** npm writes down what it installed; it left out what is optional and not for this machine. @param {string} root */
function holdsLockedPackages(root) {
  try {
    const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
    const installed = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")).packages;
    return Object.entries(wanted).every(([path, { version, integrity, link, optional, peer }]) => {
      if (!path.startsWith("node_modules/") && !path.includes("/node_modules/")) return true;
      const found = installed[path];
      if (found === undefined) return optional === true || peer === true;
      return found.version === version && found.integrity === integrity && found.link === link;
    });
  } catch {
    return false;
  }
}

// By itself: `node scripts/local/install/npm-packages.mjs` installs what is not there.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(import.meta.dirname ?? dirname(process.argv[1]), "../../..");
  await planNpmPackages({ root, logFile: join(root, ".data", "install-npm.log") }).install();
}
