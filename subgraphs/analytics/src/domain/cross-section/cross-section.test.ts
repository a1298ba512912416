import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indicatorSpec } from "../indicators/indicator-spec.ts";
import { LiveIndicators } from "../indicators/live-indicators.ts";
import { MarketMemory } from "../market-memory.ts";
import { alignedReturns } from "./aligned-returns.ts";
import { breadth } from "./breadth.ts";
import { clusters } from "./clusters.ts";
import { correlation, correlationMatrix } from "./correlation.ts";
import { heatMapGroups } from "./heat-map.ts";
import { leadLag } from "./lead-lag.ts";
import { regime } from "./regime.ts";
import { isBehind, screen, type Screen } from "./screener.ts";

/** Bars of a minute with these closes; a missing close is a minute without a bar. */
function memoryOf(closes: Record<string, readonly (number | null)[]>): MarketMemory {
  const memory = new MarketMemory();
  for (const [symbol, values] of Object.entries(closes))
    values.forEach((close, minute) => {
      if (close === null) return;
      const bar = { openedAtMs: minute * 60_000, open: close, high: close * 1.001, low: close * 0.999, close };
      memory.add(symbol, "M1", { ...bar, volume: 10, revision: 0 });
    });
  return memory;
}

/** The same numbers every time, between -1 and 1. */
function noise(seed: number, length: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const walk = (moves: readonly number[]): number[] => {
  let price = 100;
  return moves.map((move) => (price *= 1 + move / 1_000));
};

describe("a heat map in groups", () => {
  const cell = (symbol: string, tradedValue: number, changePercent = 1) => ({
    symbol,
    tradedValue,
    changePercent,
    asOfMs: 0,
    price: 1,
    volume: 1,
  });
  const standing = [cell("A", 0, -5), cell("B", 999.9, 2), cell("C", 1_000), cell("D", 4_000, -4), cell("E", 0.5)];
  const classes = new Map([
    ["B", "FX"],
    ["C", "CRYPTO"],
    ["D", "FX"],
  ]);
  const groups = (by: "CLASS" | "SIZE" | "SECTOR", of = standing) =>
    heatMapGroups(of, by, (symbol) => classes.get(symbol) ?? null);
  const symbolsOf = ({ cells }: { cells: readonly { symbol: string }[] }) => cells.map(({ symbol }) => symbol).join("");

  test("by class has the most traded first, and those of no known class together", () => {
    const found = groups("CLASS");
    expect(found.map((group) => [group.class, symbolsOf(group)])).toEqual([
      ["FX", "DB"],
      ["CRYPTO", "C"],
      [null, "EA"],
    ]);
    expect(found[0]).toMatchObject({ instruments: 2, advancing: 1, declining: 1, tradedValue: 4_999.9 });
    expect(found[0]!.changePercent).toBeCloseTo((-4 * 4_000 + 2 * 999.9) / 4_999.9, 9);
  });

  test("by size has buckets of powers of ten, whose lower end belongs to them", () => {
    expect(groups("SIZE").map((group) => [group.tradedValueFrom, group.tradedValueTo, symbolsOf(group)])).toEqual([
      [1_000, 10_000, "DC"],
      [100, 1_000, "B"],
      [0, 1, "EA"],
    ]);
  });

  test("by sector is one group: no definition carries one", () => {
    expect(groups("SECTOR").map(symbolsOf)).toEqual(["DCBEA"]);
  });

  test("of nothing has no groups, and of what was not traded no change", () => {
    expect(groups("SIZE", [])).toEqual([]);
    expect(groups("SIZE", [cell("A", 0)])[0]).toMatchObject({ instruments: 1, advancing: 1, changePercent: null });
  });

  test("any traded value is in its bucket", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true, max: 1e300 }), (tradedValue) => {
        const [group] = groups("SIZE", [cell("A", tradedValue)]);
        expect(group!.tradedValueFrom).toBeLessThanOrEqual(tradedValue);
        expect(group!.tradedValueTo).toBeGreaterThan(tradedValue);
      }),
    );
  });
});

describe("correlation", () => {
  test("is the same whatever the scale, and 1 or -1 for a line", () => {
    const anySeries = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 5, maxLength: 40 });
    fc.assert(
      fc.property(anySeries, fc.double({ min: 0.1, max: 10, noNaN: true }), (values, factor) => {
        fc.pre(Math.max(...values) - Math.min(...values) > 1e-3);
        const series = Float64Array.from(values);
        expect(
          correlation(
            series,
            series.map((value) => value * factor + 1),
          ),
        ).toBeCloseTo(1, 9);
        expect(
          correlation(
            series,
            series.map((value) => -value * factor),
          ),
        ).toBeCloseTo(-1, 9);
      }),
    );
  });

  test("is unknown where one does not move", () => {
    expect(correlation(new Float64Array(10), Float64Array.from(noise(1, 10)))).toBeNull();
  });

  test("an instrument that did not trade in a minute kept its price; one that began later is left out", () => {
    const memory = memoryOf({ A: [1, 2, 4, 8], B: [1, null, 3, 3], LATE: [null, null, 5, 6] });
    const { symbols, returns } = alignedReturns(memory, ["A", "B", "LATE", "UNKNOWN"], "M1", 3);
    expect(symbols).toEqual(["A", "B"]);
    expect([...returns[1]!]).toEqual([0, Math.log(3), 0]);
  });
});

