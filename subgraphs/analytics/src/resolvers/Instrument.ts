import { CodedError } from "@mib/service/coded-error";
import { decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import type { Context } from "../context.ts";
import { HORIZON_MAX } from "../domain/forecasting/model-spec.ts";
import { regime, REGIME_BARS_MAX } from "../domain/cross-section/regime.ts";
import { indicatorSeries, type SeriesPage } from "../domain/indicators/indicator-series.ts";
import {
  indicatorLead,
  indicatorLines,
  indicatorSpec,
  type IndicatorSpec,
} from "../domain/indicators/indicator-spec.ts";
import type { InstrumentResolvers } from "../generated/resolvers.ts";
import type { Instrument as Parent } from "../models.ts";
import { within } from "./arguments.ts";
import { instrumentBrief } from "./InstrumentBrief.ts";
import { pageSize } from "./page-size.ts";

const POINTS_MAX = 1_000;
/** The last day that a DateTime can name. */
const END_OF_TIME_MS = Date.parse("9999-12-31T23:59:59.999Z");

export const Instrument: InstrumentResolvers = {
  __resolveReference: ({ symbol, source }: Parent) => ({ symbol, ...(source && { source }) }),
  brief: (instrument, { date }, context) => instrumentBrief(instrument, date ?? null, context),
  indicators: ({ symbol }, { interval }) => ({ interval, symbol }),
  newsSentiment: ({ symbol }, { halfLifeHours }, { news }) => {
    const hours = halfLifeHours ?? 24;
    if (!(hours >= 0.1 && hours <= 720))
      throw new CodedError("BAD_USER_INPUT", "`halfLifeHours` must be between 0.1 and 720.");
    const found = news.sentiment(symbol, hours);
    return found && { ...found, asOf: new Date(found.asOfMs).toISOString() };
  },
  regime: (instrument, { interval }, { memory, indicators, passes }) =>
    passes.look(instrument, REGIME_BARS_MAX, () => {
      const found = regime(memory, indicators, instrument.symbol, interval ?? "M1");
      return found && { ...found, asOf: new Date(found.asOfMs).toISOString() };
    }),
  async forecast({ symbol, source }, { horizon, target, interval, coverage }, { models, forecaster, readings }) {
    const share = coverage ?? 0.9;
    if (!(share >= 0.5 && share <= 0.99))
      throw new CodedError("BAD_USER_INPUT", "`coverage` must be between 0.5 and 0.99.");
    const slot = {
      symbol,
      target: target ?? "VOLATILITY",
      interval: interval ?? "D1",
      horizon: within("horizon", horizon, 1, HORIZON_MAX),
    };
    const model = await models.champion(slot);
    const forecast = model && (await forecaster.forecast(model, share, readings));
    return forecast && { model, forecast, coverage: share, source: source! };
  },
  async indicatorSeries({ symbol }, { interval, indicator, from, to, first, after }, context) {
    const spec = indicatorSpec(indicator.kind, interval, indicator);
    const lines = indicatorLines(spec.kind);
    const fromMs = from == null ? null : Date.parse(from);
    const toMs = to == null ? END_OF_TIME_MS : Date.parse(to);
    if (fromMs !== null && fromMs >= toMs) throw new CodedError("BAD_USER_INPUT", "`from` must be before `to`.");
    const [openedAtMs, carry] = after == null ? [] : decodeCursor(after, ["number", "number"]);
    const page = {
      fromMs,
      toMs,
      first: pageSize(first, POINTS_MAX),
      after: openedAtMs === undefined ? null : { openedAtMs: checkedTime(openedAtMs), carry: carry! },
    };
    const { points, more } = await seriesInTurn(symbol, spec, page, context);
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

/** Bars that are read count as those that are looked at do. */
function seriesInTurn(symbol: string, spec: IndicatorSpec, page: SeriesPage, { history, passes, readings }: Context) {
  const bars = page.first + indicatorLead(spec);
  passes.count(bars);
  return readings.take(bars, () => indicatorSeries(history, symbol, spec, page, indicatorLines(spec.kind).length));
}

function checkedTime(ms: number): number {
  if (Math.abs(ms) > END_OF_TIME_MS) throw new CodedError("BAD_USER_INPUT", "`after` is not a cursor of this list.");
  return ms;
}
