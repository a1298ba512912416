import { createServer } from "node:net";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Part } from "./part.ts";

/** The ports of the stack without an offset. */
export const PORTS = {
  postgres: 15_432,
  redis: 16_379,
  kafka: 19_092,
  "kafka-controller": 19_093,
  "vector-store": 16_333,
  router: 4000,
  "market-data": 4001,
  analytics: 4002,
  "vector-search": 4003,
  auth: 4004,
  notification: 4005,
  exports: 4006,
  relay: 4010,
  feed: 4011,
  engine: 4012,
  /** Of the second engine; two apart for the others, seven at most. */
  "further engines": 4020,
  web: 3000,
} as const;

/** Ports that the Fetch standard forbids, as far as an offset reaches them: browsers and Node's fetch refuse to ask them. */
const FORBIDDEN = new Set([4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080]);

/** Throws when a port that a part needs is taken: all such ports at once, with who has them where that can be seen. */
export async function checkPortsFree(parts: readonly Part[]): Promise<void> {
  const wanted = parts.flatMap(({ name, ports }) => ports.map((port) => ({ name, port })));
  const forbidden = wanted.filter(({ port }) => FORBIDDEN.has(port));
  if (forbidden.length > 0) {
    const lines = forbidden.map(({ name, port }) => `  port ${port}, which ${name} would get, is refused by browsers`);
    throw new Error(`${lines.join("\n")}\nStart with another --port-offset.`);
  }
  const taken = await Promise.all(wanted.map(async (want) => ({ ...want, free: await isFree(want.port) })));
  const busy = taken.filter(({ free }) => !free);
  if (busy.length === 0) return;
  const lines = busy.map(({ name, port }) => `  port ${port}, which ${name} needs, is in use${holder(port)}`);
  throw new Error(
    `${lines.join("\n")}\nEnd what uses ${busy.length === 1 ? "it" : "them"}, or start with other ports: npm start -- --port-offset 100`,
  );
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** So many ports that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const LISTENING = "0A";

/** " by process 123 (java …)" where /proc tells. */
function holder(port: number): string {
  try {
    const hex = port.toString(16).toUpperCase().padStart(4, "0");
    const rows = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
      readFileSync(table, "utf8")
        .split("\n")
        .map((row) => row.trim().split(/\s+/)),
    );
    const inode = rows.find((row) => row[1]?.endsWith(`:${hex}`) && row[3] === LISTENING)?.[9];
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      if (inode !== undefined && holds(pid, `socket:[${inode}]`)) {
        return ` by process ${pid} (${readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim().slice(0, 80)})`;
      }
    }
  } catch {
    // Not Linux, or not for us to see: the port is enough.
  }
  return "";
}

function holds(pid: string, target: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === target);
  } catch {
    return false;
  }
}
