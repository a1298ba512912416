/** Takes numbers of a chart to places in it. */
export interface Scale {
  at(value: number): number;
  /** Round numbers within it, for a grid. */
  ticks: readonly number[];
}

const STEPS = [1, 2, 5, 10];

/** What differs by less of the values' size is the same to a float. */
const SAME = 1e-9;
const NOTHING = 1e-90;

/** From the least to the most of the values, a little wider, onto [from, to]. Values that are all the same are in its middle. */
export function scaleOf(values: readonly number[], [from, to]: readonly [number, number], ticksMax = 5): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const size = Math.max(Math.abs(least), Math.abs(most));
  const spread = size < NOTHING ? 1 : most - least > size * SAME ? most - least : size;
  const [low, high] = [least - spread * 0.05, most + spread * 0.05];
  return {
    at: (value) => from + ((value - low) / (high - low)) * (to - from),
    ticks: ticksOf(low, high, ticksMax),
  };
}

function ticksOf(low: number, high: number, countMax: number): number[] {
  const rough = (high - low) / countMax;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * (STEPS.find((each) => each * unit >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, at) => (first + at) * step);
}
