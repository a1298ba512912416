import { eventually } from "@mib/testkit/eventually";
import { afterEach, expect, test } from "vitest";
import { EngineError } from "./connection.ts";
import { EngineSubscriber, type EngineSubscriberOptions, type SubscriberEvent } from "./engine-subscriber.ts";
import { FeedSession } from "./feed-session.ts";
import { parseNanos } from "./instant.ts";
import { DataSource, InstrumentClass, Side } from "./messages.generated.ts";
import { startEngine, type EngineProcess } from "./testing/engine-process.ts";

const START = parseNanos("2024-08-08T12:00:00Z");
const SECOND = 1_000_000_000n;
const SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function engineWithFeed(
  env: Record<string, string> = {},
): Promise<{ engine: EngineProcess; session: FeedSession }> {
  const engine = await startEngine({ env });
  cleanups.push(() => engine.stop());
  const session = new FeedSession({ address: engine.address, session: "a", feed: "a", source: DataSource.SIMULATED });
  await session.start();
  cleanups.push(() => session.close());
  for (const symbol of SYMBOLS) {
    session.defineInstrument({
      symbol,
      name: symbol,
      venue: "TEST",
      venueSymbol: symbol,
      class: InstrumentClass.CRYPTO,
      source: DataSource.SIMULATED,
    });
  }
  return { engine, session };
}

function trade(session: FeedSession, id: number): void {
  session.trade({
    instrumentId: id % 3,
    tsEventNanos: START + BigInt(id) * (SECOND / 10n),
    tradeId: BigInt(id),
    priceE9: 100n + BigInt(id % 7),
    sizeE9: SECOND,
    side: Side.BUY,
  });
}

function quote(session: FeedSession, number: number): void {
  session.quote({
    instrumentId: number % 3,
    tsEventNanos: START + BigInt(number),
    venueSequence: BigInt(number),
    bidPriceE9: BigInt(number),
    bidSizeE9: 1n,
    askPriceE9: BigInt(number) + 1n,
    askSizeE9: 1n,
  });
}

/** So many trades, and a quote after each. */
async function sendBoth(session: FeedSession, count: number): Promise<void> {
  for (let id = 1; id <= count; id++) {
    trade(session, id);
    quote(session, id);
    if (session.full) await session.room();
  }
  await session.flush();
}

/** Listens until the subscriber ends; `pace` is awaited after each batch. */
function listen(
  options: Omit<EngineSubscriberOptions, "symbols"> & Partial<EngineSubscriberOptions>,
  pace: () => Promise<void> | void = () => {},
) {
  const subscriber = new EngineSubscriber({ symbols: "ALL", ...options });
  const heard: SubscriberEvent[] = [];
  const ended = (async () => {
    for await (const events of subscriber) {
      heard.push(...events);
      await pace();
    }
  })();
  cleanups.push(() => {
    subscriber.close();
    return ended.catch(() => undefined);
  });
  const tradeIds = () => heard.flatMap((event) => (event.type === "TRADE" ? [Number(event.tradeId)] : []));
  return { subscriber, heard, ended, tradeIds };
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** Something that opens once. */
function gate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test("a subscriber gets the state as it stands, and then each event of its symbols in order", async () => {
  const { engine, session } = await engineWithFeed();
  for (let number = 1; number <= 9; number++) quote(session, number);
  await session.flush();
  const { heard, tradeIds } = listen({
    address: engine.address,
    symbols: ["ETHUSDT"],
    kinds: ["QUOTES", "TRADES", "BARS"],
    policy: "WARN",
  });
  await eventually(() => expect(heard.map(({ type }) => type)).toEqual(["STATUS", "QUOTE"]));
  expect(heard[1]).toMatchObject({ symbol: "ETHUSDT", snapshot: true, bidPriceE9: 7n });
  for (let id = 1; id <= 3_000; id++) trade(session, id);
  quote(session, 10);
  await session.flush();
  await eventually(() => expect(heard.at(-1)).toMatchObject({ type: "QUOTE", snapshot: false, bidPriceE9: 10n }));
  expect(tradeIds()).toEqual(upTo(3_000).filter((id) => id % 3 === 1));
  const sequences = heard.flatMap((event) => ("snapshot" in event && !event.snapshot ? [event.sequence] : []));
  expect(sequences).toEqual(sequences.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0)));
  // 300 s of trades: bars of a second, a minute and five minutes that are over.
  const bars = heard.filter((event) => event.type === "BAR");
  expect(bars.length).toBeGreaterThan(300);
  expect(bars.every((bar) => bar.final === 1 && bar.symbol === "ETHUSDT")).toBe(true);
});

