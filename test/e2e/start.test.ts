import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@mib/testkit/eventually";
import { isFree } from "../../scripts/local/ports.ts";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const STOP_MS_MAX = 10_000;
const START_MS_MAX = 300_000;
const SERVER_PORTS = [15_432, 16_379, 19_092, 19_093, 16_333];
const SERVERS = ["postgres", "redis", "kafka", "vector-store"];

interface RunFile {
  pid: number;
  parts: Record<string, { pid: number | null; state: string; url?: string }>;
}

interface Started {
  child: ChildProcess;
  output(): string;
  exit: Promise<number | null>;
  run(): RunFile;
}

let data: string;
let offset: number;
const started: Started[] = [];

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), "mib-start-"));
  chmodSync(data, 0o755);
  offset = await freeOffset();
});

afterEach(async () => {
  for (const { child, exit } of started.splice(0)) {
    child.kill("SIGINT");
    await exit;
  }
  rmSync(data, { recursive: true, force: true });
});

/** An offset at which the servers' ports are free: other stacks may run on this machine. */
async function freeOffset(): Promise<number> {
  for (;;) {
    const candidate = 2_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(SERVER_PORTS.map((port) => isFree(port + candidate)));
    if (free.every(Boolean)) return candidate;
  }
}

function start(
  args: string[] = ["--only", "servers"],
  { root = ".", env = process.env }: { root?: string; env?: NodeJS.ProcessEnv } = {},
): Started {
  const all = [join(root, "scripts", "start.mjs"), "--data", data, "--port-offset", String(offset), ...args];
  const child = spawn(process.execPath, all, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  const stack: Started = {
    child,
    output: () => output,
    exit: new Promise((resolve) => child.once("close", resolve)),
    run: () => JSON.parse(readFileSync(join(data, "simulator", "run.json"), "utf8")) as RunFile,
  };
  started.push(stack);
  return stack;
}

async function running(stack: Started): Promise<RunFile> {
  class Ended extends Error {}
  void stack.exit.then((code) => void (ended = code ?? -1));
  let ended: number | undefined;
  await eventually(
    () => {
      if (ended !== undefined) throw new Ended(`start ended with ${ended}:\n${stack.output()}`);
      expect(stack.output()).toContain("Ready after");
    },
    { deadlineMs: START_MS_MAX, giveUpOn: Ended },
  );
  return stack.run();
}

const pids = ({ pid, parts }: RunFile) => [pid, ...Object.values(parts).flatMap((part) => part.pid ?? [])];

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended and is not yet collected by its parent runs no more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const allGone = (run: RunFile) =>
  eventually(() => expect(pids(run).filter(alive)).toEqual([]), { deadlineMs: STOP_MS_MAX });

describe("the servers alone", () => {
  test("come up, and Ctrl-C ends all of them within ten seconds and leaves only the data", async () => {
    const stack = start();
    const run = await running(stack);
    expect(Object.keys(run.parts)).toEqual(expect.arrayContaining(SERVERS));
    stack.child.kill("SIGINT");
    await allGone(run);
    expect(await stack.exit).toBe(130);
    expect(existsSync(join(data, "simulator", "run.json"))).toBe(false);
  });

  test("a second start installs and builds nothing, and is refused while the first runs", async () => {
    const first = start();
    await running(first);
    const refused = start();
    expect(await refused.exit).toBe(1);
    expect(refused.output()).toMatch(/in use: npm start runs already as process \d+/);
    first.child.kill("SIGINT");
    await first.exit;
    const second = start();
    await running(second);
    expect(second.output()).not.toMatch(/installing|building/);
  });

  test.each(["launcher", "supervisor"])("nothing is left when the %s is ended with SIGKILL", async (which) => {
    const stack = start();
    const run = await running(stack);
    process.kill(which === "launcher" ? stack.child.pid! : run.pid, "SIGKILL");
    await allGone(run);
  });

  test("a server that is killed comes back, and so does what watches over the rest", async () => {
    const stack = start();
    const before = (await running(stack)).parts.redis!.pid!;
    process.kill(before, "SIGKILL");
    await eventually(
      () => {
        const redis = stack.run().parts.redis!;
        expect(redis.pid).not.toBe(before);
        expect(redis.state).toBe("ready");
      },
      { deadlineMs: 60_000 },
    );
    expect(stack.output()).toContain("it ended with SIGKILL");
  });
});

describe("what Redis holds", () => {
  const onRedis = async <Value>(work: (redis: Redis) => Promise<Value>): Promise<Value> => {
    const redis = new Redis(16_379 + offset);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  };

  test("is there again after an orderly end, and gone after a crash, when it would be old", async () => {
    const first = start();
    await running(first);
    await onRedis((redis) => redis.set("window", "filled"));
    first.child.kill("SIGINT");
    await first.exit;

    const second = start();
    const before = (await running(second)).parts.redis!.pid!;
    expect(await onRedis((redis) => redis.get("window"))).toBe("filled");
    process.kill(before, "SIGKILL");
    await eventually(
      () => expect(second.run().parts.redis).toMatchObject({ state: "ready", pid: expect.not.toBeOneOf([before]) }),
      {
        deadlineMs: 60_000,
      },
    );
    expect(await onRedis((redis) => redis.get("window"))).toBeNull();
  });
});

describe("what can't work is said, with exit code ≠ 0 and nothing left running", () => {
  test("a port that browsers refuse", async () => {
    const stack = start(["--port-offset", String(10_080 - 4000)]);
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain("port 10080, which router would get, is refused by browsers");
  });

  test("a busy port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(16_379 + offset, "127.0.0.1", resolve));
    const stack = start();
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toContain(`port ${16_379 + offset}, which redis needs, is in use`);
    expect(stack.output()).toContain("--port-offset");
    await new Promise((resolve) => server.close(resolve));
  });

  test("a server that does not come up: its last log lines are shown and the others end", async () => {
    mkdirSync(join(data, "simulator", "kafka", "log"), { recursive: true });
    writeFileSync(
      join(data, "simulator", "kafka", "log", "meta.properties"),
      "version=1\ncluster.id=damaged\nnode.id=77\n",
    );
    const stack = start();
    let run: RunFile | undefined;
    await eventually(() => expect((run = stack.run()).parts.kafka!.pid).not.toBeNull(), { deadlineMs: START_MS_MAX });
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(/kafka ended with exit code \d+ before it was ready\. Its last lines:\n +\S/);
    expect(stack.output()).toContain(join(data, "simulator", "logs", "kafka.log"));
    await allGone(run!);
  });

  test.each([
    ["a damaged data folder", "no JSON", /is damaged: .*set\.json can't be read.*npm run reset/],
    [
      "an older data format",
      JSON.stringify({ format: 0, createdAt: "", feed: null }),
      /has format 0 and this version reads \d+: .*npm run reset/,
    ],
    [
      "a newer data format",
      JSON.stringify({ format: 999, createdAt: "", feed: null }),
      /has format 999 and this version reads \d+: update this checkout/,
    ],
    [
      "a set that holds another kind of prices",
      JSON.stringify({ format: 1, createdAt: "", feed: "live" }),
      /holds prices of the kind "live", and "simulator" would mix with them/,
    ],
  ])("%s", async (_, content, message) => {
    mkdirSync(join(data, "simulator"), { recursive: true });
    writeFileSync(join(data, "simulator", "set.json"), content);
    const stack = start();
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(message);
  });

  test("a data folder that is a file", async () => {
    writeFileSync(join(data, "simulator"), "");
    const stack = start();
    expect(await stack.exit).toBe(1);
    expect(stack.output()).toMatch(/the data folder .* can't be used .*--data DIR/);
  });

  test.each([
    [["--feed", "nonsense"], /--feed nonsense: choose one of simulator, replay/],
    [["--feed", "replay"], /--feed replay needs --file FILE/],
    [["--feed", "replay", "--file", "/no/such/file"], /there is no such file/],
    [["--port-offset", "99999"], /--port-offset 99999: give a whole number/],
    [["--feed", "simulator", "--speed", "2"], /--speed is an option of --feed replay/],
    [["--rate", "0"], /--rate 0: give a whole number from 1 to/],
    [["--start-time", "yesterday"], /--start-time yesterday: give a time/],
    [["--feed", "replay", "--file", "package.json", "--speed", "0"], /--speed 0: give a number above 0, or max/],
    [["--nonsense"], /Unknown option '--nonsense'/],
  ])("%j", async (args, message) => {
    const stack = start(args);
    expect(await stack.exit).toBe(64);
    expect(stack.output()).toMatch(message);
  });

  describe("a machine without tools", () => {
    let clone: string;
    beforeEach(() => {
      clone = join(data, "clone");
      for (const path of [
        "scripts",
        "deploy/local/kafka",
        "deploy/local/vector-store/requirements.txt",
        "package.json",
        "package-lock.json",
      ])
        cpSync(path, join(clone, path), { recursive: true });
      mkdirSync(join(clone, "engine"));
      mkdirSync(join(clone, "web"));
      mkdirSync(join(data, "bin"));
      symlinkSync(process.execPath, join(data, "bin", "node"));
    });
    const bare = (more: NodeJS.ProcessEnv = {}) => ({ PATH: join(data, "bin"), HOME: data, ...more });

    test("is told all that is missing at once, with the command that installs it", async () => {
      const stack = start([], { root: clone, env: bare() });
      expect(await stack.exit).toBe(69);
      for (const tool of ["Node.js", "Rust", "C compiler", "make", "Python", "Java", "Maven"])
        expect(stack.output()).toContain(tool);
      expect(stack.output()).toMatch(/apt-get install -y .*maven build-essential/);
      expect(stack.output()).toContain("rustup");
    });

    test("is not asked for what belongs to a server that is given by URL", async () => {
      const urls = { REDIS_URL: "redis://127.0.0.1:1", KAFKA_BROKERS: "127.0.0.1:1", QDRANT_URL: "http://127.0.0.1:1" };
      const stack = start([], { root: clone, env: bare(urls) });
      expect(await stack.exit).toBe(69);
      expect(stack.output()).toContain("Rust");
      for (const tool of ["Python", "Java", "Maven"]) expect(stack.output()).not.toContain(tool);
    });
  });
});
