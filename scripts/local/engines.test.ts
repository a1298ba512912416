import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EngineShards } from "@mib/protocol/engine-shards";
import { eventually } from "@mib/testkit/eventually";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bindShards, openDataSet } from "./data-set.ts";
import { engineParts } from "./engines.ts";
import { freePorts, PORTS } from "./ports.ts";

const BINARY = resolve(import.meta.dirname, "../../engine/target/release/mib-engine");

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mib-set-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const partsOf = (shards: number, portOffset = 0) =>
  engineParts({
    setFolder: folder,
    portOffset,
    shards,
    installed: Promise.resolve({ program: BINARY }),
    environment: {},
    ready: async (url) => void (await fetch(`${url}/ready`)),
  });

test("one engine has the names, ports and words that it always had", async () => {
  const { engines, addresses } = partsOf(1);
  expect(addresses).toEqual([`unix:${join(folder, "engine.sock")}`]);
  expect(engines.map(({ name, ports }) => [name, ports])).toEqual([["engine", [4012]]]);
  expect(await engines[0]!.program()).toMatchObject({ args: [], env: { ENGINE_DATA_DIR: join(folder, "engine") } });
});

test("eight engines get in nobody's way", () => {
  const ports = partsOf(8).engines.flatMap((part) => part.ports.flatMap((port) => [port, port + 1]));
  expect(new Set(ports).size).toBe(16);
  const others = Object.entries(PORTS).filter(([name]) => !name.includes("engine"));
  expect(others.filter(([, port]) => ports.includes(port))).toEqual([]);
});

test.skipIf(!existsSync(BINARY))(
  "two engines are the shards that their places in the list of addresses say",
  async () => {
    // Far from the stack that may run here.
    const [free] = await freePorts(1);
    const { engines, addresses } = partsOf(2, Math.min(free!, 55_000) - PORTS.engine);
    for (const engine of engines) {
      const program = (await engine.program())!;
      children.push(spawn(program.command, program.args, { env: program.env, stdio: "ignore" }));
    }
    const market = new EngineShards({ addresses, timeoutMs: 1_000 });
    await eventually(() => Promise.all(market.all.map((engine) => engine.status())), { deadlineMs: 20_000 });
    market.close();
    const shards = engines.map(async ({ adminUrl }) => (await (await fetch(`${adminUrl}/health`)).json()) as object);
    expect(await Promise.all(shards)).toEqual(["0/2", "1/2"].map((shard) => ({ status: "alive", shard })));
  },
);

test("a data set keeps the number of engines that it was begun with", () => {
  openDataSet(folder);
  bindShards(folder, 2);
  bindShards(folder, 2);
  expect(() => bindShards(folder, 1)).toThrow("--shards 2");
  const single = join(folder, "single");
  openDataSet(single);
  bindShards(single, 1);
  bindShards(single, 4);
  expect(() => bindShards(single, 1)).toThrow("--shards 4");
  const older = join(folder, "older");
  openDataSet(older);
  mkdirSync(join(older, "engine"));
  bindShards(older, 1);
  expect(() => bindShards(older, 2)).toThrow("--shards 1");
});
