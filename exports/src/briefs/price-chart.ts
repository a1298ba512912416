import { chart, grid, path, px, WIDTH } from "./chart.ts";
import { clock, number } from "./format.ts";
import { markup, type Markup } from "./markup.ts";
import { scaleOf } from "./scale.ts";

const [PRICES, VOLUMES] = [200, 48];
const HEIGHT = PRICES + VOLUMES + 24;
const LEFT = 80;

export interface PriceBar {
  openedAt: string;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** The closes of a day between their highs and lows over what was traded, with marks at the times of signals. */
export function priceChart(
  bars: readonly PriceBar[],
  { from, lengthMs, marks }: { from: string; lengthMs: number; marks: readonly string[] },
): Markup {
  const start = Date.parse(from);
  const x = (at: string): number => LEFT + ((Date.parse(at) - start) / lengthMs) * (WIDTH - LEFT);
  const y = scaleOf(
    bars.flatMap(({ high, low }) => [high, low]),
    [PRICES - 4, 4],
  );
  const volumeMost = Math.max(...bars.map(({ volume }) => volume)) || 1;
  const range = path([
    ...bars.map(({ openedAt, high }) => [x(openedAt), y.at(high)] as const),
    ...bars.toReversed().map(({ openedAt, low }) => [x(openedAt), y.at(low)] as const),
  ]);
  const [first, last] = [bars[0]!, bars.at(-1)!];
  return chart(
    {
      title: "Price and volume of the day",
      description: `${bars.length} bars from ${clock(first.openedAt)} to ${clock(last.openedAt)} UTC; the last close is ${number(last.close)}, the lowest price ${number(Math.min(...bars.map(({ low }) => low)))}, the highest ${number(Math.max(...bars.map(({ high }) => high)))}.`,
      height: HEIGHT,
    },
    grid(y, { left: LEFT, label: number }),
    marks.map((at) => markup`<line class="mark" x1="${px(x(at))}" x2="${px(x(at))}" y1="0" y2="${PRICES}"/>`),
    markup`<path class="band" d="${range}Z"/><path class="value" d="${path(bars.map(({ openedAt, close }) => [x(openedAt), y.at(close)]))}"/>`,
    bars.length === 1 &&
      markup`<circle class="actual" cx="${px(x(first.openedAt))}" cy="${px(y.at(first.close))}" r="3.5"/>`,
    bars.map(({ openedAt, volume }) => {
      const height = (volume / volumeMost) * VOLUMES;
      return markup`<rect class="even" x="${px(x(openedAt))}" y="${px(PRICES + VOLUMES - height)}" width="2" height="${px(height)}"/>`;
    }),
    [0, 6, 12, 18, 24].map((hour) => {
      const at = LEFT + (hour / 24) * (WIDTH - LEFT);
      const anchor = hour === 0 ? "start" : hour === 24 ? "end" : "middle";
      return markup`<text class="tick" x="${px(at)}" y="${HEIGHT - 6}" text-anchor="${anchor}">${String(hour).padStart(2, "0")}:00</text>`;
    }),
  );
}
