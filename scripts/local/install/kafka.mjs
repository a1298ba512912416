import { readdirSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder, contentStamp } from "./cache.mjs";
import { execute } from "./execute.mjs";
import { findOnPath } from "./find-program.mjs";

/** @typedef {{ brokers: string } | { java: import("./java.mjs").Java, folder: string, classPath: string }} Kafka */

/**
 * KAFKA_BROKERS, else Kafka's own jars: cached, or from Maven.
 * @param {{ root: string, java: import("./installation.mjs").Installation<import("./java.mjs").Java>, logFile: string }} options
 * @returns {import("./installation.mjs").Installation<Kafka>}
 */
export function planKafka({ root, java, logFile }) {
  const brokers = process.env.KAFKA_BROKERS;
  if (brokers)
    return { name: "kafka", present: true, verb: "installing", tools: [], install: async () => ({ brokers }) };
  const pom = join(root, "deploy", "local", "kafka", "pom.xml");
  const cached = cachedFolder("kafka", contentStamp([pom]));
  const mvn = findOnPath("mvn");
  return {
    name: "kafka",
    present: cached.present && java.present,
    verb: "installing",
    tools: [...java.tools, ...(cached.present || mvn !== null ? [] : /** @type {const} */ (["maven"]))],
    async install() {
      const found = await java.install();
      if (!cached.present) {
        await cached.fill((folder) =>
          execute(
            String(mvn),
            [
              "-q",
              "-B",
              "-f",
              pom,
              "dependency:copy-dependencies",
              "-DincludeScope=runtime",
              `-DoutputDirectory=${join(folder, "libs")}`,
            ],
            { logFile, env: found.home === null ? {} : { JAVA_HOME: found.home } },
          ),
        );
      }
      // A class-data archive belongs to one class path: always in the same order, and never `*`.
      const libs = join(cached.folder, "libs");
      const classPath = readdirSync(libs)
        .filter((name) => name.endsWith(".jar"))
        .sort()
        .map((name) => join(libs, name))
        .join(":");
      return { java: found, folder: cached.folder, classPath };
    },
  };
}
