import { eventually } from "@mib/testkit/eventually";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseNanos } from "./instant.ts";
import { DataSource, InstrumentClass } from "./messages.generated.ts";
import { shardOf } from "./shard.ts";
import { ShardedFeedSession } from "./sharded-feed-session.ts";
import { ShardedSubscriber, type ShardedSubscriberOptions } from "./sharded-subscriber.ts";
import { startEngine, type EngineProcess } from "./testing/engine-process.ts";

const START = parseNanos("2024-08-08T12:00:00Z");
const SYMBOLS = Array.from({ length: 8 }, (_, number) => `S${number}USDT`);

let engines: EngineProcess[];
let session: ShardedFeedSession;
let instruments: number[];
let told = 0;

const addresses = () => engines.map(({ address }) => address);

beforeEach(async () => {
  told = 0;
  engines = await Promise.all(["0/2", "1/2"].map((shard) => startEngine({ env: { ENGINE_SHARD: shard } })));
  session = new ShardedFeedSession({
    addresses: addresses(),
    session: "feed",
    feed: "test",
    source: DataSource.SIMULATED,
  });
  await session.start();
  instruments = SYMBOLS.map((symbol) =>
    session.defineInstrument({
      symbol,
      name: symbol,
      venue: "TEST",
      venueSymbol: symbol,
      class: InstrumentClass.CRYPTO,
      source: DataSource.SIMULATED,
    }),
  );
});

afterEach(async () => {
  await session.close();
  await Promise.all(engines.map((engine) => engine.stop()));
});

/** Trades of all instruments; each has the next id. */
function tell(count: number): void {
  for (let at = 0; at < count; at++) {
    told += 1;
    for (const instrumentId of instruments)
      session.trade({
        instrumentId,
        tsEventNanos: START + BigInt(told) * 1_000_000n,
        tradeId: BigInt(told),
        priceE9: 1_000_000_000n,
        sizeE9: 1n,
      });
  }
}

/** Iterates and notes the ids of trades by symbol. */
function read(
  ids: Map<string, number[]>,
  options: Partial<ShardedSubscriberOptions> = {},
): { subscriber: ShardedSubscriber; ended: Promise<void> } {
  const subscriber = new ShardedSubscriber({
    addresses: addresses(),
    symbols: SYMBOLS,
    kinds: ["TRADES"],
    policy: "WARN",
    ...options,
  });
  const iterate = async () => {
    for await (const { shard, events } of subscriber)
      for (const event of events) {
        if (event.type !== "TRADE") continue;
        expect(shardOf(event.symbol, 2)).toBe(shard);
        ids.set(event.symbol, [...(ids.get(event.symbol) ?? []), Number(event.tradeId)]);
      }
  };
  return { subscriber, ended: iterate() };
}

/** Until so many of the engines have a subscriber: it gets what comes from then on. */
const subscribed = (count: number) =>
  eventually(async () => {
    const counts = await Promise.all(engines.map((engine) => engine.metric("engine_subscribers")));
    expect(counts.filter((each) => each === 1).length).toBe(count);
  });

const upTo = (last: number, symbols = SYMBOLS) =>
  new Map(symbols.map((symbol) => [symbol, Array.from({ length: last }, (_, at) => at + 1)]));
const sorted = (ids: Map<string, number[]>) => new Map([...ids].sort(([one], [other]) => (one < other ? -1 : 1)));

test("a subscriber of two engines gets every event of both once, over a kill and another subscriber's resume", async () => {
  const ids = new Map<string, number[]>();
  const first = read(ids);
  await subscribed(2);
  tell(50);
  await eventually(() => expect(sorted(ids)).toEqual(upTo(50)));

  await engines[0]!.kill();
  tell(50);
  // The other engine's come meanwhile.
  const others = SYMBOLS.filter((symbol) => shardOf(symbol, 2) === 1);
  await eventually(() =>
    expect(new Map(others.map((symbol) => [symbol, ids.get(symbol)!]))).toEqual(upTo(100, others)),
  );
  await engines[0]!.restart();
  await eventually(() => expect(sorted(ids)).toEqual(upTo(100)), { deadlineMs: 30_000 });

  const { position } = first.subscriber;
  first.subscriber.close();
  await first.ended;
  tell(50);
  const second = read(ids, { resume: position });
  await eventually(() => expect(sorted(ids)).toEqual(upTo(150)));
  second.subscriber.close();
  await second.ended;
});

test("engines that have none of the symbols are not asked", async () => {
  const [symbol] = SYMBOLS.filter((each) => shardOf(each, 2) === 1);
  const ids = new Map<string, number[]>();
  const { subscriber, ended } = read(ids, { symbols: [symbol!] });
  await subscribed(1);
  tell(5);
  await eventually(() => expect(ids).toEqual(upTo(5, [symbol!])));
  expect(await engines[0]!.metric("engine_subscribers")).toBe(0);
  expect(subscriber.position[0]).toBeNull();
  subscriber.close();
  await ended;
});

test("swapped engines are no subscription, and are told", async () => {
  const troubles: string[] = [];
  const { subscriber, ended } = read(new Map(), {
    addresses: addresses().reverse(),
    onTrouble: (error, { index }) => troubles.push(`${index} ${error.message}`),
  });
  await eventually(() => expect(troubles.filter((text) => /^[01] WRONG_SHARD/.test(text)).length).toBeGreaterThan(1));
  subscriber.close();
  await ended;
});
