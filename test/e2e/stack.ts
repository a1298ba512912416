import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { eventually } from "@mib/testkit/eventually";
import type { Collected } from "./graphql.ts";

/** What `npm start` writes about a running stack: `<data>/<set>/run.json`. */
interface RunFile {
  parts: Record<string, { pid: number | null; url?: string; adminUrl?: string }>;
}

/** The platform, started by its own command and asked from outside. */
export interface Stack {
  routerUrl: string;
  webUrl: string;
  dataDir: string;
  subgraphUrl(name: string): string;
  adminUrl(part: string): string;
  /** The value of a counter or gauge of a part, summed over its labels; 0 when it does not show it. */
  metric(part: string, name: string): Promise<number>;
  /** Waits until the router serves at least so many subscriptions; fails with what these were told instead. */
  subscriptions(count: number, collected?: readonly Collected[]): Promise<void>;
  /** Runs `npm run feed` beside the stack and returns when the feed has ended. */
  feed(args: string[]): Promise<void>;
  /** Starts `npm run feed` and returns at once. */
  startFeed(args: string[]): ChildProcess;
  /** Ends a part with SIGKILL and returns when another process has taken its place and is ready. */
  kill(part: string): Promise<void>;
  pid(part: string): number;
  output(): string;
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 420_000;
let nextOffset = 8_000 + (process.pid % 40) * 20;

export async function startStack({
  args = [],
  dataDir,
  env = {},
}: { args?: string[]; dataDir?: string; env?: Record<string, string> } = {}): Promise<Stack> {
  const data = dataDir ?? mkdtempSync(join(tmpdir(), "mib-e2e-"));
  // PostgreSQL runs as another user when we are root.
  chmodSync(data, 0o755);
  const offset = nextOffset;
  nextOffset += 1_000;
  const common = ["--port-offset", String(offset), "--data", data];
  let text = "";
  const child = spawn(process.execPath, ["scripts/start.mjs", ...common, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  mkdirSync(".data/e2e", { recursive: true });
  const log = createWriteStream(`.data/e2e/stack-${offset}.log`);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      log.write(chunk);
    });
  }
  let exit: number | null = null;
  child.once("exit", (code) => void (exit = code ?? -1));

  const ended = async () => {
    if (exit === null) {
      child.kill("SIGINT");
      await new Promise((resolve) => child.once("exit", resolve));
    }
    log.end();
  };
  const readRun = (): RunFile | null => {
    const file = readdirSync(data)
      .map((set) => join(data, set, "run.json"))
      .find((path) => existsSync(path));
    return file === undefined ? null : (JSON.parse(readFileSync(file, "utf8")) as RunFile);
  };
  const routerUrl = `http://127.0.0.1:${4000 + offset}/graphql`;
  await eventually(
    async () => {
      if (exit !== null) throw new Fatal(`npm start ended with ${exit}:\n${text.slice(-4_000)}`);
      const response = await fetch(routerUrl.replace("/graphql", "/ready"));
      if (response.status !== 200) throw new Error(`the router is not ready: ${await response.text()}`);
      if (!text.includes(routerUrl.replace("127.0.0.1", "localhost"))) throw new Error("the table is not there yet");
    },
    { deadlineMs: START_DEADLINE_MS, giveUpOn: Fatal },
  ).catch(async (error: unknown) => {
    await ended();
    throw new Error(`npm start did not come up:\n${text.slice(-4_000)}`, { cause: error });
  });

  const PORTS: Record<string, number> = {
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
    web: 3000,
  };
  const adminUrl = (part: string) => `http://127.0.0.1:${PORTS[part]! + offset}`;
  const feedChild = (feedArgs: string[]) => {
    const feed = spawn(process.execPath, ["scripts/feed.mjs", ...common, ...feedArgs], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [feed.stdout, feed.stderr]) stream.on("data", (chunk: Buffer) => void log.write(chunk));
    return feed;
  };

  const stack: Stack = {
    routerUrl,
    webUrl: `http://127.0.0.1:${3000 + offset}`,
    dataDir: data,
    subgraphUrl: (name) => `${adminUrl(name)}/graphql`,
    adminUrl,
    output: () => text,
    async metric(part, name) {
      const metrics = await (await fetch(`${adminUrl(part)}/metrics`)).text();
      const values = [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, "gm"))].map(([, value]) =>
        Number(value),
      );
      return values.reduce((sum, value) => sum + value, 0);
    },
    async subscriptions(count, collected = []) {
      await eventually(
        async () => {
          const open = await stack.metric("router", "router_subscriptions_open");
          const told = collected.map(({ errors }) => errors.map((error) => inspect(error, { depth: 1 })));
          if (open < count) throw new Error(`${open} of ${count} subscriptions are open: ${JSON.stringify(told)}`);
        },
        { deadlineMs: 30_000 },
      );
    },
    startFeed: feedChild,
    async feed(feedArgs) {
      const feed = feedChild(feedArgs);
      const code = await new Promise<number | null>((resolve) => feed.once("exit", resolve));
      if (code !== 0) throw new Error(`the feed ended with ${code}`);
    },
    pid: (part) => {
      const pid = readRun()?.parts[part]?.pid;
      if (pid == null) throw new Error(`${part} does not run`);
      return pid;
    },
    async kill(part) {
      const before = stack.pid(part);
      process.kill(before, "SIGKILL");
      await eventually(
        async () => {
          if (stack.pid(part) === before) throw new Error(`${part} has not come back`);
          if (part in PORTS) {
            const response = await fetch(`${adminUrl(part)}/ready`);
            if (response.status !== 200) throw new Error(`${part} is not ready: ${await response.text()}`);
          }
        },
        { deadlineMs: 90_000 },
      );
    },
    async stop() {
      await ended();
      if (dataDir === undefined) rmSync(data, { recursive: true, force: true });
    },
  };
  return stack;
}

/** A failure that waiting can't mend. */
class Fatal extends Error {}
