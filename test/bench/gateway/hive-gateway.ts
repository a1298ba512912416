import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../../../scripts/local/install/cache.mjs";

const VERSIONS = { "@graphql-hive/gateway": "2.15.1", "@graphql-hive/router-runtime": "1.4.23" };

const PACKAGE = {
  private: true,
  type: "module",
  dependencies: { ...VERSIONS, graphql: "16" },
  // The newest one asks for a package that another one of its dependencies does not get along with.
  overrides: { "@graphql-tools/batch-execute": "10.2.0" },
};

/** Like all that is measured here, it shares no requests, neither those of clients nor those to subgraphs. */
const CONFIG = `export const gatewayConfig = {
  logging: false,
  inboundInflightRequestDeduplication: false,
  transportEntries: { "*.http": { options: { deduplicateInflightRequests: false } } },
};
`;

/** Hive Gateway with its planner in Rust. Its packages are installed when they are first needed, beside the servers of `npm start`. */
export async function installHiveGateway(): Promise<{ name: string; command: string[]; path: string }> {
  const version = VERSIONS["@graphql-hive/gateway"];
  const { folder, present, fill } = cachedFolder("hive-gateway", version);
  if (!present) {
    await fill(async (partial) => {
      writeFileSync(join(partial, "package.json"), JSON.stringify(PACKAGE));
      writeFileSync(join(partial, "gateway.config.js"), CONFIG);
      execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
        cwd: partial,
        stdio: "inherit",
      });
    });
  }
  return {
    name: `@graphql-hive/gateway ${version} + @graphql-hive/router-runtime ${VERSIONS["@graphql-hive/router-runtime"]}`,
    command: [
      process.execPath,
      join(folder, "node_modules/@graphql-hive/gateway/dist/bin.js"),
      "supergraph",
      "{supergraph}",
      "--hive-router-runtime",
      "--host=127.0.0.1",
      "--port={port}",
      `--config-path=${join(folder, "gateway.config.js")}`,
    ],
    path: "/graphql",
  };
}
