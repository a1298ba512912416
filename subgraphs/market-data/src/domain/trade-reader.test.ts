import { CodedError } from "@mib/service/coded-error";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlacedTrade, TradeHistory, TradeMemory } from "./ports.ts";
import { beginningOf, comparePlaces, type TradePlace } from "./trade-place.ts";
import { expiredTradePartitions, boundsOf, tradePartitionNamed, tradePartitionOf } from "./trade-partitions.ts";
import { TradeReader } from "./trade-reader.ts";
import { tradeWindowOf, type TradeWindow } from "./trade-window.ts";

const SYMBOL = "BTCUSDT";
const EPOCH = "this epoch";
const EARLIER = "the epoch before";
const coded = (code: string) => expect.objectContaining({ code });

/** The n-th trade that came: some of one moment, some late. */
function tradeOf(sequence: number, at: number): PlacedTrade {
  return {
    symbol: SYMBOL,
    id: String(sequence % 7),
    price: "1",
    size: "1",
    side: null,
    atNanos: BigInt(at),
    sequence: BigInt(sequence),
    ordinal: 0n,
  };
}

/** A window read out of trades, the way the engine and PostgreSQL do. */
function cut(trades: readonly PlacedTrade[], { after, before, count, end }: TradeWindow): PlacedTrade[] {
  const found = trades
    .filter((trade) => (!after || comparePlaces(after, trade) < 0) && (!before || comparePlaces(trade, before) < 0))
    .sort(comparePlaces);
  return end === "LAST" ? found.slice(-count) : found.slice(0, count);
}

interface Market {
  /** In the order in which they came. */
  trades: readonly PlacedTrade[];
  /** How many of them the engine has forgotten. */
  forgotten: number;
  /** How many of them are written down. */
  written: number;
  /** The epoch began after so many of them. */
  epochAfter?: number;
  engine?: "UP" | "DOWN";
  database?: "UP" | "DOWN";
  /** The engine has the trades of an older version's snapshot, which did not say their sequences: only that they are not above this. */
  snapshotOf?: bigint;
  /** Gets an entry each time that the database is asked. */
  asked?: string[];
}

function readerOf({
  trades,
  forgotten,
  written,
  epochAfter = 0,
  engine = "UP",
  database = "UP",
  snapshotOf,
  asked = [],
}: Market): TradeReader {
  const gone = trades.slice(0, forgotten);
  const memory = (window: TradeWindow): TradeMemory => ({
    trades: cut(trades.slice(forgotten), window),
    epoch: EPOCH,
    epochAfter: trades[epochAfter - 1]?.sequence ?? 0n,
    forgottenSequence: snapshotOf ?? gone.at(-1)?.sequence ?? 0n,
    forgottenNanos: gone.reduce((most, { atNanos }) => (atNanos > most ? atNanos : most), 0n),
  });
  const lastWritten = trades[written - 1];
  const history: TradeHistory = {
    tradesBetween: async (_, window) => {
      asked.push("trades");
      if (database === "DOWN") throw new Error("no database");
      return {
        trades: cut(trades.slice(0, written), window),
        writtenTo: lastWritten
          ? { epoch: written > epochAfter ? EPOCH : EARLIER, sequence: lastWritten.sequence }
          : null,
      };
    },
    findTrade: async (_, id) =>
      trades
        .slice(0, written)
        .sort(comparePlaces)
        .findLast((trade) => trade.id === String(id)) ?? null,
  };
  const down = new CodedError("ENGINE_UNAVAILABLE");
  return new TradeReader(
    {
      tradesBetween: async (_, window) => {
        if (engine === "DOWN") throw down;
        return memory(window);
      },
      findTrade: async (_, id) => {
        if (engine === "DOWN") throw down;
        return trades.slice(forgotten).findLast((trade) => trade.id === String(id)) ?? null;
      },
      lastTrades: async () => [trades.slice(snapshotOf === undefined ? forgotten : 0).at(-1) ?? null],
    },
    history,
  );
}

/** Trades whose sequences have gaps (other instruments' inputs) and whose times go back now and then. */
const someTrades = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 3 }), step: fc.integer({ min: -6, max: 4 }) }), { maxLength: 60 })
  .map((all) => {
    let [sequence, at] = [0, 1_000];
    return all.map(({ gap, step }) => tradeOf((sequence += gap), (at += step)));
  });

/** Where memory begins and where writing stands: the writer has at least what was forgotten. */
const anyMarket = fc
  .tuple(someTrades, fc.nat(), fc.nat(), fc.nat())
  .map(([trades, forgotten, more, epochAfter]): Market => {
    const gone = forgotten % (trades.length + 1);
    return {
      trades,
      forgotten: gone,
      written: gone + (more % (trades.length - gone + 1)),
      epochAfter: epochAfter % (trades.length + 1),
    };
  });

