import { connect } from "node:net";
import { eventually } from "@mib/testkit/eventually";
import { afterEach, expect, test } from "vitest";
import { parseE9 } from "./decimal.ts";
import { EngineClient } from "./engine-client.ts";
import { FeedSession, type Rejected } from "./feed-session.ts";
import { parseNanos } from "./instant.ts";
import { BarInterval, DataSource, InstrumentClass, Side } from "./messages.generated.ts";
import { startEngine, type EngineProcess } from "./testing/engine-process.ts";

const START = parseNanos("2024-08-08T12:00:00Z");
const SECOND = 1_000_000_000n;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function engine(options?: Parameters<typeof startEngine>[0]): Promise<EngineProcess> {
  const started = await startEngine(options);
  cleanups.push(() => started.stop());
  return started;
}

async function feed(
  address: string,
  name: string,
  options: { onReject?(reject: Rejected): void } = {},
): Promise<{ session: FeedSession; btc: number }> {
  const session = new FeedSession({ address, session: name, feed: "test", source: DataSource.SIMULATED, ...options });
  await session.start();
  cleanups.push(() => session.close());
  return { session, btc: define(session, "BTCUSDT") };
}

function define(session: FeedSession, symbol: string): number {
  return session.defineInstrument({
    symbol,
    name: `${symbol} spot`,
    venue: "TEST",
    venueSymbol: symbol,
    class: InstrumentClass.CRYPTO,
    source: DataSource.SIMULATED,
  });
}

function client(address: string): EngineClient {
  const made = new EngineClient({ address });
  cleanups.push(() => made.close());
  return made;
}

function trade(
  session: FeedSession,
  instrumentId: number,
  id: number,
  atSeconds: number,
  price: string,
  size = "1",
): void {
  session.trade({
    instrumentId,
    tsEventNanos: START + BigInt(atSeconds) * SECOND,
    tradeId: BigInt(id),
    priceE9: parseE9(price),
    sizeE9: parseE9(size),
    side: Side.BUY,
  });
}

test.each(["unix", "tcp"] as const)("what a feed writes can be read back over %s", async (listen) => {
  const { address } = await engine({ listen });
  const { session, btc } = await feed(address, "a");
  const eth = define(session, "ETHUSDT");
  session.quote({
    instrumentId: btc,
    tsEventNanos: START,
    bidPriceE9: parseE9("99"),
    bidSizeE9: parseE9("2"),
    askPriceE9: parseE9("101"),
    askSizeE9: parseE9("3"),
  });
  trade(session, btc, 1, 0, "100", "2");
  trade(session, btc, 2, 59, "103.5", "1");
  trade(session, btc, 3, 61, "101", "1");
  session.bookSnapshot({
    instrumentId: eth,
    tsEventNanos: START,
    venueSequence: 10n,
    levels: [
      { side: Side.BUY, priceE9: parseE9("9"), sizeE9: 1n },
      { side: Side.BUY, priceE9: parseE9("8"), sizeE9: 2n },
      { side: Side.SELL, priceE9: parseE9("11"), sizeE9: 3n },
    ],
  });
  session.bookDelta({
    instrumentId: eth,
    tsEventNanos: START,
    firstVenueSequence: 11n,
    venueSequence: 12n,
    levels: [
      { side: Side.BUY, priceE9: parseE9("9"), sizeE9: 0n },
      { side: Side.SELL, priceE9: parseE9("10"), sizeE9: 4n },
    ],
  });
  await session.flush();

  const reader = client(address);
  const instruments = await reader.instruments();
  expect(instruments.value.map((each) => each.symbol)).toEqual(["BTCUSDT", "ETHUSDT"]);
  expect(instruments.asOfSequence).toBeGreaterThanOrEqual(BigInt(session.durableSequence));

  const quotes = await reader.quotes(["ETHUSDT", "BTCUSDT", "NOPE", "x".repeat(100)]);
  expect(quotes.value.map((quote) => quote?.askPriceE9 ?? null)).toEqual([null, parseE9("101"), null, null]);
  expect((await reader.lastTrades(["BTCUSDT"])).value[0]?.tradeId).toBe(3n);
  expect((await reader.statistics(["BTCUSDT", "ETHUSDT"])).value.map((each) => each?.highE9 ?? null)).toEqual([
    parseE9("103.5"),
    null,
  ]);

  const bars = await reader.bars({ symbol: "BTCUSDT", interval: BarInterval.M1 });
  expect(
    bars.value.map(({ openE9, closeE9, volumeE9, notionalE18, tradeCount, final }) => ({
      openE9,
      closeE9,
      volumeE9,
      notionalE18,
      tradeCount,
      final,
    })),
  ).toEqual([
    {
      openE9: parseE9("100"),
      closeE9: parseE9("103.5"),
      volumeE9: parseE9("3"),
      notionalE18: parseE9("303.5") * SECOND,
      tradeCount: 2n,
      final: 1,
    },
    {
      openE9: parseE9("101"),
      closeE9: parseE9("101"),
      volumeE9: parseE9("1"),
      notionalE18: parseE9("101") * SECOND,
      tradeCount: 1n,
      final: 0,
    },
  ]);
  expect(
    (await reader.bars({ symbol: "BTCUSDT", interval: BarInterval.M1, toNanos: START + 60n * SECOND })).value,
  ).toHaveLength(1);

  expect((await reader.trades({ symbol: "BTCUSDT", last: 2 })).value.map((each) => each.tradeId)).toEqual([2n, 3n]);
  expect(
    (await reader.trades({ symbol: "BTCUSDT", last: 2, beforeTradeId: 3n })).value.map((each) => each.tradeId),
  ).toEqual([1n, 2n]);

  const book = await reader.book({ symbol: "ETHUSDT", depth: 2 });
  expect(book.value).toMatchObject({
    bids: [{ priceE9: parseE9("8"), sizeE9: 2n }],
    asks: [{ priceE9: parseE9("10") }, { priceE9: parseE9("11") }],
    venueSequence: 12n,
    maybeBad: false,
  });
  expect((await reader.book({ symbol: "BTCUSDT" })).value).toBeNull();

  expect((await reader.feeds()).value).toMatchObject([
    { feed: "test", session: "a", connected: 1, source: DataSource.SIMULATED, gaps: 0n },
  ]);
  await expect(reader.bars({ symbol: "NOPE", interval: BarInterval.M1 })).rejects.toMatchObject({
    code: "INSTRUMENT_NOT_FOUND",
  });
});

