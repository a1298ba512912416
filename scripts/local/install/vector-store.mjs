import { join } from "node:path";
import { cachedFolder, contentStamp } from "./cache.mjs";
import { execute } from "./execute.mjs";

/** @typedef {{ url: string } | { python: string, pythonPath: string }} VectorStore */

/**
 * QDRANT_URL, else our service over Qdrant's engine with its packages from PyPI. They lie in a folder of their own, so that
 * neither a virtual environment is needed nor the system's Python touched.
 * @param {{ root: string, python: import("./python.mjs").Python | null, logFile: string, forTests?: boolean }} options
 * @returns {import("./installation.mjs").Installation<VectorStore>}
 */
export function planVectorStore({ root, python, logFile, forTests = false }) {
  const url = process.env.QDRANT_URL;
  if (url && !forTests)
    return { name: "vector-store", present: true, verb: "installing", tools: [], install: async () => ({ url }) };
  const service = join(root, "deploy", "local", "vector-store");
  const files = ["requirements.txt", ...(forTests ? ["requirements-test.txt"] : [])].map((file) => join(service, file));
  const cached = cachedFolder(
    forTests ? "vector-store-tests" : "vector-store",
    contentStamp(files, { extra: python?.version ?? "" }),
  );
  return {
    name: "vector-store",
    present: python !== null && cached.present,
    verb: "installing",
    tools: python === null ? ["python"] : [],
    async install() {
      const { path } = /** @type {import("./python.mjs").Python} */ (python);
      if (!cached.present) {
        const requirements = String(files.at(-1));
        await cached.fill((folder) =>
          execute(
            path,
            [
              "-m",
              "pip",
              "install",
              "--quiet",
              "--disable-pip-version-check",
              "--no-warn-script-location",
              "--root-user-action=ignore",
              "--only-binary=:all:",
              "--target",
              folder,
              "-r",
              requirements,
            ],
            { logFile },
          ),
        );
      }
      return { python: path, pythonPath: `${service}:${cached.folder}` };
    },
  };
}