async function readAll(reader: TradeReader, window: TradeWindow): Promise<PlacedTrade[]> {
  const all: PlacedTrade[] = [];
  for (let { after, before } = window as { after: TradePlace | null; before: TradePlace | null }; ;) {
    const { trades, more } = await reader.read(SYMBOL, { ...window, after, before });
    expect(trades.length <= window.count && (!more || trades.length === window.count)).toBe(true);
    if (window.end === "FIRST") all.push(...trades);
    else all.unshift(...trades);
    if (!more) return all;
    if (window.end === "FIRST") after = trades.at(-1)!;
    else before = trades[0]!;
  }
}

describe("trades of the engine's memory and of history", () => {
  test("wherever memory begins and writing stands, pages in both directions read like one list", async () => {
    const time = fc.option(fc.integer({ min: 800, max: 1_200 }), { nil: null });
    await fc.assert(
      fc.asyncProperty(
        anyMarket,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom("FIRST" as const, "LAST" as const),
        time,
        time,
        async (market, count, end, from, to) => {
          const after = from === null ? null : beginningOf(BigInt(from));
          const before = to === null ? null : beginningOf(BigInt(to));
          const window = { after, before, count, end };
          const all = cut(market.trades, { ...window, count: 1_000 });
          expect(await readAll(readerOf(market), window)).toEqual(all);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("while something forgotten is not written, a page is right or is refused", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        anyMarket,
        fc.nat(),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom("FIRST" as const, "LAST" as const),
        fc.option(fc.integer({ min: 950, max: 1_050 }), { nil: null }),
        async (market, missing, count, end, from) => {
          fc.pre(market.forgotten > 0);
          const behind = { ...market, written: missing % market.forgotten };
          const after = from === null ? null : beginningOf(BigInt(from));
          const window = { after, before: null, count, end };
          try {
            const { trades } = await readerOf(behind).read(SYMBOL, window);
            expect(trades).toEqual(cut(market.trades, window));
          } catch (error) {
            expect(error).toEqual(coded("TRADES_NOT_WRITTEN_YET"));
            refused += 1;
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  const five = [10, 20, 30, 25, 40].map((at, index) => tradeOf(index + 1, at));
  const sequences = (trades: readonly PlacedTrade[]) => trades.map(({ sequence }) => Number(sequence));
  const last = (count: number) => ({ after: null, before: null, count, end: "LAST" as const });

  test("a late trade is at its time, on whichever side of the border it is", async () => {
    for (const forgotten of [0, 1, 2, 3, 4])
      expect(sequences((await readerOf({ trades: five, forgotten, written: 4 }).read(SYMBOL, last(9))).trades)).toEqual(
        [1, 2, 4, 3, 5],
      );
  });

  test("trades before one that the engine has forgotten are found", async () => {
    const reader = readerOf({ trades: five, forgotten: 4, written: 5 });
    expect(sequences(await reader.before(SYMBOL, 3n, 10))).toEqual([1, 2, 4]);
    expect(sequences(await reader.before(SYMBOL, 5n, 2))).toEqual([4, 3]);
    expect(await reader.before(SYMBOL, 6n, 2)).toEqual([]);
  });

  test("trades before one that nobody can look for are not none", async () => {
    const market = { trades: five, forgotten: 4, written: 2 };
    await expect(readerOf({ ...market, engine: "DOWN" }).before(SYMBOL, 5n, 2)).rejects.toEqual(
      coded("ENGINE_UNAVAILABLE"),
    );
    await expect(readerOf(market).before(SYMBOL, 3n, 2)).rejects.toEqual(coded("TRADES_NOT_WRITTEN_YET"));
    expect(await readerOf({ ...market, forgotten: 0 }).before(SYMBOL, 6n, 2)).toEqual([]);
    expect(sequences(await readerOf({ ...market, engine: "DOWN" }).before(SYMBOL, 2n, 2))).toEqual([1]);
  });

  test("a page that the engine has whole asks nothing of the database", async () => {
    const asked: string[] = [];
    const reader = readerOf({ trades: five, forgotten: 2, written: 5, asked });
    expect(sequences(await reader.before(SYMBOL, null, 3))).toEqual([4, 3, 5]);
    expect(sequences((await reader.read(SYMBOL, last(2))).trades)).toEqual([3, 5]);
    expect(asked).toEqual([]);
    expect(sequences((await reader.read(SYMBOL, last(3))).trades)).toEqual([4, 3, 5]);
    expect(asked).toEqual(["trades"]);
  });

  test("trades of a snapshot that did not say their sequences are read once the last of them is written", async () => {
    const market = { trades: five, forgotten: 5, snapshotOf: 90n };
    expect(sequences((await readerOf({ ...market, written: 5 }).read(SYMBOL, last(3))).trades)).toEqual([4, 3, 5]);
    await expect(readerOf({ ...market, written: 4 }).read(SYMBOL, last(3))).rejects.toEqual(
      coded("TRADES_NOT_WRITTEN_YET"),
    );
    expect(sequences(await readerOf({ ...market, written: 5 }).before(SYMBOL, 5n, 9))).toEqual([1, 2, 4, 3]);
    await expect(readerOf({ ...market, written: 4 }).before(SYMBOL, 5n, 9)).rejects.toEqual(
      coded("TRADES_NOT_WRITTEN_YET"),
    );
  });

  test("without the engine what is written answers, and without the database what the engine has whole", async () => {
    const market = { trades: five, forgotten: 3, written: 4 };
    expect(sequences((await readerOf({ ...market, engine: "DOWN" }).read(SYMBOL, last(9))).trades)).toEqual([
      1, 2, 4, 3,
    ]);
    await expect(readerOf({ ...market, written: 0, engine: "DOWN" }).read(SYMBOL, last(9))).rejects.toEqual(
      coded("ENGINE_UNAVAILABLE"),
    );
    const whole = { trades: five, forgotten: 0, written: 0, database: "DOWN" as const };
    expect(sequences((await readerOf(whole).read(SYMBOL, last(9))).trades)).toEqual([1, 2, 4, 3, 5]);
    await expect(readerOf({ ...whole, forgotten: 1 }).read(SYMBOL, last(9))).rejects.toThrow("no database");
  });
});

describe("windows", () => {
  const place: TradePlace = { atNanos: 50n, sequence: 7n, ordinal: 0n, id: "1" };
  const read = (given: Partial<Parameters<typeof tradeWindowOf>[0]>) =>
    tradeWindowOf({ after: null, before: null, ...given });

  test("a cursor and a time make the narrower window", () => {
    const late = { ...place, atNanos: 2n ** 62n };
    expect(read({ from: "2024-08-08T12:00:00Z", after: place }).after?.atNanos).toBe(1723118400000000000n);
    expect(read({ from: "2024-08-08T12:00:00Z", after: late }).after).toBe(late);
    expect(read({ to: "2024-08-08T12:00:00Z", before: place }).before).toBe(place);
    expect(read({})).toEqual({ after: null, before: null, count: 100, end: "LAST" });
    expect(read({ first: 3 })).toMatchObject({ count: 3, end: "FIRST" });
  });

  test.each([
    [{ first: 1, last: 1 }, "BAD_USER_INPUT"],
    [{ first: -1 }, "BAD_USER_INPUT"],
    [{ last: 1_001 }, "RANGE_TOO_LARGE"],
  ])("%j is refused with %s", (given, code) => {
    expect(() => read(given)).toThrow(coded(code));
  });
});

describe("partitions of trades", () => {
  test("every time has one partition, and its name says which", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 946_684_800_000_000_000n, max: 4_102_444_800_000_000_000n }), (at) => {
        const partition = tradePartitionOf(at);
        const [from, to] = boundsOf(partition);
        expect(from <= at && at < to).toBe(true);
        expect(tradePartitionNamed(partition.name)).toEqual(partition);
        expect(boundsOf(tradePartitionOf(to))[0]).toBe(to);
      }),
    );
    for (const name of ["trades_20240808_13", "trades_20240830_99", "trades_2024", "bars_m1_202408"])
      expect(tradePartitionNamed(name)).toBeNull();
  });

  const HOURS = 3_600_000;
  const now = Date.UTC(2024, 7, 8, 12);
  const partitions = (...ages: number[]) =>
    ages.map((hours) => ({ name: String(hours), fromMs: now - hours * HOURS, bytes: 10 }));
  type Sized = ReturnType<typeof partitions>[number];
  const expired = (given: Sized[], days: number, bytesMax: number) =>
    expiredTradePartitions(given, { days, bytesMax }, now).map(({ name }) => Number(name));

  test("what is too old goes, and the oldest of what is too much", () => {
    expect(expired(partitions(30, 24, 6, 0), 1, 1_000)).toEqual([30]);
    expect(expired(partitions(30, 24, 6, 0), 30, 25)).toEqual([24, 30]);
    expect(expired(partitions(0), 1, 1)).toEqual([]);
  });

  test("age counts from the newest trade, but not from one of a time to come", () => {
    const years = 24 * 365;
    expect(expired(partitions(2 * years, years, years - 6), 30, 1_000)).toEqual([2 * years]);
    expect(expired(partitions(24, 0, -50 * years), 30, 1_000)).toEqual([]);
    expect(expired(partitions(2 * years + 24, 2 * years, -50 * years), 30, 1_000)).toEqual([]);
  });

  test("the newest stays however large it is, and one of a time to come is not it", () => {
    const [old, live, wrong] = partitions(6, 0, -50 * 24 * 365) as [Sized, Sized, Sized];
    expect(expired([old, live, { ...wrong, bytes: 1 }], 30, 5)).toEqual([6]);
    expect(expired([live, wrong], 30, 5)).toEqual([Number(wrong.name)]);
    expect(expired([wrong], 30, 5)).toEqual([]);
  });
});