test("an answer larger than a frame comes whole and in order", async () => {
  const { address } = await engine();
  const { session, btc } = await feed(address, "many");
  const count = 12_000;
  for (let at = 0; at < count; at++) {
    session.bar({
      instrumentId: btc,
      interval: BarInterval.S1,
      openedAtNanos: START + BigInt(at) * SECOND,
      openE9: 1n,
      highE9: 2n,
      lowE9: 1n,
      closeE9: 2n,
      volumeE9: 10n,
      tradeCount: 1,
    });
    if (session.full) await session.room();
  }
  await session.flush();
  const kept = 3_600;
  const bars = await client(address).bars({ symbol: "BTCUSDT", interval: BarInterval.S1 });
  expect(bars.value).toHaveLength(kept);
  expect(bars.value[0]?.tsEventNanos).toBe(START + BigInt(count - kept) * SECOND);
  for (let at = 0; at < 200; at++) define(session, `S${at}`.padEnd(30, "x"));
  await session.flush();
  const symbols = Array.from({ length: 18_000 }, (_, at) => (at % 2 ? "BTCUSDT" : "none"));
  const statistics = await client(address).statistics(symbols);
  expect(statistics.value).toHaveLength(symbols.length);
  expect(statistics.value.filter((each) => each !== null)).toHaveLength(symbols.length / 2);
});

test("a bad record is reported to its session and leaves its neighbours alone", async () => {
  const started = await engine();
  const rejects: Rejected[] = [];
  const { session, btc } = await feed(started.address, "b", { onReject: (reject) => rejects.push(reject) });
  trade(session, btc, 1, 0, "100");
  trade(session, 77, 2, 0, "100");
  trade(session, btc, 3, 0, "0");
  session.quote({
    instrumentId: btc,
    tsEventNanos: START,
    bidPriceE9: 2n,
    bidSizeE9: 1n,
    askPriceE9: 1n,
    askSizeE9: 1n,
  });
  trade(session, btc, 4, 1, "101");
  await session.flush();
  await eventually(
    () =>
      expect(rejects.map(({ sequence, reason }) => [sequence, reason])).toEqual([
        [3, "UNKNOWN_INSTRUMENT"],
        [4, "PRICE_OUT_OF_RANGE"],
        [5, "CROSSED_QUOTE"],
      ]),
    { deadlineMs: 5_000 },
  );
  expect((await client(started.address).trades({ symbol: "BTCUSDT" })).value.map((each) => each.tradeId)).toEqual([
    1n,
    4n,
  ]);
  await eventually(async () => expect(await started.metric("engine_trades_accepted_total")).toBe(2), {
    deadlineMs: 5_000,
  });
});

