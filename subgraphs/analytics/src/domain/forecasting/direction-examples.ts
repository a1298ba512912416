import type { IndicatorBar } from "../indicators/indicator.ts";
import { rsi, stochastic } from "../indicators/oscillators.ts";
import { adx, bollinger, macd } from "../indicators/trend.ts";
import { atr, closeToClose } from "../indicators/volatility.ts";
import type { Example } from "./example.ts";
import type { ModelSpec } from "./model-spec.ts";

export const DIRECTION_FEATURES = [
  "rsi14",
  "macdHistogramPerAtr",
  "bollingerPosition",
  "directionalIndex",
  "stochasticK",
  "lastReturn",
  "returnOfFive",
] as const;

/** Wilder's averages of 14 bars have forgotten all but a thousandth of how they began. */
const DIRECTION_WARM_UP = 100;

/** Whether the close is higher `horizon` bars later, by indicators as of each close. It decides nothing where it is the same. */
export function directionExamples(
  bars: readonly IndicatorBar[],
  { horizon }: Pick<ModelSpec, "horizon">,
  barMs: number,
): Example[] {
  const features = featureReader();
  const examples: Example[] = [];
  for (const [at, bar] of bars.entries()) {
    const values = features(bar);
    if (at < DIRECTION_WARM_UP || values === null) continue;
    const later = bars[at + horizon];
    examples.push({
      atMs: bar.openedAtMs + barMs,
      untilMs: later === undefined ? Infinity : later.openedAtMs + barMs,
      features: values,
      naive: 0,
      actual: later === undefined || later.close === bar.close ? null : Number(later.close > bar.close),
    });
  }
  return examples;
}

/** Null where an indicator is warming up, or nothing moved for so long that a scale is zero. */
function featureReader(): (bar: IndicatorBar) => readonly number[] | null {
  const indicators = [
    rsi(14),
    macd(12, 26, 9),
    bollinger(20, 2),
    adx(14),
    stochastic(14, 3, 3),
    atr(14),
    closeToClose(20),
  ];
  const closes: number[] = [];
  return (bar) => {
    closes.push(bar.close);
    if (closes.length > 6) closes.shift();
    // Each gets every bar, also while another warms up.
    const lines = indicators.map((indicator) => indicator.add(bar));
    if (closes.length < 6 || lines.includes(null)) return null;
    const line = (indicator: number, number = 0) => lines[indicator]![number]!;
    const position = (bar.close - line(2, 1)) / (line(2, 0) - line(2, 2));
    const volatility = line(6);
    const values = [
      (line(0) - 50) / 50,
      line(1, 2) / line(5),
      position,
      (line(3, 1) - line(3, 2)) / 100,
      (line(4) - 50) / 50,
      Math.log(bar.close / closes[4]!) / volatility,
      Math.log(bar.close / closes[0]!) / (volatility * Math.sqrt(5)),
    ];
    return values.every(Number.isFinite) ? values : null;
  };
}
