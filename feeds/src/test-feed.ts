import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

export interface FeedProcess {
  child: ChildProcess;
  /** What it has written to stdout and stderr. */
  output(): string;
  /** Resolves with the exit code; null after a signal. */
  ended: Promise<number | null>;
}

/** Runs a feed's own program, on any free admin port. */
export function startFeed(args: readonly string[], environment: Record<string, string>): FeedProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ADMIN_PORT: "0", KAFKA_BROKERS: "127.0.0.1:1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, ended: new Promise((done) => child.once("close", (code) => done(code))) };
}
