import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { EngineShards } from "@mib/protocol/engine-shards";
import { shardOf } from "@mib/protocol/shard";
import { startEngine, type EngineProcess } from "@mib/protocol/testing/engine-process";
import { eventually } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startFeed } from "./test-feed.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/binance-spot-btcusdt.jsonl.gz", import.meta.url));
const SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "NRVA", "EURUSD", "GBPUSD"];
const SIMULATOR = ["--feed", "simulator", "--symbols", SYMBOLS.join(), "--rate", "3000", "--seed", "9"];

let engines: [EngineProcess, EngineProcess];
let market: EngineShards;

beforeEach(async () => {
  engines = (await Promise.all(["0/2", "1/2"].map((shard) => startEngine({ env: { ENGINE_SHARD: shard } })))) as [
    EngineProcess,
    EngineProcess,
  ];
  market = new EngineShards({ addresses: engines.map(({ address }) => address), timeoutMs: 10_000 });
});

afterEach(async () => {
  market.close();
  await Promise.all(engines.map((engine) => engine.stop()));
});

const env = () => ({ ENGINE_ADDRESS: engines.map(({ address }) => address).join() });
const trades = (engine: EngineProcess) => engine.metric("engine_trades_accepted_total");
const wrong = async (engine: EngineProcess) => ({
  late: await engine.metric("engine_late_trades_total"),
  revisions: await engine.metric("engine_bar_revisions_total"),
  gaps: await engine.metric("engine_gaps_total"),
});
const NOTHING = { late: 0, revisions: 0, gaps: 0 };

test("each engine gets the instruments of its shard, and a feed that is killed goes on with each where it stopped", async () => {
  const args = [...SIMULATOR, "--start-time", "2026-03-04T14:30:00Z"];
  let reached = [0, 0];
  for (const signal of ["SIGKILL", "SIGKILL", "SIGTERM"] as const) {
    const feed = startFeed(args, env());
    const before = reached;
    await eventually(
      async () => {
        if (feed.child.exitCode !== null) throw new Error(feed.output());
        reached = await Promise.all(engines.map(trades));
        for (const [shard, count] of reached.entries()) expect(count).toBeGreaterThan(before[shard]! + 150);
      },
      { deadlineMs: 120_000 },
    );
    feed.child.kill(signal);
    await feed.ended;
  }
  for (const [shard, engine] of market.all.entries()) {
    const { value } = await engine.instruments();
    expect(value.map(({ symbol }) => symbol).sort()).toEqual(
      SYMBOLS.filter((symbol) => shardOf(symbol, 2) === shard).sort(),
    );
    expect(await wrong(engines[shard]!)).toEqual(NOTHING);
  }
});

test("an engine that is killed comes back with nothing lost, and the other goes on meanwhile", async () => {
  const adminPort = String(await freePort());
  const feed = startFeed(SIMULATOR, { ...env(), ADMIN_PORT: adminPort });
  const until = (engine: EngineProcess, least: number) =>
    eventually(
      async () => {
        if (feed.child.exitCode !== null) throw new Error(feed.output());
        expect(await trades(engine)).toBeGreaterThan(least);
      },
      { deadlineMs: 120_000 },
    );
  await Promise.all(engines.map((engine) => until(engine, 100)));
  await engines[0].kill();
  await until(engines[1], (await trades(engines[1])) + 300);
  const health: any = await (await fetch(`http://127.0.0.1:${adminPort}/ready`)).json();
  expect(JSON.stringify(health.checks.engine)).toContain("shard 0/2");
  await engines[0].restart();
  await until(engines[0], (await trades(engines[0])) + 300);
  feed.child.kill("SIGTERM");
  expect(await feed.ended, feed.output()).toBe(0);

  for (const engine of engines) expect(await wrong(engine)).toEqual(NOTHING);
  for (const symbol of SYMBOLS) {
    const { value } = await market.of(symbol).trades({ symbol, last: 1_000 });
    const ids = value.map(({ tradeId }) => tradeId);
    expect(ids).toEqual(ids.map((_, at) => ids[0]! + BigInt(at)));
  }
});

test("a replay ends when both engines have all of it, though one has no instrument of it", async () => {
  for (const _ of [1, 2]) {
    const feed = startFeed(["--feed", "replay", "--file", FIXTURE, "--speed", "max"], env());
    expect(await feed.ended, feed.output()).toBe(0);
  }
  const told = gunzipSync(readFileSync(FIXTURE)).toString().split('"e":"trade"').length - 1;
  const counts = await Promise.all(engines.map(trades));
  expect(counts[shardOf("BTCUSDT", 2)]).toBe(told);
  expect(counts[1 - shardOf("BTCUSDT", 2)]).toBe(0);
});

test("engines in the wrong order get nothing, and the feed says so", async () => {
  const feed = startFeed(SIMULATOR, {
    ENGINE_ADDRESS: [...engines]
      .reverse()
      .map(({ address }) => address)
      .join(),
  });
  await eventually(() => feed.output().includes("WRONG_SHARD"), { deadlineMs: 60_000 });
  feed.child.kill("SIGTERM");
  await feed.ended;
  for (const engine of market.all) expect((await engine.instruments()).value).toEqual([]);
});
