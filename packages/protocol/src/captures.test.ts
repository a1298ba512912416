import { createReadStream, existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { eventually } from "@mib/testkit/eventually";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EngineClient } from "./engine-client.ts";
import { FeedSession } from "./feed-session.ts";
import { BarInterval, DataSource, InstrumentClass, Side } from "./messages.generated.ts";
import { startEngine, type EngineProcess } from "./testing/engine-process.ts";

const FOLDER = join(resolve(process.env.SHARED_DATA ?? "../shared/data"), "binance");
const CAPTURES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((file) => file.endsWith(".jsonl.gz")) : [];
if (CAPTURES.length === 0) process.stdout.write("skipped: set SHARED_DATA\n");

interface CapturedTrade {
  id: bigint;
  priceE9: bigint;
  sizeE9: bigint;
  atNanos: bigint;
  buyerIsMaker: boolean;
}

let engine: EngineProcess;
let client: EngineClient;

beforeAll(async () => {
  engine = await startEngine();
  client = new EngineClient({ address: engine.address });
});

afterAll(async () => {
  client.close();
  await engine.stop();
});

/** Nothing of the codec's arithmetic: digits are moved as text. */
function units(text: string): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(9, "0"));
}

async function tradesOf(file: string): Promise<CapturedTrade[]> {
  const trades: CapturedTrade[] = [];
  for await (const line of createInterface({ input: createReadStream(join(FOLDER, file)).pipe(createGunzip()) })) {
    const { data } = JSON.parse(line.slice(line.indexOf(" ") + 1));
    // Futures send entries of insurance fund and ADL as trades without a price.
    if (data?.e === "trade" && units(data.p) > 0n)
      trades.push({
        id: BigInt(data.t),
        priceE9: units(data.p),
        sizeE9: units(data.q),
        atNanos: BigInt(data.T) * 1_000_000n,
        buyerIsMaker: data.m,
      });
  }
  return trades;
}

function barsOf(trades: readonly CapturedTrade[], lengthNanos: bigint) {
  const groups = Map.groupBy(
    trades.toSorted((a, b) => Number(a.atNanos - b.atNanos)),
    (trade) => trade.atNanos / lengthNanos,
  );
  return [...groups].map(([number, members]) => ({
    tsEventNanos: number * lengthNanos,
    openE9: members[0]!.priceE9,
    highE9: members.reduce((best, { priceE9 }) => (priceE9 > best ? priceE9 : best), 0n),
    lowE9: members.reduce((best, { priceE9 }) => (priceE9 < best ? priceE9 : best), members[0]!.priceE9),
    closeE9: members.at(-1)!.priceE9,
    volumeE9: members.reduce((sum, { sizeE9 }) => sum + sizeE9, 0n),
    notionalE18: members.reduce((sum, { priceE9, sizeE9 }) => sum + priceE9 * sizeE9, 0n),
    tradeCount: BigInt(members.length),
  }));
}

/** A session that tells the engine of one instrument. */
async function sessionOf(file: string, symbol: string) {
  const session = new FeedSession({
    address: engine.address,
    session: `${symbol} of ${file}`,
    feed: "replay",
    source: DataSource.REPLAY,
  });
  await session.start();
  const instrumentId = session.defineInstrument({
    symbol,
    name: symbol,
    venue: "BINANCE",
    venueSymbol: symbol,
    class: InstrumentClass.CRYPTO,
    source: DataSource.REPLAY,
  });
  let marks = 0n;
  return {
    session,
    instrumentId,
    /** Until queries see everything that was told so far: what is durable may not be seen yet, a quote told after it is. */
    async seen() {
      const tsEventNanos = 1_800_000_000_000_000_000n + ++marks;
      session.quote({ instrumentId, tsEventNanos, bidPriceE9: 1n, bidSizeE9: 1n, askPriceE9: 2n, askSizeE9: 1n });
      await session.flush();
      await eventually(async () => {
        const { value } = await client.quotes([symbol]);
        expect(value[0]?.tsEventNanos).toBe(tsEventNanos);
      });
    },
  };
}

test.each(CAPTURES)("bars over %s equal, to the last digit, those computed from the file", async (file) => {
  const trades = await tradesOf(file);
  const symbol = file.slice(0, 30);
  const { session, instrumentId, seen } = await sessionOf(file, symbol);
  for (const { id, priceE9, sizeE9, atNanos, buyerIsMaker } of trades) {
    session.trade({
      instrumentId,
      tradeId: id,
      priceE9,
      sizeE9,
      tsEventNanos: atNanos,
      side: buyerIsMaker ? Side.SELL : Side.BUY,
    });
  }
  await seen();
  for (const [interval, seconds] of [
    [BarInterval.S1, 1n],
    [BarInterval.M1, 60n],
    [BarInterval.M5, 300n],
    [BarInterval.H1, 3_600n],
    [BarInterval.D1, 86_400n],
  ] as const) {
    const { value } = await client.bars({ symbol, interval });
    const bars = value.map(({ tsEventNanos, openE9, highE9, lowE9, closeE9, volumeE9, notionalE18, tradeCount }) => ({
      tsEventNanos,
      openE9,
      highE9,
      lowE9,
      closeE9,
      volumeE9,
      notionalE18,
      tradeCount,
    }));
    expect(bars).toEqual(barsOf(trades, seconds * 1_000_000_000n));
  }
  await session.close();
});

