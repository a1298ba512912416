import { join } from "node:path";
import type { Installed } from "./install/plan.mjs";
import type { Part } from "./part.ts";
import { PORTS } from "./ports.ts";

export interface EnginesOptions {
  setFolder: string;
  portOffset: number;
  /** How many engines share the instruments. */
  shards: number;
  installed: Promise<Installed["engine"]>;
  /** How an engine gets to Kafka. */
  environment: Record<string, string>;
  ready(adminUrl: string): Promise<void>;
}

/** Longer socket paths than this do not fit into the kernel's address. */
const SOCKET_PATH_MAX = 100;
/** From one further engine's admin port to the next one's: each may need a second port. */
const PORTS_APART = 2;

/** The engine, or as many as share the instruments, and their addresses in the order of their shards. */
export function engineParts({ shards, ...options }: EnginesOptions): { engines: Part[]; addresses: string[] } {
  const engines = Array.from({ length: shards }, (_, shard) => enginePart(options, shard, shards));
  return { engines: engines.map(({ part }) => part), addresses: engines.map(({ address }) => address) };
}

/** The first has the folder, the ports and the socket of the only one. */
function enginePart(
  { setFolder, portOffset, installed, environment, ready }: Omit<EnginesOptions, "shards">,
  shard: number,
  shards: number,
): { part: Part; address: string } {
  const file = shard === 0 ? "engine" : `engine-${shard}`;
  const adminPort = portOffset + (shard === 0 ? PORTS.engine : PORTS["further engines"] + (shard - 1) * PORTS_APART);
  const socket = join(setFolder, `${file}.sock`);
  const address = socket.length <= SOCKET_PATH_MAX ? `unix:${socket}` : `tcp:127.0.0.1:${adminPort + 1}`;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const part: Part = {
    name: shards === 1 ? "engine" : `engine-${shard}`,
    layer: "ENGINE",
    after: ["provision"],
    ports: address.startsWith("tcp:") ? [adminPort, adminPort + 1] : [adminPort],
    adminUrl,
    restart: "ALWAYS",
    ready: () => ready(adminUrl),
    program: async () => ({
      command: (await installed).program,
      args: shards === 1 ? [] : ["--shard", `${shard}/${shards}`],
      env: {
        ...environment,
        ENGINE_DATA_DIR: join(setFolder, file),
        ENGINE_LISTEN: address,
        HOST: "127.0.0.1",
        ADMIN_PORT: String(adminPort),
      },
    }),
  };
  return { part, address };
}
