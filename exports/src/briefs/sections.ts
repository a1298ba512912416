import type { Article, Day, Gap, Named, Signal, SignalCount, Source, Track } from "./answers.ts";
import { forecastChart } from "./forecast-chart.ts";
import { change, figure, minute, NONE, share } from "./format.ts";
import { foreign, isolated, markup, type Markup, type Part } from "./markup.ts";

export const section = (title: string, ...parts: Part[]): Markup =>
  markup`<section><h2>${title}</h2>${parts}</section>`;

export interface Column {
  name: string;
  /** Figures stand at the right, times in one line. */
  kind?: "FIGURES" | "TIME";
}

/** Null in place of a table without rows. */
export function table(columns: readonly Column[], rows: readonly (readonly Part[])[]): Markup | null {
  if (rows.length === 0) return null;
  const kindOf = ({ kind }: Column) => (kind === "FIGURES" ? "n" : kind === "TIME" && "t");
  const head = columns.map((column) => markup`<th scope="col" class="${kindOf(column)}">${column.name}</th>`);
  const body = rows.map(
    (row) => markup`<tr>${row.map((cell, at) => markup`<td class="${kindOf(columns[at]!)}">${cell}</td>`)}</tr>`,
  );
  return markup`<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export const named = ({ symbol, name }: Pick<Named, "symbol" | "name">): Markup =>
  markup`<b>${foreign(symbol)}</b> <span class="muted">${foreign(name)}</span>`;

/** How far the day is told, and of what prices. */
export function lead({ date, to, final }: Day, sources: readonly Source[]): Part {
  const until = final ? "the whole day" : `so far, up to ${minute(to)}`;
  const notices = [
    sources.includes("SIMULATED") && "Prices are simulated: this is no market.",
    sources.includes("REPLAY") && "Prices are replayed from a capture.",
  ];
  return [
    markup`<p class="muted"><time datetime="${date}">${date}</time> UTC, ${until}.</p>`,
    notices.map((notice) => notice && markup`<p class="notice" role="note">${notice}</p>`),
  ];
}

/** A headline that leads to its article, where that is on the web. */
export function headline({ title, source, publishedAt, url, sentiment }: Article): Markup {
  const text = foreign(title);
  const linked = isWeb(url) ? markup`<a href="${url}" rel="noopener noreferrer nofollow">${text}</a>` : text;
  const mood = sentiment === null ? "" : `, sentiment ${sentiment > 0 ? "+" : ""}${sentiment.toFixed(2)}`;
  return markup`${linked} <span class="muted">${foreign(source)}, <time datetime="${publishedAt}">${minute(publishedAt)}</time>${mood}</span>`;
}

function isWeb(url: string | null): url is string {
  return url !== null && URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
}

export const NO_NEWS = "The news could not be read.";

export function news(articles: readonly Article[] | null): Markup {
  if (articles === null) return nothing(NO_NEWS);
  if (articles.length === 0) return nothing("No article of this time is about it.");
  return markup`<ul>${articles.map((article) => markup`<li>${headline(article)}</li>`)}</ul>`;
}

/** What a signal was held against. */
export function evidence({ explanation, evidence: held }: Signal): Markup {
  if (held === null) return markup`${explanation}`;
  const { metric, method, interval, threshold, value, baseline, from, to } = held;
  return markup`${explanation} <span class="muted">${metric} by ${method} on ${interval}: ${figure(value)} against ${figure(baseline)} from ${minute(from)} to ${minute(to)}, counted from ${figure(threshold)}.</span>`;
}

export const counts = (signals: readonly SignalCount[]): Part =>
  signals.length > 0 &&
  markup`<p class="muted">In all: ${signals.map(({ kind, count }) => `${count} ${kind}`).join(", ")}.</p>`;

const LEGEND = markup`<p class="muted">Line: forecast. Band: its interval. Dashes: naive forecast. Dots: outcomes, hollow where the model had learned from them.</p>`;

/** What was forecast and what happened, with what the model is worth. */
export function tracks(forecasts: readonly Track[] | null, none: string): Part {
  if (forecasts === null) return nothing("The forecasts could not be had.");
  if (forecasts.length === 0) return nothing(none);
  const told = forecasts.map((track) => {
    const { model, points, judged, inside, coverage, loss, baselineLoss } = track;
    const { instrument, trainedOn } = model;
    const what = `${model.target === "VOLATILITY" ? "volatility" : "probability of a rise"} over ${model.horizon} ${model.interval}`;
    const title = [isolated(instrument.symbol), `: ${what}, forecast and outcome`];
    return markup`<h3>${foreign(instrument.symbol)}: ${what}</h3>${
      points.length === 0 ? nothing("The bars do not reach back far enough.") : forecastChart(title, points)
    }<p>${
      judged === 0
        ? "Nothing to judge: no outcome is known that the model had not learned from."
        : `${inside} of ${judged} outcomes were inside the interval (it is to be ${share(coverage)}). Mean loss ${figure(loss)}, of the naive forecast ${figure(baselineLoss)}.`
    }</p><p class="muted">${model.kind} version ${model.version}, trained on ${trainedOn.examples} examples of ${trainedOn.barInterval} bars from ${minute(trainedOn.from)} to ${minute(trainedOn.to)}${trainedOn.measure !== null && `, ${trainedOn.measure}`}; prices ${instrument.source}. ${model.metrics.assessment} Model ${model.id}, data ${model.lineage.dataset.slice(0, 12)}.</p>${latest(points)}`;
  });
  return [LEGEND, told];
}

/** The last ones in figures. */
function latest(points: Track["points"]): Part {
  const columns: Column[] = [
    { name: "from", kind: "TIME" },
    { name: "to", kind: "TIME" },
    { name: "forecast", kind: "FIGURES" },
    { name: "interval", kind: "FIGURES" },
    { name: "outcome", kind: "FIGURES" },
  ];
  const rows = points
    .slice(-5)
    .map(({ at, until, value, lower, upper, actual }) => [
      minute(at),
      minute(until),
      figure(value),
      lower === null ? NONE : `${figure(lower)} to ${figure(upper)}`,
      actual === null ? "not known" : figure(actual),
    ]);
  return table(columns, rows);
}

/** What a brief lacks, each with why. */
export function gaps(missing: readonly Gap[]): Part {
  if (missing.length === 0) return null;
  return section(
    "What is missing",
    markup`<ul>${missing.map(({ part, reason }) => markup`<li>${part}: ${reason}</li>`)}</ul>`,
  );
}

export const nothing = (text: string): Markup => markup`<p class="muted">${text}</p>`;

export const changed = (percent: number): Markup =>
  markup`<span class="${percent < 0 ? "down" : percent > 0 && "up"}">${change(percent)}</span>`;
