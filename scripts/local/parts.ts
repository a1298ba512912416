import { join } from "node:path";
import type { StackOptions } from "./command-line.mjs";
import type { Keys } from "./data-set.ts";
import { engineParts } from "./engines.ts";
import type { Installed } from "./install/plan.mjs";
import type { Part } from "./part.ts";
import { PORTS } from "./ports.ts";
import { serverParts } from "./servers/servers.ts";

export interface StackContext {
  root: string;
  options: StackOptions;
  keys: Keys;
  installed: { [Name in keyof Installed]: Promise<Installed[Name]> };
  notice(text: string): void;
}

type NodePart = Omit<Part, "program" | "ready" | "adminUrl" | "url" | "restart"> & {
  main: string;
  env: Record<string, string>;
  args?: string[];
  built?: Promise<unknown>;
  url?: string;
  restart?: Part["restart"];
};

/** The heap is bounded well below what Node would take on a large machine. */
const NODE_OPTIONS = ["--max-old-space-size=768"];

/** All parts of the stack, each with what it needs: the list that `npm start` starts. */
export function stackParts({ root, options, keys, installed, notice }: StackContext): {
  parts: Part[];
  feedEnvironment: Record<string, string>;
} {
  const port = Object.fromEntries(
    Object.entries(PORTS).map(([name, base]) => [name, base + options.portOffset]),
  ) as Record<keyof typeof PORTS, number>;
  const local = (name: keyof typeof PORTS) => `http://127.0.0.1:${port[name]}`;
  const servers = serverParts({ root, setFolder: options.setFolder, ports: port, installed, notice });

  const kafka = { KAFKA_BROKERS: servers.kafka.url, KAFKAJS_NO_PARTITIONER_WARNING: "1" };
  const subgraph = {
    ...kafka,
    DATABASE_URL: servers.postgres.url,
    IDENTITY_PUBLIC_KEY_FILE: keys.identityPublicKeyFile,
  };
  const { engines, addresses } = engineParts({
    setFolder: options.setFolder,
    portOffset: options.portOffset,
    shards: options.shards,
    installed: installed.engine,
    environment: kafka,
    ready: isReady,
  });
  const engineNames = engines.map(({ name }) => name);
  const engine = { ENGINE_ADDRESS: addresses.join(",") };
  const feedEnvironment = { ...kafka, ...engine };

  const node = ({ main, env, args = [], built, restart = "ALWAYS", ...part }: NodePart): Part => {
    const adminUrl = `http://127.0.0.1:${part.ports[0]}`;
    return {
      ...part,
      ...(part.ports.length > 0 && { adminUrl }),
      restart,
      program: async () => {
        await Promise.all([installed.npm, built]);
        return {
          command: process.execPath,
          args: [...NODE_OPTIONS, join(root, main), ...args],
          cwd: root,
          env: { HOST: "127.0.0.1", ...env },
        };
      },
      ready: () => isReady(adminUrl),
    };
  };
  const withPort = (name: keyof typeof PORTS, variable = "PORT") => ({
    name,
    ports: [port[name]],
    env: { [variable]: String(port[name]) },
  });
  const subgraphPart = (
    name: "market-data" | "analytics" | "vector-search" | "auth" | "notification",
    after: string[],
    env: Record<string, string> = {},
  ): Part => {
    const own = withPort(name);
    return node({
      ...own,
      layer: "SERVICE",
      url: `${local(name)}/graphql`,
      after: ["postgres", "provision", ...after],
      main: `subgraphs/${name}/src/main.ts`,
      env: { ...own.env, ...subgraph, ...env },
    });
  };

  const provision = node({
    name: "provision",
    layer: "SERVER",
    ports: [],
    after: ["kafka"],
    restart: "NEVER",
    main: "scripts/provision.ts",
    env: kafka,
  });
  if (options.onlyServers) return { parts: [...Object.values(servers), provision], feedEnvironment };

  const relay = withPort("relay", "ADMIN_PORT");
  const router = withPort("router");
  const web = withPort("web");
  const exports = withPort("exports");
  const feed = withPort("feed", "ADMIN_PORT");
  const upstream = {
    MARKET_DATA_URL: local("market-data"),
    ANALYTICS_URL: local("analytics"),
    VECTOR_SEARCH_URL: local("vector-search"),
    AUTH_URL: local("auth"),
    NOTIFICATION_URL: local("notification"),
    ENGINE_ADMIN_URL: local("engine"),
    RELAY_ADMIN_URL: local("relay"),
  };
  const graphqlUrl = `http://localhost:${port.router}/graphql`;

  const parts: Part[] = [
    ...Object.values(servers),
    provision,
    ...engines,
    node({
      ...relay,
      layer: "SERVICE",
      after: ["redis", "provision"],
      main: "relay/src/main.ts",
      env: { ...relay.env, ...kafka, REDIS_URL: servers.redis.url },
    }),
    subgraphPart("market-data", engineNames, engine),
    subgraphPart("analytics", [], engine),
    subgraphPart("vector-search", ["vector-store", ...engineNames], {
      QDRANT_URL: servers["vector-store"].url,
      ...engine,
    }),
    subgraphPart("auth", [], { AUTH_SIGNING_KEY_FILE: keys.authSigningKeyFile }),
    subgraphPart("notification", []),
    node({
      ...router,
      layer: "EDGE",
      url: graphqlUrl,
      after: ["redis"],
      main: "router/src/main.mjs",
      env: {
        ...router.env,
        ...upstream,
        ...kafka,
        REDIS_URL: servers.redis.url,
        IDENTITY_PRIVATE_KEY_FILE: keys.identityPrivateKeyFile,
        CURSOR_KEYS_FILE: keys.cursorKeysFile,
      },
    }),
    node({
      ...exports,
      layer: "EDGE",
      url: `http://localhost:${port.exports}/exports`,
      after: [],
      main: "exports/src/main.ts",
      env: { ...exports.env, GRAPHQL_URL: `${local("router")}/graphql` },
    }),
    node({
      ...web,
      layer: "EDGE",
      url: `http://localhost:${port.web}`,
      after: [],
      built: installed.web,
      main: "web/server.ts",
      env: { ...web.env, GRAPHQL_URL: graphqlUrl },
    }),
  ];
  if (options.feed !== "none") {
    parts.push(
      node({
        ...feed,
        layer: "FEED",
        after: parts.map(({ name }) => name),
        restart: "ON_FAILURE",
        main: "feeds/src/main.ts",
        args: options.feedArguments,
        env: { ...feed.env, ...feedEnvironment },
      }),
    );
  }
  return { parts, feedEnvironment };
}

/** Throws with the names of the checks that fail. */
async function isReady(adminUrl: string): Promise<void> {
  const response = await fetch(`${adminUrl}/ready`, { signal: AbortSignal.timeout(5_000) });
  if (response.status === 200) return void (await response.arrayBuffer());
  const { checks = {} } = (await response.json().catch(() => ({}))) as {
    checks?: Record<string, { ok: boolean; detail?: unknown }>;
  };
  const failing = Object.entries(checks)
    .filter(([, { ok }]) => !ok)
    .map(([name, { detail }]) => `${name} (${JSON.stringify(detail ?? "not yet")})`);
  throw new Error(
    failing.length > 0 ? `these checks fail: ${failing.join(", ")}` : `/ready answers ${response.status}`,
  );
}
