import { BarInterval } from "@mib/protocol/messages.generated";

export const MINUTE_S = 60;
export const HOUR_S = 3_600;
export const DAY_S = 86_400;

const M1_DAYS = 2;
const H1_DAYS = 7;
const D1_DAYS = 365;

/** Bars of one interval that open in [fromSeconds, toSeconds), both aligned to it. */
export interface BackfillRange {
  interval: typeof BarInterval.D1 | typeof BarInterval.H1 | typeof BarInterval.M1;
  seconds: number;
  fromSeconds: number;
  toSeconds: number;
}

/**
 * What to fill in before a start: days, then hours from a midnight on, then minutes from a full hour on up to the minute of
 * the start, without hole or overlap. After `knownUntilSeconds` only: what the engine has stays as it is.
 */
export function planBackfill(startSeconds: number, knownUntilSeconds: number | null): BackfillRange[] {
  const known = knownUntilSeconds ?? 0;
  const m1To = floor(startSeconds, MINUTE_S);
  const m1From = Math.max(floor(startSeconds - M1_DAYS * DAY_S, HOUR_S), ceil(known, MINUTE_S));
  const h1To = floor(startSeconds - M1_DAYS * DAY_S, HOUR_S);
  const h1From = Math.max(floor(startSeconds - H1_DAYS * DAY_S, DAY_S), ceil(known, HOUR_S));
  const d1To = floor(startSeconds - H1_DAYS * DAY_S, DAY_S);
  const d1From = Math.max(d1To - D1_DAYS * DAY_S, ceil(known, DAY_S));
  const ranges: BackfillRange[] = [
    { interval: BarInterval.D1, seconds: DAY_S, fromSeconds: d1From, toSeconds: d1To },
    { interval: BarInterval.H1, seconds: HOUR_S, fromSeconds: h1From, toSeconds: h1To },
    { interval: BarInterval.M1, seconds: MINUTE_S, fromSeconds: m1From, toSeconds: m1To },
  ];
  return ranges.filter(({ fromSeconds, toSeconds }) => fromSeconds < toSeconds);
}

const floor = (seconds: number, step: number): number => Math.floor(seconds / step) * step;
const ceil = (seconds: number, step: number): number => Math.ceil(seconds / step) * step;
