import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EngineClient } from "@mib/protocol/engine-client";
import { startEngine } from "@mib/protocol/testing/engine-process";
import { eventually } from "@mib/testkit/eventually";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { readCapture } from "../replay/capture.ts";
import { readCaptureHead } from "../replay/capture-head.ts";
import { startFeed } from "../test-feed.ts";
import { spotDepth, spotTrade, startBinanceServer } from "../venues/binance/testing/binance-server.ts";
import { L2UPDATE, MATCH, startCoinbaseServer } from "../venues/coinbase/testing/coinbase-server.ts";
import { HEARTBEAT, MATIC_UPDATE, startKrakenServer, TRADE_UPDATE } from "../venues/kraken/testing/kraken-server.ts";
import type { VenueServer } from "../venues/testing/venue-server.ts";
import { DataSource } from "@mib/protocol/messages.generated";

const folder = mkdtempSync(join(tmpdir(), "mib-record-"));
afterAll(() => rmSync(folder, { recursive: true }));
const started: ChildProcess[] = [];
// A test that fails in the middle leaves none behind.
afterEach(() => started.splice(0).forEach((child) => child.kill("SIGKILL")));
const PROGRAM = fileURLToPath(new URL("../record.ts", import.meta.url));

function startRecorder(venue: VenueServer | null, args: readonly string[]) {
  const urls = venue
    ? {
        FEED_WEBSOCKET_URL: venue.websocketUrl,
        FEED_REST_URL: venue.restUrl,
        FEED_FUTURES_WEBSOCKET_URL: venue.websocketUrl,
        FEED_FUTURES_REST_URL: venue.restUrl,
      }
    : {};
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...urls, FEED_RECONNECT_MS_MIN: "20" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return {
    child,
    output: () => output,
    ended: new Promise<number | null>((done) => child.once("close", (code) => done(code))),
  };
}

/** What is in the file, and whether it has its end already. */
async function contentsOf(path: string): Promise<{ texts: string[]; whole: boolean }> {
  const texts: string[] = [];
  try {
    for await (const { text } of readCapture(path, () => expect.unreachable())) texts.push(text);
    return { texts, whole: true };
  } catch {
    return { texts, whole: false };
  }
}

const VENUES = [
  {
    feed: "kraken",
    start: () => startKrakenServer(),
    asked: "MATIC/USD",
    symbol: "MATIC/USD.KRAKEN",
    says: [MATIC_UPDATE, TRADE_UPDATE, TRADE_UPDATE, HEARTBEAT],
    trades: [4_665_846, 4_665_847, 4_665_906],
    levels: 20,
  },
  {
    feed: "coinbase",
    start: () => startCoinbaseServer(),
    asked: "BTC-USD",
    symbol: "BTC-USD.COINBASE",
    says: [L2UPDATE, { ...MATCH, trade_id: 11 }, { ...MATCH, trade_id: 11 }].map((each) => JSON.stringify(each)),
    trades: [10, 11],
    levels: 3,
  },
  {
    feed: "binance",
    start: () => startBinanceServer(),
    asked: "BNBBTC",
    symbol: "BNBBTC",
    says: [spotTrade(5), spotTrade(6), spotTrade(6), spotDepth(1_027_020, 1_027_025)].map((each) =>
      JSON.stringify(each),
    ),
    trades: [5, 6],
    levels: 4,
  },
];

describe.each(VENUES)("a recording of $feed", ({ feed, start, asked, symbol, says, trades, levels }) => {
  test("holds what the venue said, and its replay gives the trades and the book that it had, again and again", async () => {
    await using venue = await start();
    const path = join(folder, `${feed}.jsonl.gz`);
    const recorder = startRecorder(venue, ["--feed", feed, "--symbols", asked, "--out", path]);
    await eventually(() => expect(venue.clients[0]?.said.length).toBeGreaterThan(0), { deadlineMs: 30_000 });
    venue.clients[0]!.send(...says);
    const last = feed === "binance" ? "lastUpdateId" : says.at(-1)!.replace(/\n/g, " ");
    // A recorder that was killed here would have lost nothing.
    await eventually(async () => expect((await contentsOf(path)).texts.join("\n")).toContain(last));
    recorder.child.kill("SIGTERM");
    expect(await recorder.ended, recorder.output()).toBe(0);
    const { texts, whole } = await contentsOf(path);
    expect(whole).toBe(true);
    expect(readCaptureHead(texts[0]!, DataSource.REPLAY)).toMatchObject({
      venue: feed,
      instruments: [{ definition: { symbol } }],
    });
    for (const said of says) expect(texts).toContain(said.replace(/\n/g, " "));

    const engine = await startEngine();
    const client = new EngineClient({ address: engine.address, timeoutMs: 10_000 });
    const replay = async (...more: string[]) => {
      const told = startFeed(["--feed", "replay", "--file", path, "--speed", "max", ...more], {
        ENGINE_ADDRESS: engine.address,
      });
      expect(await told.ended, told.output()).toBe(0);
    };
    try {
      await replay();
      await replay(); // has been told: nothing more
      const ids = async () => (await client.trades({ symbol })).value.map(({ tradeId }) => Number(tradeId));
      expect(await ids()).toEqual(trades);
      const book = (await client.book({ symbol })).value!;
      expect([book.maybeBad, book.bids.length + book.asks.length]).toEqual([false, levels]);
      const gaps = await engine.metric("engine_gaps_total");
      await replay("--again");
      const span = trades.at(-1)! - trades[0]! + 1;
      expect(await ids()).toEqual([...trades, ...trades.map((id) => id + span)]);
      // The capture's own holes come again; between the rounds there is none.
      expect(await engine.metric("engine_gaps_total")).toBe(2 * gaps);
      const [instrument] = (await client.instruments()).value;
      expect(instrument).toMatchObject({ symbol, source: DataSource.REPLAY });
      expect(instrument!.priceIncrementE9).toBeGreaterThan(0n);
    } finally {
      client.close();
      await engine.stop();
    }
  });
});

describe("the recorder", () => {
  test("never writes over a file", async () => {
    const path = join(folder, "there");
    writeFileSync(path, "precious");
    const recorder = startRecorder(null, ["--feed", "kraken", "--out", path]);
    expect(await recorder.ended).toBe(64);
    expect(recorder.output()).toContain(`the file ${path} is there already`);
  });

  test.each([
    [["--feed", "simulator", "--out", "x"], 78, "FEED: must be one of binance, coinbase, kraken"],
    [["--feed", "kraken"], 78, "FEED_OUT"],
    [["--feed", "kraken", "--output", "x"], 64, "npm run record -- --feed"],
  ])("refuses %j", async (args, code, text) => {
    const recorder = startRecorder(null, args);
    expect([await recorder.ended, recorder.output()]).toEqual([code, expect.stringContaining(text)]);
    expect(existsSync("x")).toBe(false);
  });
});
