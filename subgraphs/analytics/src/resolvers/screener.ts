import { CodedError } from "@mib/service/coded-error";
import { connectionOf, decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import type { Context } from "../context.ts";
import {
  isBehind,
  lineOf,
  screen,
  type IndicatorCondition,
  type Range,
  type Screen,
} from "../domain/cross-section/screener.ts";
import { indicatorLines, indicatorSpec } from "../domain/indicators/indicator-spec.ts";
import { WINDOW_BARS_MAX, type BarInterval } from "../domain/market-memory.ts";
import type { FloatRange, QueryScreenerArgs, ScreenerKey } from "../generated/resolvers.ts";
import { within } from "./arguments.ts";
import { pageSize } from "./page-size.ts";

/** Each costs a value per instrument, and the first time a pass over its window. */
const INDICATORS_MAX = 4;

export async function screener(given: QueryScreenerArgs, { memory, indicators, passes }: Context) {
  const first = pageSize(given.first);
  const asked = screenOf(given);
  const bars = asked.bars + asked.indicators.length * WINDOW_BARS_MAX;
  const rows = await passes.make(memory.symbols.size * bars, () => screen(memory, indicators, asked));
  const cursor = given.after == null ? null : decodeCursor(given.after, ["number", "string"]);
  const left =
    cursor === null
      ? rows
      : rows.filter((row) => isBehind(row, { sortKey: cursor[0], symbol: cursor[1] }, asked.descending));
  const page = connectionOf(
    left.slice(0, first + 1),
    first,
    ({ sortKey, symbol }) => encodeCursor(sortKey, symbol),
    (row) => ({ standing: row, values: row.values }),
  );
  return { ...page, totalCount: rows.length };
}

function screenOf({ filter, sort, interval: given, bars }: QueryScreenerArgs): Screen {
  const interval = given ?? "M1";
  const conditions = filter?.indicators ?? [];
  if (conditions.length > INDICATORS_MAX)
    throw new CodedError("BAD_USER_INPUT", `A screen has at most ${INDICATORS_MAX} indicators.`);
  const indicators = conditions.map(({ indicator, line, min, max }) =>
    conditionOf(interval, indicator, line ?? null, rangeOf("indicators", { min: min ?? null, max: max ?? null })),
  );
  return {
    interval,
    bars: within("bars", bars, 1, 500),
    price: rangeOf("price", filter?.price),
    changePercent: rangeOf("changePercent", filter?.changePercent),
    volume: rangeOf("volume", filter?.volume),
    tradedValue: rangeOf("tradedValue", filter?.tradedValue),
    indicators,
    sortBy: sortOf(sort?.by ?? "TRADED_VALUE", indicators.length),
    descending: sort?.ascending !== true,
  };
}

function conditionOf(
  interval: BarInterval,
  indicator: Parameters<typeof indicatorSpec>[2] & { kind: Parameters<typeof indicatorSpec>[0] },
  name: string | null,
  range: Range,
): IndicatorCondition {
  const spec = indicatorSpec(indicator.kind, interval, indicator);
  const line = lineOf(spec, name);
  if (line === null)
    throw new CodedError(
      "BAD_USER_INPUT",
      `\`line\` of ${spec.kind} is one of: ${indicatorLines(spec.kind).join(", ")}.`,
    );
  return { ...range, spec, line };
}

function sortOf(key: ScreenerKey, indicators: number): Screen["sortBy"] {
  if (key === "INDICATOR") {
    if (indicators === 0) throw new CodedError("BAD_USER_INPUT", "To sort by an indicator, name one in the filter.");
    return 0;
  }
  return ({ PRICE: "price", CHANGE_PERCENT: "changePercent", VOLUME: "volume", TRADED_VALUE: "tradedValue" } as const)[
    key
  ];
}

function rangeOf(name: string, given: FloatRange | null | undefined): Range {
  const range = { least: given?.min ?? null, most: given?.max ?? null };
  if (range.least !== null && range.most !== null && range.least > range.most)
    throw new CodedError("BAD_USER_INPUT", `\`min\` of \`${name}\` is above \`max\`.`);
  return range;
}
