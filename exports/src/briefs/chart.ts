import { markup, type Markup, type Part } from "./markup.ts";

export const WIDTH = 720;

/** A number as SVG has it. */
export const px = (value: number): string => String(Math.round(value * 100) / 100);

/** A chart that says in words what it shows, for those who can't see it. */
export function chart(
  { title, description, height }: { title: Part; description: Part; height: number },
  ...shapes: Part[]
): Markup {
  return markup`<svg viewBox="0 0 ${WIDTH} ${px(height)}" role="img" xmlns="http://www.w3.org/2000/svg"><title>${title}</title><desc>${description}</desc>${shapes}</svg>`;
}

/** Lines through values, with their numbers at the left. */
export function grid(
  { ticks, at }: { ticks: readonly number[]; at(value: number): number },
  { left, label }: { left: number; label(tick: number): string },
): Markup[] {
  return ticks.map(
    (tick) =>
      markup`<line class="grid" x1="${px(left)}" x2="${WIDTH}" y1="${px(at(tick))}" y2="${px(at(tick))}"/><text class="tick" x="${px(left - 6)}" y="${px(at(tick) + 4)}" text-anchor="end">${label(tick)}</text>`,
  );
}

/** A way through points; it breaks where there is none. */
export function path(points: readonly (readonly [number, number] | null)[]): string {
  let draws = false;
  return points
    .map((point) => {
      if (point === null) {
        draws = false;
        return "";
      }
      const command = draws ? "L" : "M";
      draws = true;
      return `${command}${px(point[0])} ${px(point[1])}`;
    })
    .join("");
}
