import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { EngineClient } from "@mib/protocol/engine-client";
import { parseE9 } from "@mib/protocol/decimal";
import { BarInterval } from "@mib/protocol/messages.generated";
import { startEngine, type EngineProcess } from "@mib/protocol/testing/engine-process";
import { eventually } from "@mib/testkit/eventually";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CAPTURES, FIXTURE, independentlyRead } from "./test-captures.ts";
import { startFeed } from "./test-feed.ts";

let engine: EngineProcess;
let client: EngineClient;
const env = () => ({ ENGINE_ADDRESS: engine.address });

beforeEach(async () => {
  engine = await startEngine();
  client = new EngineClient({ address: engine.address, timeoutMs: 10_000 });
});

afterEach(async () => {
  client.close();
  await engine.stop();
});

const tradesOf = (path: string) =>
  independentlyRead(path)
    .filter(({ data }) => data?.e === "trade")
    .map(({ data }) => data);
const replay = (path: string, ...more: string[]) => ["--feed", "replay", "--file", path, ...more];

/** What the engine took and refused; a revision or a gap would be a mistake of the feed. */
async function counters() {
  const [trades, late, revisions, gaps, duplicates] = await Promise.all(
    [
      "engine_trades_accepted_total",
      "engine_late_trades_total",
      "engine_bar_revisions_total",
      "engine_gaps_total",
      "engine_duplicates_total",
    ].map((name) => engine.metric(name)),
  );
  const rejected = (await client.feeds()).value.reduce((sum, feed) => sum + Number(feed.rejected), 0);
  return { trades, late, revisions, gaps, duplicates, rejected };
}

const clean = (trades: number) => ({
  trades,
  late: 0,
  revisions: 0,
  gaps: 0,
  duplicates: expect.any(Number),
  rejected: 0,
});

/** One-minute bars by integer arithmetic, from the file alone. */
function minuteBars(path: string) {
  const minutes = Map.groupBy(tradesOf(path), ({ T }) => Math.floor(T / 60_000));
  return [...minutes].map(([minute, trades]) => {
    const prices = trades.map(({ p }) => parseE9(p));
    return [
      BigInt(minute) * 60_000_000_000n,
      prices[0],
      prices.reduce((a, b) => (a > b ? a : b)),
      prices.reduce((a, b) => (a < b ? a : b)),
      prices.at(-1),
      trades.reduce((sum, { q }) => sum + parseE9(q), 0n),
      trades.reduce((sum, { p, q }) => sum + parseE9(p) * parseE9(q), 0n),
      BigInt(trades.length),
    ];
  });
}

async function barsOf(symbol: string) {
  const { value } = await client.bars({ symbol, interval: BarInterval.M1 });
  return value.map((bar) => [
    bar.tsEventNanos,
    bar.openE9,
    bar.highE9,
    bar.lowE9,
    bar.closeE9,
    bar.volumeE9,
    bar.notionalE18,
    bar.tradeCount,
  ]);
}

describe.each(CAPTURES)("a replay of $name", ({ path, symbol, skip }) => {
  test.skipIf(skip)(
    "leaves all its trades in the engine, ends by itself, and gives the bars that follow from the file",
    async () => {
      const feed = startFeed(replay(path, "--speed", "max"), env());
      expect(await feed.ended, feed.output()).toBe(0);
      expect(await counters()).toEqual(clean(tradesOf(path).length));
      expect(await barsOf(symbol)).toEqual(minuteBars(path));
      const { value: book } = await client.book({ symbol, depth: 1 });
      expect(book!.maybeBad).toBe(false);
    },
  );
});