test("killed again and again, the engine goes on without hole or repeat for those who subscribed", async () => {
  const { engine, session } = await engineWithFeed();
  const { tradeIds, heard } = listen({ address: engine.address, kinds: ["TRADES", "BARS"], policy: "WARN" });
  await eventually(() => expect(heard).toMatchObject([{ type: "STATUS", state: "LIVE" }]));
  let id = 0;
  for (let round = 1; round <= 5; round++) {
    for (let at = 0; at < 4_000; at++) trade(session, ++id);
    await eventually(() => expect(tradeIds().length).toBeGreaterThan((round - 1) * 4_000 + 500), {
      deadlineMs: 20_000,
    });
    await engine.kill();
    for (let at = 0; at < 100; at++) trade(session, ++id);
    await engine.restart();
  }
  await session.flush();
  await eventually(() => expect(tradeIds().at(-1)).toBe(id), { deadlineMs: 20_000 });
  expect(tradeIds()).toEqual(upTo(id));
  const bars = heard.flatMap((event) =>
    event.type === "BAR" ? [`${event.symbol} ${event.interval} ${event.tsEventNanos} ${event.revision}`] : [],
  );
  expect(new Set(bars).size).toBe(bars.length);
  expect(heard.some(({ type }) => type === "GAP")).toBe(false);
});

test("one that reads nothing for a while falls behind, gets everything all the same, and is told", async () => {
  const { engine, session } = await engineWithFeed({ ENGINE_SUBSCRIBER_BUFFER_BYTES: "65536" });
  const { opened, open } = gate();
  const { heard, tradeIds } = listen(
    { address: engine.address, kinds: ["TRADES", "QUOTES"], policy: "WARN", windowBytes: 32_768 },
    () => opened,
  );
  await eventually(() => expect(heard).toHaveLength(1));
  await sendBoth(session, 20_000);
  await eventually(async () => expect(await engine.metric("engine_subscribers_slow_total")).toBeGreaterThan(0));
  open();
  await eventually(() => expect(tradeIds()).toHaveLength(20_000), { deadlineMs: 20_000 });
  expect(tradeIds()).toEqual(upTo(20_000));
  await eventually(() => {
    const states = heard.flatMap((event) => (event.type === "STATUS" ? [event.state] : []));
    expect(states).toContain("BEHIND");
    expect(states.at(-1)).toBe("LIVE");
  });
  expect(heard.filter(({ type }) => type === "QUOTE")).toHaveLength(20_000);
});

test("one that conflates gets every trade and the newest quotes", async () => {
  const { engine, session } = await engineWithFeed({ ENGINE_SUBSCRIBER_BUFFER_BYTES: "65536" });
  const { opened, open } = gate();
  const { heard, tradeIds } = listen(
    { address: engine.address, kinds: ["TRADES", "QUOTES"], policy: "CONFLATE", windowBytes: 8_192 },
    () => opened,
  );
  await eventually(() => expect(heard).toHaveLength(1));
  await sendBoth(session, 20_000);
  open();
  const quotes = () => heard.flatMap((event) => (event.type === "QUOTE" ? [event] : []));
  await eventually(
    () => {
      expect(tradeIds()).toHaveLength(20_000);
      const newest = new Map(quotes().map((event) => [event.symbol, event.bidPriceE9]));
      expect(newest).toEqual(
        new Map([
          ["SOLUSDT", 20_000n],
          ["ETHUSDT", 19_999n],
          ["BTCUSDT", 19_998n],
        ]),
      );
    },
    { deadlineMs: 20_000 },
  );
  expect(tradeIds()).toEqual(upTo(20_000));
  expect(quotes().length).toBeLessThan(2_000);
});