interface CapturedUpdate {
  first: bigint;
  last: bigint;
  levels: { side: Side; priceE9: bigint; sizeE9: bigint }[];
}

interface CapturedBook {
  /** The venue's whole book, as of an update id. */
  snapshot: CapturedUpdate;
  /** The changes that are not in it, in order. */
  updates: CapturedUpdate[];
  /** Best bid and offer by update id: price and size. */
  tickers: Map<bigint, bigint[]>;
}

function levelsOf(bids: [string, string][], asks: [string, string][]): CapturedUpdate["levels"] {
  const side = (side: Side, levels: [string, string][]) =>
    levels.map(([price, size]) => ({ side, priceE9: units(price), sizeE9: units(size) }));
  return [...side(Side.BUY, bids), ...side(Side.SELL, asks)];
}

async function bookOf(file: string): Promise<CapturedBook> {
  const updates: CapturedUpdate[] = [];
  const tickers: CapturedBook["tickers"] = new Map();
  let snapshot: CapturedUpdate | undefined;
  for await (const line of createInterface({ input: createReadStream(join(FOLDER, file)).pipe(createGunzip()) })) {
    const message = JSON.parse(line.slice(line.indexOf(" ") + 1));
    const { data } = message;
    if (message.lastUpdateId !== undefined) {
      const last = BigInt(message.lastUpdateId);
      snapshot = { first: last, last, levels: levelsOf(message.bids, message.asks) };
    } else if (data?.e === "depthUpdate") {
      // Futures name the update before; on the spot market the numbers themselves have no holes.
      const first = data.pu === undefined ? BigInt(data.U) : BigInt(data.pu) + 1n;
      updates.push({ first, last: BigInt(data.u), levels: levelsOf(data.b, data.a) });
    } else if (data?.B !== undefined) {
      tickers.set(BigInt(data.u), [data.b, data.B, data.a, data.A].map(units));
    }
  }
  if (snapshot === undefined) throw new Error(`${file} has no snapshot of the book`);
  const { last } = snapshot;
  return { snapshot, updates: updates.filter((update) => update.last > last), tickers };
}

async function bookSession(file: string, symbol: string) {
  const { session, instrumentId, seen } = await sessionOf(file, symbol);
  const told = ({ first, last, levels }: CapturedUpdate) => ({
    instrumentId,
    tsEventNanos: 1_723_161_255_000_000_000n,
    firstVenueSequence: first,
    venueSequence: last,
    levels,
  });
  let last = 0n;
  return {
    session,
    snapshot: (update: CapturedUpdate) => {
      session.bookSnapshot(told(update));
      ({ last } = update);
    },
    update: (update: CapturedUpdate) => {
      session.bookDelta(told(update));
      ({ last } = update);
    },
    book: async () => {
      await seen();
      const { value } = await client.book({ symbol, depth: 1 });
      expect(value!.venueSequence).toBe(last);
      const [bid, ask] = [value!.bids[0]!, value!.asks[0]!];
      return { ...value!, top: [bid.priceE9, bid.sizeE9, ask.priceE9, ask.sizeE9] };
    },
  };
}

test.each(CAPTURES)(
  "the engine's book over %s has the captured quote at its top at every matching update id",
  { timeout: 120_000 },
  async (file) => {
    const { snapshot, updates, tickers } = await bookOf(file);
    const feed = await bookSession(file, `BOOK-${file.slice(0, 20)}`);
    feed.snapshot(snapshot);
    let compared = 0;
    for (const update of updates) {
      feed.update(update);
      const ticker = tickers.get(update.last);
      if (ticker === undefined) continue;
      const book = await feed.book();
      expect([update.last, book.maybeBad, book.top]).toEqual([update.last, false, ticker]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(100);
    await feed.session.close();
  },
);

test.each(CAPTURES)(
  "an update that is missing in %s is noticed at the next one, and a snapshot mends it",
  async (file) => {
    const { snapshot, updates } = await bookOf(file);
    const feed = await bookSession(file, `GAP-${file.slice(0, 20)}`);
    feed.snapshot(snapshot);
    for (const missing of [1, 40, 77]) {
      for (const update of updates.slice(0, missing)) feed.update(update);
      expect(await feed.book()).toMatchObject({ maybeBad: false });
      feed.update(updates[missing + 1]!);
      expect(await feed.book()).toMatchObject({ maybeBad: true, venueSequence: updates[missing + 1]!.last });
      feed.snapshot(snapshot);
      expect(await feed.book()).toMatchObject({ maybeBad: false, venueSequence: snapshot.last });
    }
    await feed.session.close();
  },
);
