import type { InstrumentBrief, Named } from "./answers.ts";
import { compact, figure, minute, number } from "./format.ts";
import { foreign, markup, type Part } from "./markup.ts";
import { page, type Facts } from "./page.ts";
import { priceChart } from "./price-chart.ts";
import * as part from "./sections.ts";

const DAY_MS = 86_400_000;
const SIGNALS: part.Column[] = [
  { name: "bar", kind: "TIME" },
  { name: "kind" },
  { name: "score", kind: "FIGURES" },
  { name: "what" },
];

/** The day of an instrument; no brief where no bar of it has come yet. */
export function instrumentPage(
  { brief, ...instrument }: Named & { venue: string; class: string; brief: InstrumentBrief | null },
  facts: Facts,
): string {
  const { symbol, name, venue, source } = instrument;
  const about = markup`<p>${foreign(name)} <span class="muted">${instrument.class} on ${foreign(venue)}</span></p>`;
  if (brief === null)
    return page({
      title: symbol,
      lead: [about, part.nothing("No bar of it has come yet: there is no day to tell.")],
      facts,
      sources: [source],
    });
  const { signals, signalCounts, forecasts, news, gaps } = brief;
  return page(
    { title: `${symbol}, ${brief.date}`, lead: [about, part.lead(brief, [source])], facts, sources: [source] },
    part.section("The day", standing(brief), prices(brief), regime(brief)),
    part.section(
      "What was unusual",
      part.table(
        SIGNALS,
        signals.map((signal) => [
          minute(signal.at),
          [signal.kind, signal.direction !== null && ` ${signal.direction}`],
          figure(signal.score),
          part.evidence(signal),
        ]),
      ) ?? part.nothing("No signal is of the day."),
      part.counts(signalCounts),
    ),
    part.section("Forecasts against outcome", part.tracks(forecasts, "No model of it is champion.")),
    part.section("What was in the news", part.news(news)),
    part.gaps(gaps),
  );
}

function standing({ standing: found, rank }: InstrumentBrief): Part {
  if (found === null)
    return part.nothing("It has no bar of the day, no close before it, or bars of five minutes that begin within it.");
  const { price, changePercent, volume, tradedValue, asOf } = found;
  return markup`<p><b>${number(price)}</b> ${part.changed(changePercent)}, number ${rank} of all by the size of the change. Volume ${compact(volume)}, traded value ${compact(tradedValue)}. <span class="muted">Last bar: ${minute(asOf)}.</span></p>`;
}

function prices({ bars, signals, from }: InstrumentBrief): Part {
  if (bars === null) return null;
  return [
    priceChart(bars.nodes, { from, lengthMs: DAY_MS, marks: signals.map(({ at }) => at) }),
    markup`<p class="muted">Closes of ${bars.interval} bars between their highs and lows, and their volumes. Dashes: signals.</p>`,
  ];
}

function regime({ regime: found }: InstrumentBrief): Part {
  if (found === null) return null;
  return markup`<p>Regime of its days: <b>${found.kind}</b>${found.direction !== null && ` ${found.direction}`}. ${found.explanation} <span class="muted">Last day: ${found.asOf.slice(0, 10)}.</span></p>`;
}