test("instruments of two factors fall into two clusters, and one of neither stays alone", () => {
  const factors = [noise(1, 200), noise(2, 200)];
  const series = [0, 0, 0, 1, 1].map((factor, index) =>
    Float64Array.from(noise(10 + index, 200), (own, at) => own * 0.3 + factors[factor]![at]!),
  );
  const found = clusters(correlationMatrix([...series, Float64Array.from(noise(99, 200))]), 0.5);
  expect(found.map(({ members }) => members)).toEqual([[0, 1, 2], [3, 4], [5]]);
  expect(found[0]!.cohesion).toBeGreaterThan(0.7);
  expect(found[2]!.cohesion).toBeNull();
});

test("large clusters that are a little alike stay apart: the mean counts, not the sum", () => {
  const matrix = Array.from({ length: 8 }, (_, a) =>
    Array.from({ length: 8 }, (_unused, b) => (a === b ? 1 : Math.floor(a / 4) === Math.floor(b / 4) ? 0.9 : 0.3)),
  );
  const found = clusters(matrix, 0.5);
  expect(found.map(({ members }) => members)).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ]);
  expect(found[0]!.cohesion).toBeCloseTo(0.9, 9);
});

describe("lead and lag", () => {
  const moves = noise(5, 310);
  const leader = Float64Array.from(moves.slice(3));
  const follower = Float64Array.from(noise(6, 307), (own, index) => own * 0.5 + moves[index]!);

  test("who moves three bars later is found, with the sign of who leads", () => {
    expect(leadLag(leader, follower, 10).best?.lag).toBe(3);
    expect(leadLag(follower, leader, 10).best?.lag).toBe(-3);
  });

  test("unrelated ones have none in at least 19 of 20 pairs", () => {
    const found = Array.from({ length: 100 }, (_, index) =>
      leadLag(Float64Array.from(noise(1_000 + index, 300)), Float64Array.from(noise(5_000 + index, 300)), 10),
    ).filter(({ best }) => best !== null);
    expect(found.length).toBeLessThanOrEqual(10);
  });
});

describe("regime", () => {
  const kindOf = (moves: readonly number[]) => {
    const memory = memoryOf({ A: walk(moves) });
    return regime(memory, new LiveIndicators(memory), "A", "M1");
  };

  test("a market that goes one way is a trend with its direction", () => {
    expect(kindOf([...noise(3, 200), ...noise(4, 60).map((move) => move * 0.5 - 0.8)])).toMatchObject({
      kind: "TREND",
      direction: "DOWN",
    });
  });

  test("one that goes nowhere is a range, and one that moves far more than usual is turbulent", () => {
    expect(kindOf(noise(8, 260))?.kind).toBe("RANGE");
    expect(kindOf([...noise(8, 230), ...noise(9, 30).map((move) => move * 5)])?.kind).toBe("TURBULENT");
  });

  test("too few bars, or prices that stand still, say nothing", () => {
    expect(kindOf(noise(8, 60))).toBeNull();
    expect(kindOf(new Array<number>(260).fill(0))).toBeNull();
  });
});

test("breadth counts who rises, falls and stays", () => {
  const memory = memoryOf({ UP: [1, 2], DOWN: [2, 1], SAME: [3, 3], NEW: [4] });
  expect(breadth(memory, new LiveIndicators(memory), "M1", 1)).toMatchObject({
    instruments: 3,
    advancing: 1,
    declining: 1,
    unchanged: 1,
    aboveAverageShare: null,
  });
});

describe("the screener", () => {
  const open = { least: null, most: null };
  const asked: Screen = {
    interval: "M1",
    bars: 1,
    price: open,
    changePercent: open,
    volume: open,
    tradedValue: open,
    indicators: [],
    sortBy: "changePercent",
    descending: true,
  };
  const symbols = Array.from({ length: 40 }, (_, index) => `S${String(index).padStart(2, "0")}`);
  const memory = memoryOf(Object.fromEntries(symbols.map((symbol, index) => [symbol, walk(noise(index % 17, 60))])));
  const live = new LiveIndicators(memory);

  test("answers what a look at each instrument answers", () => {
    const spec = indicatorSpec("RSI", "M1", {});
    const found = screen(memory, live, {
      ...asked,
      changePercent: { least: 0, most: null },
      indicators: [{ spec, line: 0, least: 45, most: 60 }],
    }).map(({ symbol }) => symbol);
    const expected = symbols.filter((symbol) => {
      const [before, last] = memory.bars(symbol, "M1").slice(-2);
      const rsi = live.value(symbol, spec)![0]!;
      return last!.close >= before!.close && rsi >= 45 && rsi <= 60;
    });
    expect(found.length).toBeGreaterThan(0);
    expect([...found].sort()).toEqual(expected);
  });

  test("pages in both directions meet every instrument once, also among equals", () => {
    for (const descending of [true, false]) {
      const rows = screen(memory, live, { ...asked, descending });
      const met = [rows[0]!];
      for (let next; (next = rows.find((row) => isBehind(row, met.at(-1)!, descending)));) met.push(next);
      expect(met.map(({ symbol }) => symbol)).toEqual(rows.map(({ symbol }) => symbol));
      expect(new Set(met.map(({ symbol }) => symbol)).size).toBe(symbols.length);
    }
  });
});
