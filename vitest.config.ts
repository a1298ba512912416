import { globSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { needsServers } from "./test/needs-servers.ts";

const EXCLUDED = ["**/node_modules/**", "**/dist/**", "**/target/**", ".data/**"];
const FOLDERS = ["packages", "subgraphs", "router", "relay", "feeds", "exports", "web", "scripts", "deploy", "test"];
const WHOLE_PLATFORM = ["test/e2e/**/*.test.ts"];
/** How many files run side by side, each worker with servers of its own. */
const WORKERS = process.env.TEST_WORKERS === undefined ? null : Number(process.env.TEST_WORKERS);

const files = globSync(
  FOLDERS.map((folder) => `${folder}/**/*.test.ts`),
  { exclude: ["**/node_modules/**", "**/dist/**", ...WHOLE_PLATFORM] },
);
const [withServers, alone] = [files.filter((file) => needsServers(file)), files.filter((file) => !needsServers(file))];

const graphqlFile = (path: string) => resolve(import.meta.dirname, "node_modules/graphql", path);

/**
 * Time limits end a test that hangs; what a test waits for has its own deadline.
 *
 * unit: nothing but the code. servers: real PostgreSQL, Redis, Kafka and vector store, a set for each worker: files share
 * topics, and in each topic one epoch follows another, so that two at a time on one set would look like a history that is over.
 * e2e: the whole platform, one file after another. Which of the first two a file belongs to is read from its imports.
 */
export default defineConfig({
  resolve: {
    // The files that Node takes. Vite would take the ES modules, and Apollo's packages would meet a second graphql.
    alias: [
      { find: /^graphql$/, replacement: graphqlFile("index.js") },
      { find: /^graphql\/(.*?)(\.js)?$/, replacement: graphqlFile("$1.js") },
    ],
  },
  test: {
    exclude: EXCLUDED,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: alone,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...(WORKERS && { maxWorkers: WORKERS }),
        },
      },
      {
        extends: true,
        test: {
          name: "servers",
          include: withServers,
          globalSetup: "test/real-servers.ts",
          setupFiles: "test/servers-of-worker.ts",
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: WORKERS ?? 1,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: WHOLE_PLATFORM,
          testTimeout: 2_400_000,
          hookTimeout: 2_400_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
