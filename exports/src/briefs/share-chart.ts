import { chart, px, WIDTH } from "./chart.ts";
import { markup, type Markup } from "./markup.ts";

const HEIGHT = 28;

export interface Share {
  label: string;
  count: number;
  /** How it is drawn: a class of the page's style. */
  kind: "up" | "down" | "even" | "wild" | "none";
}

/** One bar of parts, as long as they are many, over a legend with their numbers. */
export function shareChart(title: string, shares: readonly Share[]): Markup {
  const total = shares.reduce((sum, { count }) => sum + count, 0);
  let x = 0;
  const parts = shares.map(({ count, kind }) => {
    const width = total === 0 ? 0 : (count / total) * WIDTH;
    const part = markup`<rect class="${kind}" x="${px(x)}" y="0" width="${px(width)}" height="${HEIGHT}"/>`;
    x += width;
    return part;
  });
  const told = shares.map(({ label, count }) => `${label}: ${count}`).join(", ");
  return markup`<figure>${chart({ title, description: told, height: HEIGHT }, parts)}<figcaption><ul class="legend">${shares.map(
    ({ label, count, kind }) => markup`<li class="key ${kind}">${label} <b>${count}</b></li>`,
  )}</ul></figcaption></figure>`;
}
