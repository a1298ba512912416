import type { Market } from "./instruments.ts";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const WEEK_S = 7 * DAY_S;
const STEP_S = 60;
/** 1970-01-01 was a Thursday; weeks here begin on Monday. */
const WEEKDAY_OF_EPOCH = 3;

/** How busy a market is, by the second of the week, UTC. 1 is a usual working hour. */
const ACTIVITY: Record<Market, (weekday: number, hour: number) => number> = {
  // Open all week, busiest when America is awake.
  crypto: (weekday, hour) => (weekday >= 5 ? 0.75 : 1) * (1 + 0.4 * Math.cos(((hour - 15) / 24) * 2 * Math.PI)),
  // A session with a busy opening and close, thin trading around it.
  equity: (weekday, hour) => {
    if (weekday >= 5) return 0.15;
    if (hour < 13.5 || hour >= 20) return hour >= 8 && hour < 24 ? 0.25 : 0.15;
    const middle = (hour - 16.75) / 3.25;
    return 0.9 + 1.1 * middle * middle;
  },
  // Follows the sun: Tokyo, London, New York.
  fx: (weekday, hour) => {
    const day = 0.3 + 0.35 * bump(hour, 2, 3.5) + 0.9 * bump(hour, 9, 3) + 1.1 * bump(hour, 14.5, 2.5);
    return weekday >= 5 ? 0.2 : day;
  },
};

function bump(hour: number, centre: number, width: number): number {
  const distance = Math.min(Math.abs(hour - centre), 24 - Math.abs(hour - centre)) / width;
  return Math.exp(-distance * distance);
}

/** By minute of the week. `variance` averages to 1, so that a volatility stays what it says over a week. */
class Profile {
  readonly activity = new Float64Array(WEEK_S / STEP_S);
  readonly variance = new Float64Array(WEEK_S / STEP_S);

  constructor(market: Market) {
    for (let step = 0; step < this.activity.length; step++) {
      const seconds = step * STEP_S;
      this.activity[step] = ACTIVITY[market](Math.floor(seconds / DAY_S), (seconds % DAY_S) / HOUR_S);
    }
    const mean = this.activity.reduce((sum, value) => sum + value, 0) / this.activity.length;
    for (let step = 0; step < this.variance.length; step++) this.variance[step] = this.activity[step]! / mean;
  }
}

const PROFILES: Record<Market, Profile> = {
  crypto: new Profile("crypto"),
  equity: new Profile("equity"),
  fx: new Profile("fx"),
};

function stepOf(epochSeconds: number): number {
  const second = (epochSeconds + WEEKDAY_OF_EPOCH * DAY_S) % WEEK_S;
  return Math.floor(second / STEP_S);
}

/** How busy the market is at a time in seconds since 1970. */
export function activityAt(market: Market, epochSeconds: number): number {
  return PROFILES[market].activity[stepOf(epochSeconds)]!;
}

/** By how much prices vary at a time, compared with the week's average. */
export function varianceAt(market: Market, epochSeconds: number): number {
  return PROFILES[market].variance[stepOf(epochSeconds)]!;
}