test("a feed that begins anew under the same name is taken exactly once", async () => {
  const started = await engine();
  const write = async (upTo: number) => {
    const { session, btc } = await feed(started.address, "again");
    for (let id = 1; id <= upTo; id++) trade(session, btc, id, id, "100");
    await session.close();
  };
  await write(50);
  await write(120);
  const trades = await client(started.address).trades({ symbol: "BTCUSDT" });
  expect(trades.value.map((each) => Number(each.tradeId))).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
});

test("nothing is lost or doubled when the engine is killed while a feed writes", async () => {
  const started = await engine();
  const { session, btc } = await feed(started.address, "killed");
  const reader = client(started.address);
  let id = 0;
  for (let round = 0; round < 5; round++) {
    for (let at = 0; at < 2_000; at++) trade(session, btc, ++id, id, "100");
    await eventually(() => expect(session.durableSequence).toBeGreaterThan(round * 1_500), { deadlineMs: 10_000 });
    await started.kill();
    for (let at = 0; at < 100; at++) trade(session, btc, ++id, id, "100");
    await started.restart();
  }
  await session.flush();
  expect((await reader.statistics(["BTCUSDT"])).value[0]?.tradeCount).toBe(BigInt(id));
  await eventually(async () => expect(await started.metric("engine_trades_accepted_total")).toBe(id), {
    deadlineMs: 5_000,
  });
});

test("a session that connects a second time moves to the new connection", async () => {
  const { address } = await engine();
  const troubles: string[] = [];
  const first = new FeedSession({
    address,
    session: "moving",
    feed: "test",
    source: DataSource.LIVE,
    onTrouble: (error) => troubles.push(error.message),
  });
  await first.start();
  const second = new FeedSession({ address, session: "moving", feed: "test", source: DataSource.LIVE });
  await second.start();
  await eventually(() => expect(troubles.join()).toContain("SESSION_TAKEN_OVER"), { deadlineMs: 5_000 });
  await first.close({ timeoutMs: 0 });
  await second.close({ timeoutMs: 0 });
});

test("bytes that are no frame end their connection and nothing else", async () => {
  const { address } = await engine();
  const { session, btc } = await feed(address, "good");
  for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n".padEnd(64)), Buffer.alloc(64), Buffer.alloc(64, 0xff)]) {
    await new Promise<void>((resolve) =>
      connect({ path: address.slice(5) }, function (this: ReturnType<typeof connect>) {
        this.on("data", () => {})
          .on("error", () => {})
          .on("close", () => resolve())
          .write(bytes);
      }),
    );
  }
  trade(session, btc, 1, 0, "100");
  await session.flush();
  expect((await client(address).lastTrades(["BTCUSDT"])).value[0]?.tradeId).toBe(1n);
});

test("a reader learns that the engine is away, and reads on when it is back", async () => {
  const started = await engine();
  const reader = client(started.address);
  await reader.status();
  await started.kill();
  await expect(reader.status()).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
  await started.restart();
  await eventually(async () => expect((await reader.status()).value.instrumentCount).toBe(0), { deadlineMs: 5_000 });
});

test("SIGTERM makes everything durable, acknowledges it and ends with 0; the state is the same afterwards", async () => {
  const started = await startEngine();
  const { session, btc } = await feed(started.address, "stop");
  for (let id = 1; id <= 3_000; id++) trade(session, btc, id, id, "100");
  await session.flush();
  const before = await client(started.address).status({ withStateHash: true });
  await started.kill();
  await started.restart();
  const after = await client(started.address).status({ withStateHash: true });
  expect(after.value.stateHash).toBe(before.value.stateHash);
  expect(after.value.epoch).toEqual(before.value.epoch);
  await session.close();
  expect(await started.stop()).toBe(0);
});
