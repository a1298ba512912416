import type { IndicatorBar } from "../indicators/indicator.ts";

export const M5_MS = 300_000;
export const PER_DAY = 288;

/** Numbers that look random, the same each time: normal by Box and Muller. */
export function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Bars of five minutes whose variance a day is known: its logarithm goes back to its mean by a tenth a day. */
export function market(
  days: number,
  { seed = 1, persistent = true } = {},
): { bars: IndicatorBar[]; variances: number[] } {
  const normal = normals(seed);
  const bars: IndicatorBar[] = [];
  const variances: number[] = [];
  let level = 0;
  let price = 0;
  for (let day = 0; day < days; day += 1) {
    level = persistent ? 0.9 * level + 0.25 * normal() : 0;
    const variance = 4e-4 * Math.exp(level);
    variances.push(variance);
    for (let step = 0; step < PER_DAY; step += 1) {
      const before = price;
      price += Math.sqrt(variance / PER_DAY) * normal();
      const [open, close] = [100 * Math.exp(before), 100 * Math.exp(price)];
      bars.push({
        openedAtMs: (day * PER_DAY + step) * M5_MS,
        open,
        close,
        high: Math.max(open, close),
        low: Math.min(open, close),
        volume: 1,
      });
    }
  }
  return { bars, variances };
}
