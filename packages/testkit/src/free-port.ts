import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that systems give to connections (Linux from 32 768 on, others from 49 152): one of those could have it a moment later. */
const PORTS = { from: 20_000, to: 32_000 };
/** Two workers of vitest side by side take theirs from different halves: what one was given may not listen yet when the other looks. */
const HALF = (PORTS.to - PORTS.from) / 2;
const TRIES_MAX = 100;
/** Of this process: what a port was asked for may not listen on it yet. */
const given = new Set<number>();

/** A port of the loopback address that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const from = PORTS.from + (Number(process.env["VITEST_POOL_ID"] ?? 1) % 2) * HALF;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = from + randomInt(HALF);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`of ${TRIES_MAX} ports from ${from} to ${from + HALF} none was free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
