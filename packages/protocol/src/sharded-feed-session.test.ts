import { eventually } from "@mib/testkit/eventually";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineShards } from "./engine-shards.ts";
import { FeedSession, type InstrumentInput } from "./feed-session.ts";
import { parseNanos } from "./instant.ts";
import { DataSource, InstrumentClass } from "./messages.generated.ts";
import { shardOf } from "./shard.ts";
import { ShardedFeedSession } from "./sharded-feed-session.ts";
import { startEngine, type EngineProcess } from "./testing/engine-process.ts";

const START = parseNanos("2024-08-08T12:00:00Z");
const SYMBOLS = Array.from({ length: 12 }, (_, number) => `S${number}USDT`);
const OPTIONS = { session: "feed", feed: "test", source: DataSource.SIMULATED };

let engines: EngineProcess[];
let market: EngineShards;

beforeEach(async () => {
  engines = await Promise.all(["0/2", "1/2"].map((shard) => startEngine({ env: { ENGINE_SHARD: shard } })));
  market = new EngineShards({ addresses: engines.map(({ address }) => address) });
});

afterEach(async () => {
  market.close();
  await Promise.all(engines.map((engine) => engine.stop()));
});

const definition = (symbol: string): InstrumentInput => ({
  symbol,
  name: symbol,
  venue: "TEST",
  venueSymbol: symbol,
  class: InstrumentClass.CRYPTO,
  source: DataSource.SIMULATED,
});
const trade = (instrumentId: number, priceE9 = 1_000_000_000n) => ({
  instrumentId,
  tsEventNanos: START,
  tradeId: 1n,
  priceE9,
  sizeE9: 1n,
});

test("what is refused is told by the number that the feed knows, and by the shard that refused it", async () => {
  const refused: [number, number][] = [];
  const session = new ShardedFeedSession({
    ...OPTIONS,
    addresses: engines.map(({ address }) => address),
    onReject: ({ instrumentId }, { index }) => refused.push([instrumentId, index]),
  });
  await session.start();
  const instruments = SYMBOLS.map((symbol) => session.defineInstrument(definition(symbol)));
  expect(instruments).toEqual(SYMBOLS.map((_, at) => at));
  for (const instrumentId of instruments) session.trade(trade(instrumentId, 0n));
  await eventually(() => expect(refused.length).toBe(SYMBOLS.length));
  expect(refused.sort(([one], [other]) => one - other)).toEqual(SYMBOLS.map((symbol, at) => [at, shardOf(symbol, 2)]));
  await session.close();
});

test("a clock of all instruments ends the bars of both engines", async () => {
  const session = new ShardedFeedSession({ ...OPTIONS, addresses: engines.map(({ address }) => address) });
  await session.start();
  for (const symbol of SYMBOLS) session.trade(trade(session.defineInstrument(definition(symbol))));
  session.clock(START + 86_400_000_000_000n);
  await session.flush();
  for (const engine of engines) expect(await engine.metric("engine_clocks_accepted_total")).toBe(1);
  for (const symbol of SYMBOLS) {
    const { value } = await market.of(symbol).bars({ symbol, interval: 5 });
    expect(value.map(({ final }) => final)).toEqual([1]);
  }
  await session.close();
});

test("a feed that does not know of shards keeps the instruments of another, and hears of it", async () => {
  const own = SYMBOLS.find((symbol) => shardOf(symbol, 2) === 0)!;
  const foreign = SYMBOLS.find((symbol) => shardOf(symbol, 2) === 1)!;
  const troubles: string[] = [];
  const session = new FeedSession({
    ...OPTIONS,
    address: engines[0]!.address,
    onTrouble: ({ message }) => troubles.push(message),
  });
  await session.start();
  session.trade(trade(session.defineInstrument(definition(own))));
  await session.flush();
  session.trade(trade(session.defineInstrument(definition(foreign))));
  await eventually(() => expect(troubles.some((text) => text.startsWith("WRONG_SHARD"))).toBe(true));
  expect(session.durableSequence).toBe(2);
  expect((await market.all[0]!.instruments()).value.map(({ symbol }) => symbol)).toEqual([own]);
  expect(await engines[0]!.metric("engine_trades_accepted_total")).toBe(1);
  // It is not tried again and again at once.
  const { length } = troubles;
  for (let asked = 0; asked < 100; asked++) await market.all[0]!.status();
  expect(troubles.length).toBeLessThanOrEqual(length + 1);
  await session.close({ timeoutMs: 100 });
});
