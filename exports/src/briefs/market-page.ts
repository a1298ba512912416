import type { MarketBrief, Mover } from "./answers.ts";
import { changeChart } from "./change-chart.ts";
import { compact, figure, minute, number, share } from "./format.ts";
import { markup, type Part } from "./markup.ts";
import { page, type Facts } from "./page.ts";
import * as part from "./sections.ts";
import { shareChart } from "./share-chart.ts";

const MOVERS: part.Column[] = [
  { name: "rank", kind: "FIGURES" },
  { name: "instrument" },
  { name: "change", kind: "FIGURES" },
  { name: "price", kind: "FIGURES" },
  { name: "traded", kind: "FIGURES" },
  { name: "as of", kind: "TIME" },
  { name: "news of it" },
];
const ANOMALIES: part.Column[] = [
  { name: "bar", kind: "TIME" },
  { name: "instrument" },
  { name: "score", kind: "FIGURES" },
  { name: "against what" },
];

/** The day of the market; null where no bar has come yet. */
export function marketPage(brief: MarketBrief | null, facts: Facts): string {
  if (brief === null)
    return page({
      title: "Market brief",
      lead: part.nothing("No bar has come yet: there is no day to tell."),
      facts,
      sources: [],
    });
  const { risers, fallers, breadth, regimes, anomalies, signalCounts, forecasts, stories, gaps } = brief;
  const sources = [
    ...[...risers, ...fallers, ...anomalies].map(({ instrument }) => instrument.source),
    ...(forecasts ?? []).map(({ model }) => model.instrument.source),
  ];
  return page(
    { title: `Market brief, ${brief.date}`, lead: part.lead(brief, sources), facts, sources },
    part.section(
      "What moved",
      risers.length + fallers.length > 0
        ? changeChart(
            [...risers, ...fallers.toReversed()].map(({ instrument, standing }) => ({
              label: instrument.symbol,
              percent: standing.changePercent,
            })),
          )
        : part.nothing("Nothing moved, or no bars of the day are there."),
      part.table(MOVERS, [...risers, ...fallers].map(moverRow)),
    ),
    part.section(
      "How many took part",
      shareChart("Instruments that rose, stayed and fell", [
        { label: "rose", count: breadth.advancing, kind: "up" },
        { label: "stayed", count: breadth.unchanged, kind: "even" },
        { label: "fell", count: breadth.declining, kind: "down" },
      ]),
      markup`<p>Traded value of those that rose: ${share(breadth.advancingVolumeShare)}. Closed above their average of 50 days: ${share(breadth.aboveAverageShare)}. New highs of 100 days: ${breadth.newHighs}, new lows: ${breadth.newLows}.${breadth.asOf !== null && markup` <span class="muted">Newest bar: ${minute(breadth.asOf)}.</span>`}</p>`,
      shareChart("What kind of market instruments are in, by their days", [
        { label: "trend up", count: regimes.trendingUp, kind: "up" },
        { label: "trend down", count: regimes.trendingDown, kind: "down" },
        { label: "range", count: regimes.ranging, kind: "even" },
        { label: "turbulent", count: regimes.turbulent, kind: "wild" },
        { label: "not known", count: regimes.unknown, kind: "none" },
      ]),
    ),
    part.section(
      "What was unusual",
      part.table(
        ANOMALIES,
        anomalies.map((signal) => [
          minute(signal.at),
          part.named(signal.instrument),
          figure(signal.score),
          part.evidence(signal),
        ]),
      ) ?? part.nothing("No anomaly is of the day."),
      part.counts(signalCounts),
    ),
    part.section("Forecasts against outcome", part.tracks(forecasts, "No model is champion.")),
    part.section("What was in the news", storyList(stories)),
    part.gaps(gaps),
  );
}

function moverRow({ rank, instrument, standing, news }: Mover): Part[] {
  return [
    rank,
    part.named(instrument),
    part.changed(standing.changePercent),
    number(standing.price),
    compact(standing.tradedValue),
    minute(standing.asOf),
    news?.map(part.headline),
  ];
}

function storyList(stories: MarketBrief["stories"]): Part {
  if (stories === null) return part.nothing(part.NO_NEWS);
  if (stories.length === 0) return part.nothing("No story began in this time.");
  return markup`<ul>${stories.map(
    ({ articleCount, articles }) =>
      markup`<li>${articles.map(part.headline)}${articleCount > 1 && ` (${articleCount} articles)`}</li>`,
  )}</ul>`;
}
