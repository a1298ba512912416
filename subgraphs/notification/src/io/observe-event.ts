import { InvalidRecordError, type StreamEvent } from "@mib/events/event";
import { validateValue } from "@mib/events/validate";
import { parseE9, parseSumE9 } from "@mib/protocol/decimal";
import { sentimentOfArticle } from "@mib/sentiment/sentiment";
import type { NewsMatch } from "../domain/news-match.ts";
import { toE9, type Outcome, type Watch } from "../domain/watch.ts";
import type { BarInterval } from "../domain/rule.ts";

/** The topics that are read, and where the first run begins to read each. */
export const WATCHED_TOPICS = {
  "market.trades.v1": "latest",
  // From the beginning: RSI needs the closes that are already there.
  "market.bars.v1": "earliest",
  // From the beginning: the day's open may be older than the first run.
  "market.bars.current.v1": "earliest",
  "news.linked.v1": "latest",
  // From the beginning: each was found for a watch that there was.
  "news.matches.v1": "earliest",
  "auth.deletions.v1": "earliest",
} as const;

/** How the channel of a day's bar ends. */
const DAY = "/D1";

/** `value` fits the schema of the event's topic. */
type Observer = (watch: Watch, outcome: Outcome, event: StreamEvent, value: unknown) => void;

const OBSERVERS: Record<keyof typeof WATCHED_TOPICS, Observer> = {
  "market.trades.v1": (watch, outcome, { channel }, value) => {
    // The first trade of a day is its open, whether a rule asks or not.
    const trade = value as { price: string; at: string };
    watch.trade(outcome, { symbol: channel, priceE9: parseE9(trade.price), at: trade.at });
  },
  "market.bars.v1": (watch, outcome, { backfill }, value) => {
    const bar = value as {
      instrument: { symbol: string };
      interval: BarInterval;
      openedAt: string;
      close: string;
      volume: string;
      revision: number;
    };
    const { interval, openedAt, revision } = bar;
    watch.bar(
      outcome,
      {
        symbol: bar.instrument.symbol,
        interval,
        openedAt,
        close: Number(bar.close),
        volumeE9: parseSumE9(bar.volume),
        revision,
      },
      { backfill },
    );
  },
  "market.bars.current.v1": (watch, outcome, { channel }, value) => {
    const symbol = channel.slice(0, -DAY.length);
    const bar = value as { open: string; openedAt: string };
    watch.dayBar(outcome, { symbol, openE9: parseE9(bar.open), openedAt: bar.openedAt });
  },
  "news.linked.v1": (watch, outcome, _, value) => {
    const article = value as {
      title: string;
      summary: string | null;
      publishedAt: string;
      about: { symbol: string }[];
    };
    const concerned = article.about.filter(({ symbol }) => watch.concerns("SENTIMENT", symbol));
    if (concerned.length === 0) return;
    checkStorable([], article.publishedAt);
    const sentiment = sentimentOfArticle(article);
    if (sentiment === null) return;
    for (const { symbol } of concerned) watch.value(outcome, "SENTIMENT", symbol, toE9(sentiment), article.publishedAt);
  },
  "news.matches.v1": (_, outcome, __, value) => {
    const match = value as NewsMatch;
    const { id, title, source, symbols, publishedAt } = match.article;
    checkStorable([id, title, source, ...symbols], publishedAt);
    outcome.matches.push(match);
  },
  "auth.deletions.v1": (watch, outcome, _, value) => {
    const { user, at } = value as { user: string; at: string };
    checkStorable([user], at);
    watch.userGone(outcome, user);
  },
};

/** Most current bars are of shorter intervals than a day: they are not even read. */
function isWatched({ topic, channel, backfill }: StreamEvent): boolean {
  if (topic === "market.trades.v1") return !backfill;
  return topic !== "market.bars.current.v1" || channel.endsWith(DAY);
}

/**
 * Throws an InvalidRecordError for what fits a schema and PostgreSQL holds neither as text nor as a time: it would be written
 * again and again, and nothing behind it ever.
 */
function checkStorable(texts: readonly string[], at: string): void {
  if (texts.some((text) => text.includes("\u0000"))) throw new InvalidRecordError("a text has the character U+0000");
  const day = at.slice(0, "2024-08-08".length);
  const time = Date.parse(`${day}T00:00:00Z`);
  // The 30th of February is another day, and there is no year 0.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, day.length) !== day || day.startsWith("0000"))
    throw new InvalidRecordError(`${day} is no day`);
}

/** Holds one event against the rules. Throws an InvalidRecordError when its value does not fit its topic. */
export function observeEvent(watch: Watch, outcome: Outcome, event: StreamEvent): void {
  if (!isWatched(event)) return;
  const validation = validateValue(event.topic, event.value);
  if (!validation.ok) throw new InvalidRecordError(validation.reason);
  OBSERVERS[event.topic as keyof typeof WATCHED_TOPICS](watch, outcome, event, validation.value);
}