describe("a replay", () => {
  const trades = tradesOf(FIXTURE).length;

  test("that is killed again and again goes on where it stopped", async () => {
    for (let kills = 0, reached = 0; kills < 4; kills++) {
      const feed = startFeed(replay(FIXTURE, "--speed", "100"), env());
      const from = reached;
      await eventually(
        async () => {
          reached = await engine.metric("engine_trades_accepted_total");
          if (feed.child.exitCode !== null) throw new Error(feed.output());
          expect(reached).toBeGreaterThan(from + 20);
        },
        { deadlineMs: 60_000 },
      );
      feed.child.kill("SIGKILL");
      await feed.ended;
      expect(reached).toBeLessThan(trades);
    }
    const last = startFeed(replay(FIXTURE, "--speed", "max"), env());
    expect(await last.ended, last.output()).toBe(0);
    expect(await counters()).toEqual(clean(trades));
    expect(await barsOf("BTCUSDT")).toEqual(minuteBars(FIXTURE));
  });

  test("survives the engine's end in the middle", async () => {
    const feed = startFeed(replay(FIXTURE, "--speed", "100"), env());
    await eventually(async () => expect(await engine.metric("engine_trades_accepted_total")).toBeGreaterThan(50), {
      deadlineMs: 60_000,
    });
    await engine.kill();
    await engine.restart();
    expect(await feed.ended, feed.output()).toBe(0);
    expect(await counters()).toMatchObject({ late: 0, gaps: 0, rejected: 0 });
    expect(await barsOf("BTCUSDT")).toEqual(minuteBars(FIXTURE));
  });

  test("that is through tells nothing more, unless it is told again", async () => {
    for (const args of [[], [], ["--again"], ["--again"]]) {
      const feed = startFeed(replay(FIXTURE, "--speed", "max", ...args), env());
      expect(await feed.ended, feed.output()).toBe(0);
    }
    expect(await counters()).toEqual(clean(3 * trades));
    expect(await barsOf("BTCUSDT")).toEqual(expect.arrayContaining(minuteBars(FIXTURE)));
  });

  test("in a loop goes on for ever and ends cleanly on SIGTERM", async () => {
    const feed = startFeed(replay(FIXTURE, "--speed", "max", "--loop"), env());
    await eventually(
      async () => expect(await engine.metric("engine_trades_accepted_total")).toBeGreaterThan(2.2 * trades),
      { deadlineMs: 60_000 },
    );
    feed.child.kill("SIGTERM");
    expect(await feed.ended, feed.output()).toBe(0);
    expect(await counters()).toMatchObject({ late: 0, revisions: 0, gaps: 0, rejected: 0 });
  });

  test("from a time tells what came before at once, and keeps the pace from there", async () => {
    const lines = gunzipSync(readFileSync(FIXTURE)).toString().trimEnd().split("\n");
    const [first, last] = [lines[0]!, lines.at(-1)!].map((line) => Number(BigInt(line.split(" ")[0]!) / 1_000_000n));
    expect(last! - first!).toBeGreaterThan(60_000);
    const startedAt = performance.now();
    const feed = startFeed(replay(FIXTURE, "--from", new Date(last! - 2_000).toISOString()), env());
    expect(await feed.ended, feed.output()).toBe(0);
    expect(performance.now() - startedAt).toBeGreaterThan(2_000);
    expect(performance.now() - startedAt).toBeLessThan(60_000);
    expect(await counters()).toEqual(clean(trades));
  });

  test("of other symbols than those in the file tells nothing", async () => {
    const feed = startFeed(replay(FIXTURE, "--speed", "max", "--symbols", "ETHUSDT"), env());
    expect(await feed.ended, feed.output()).toBe(0);
    expect(await counters()).toEqual(clean(0));
  });
});

describe("the simulator", () => {
  const simulator = (...more: string[]) => [
    "--feed",
    "simulator",
    "--symbols",
    "BTCUSDT,NRVA,EURUSD",
    "--rate",
    "3000",
    ...more,
  ];
  /** Until so many more trades are in the engine. */
  const run = async (args: string[], more: number, signal: NodeJS.Signals) => {
    const feed = startFeed(args, env());
    const trades = (await engine.metric("engine_trades_accepted_total")) + more;
    await eventually(
      async () => {
        if (feed.child.exitCode !== null) throw new Error(feed.output());
        expect(await engine.metric("engine_trades_accepted_total")).toBeGreaterThan(trades);
      },
      { deadlineMs: 60_000 },
    );
    feed.child.kill(signal);
    return feed.ended;
  };

  test("with a start time is repeatable: killed and started again, it tells nothing twice and leaves nothing out", async () => {
    const args = simulator("--seed", "9", "--start-time", "2026-03-04T14:30:00Z");
    for (const more of [300, 400]) expect(await run(args, more, "SIGKILL")).toBe(null);
    expect(await run(args, 300, "SIGTERM")).toBe(0);
    expect(await counters()).toMatchObject({ late: 0, revisions: 0, gaps: 0, rejected: 0 });
    const { value: feeds } = await client.feeds();
    expect(feeds.map(({ feed, session }) => [feed, session.split(":")[0]])).toEqual([["simulator", "simulator"]]);
  });

  test("started later beside the same engine goes on from the last prices", async () => {
    expect(await run(simulator(), 200, "SIGTERM")).toBe(0);
    const { value: before } = await client.lastTrades(["BTCUSDT", "NRVA", "EURUSD"]);
    const bars = await engine.metric("engine_bars_accepted_total");
    expect(await run(simulator("--seed", "2"), 200, "SIGTERM")).toBe(0);
    expect(await counters()).toMatchObject({ late: 0, gaps: 0, rejected: 0 });
    expect(await engine.metric("engine_bars_accepted_total")).toBeLessThan(bars + 20);
    const { value: after } = await client.trades({ symbol: "BTCUSDT", last: 1_000 });
    const next = after.find(({ tradeId }) => tradeId === before[0]!.tradeId + 1n)!;
    expect(Math.abs(Number(next.priceE9) / Number(before[0]!.priceE9) - 1)).toBeLessThan(0.01);
  });
});