test("one that is cut off asks for more once what it had is worked through", async () => {
  const { engine, session } = await engineWithFeed();
  const { opened, open } = gate();
  cleanups.push(open);
  const windowBytes = 16_384;
  const { heard, tradeIds } = listen(
    { address: engine.address, kinds: ["TRADES"], policy: "WARN", windowBytes },
    () => opened,
  );
  const other = listen({ address: engine.address, kinds: ["TRADES"], policy: "WARN" });
  await eventually(() => expect([heard.length, other.heard.length]).toEqual([1, 1]));
  let id = 0;
  while (id < 2_000) trade(session, ++id);
  for (let round = 0; round < 4; round++) {
    await eventually(() => expect(other.tradeIds()).toHaveLength(id));
    await engine.kill();
    await engine.restart();
    trade(session, ++id);
  }
  await eventually(() => expect(other.tradeIds()).toHaveLength(id));
  // The other one, which was cut off as often, and nobody else.
  expect(await engine.metric("engine_subscribers")).toBe(1);
  open();
  await eventually(() => expect(tradeIds()).toEqual(upTo(id)));
});

test("a window of no bytes is refused", () => {
  const options = { address: "unix:/nowhere", symbols: "ALL", kinds: ["TRADES"], policy: "WARN" } as const;
  for (const windowBytes of [0, -1, 0.5, 2 ** 32])
    expect(() => new EngineSubscriber({ ...options, windowBytes })).toThrow(RangeError);
});

test("one that finds no place among the subscribers waits for one", async () => {
  const { engine, session } = await engineWithFeed({ ENGINE_SUBSCRIBERS_MAX: "1" });
  const options = { address: engine.address, kinds: ["TRADES"], policy: "WARN" } as const;
  const first = listen(options);
  await eventually(() => expect(first.heard).toHaveLength(1));
  const troubles: string[] = [];
  const second = listen({
    ...options,
    onTrouble: (error) => troubles.push(error instanceof EngineError ? error.code : error.message),
  });
  await eventually(() => expect(troubles).toContain("SESSION_LIMIT_REACHED"));
  first.subscriber.close();
  await eventually(() => expect(second.heard).toMatchObject([{ type: "STATUS", state: "LIVE" }]));
  trade(session, 1);
  await eventually(() => expect(second.tradeIds()).toEqual([1]));
});

test("one that is to be disconnected when it is slow fails with SLOW_READER, and another goes on where it stood", async () => {
  const { engine, session } = await engineWithFeed({ ENGINE_SUBSCRIBER_BUFFER_BYTES: "65536" });
  const { opened, open } = gate();
  const options = { address: engine.address, kinds: ["TRADES"], policy: "DISCONNECT", windowBytes: 32_768 } as const;
  const slow = listen(options, () => opened);
  await eventually(() => expect(slow.heard).toHaveLength(1));
  for (let id = 1; id <= 20_000; id++) trade(session, id);
  await session.flush();
  await eventually(async () => expect(await engine.metric("engine_subscribers")).toBe(0));
  open();
  await expect(slow.ended).rejects.toMatchObject({ code: "SLOW_READER" });
  const had = slow.tradeIds();
  expect(had).toEqual(upTo(had.length));
  const next = listen({ ...options, resume: slow.subscriber.position! });
  await eventually(() => expect(next.tradeIds().at(-1)).toBe(20_000), { deadlineMs: 20_000 });
  expect([...had, ...next.tradeIds()]).toEqual(upTo(20_000));
});
