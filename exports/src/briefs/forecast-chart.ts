import { chart, grid, path, px, WIDTH } from "./chart.ts";
import { figure, minute } from "./format.ts";
import { markup, type Markup, type Part } from "./markup.ts";
import { scaleOf } from "./scale.ts";

const HEIGHT = 220;
const [LEFT, TOP, BOTTOM] = [70, 8, 24];

export interface ForecastPoint {
  at: string;
  until: string;
  value: number;
  baseline: number;
  lower: number | null;
  upper: number | null;
  actual: number | null;
  inSample: boolean;
}

/** What was forecast, with its interval and the naive forecast, and what happened: hollow where the model had learned from it. */
export function forecastChart(title: Part, points: readonly ForecastPoint[]): Markup {
  const values = points.flatMap(({ value, baseline, lower, upper, actual }) =>
    [value, baseline, lower, upper, actual].filter((each) => each !== null),
  );
  const y = scaleOf(values, [HEIGHT - BOTTOM, TOP]);
  const x = (at: number): number => LEFT + ((at + 0.5) / points.length) * (WIDTH - LEFT);
  const line = (of: (point: ForecastPoint) => number | null): string =>
    path(points.map((point, at) => (of(point) === null ? null : [x(at), y.at(of(point)!)])));
  const bounds = points.flatMap(({ lower, upper }, at) =>
    lower === null || upper === null ? [] : [{ at, lower, upper }],
  );
  const band = path([
    ...bounds.map(({ at, upper }) => [x(at), y.at(upper)] as const),
    ...bounds.toReversed().map(({ at, lower }) => [x(at), y.at(lower)] as const),
  ]);
  const last = points.at(-1)!;
  return chart(
    {
      title,
      description: `${points.length} forecasts from ${minute(points[0]!.at)} to ${minute(last.at)}; the last one is ${figure(last.value)}.`,
      height: HEIGHT,
    },
    grid(y, { left: LEFT, label: figure }),
    band !== "" && markup`<path class="band" d="${band}Z"/>`,
    markup`<path class="baseline" d="${line(({ baseline }) => baseline)}"/><path class="value" d="${line(({ value }) => value)}"/>`,
    points.map(
      ({ actual, inSample }, at) =>
        actual !== null &&
        markup`<circle class="actual${inSample && " seen"}" cx="${px(x(at))}" cy="${px(y.at(actual))}" r="3.5"/>`,
    ),
    [0, points.length - 1]
      .filter((at, index) => index === 0 || at > 0)
      .map(
        (at) =>
          markup`<text class="tick" x="${px(x(at))}" y="${HEIGHT - 6}" text-anchor="${at === 0 ? "start" : "end"}">${minute(points[at]!.at)}</text>`,
      ),
  );
}
