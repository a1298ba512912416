import { CodedError } from "@mib/service/coded-error";
import { decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import { regime } from "../domain/cross-section/regime.ts";
import { indicatorSeries } from "../domain/indicators/indicator-series.ts";
import { indicatorLines, indicatorSpec } from "../domain/indicators/indicator-spec.ts";
import type { InstrumentResolvers } from "../generated/resolvers.ts";
import { pageSize } from "./page-size.ts";

const POINTS_MAX = 1_000;
/** The last day that a DateTime can name. */
const END_OF_TIME_MS = Date.parse("9999-12-31T23:59:59.999Z");

export const Instrument: InstrumentResolvers = {
  __resolveReference: ({ symbol }) => ({ symbol }),
  indicators: ({ symbol }, { interval }) => ({ interval, symbol }),
  regime: ({ symbol }, { interval }, { memory, indicators }) => {
    const found = regime(memory, indicators, symbol, interval ?? "M1");
    return found && { ...found, asOf: new Date(found.asOfMs).toISOString() };
  },
  async indicatorSeries({ symbol }, { interval, indicator, from, to, first, after }, { history }) {
    const spec = indicatorSpec(indicator.kind, interval, indicator);
    const lines = indicatorLines(spec.kind);
    const fromMs = from == null ? null : Date.parse(from);
    const toMs = to == null ? END_OF_TIME_MS : Date.parse(to);
    if (fromMs !== null && fromMs >= toMs) throw new CodedError("BAD_USER_INPUT", "`from` must be before `to`.");
    const [openedAtMs, carry] = after == null ? [] : decodeCursor(after, ["number", "number"]);
    const { points, more } = await indicatorSeries(
      history,
      symbol,
      spec,
      {
        fromMs,
        toMs,
        first: pageSize(first, POINTS_MAX),
        after: openedAtMs === undefined ? null : { openedAtMs: checkedTime(openedAtMs), carry: carry! },
      },
      lines.length,
    );
    const edges = points.map((point) => ({
      node: { openedAt: new Date(point.openedAtMs).toISOString(), values: [...point.values] },
      cursor: encodeCursor(point.openedAtMs, point.values[0] ?? 0),
    }));
    return {
      interval,
      kind: spec.kind,
      lines: [...lines],
      edges,
      nodes: edges.map(({ node }) => node),
      pageInfo: { hasNextPage: more, endCursor: edges.at(-1)?.cursor ?? null },
    };
  },
};

function checkedTime(ms: number): number {
  if (Math.abs(ms) > END_OF_TIME_MS) throw new CodedError("BAD_USER_INPUT", "`after` is not a cursor of this list.");
  return ms;
}
