import { chart, px, WIDTH } from "./chart.ts";
import { change } from "./format.ts";
import { isolated, markup, type Markup } from "./markup.ts";

const ROW = 24;
const [LABEL, FIGURE] = [120, 80];
/** What there is room for at the left. */
const CHARACTERS_MAX = 14;

/** Bars of changes, those that rose to the right of the middle and those that fell to its left. */
export function changeChart(rows: readonly { label: string; percent: number }[]): Markup {
  const middle = LABEL + (WIDTH - LABEL) / 2;
  const reach = (WIDTH - LABEL) / 2 - FIGURE;
  const most = Math.max(...rows.map(({ percent }) => Math.abs(percent))) || 1;
  return chart(
    {
      title: "Changes of the day in percent",
      description: rows.map(({ label, percent }) => [isolated(label), ` ${change(percent)}; `]),
      height: rows.length * ROW,
    },
    markup`<line class="grid" x1="${px(middle)}" x2="${px(middle)}" y1="0" y2="${px(rows.length * ROW)}"/>`,
    rows.map(({ label, percent }, at) => {
      const length = (Math.abs(percent) / most) * reach;
      const [x, y] = [percent < 0 ? middle - length : middle, at * ROW + 4];
      const [figureX, anchor] = percent < 0 ? [x - 6, "end"] : [x + length + 6, "start"];
      return markup`<text class="label" x="0" y="${px(y + 13)}">${isolated(short(label))}</text><rect class="${percent < 0 ? "down" : "up"}" x="${px(x)}" y="${px(y)}" width="${px(length)}" height="${ROW - 8}"/><text class="tick" x="${px(figureX)}" y="${px(y + 13)}" text-anchor="${anchor}">${change(percent)}</text>`;
    }),
  );
}

function short(label: string): string {
  return label.length > CHARACTERS_MAX ? `${label.slice(0, CHARACTERS_MAX - 1)}…` : label;
}
