import { join } from "node:path";
import { planEngine } from "./engine.mjs";
import { planJava } from "./java.mjs";
import { planKafka } from "./kafka.mjs";
import { planNpmPackages } from "./npm-packages.mjs";
import { findPython } from "./python.mjs";
import { planRedis } from "./redis.mjs";
import { planVectorStore } from "./vector-store.mjs";
import { planWeb } from "./web.mjs";

/**
 * What the servers need on this machine, found or still to be installed.
 * @param {{ root: string, logFolder: string }} options
 */
export async function planServers({ root, logFolder }) {
  const logFile = (/** @type {string} */ name) => join(logFolder, `install-${name}.log`);
  const python = await findPython();
  const [java, redis] = await Promise.all([
    planJava({ python, logFile: logFile("java") }),
    planRedis({ python, logFile: logFile("redis") }),
  ]);
  return {
    redis,
    kafka: planKafka({ root, java, logFile: logFile("kafka") }),
    "vector-store": planVectorStore({ root, python, logFile: logFile("vector-store") }),
  };
}

/**
 * What the whole stack needs on this machine.
 * @param {{ root: string, logFolder: string }} options
 */
export async function planStack({ root, logFolder }) {
  const logFile = (/** @type {string} */ name) => join(logFolder, `install-${name}.log`);
  return {
    npm: planNpmPackages({ root, logFile: logFile("npm") }),
    ...(await planServers({ root, logFolder })),
    engine: planEngine({ root, logFile: logFile("engine") }),
    web: planWeb({ root, logFile: logFile("web") }),
  };
}

/** @typedef {Awaited<ReturnType<typeof planStack>>} StackInstallations */
/** @typedef {keyof StackInstallations} InstallationName */
/** What each installation answers. @typedef {{ [Name in InstallationName]: Awaited<ReturnType<StackInstallations[Name]["install"]>> }} Installed */
