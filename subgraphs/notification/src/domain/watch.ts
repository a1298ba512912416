import { formatE9 } from "@mib/protocol/decimal";
import { CloseSeries } from "./close-series.ts";
import { DayOpens, type DayOpen } from "./day-opens.ts";
import { evaluate } from "./evaluate.ts";
import type { NewsMatch } from "./news-match.ts";
import { notificationOf, type Notification } from "./notification.ts";
import type { RuleBook } from "./rule-book.ts";
import type { BarInterval, Metric, Rule } from "./rule.ts";

/** What came out of some events: to be saved together. */
export interface Outcome {
  /** Rules whose state changed, each as it stands now. */
  rules: Map<string, Rule>;
  notifications: Notification[];
  /** Articles that are like what somebody watches. */
  matches: NewsMatch[];
  /** Series that got a close, by `<interval>/<symbol>`. */
  series: Set<string>;
  /** Instruments whose day got another open. */
  dayOpens: Set<string>;
  /** Users whose accounts were deleted: nothing is kept of them. */
  goneUsers: Set<string>;
}

export function emptyOutcome(): Outcome {
  return {
    rules: new Map(),
    notifications: [],
    matches: [],
    series: new Set(),
    dayOpens: new Set(),
    goneUsers: new Set(),
  };
}

/** What came out of `earlier` and then `later` events. */
export function joinOutcomes(earlier: Outcome, later: Outcome): Outcome {
  return {
    rules: new Map([...earlier.rules, ...later.rules]),
    notifications: [...earlier.notifications, ...later.notifications],
    matches: [...earlier.matches, ...later.matches],
    series: new Set([...earlier.series, ...later.series]),
    dayOpens: new Set([...earlier.dayOpens, ...later.dayOpens]),
    goneUsers: new Set([...earlier.goneUsers, ...later.goneUsers]),
  };
}

/** A final bar. Prices and volumes in units of 1e-9. */
export interface FinalBar {
  symbol: string;
  interval: BarInterval;
  openedAt: string;
  close: number;
  volumeE9: bigint;
  revision: number;
}

/** Holds events against rules. Its memory is the rule book, the closes that RSI needs and the days' opens; all else is in the outcome. */
export class Watch {
  readonly #book: RuleBook;
  readonly #series = new Map<string, CloseSeries>();
  readonly dayOpens = new DayOpens();
  readonly #symbols = new Set<string>();

  constructor(book: RuleBook) {
    this.#book = book;
  }

  /** Whether anything was ever heard of the instrument. While there is no market at all, a rule may be ahead of it. */
  knows(symbol: string): boolean {
    return this.#symbols.size === 0 || this.#symbols.has(symbol);
  }

  /** Notes that there is such an instrument. */
  heardOf(symbol: string): void {
    this.#symbols.add(symbol);
  }

  /** Whether any rule is about this metric of this instrument: if not, an event need not even be read. */
  concerns(metric: Metric, symbol: string): boolean {
    for (const _ of this.#book.concerned(metric, symbol)) return true;
    return false;
  }

  value(
    outcome: Outcome,
    metric: Metric,
    symbol: string,
    valueE9: bigint,
    at: string,
    interval: BarInterval | null = null,
  ): void {
    for (const rule of Array.from(this.#book.concerned(metric, symbol))) {
      if (rule.interval !== interval) continue;
      const { state, fired } = evaluate(rule, valueE9, at);
      if (fired)
        outcome.notifications.push(
          notificationOf(rule, { value: formatE9(valueE9), threshold: formatE9(rule.thresholdE9), at }),
        );
      if (state === null) continue;
      const changed = { ...rule, ...state };
      this.#book.put(changed);
      outcome.rules.set(changed.id, changed);
    }
  }

  trade(outcome: Outcome, { symbol, priceE9, at }: { symbol: string; priceE9: bigint; at: string }): void {
    this.heardOf(symbol);
    const day = at.slice(0, "2024-08-08".length);
    if (this.dayOpens.trade(symbol, day, priceE9)) outcome.dayOpens.add(symbol);
    this.value(outcome, "PRICE", symbol, priceE9, at);
    const change = this.dayOpens.changePercentE9(symbol, day, priceE9);
    if (change !== null) this.value(outcome, "CHANGE_PERCENT", symbol, change, at);
  }

  /** The bar of the day in progress knows its open, whatever trades were seen. */
  dayBar(outcome: Outcome, { symbol, openE9, openedAt }: { symbol: string; openE9: bigint; openedAt: string }): void {
    this.heardOf(symbol);
    if (this.dayOpens.bar(symbol, openedAt.slice(0, "2024-08-08".length), openE9)) outcome.dayOpens.add(symbol);
  }

  /** A bar from loaded history, or a later revision, feeds RSI and fires nothing. */
  bar(outcome: Outcome, bar: FinalBar, { backfill }: { backfill: boolean }): void {
    this.heardOf(bar.symbol);
    const key = seriesKey(bar.interval, bar.symbol);
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = new CloseSeries()));
    if (!series.add(bar.openedAt, bar.close)) return;
    outcome.series.add(key);
    if (backfill) return;
    this.value(outcome, "VOLUME", bar.symbol, bar.volumeE9, bar.openedAt, bar.interval);
    if (!this.concerns("RSI", bar.symbol)) return;
    const rsi = series.rsi();
    if (rsi !== null) this.value(outcome, "RSI", bar.symbol, toE9(rsi), bar.openedAt, bar.interval);
  }

  /** The user's account was deleted: their rules fire no more. */
  userGone(outcome: Outcome, userId: string): void {
    this.#book.removeOf(userId);
    outcome.goneUsers.add(userId);
  }

  seriesOf(key: string): CloseSeries | undefined {
    return this.#series.get(key);
  }

  restore(interval: BarInterval, symbol: string, series: CloseSeries): void {
    this.heardOf(symbol);
    this.#series.set(seriesKey(interval, symbol), series);
  }

  restoreDayOpen(symbol: string, open: DayOpen): void {
    this.heardOf(symbol);
    this.dayOpens.set(symbol, open);
  }
}

/** The units of 1e-9 nearest to a float: for statistics, never for prices. */
export function toE9(value: number): bigint {
  return BigInt(Math.round(value * 1e9));
}

function seriesKey(interval: BarInterval, symbol: string): string {
  return `${interval}/${symbol}`;
}
