import { watch } from "node:fs";
import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { planEngine } from "./install/engine.mjs";
import { planWeb } from "./install/web.mjs";
import type { Part } from "./part.ts";
import type { Supervisor } from "./supervisor.ts";

const QUIET_MS = 200;
/** Where a part's sources are, when it is not in a folder of its name. */
const FOLDERS: Record<string, string> = {
  "market-data": "subgraphs/market-data",
  analytics: "subgraphs/analytics",
  "vector-search": "subgraphs/vector-search",
  auth: "subgraphs/auth",
  notification: "subgraphs/notification",
  feed: "feeds",
  "vector-store": "deploy/local/vector-store",
};
const WATCHED = [
  "packages",
  "subgraphs",
  "router",
  "relay",
  "feeds",
  "web",
  "engine",
  join("deploy", "local", "vector-store"),
];
const IGNORED = /(^|\/)(node_modules|target|dist|__pycache__|tests?)(\/|$)|\.test\.ts$|\.md$|\.partial$/;

/** Restarts what changed: the part whose file it is, or all that depend on the package. Engine and page are built first. */
export function restartOnChange({
  root,
  parts,
  supervisor,
  print,
}: {
  root: string;
  parts: readonly Part[];
  supervisor: Supervisor;
  print(text: string): void;
}): void {
  const folders = new Map(
    parts.map(({ name, layer }) => [name, layer === "ENGINE" ? "engine" : (FOLDERS[name] ?? name)]),
  );
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let working = Promise.resolve();
  for (const folder of WATCHED) {
    watch(join(root, folder), { recursive: true }, (_, file) => {
      const path = join(folder, file ?? "")
        .split(sep)
        .join("/");
      if (file === null || IGNORED.test(path)) return;
      changed.add(path);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const paths = [...changed];
        changed.clear();
        working = working.then(() => apply(paths)).catch((error: unknown) => print((error as Error).message));
      }, QUIET_MS);
    });
  }
  print("  watching for changes\n");

  async function apply(paths: string[]): Promise<void> {
    const affected = new Set(
      paths.flatMap((path) =>
        [...folders].filter(([, folder]) => isAffected(root, folder, path)).map(([name]) => name),
      ),
    );
    const logFile = (name: string) => join(root, ".data", "dev", `build-${name}.log`);
    if ([...affected].some((name) => folders.get(name) === "engine"))
      await planEngine({ root, logFile: logFile("engine") }).install();
    if (affected.delete("web")) await planWeb({ root, logFile: logFile("web") }).install();
    for (const name of affected) supervisor.restart(name);
    if (affected.size > 0)
      print(
        `  changed: ${relative(root, join(root, paths[0]!))}${paths.length > 1 ? " and more" : ""} → ${[...affected].join(", ")}`,
      );
  }
}

/** Whether a part in this folder has to be started again when this file changes. */
function isAffected(root: string, folder: string, path: string): boolean {
  if (path.startsWith(`${folder}/`)) return true;
  const [, changedPackage] = /^packages\/([^/]+)\//.exec(path) ?? [];
  return changedPackage !== undefined && dependsOn(root, folder, `@mib/${changedPackage}`, new Set());
}

function dependsOn(root: string, folder: string, wanted: string, seen: Set<string>): boolean {
  if (seen.has(folder)) return false;
  seen.add(folder);
  let dependencies: Record<string, string>;
  try {
    ({ dependencies = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    });
  } catch {
    return false;
  }
  return Object.keys(dependencies).some(
    (name) =>
      name === wanted ||
      (name.startsWith("@mib/") && dependsOn(root, `packages/${name.slice("@mib/".length)}`, wanted, seen)),
  );
}
