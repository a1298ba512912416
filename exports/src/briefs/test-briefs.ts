import type { Article, InstrumentBrief, MarketBrief, Mover, Named, Signal, Track } from "./answers.ts";

/** Briefs in which every text that somebody else wrote is `text`. */
export function briefsOf(text: string, url: string | null = "https://example.com/a") {
  const instrument: Named & { venue: string; class: string } = {
    symbol: text,
    name: text,
    source: "SIMULATED",
    venue: text,
    class: "CRYPTO",
  };
  const article: Article = { title: text, source: text, publishedAt: "2026-03-04T09:30:00Z", url, sentiment: -0.25 };
  const standing = {
    asOf: "2026-03-04T14:25:00Z",
    price: 64_250.1,
    changePercent: 2.5,
    volume: 12,
    tradedValue: 771_001,
  };
  const mover = (rank: number, changePercent: number): Mover => ({
    rank,
    standing: { ...standing, changePercent },
    instrument,
    news: [article],
  });
  const signal: Signal = {
    kind: "ANOMALY",
    direction: "UP",
    score: 7.5,
    at: "2026-03-04T12:05:00Z",
    explanation: text,
    evidence: {
      metric: "PRICE",
      method: "MEDIAN_MAD",
      interval: "M5",
      threshold: 6,
      value: 0.03,
      baseline: 0,
      from: "2026-03-04T02:00:00Z",
      to: "2026-03-04T12:00:00Z",
    },
  };
  const point = (at: number, actual: number | null, inSample: boolean) => ({
    at: `2026-03-0${at}T00:00:00Z`,
    until: `2026-03-0${at + 1}T00:00:00Z`,
    value: 0.02 + at / 1_000,
    baseline: 0.019,
    lower: 0.01,
    upper: 0.04,
    actual,
    inSample,
  });
  const track: Track = {
    coverage: 0.9,
    judged: 1,
    inside: 1,
    loss: 0.21,
    baselineLoss: 0.3,
    points: [point(1, 0.03, true), point(2, 0.02, false), point(3, null, false)],
    model: {
      id: "0b9dd4a2",
      kind: "HAR_RV",
      target: "VOLATILITY",
      interval: "D1",
      horizon: 1,
      version: 3,
      instrument,
      trainedOn: {
        from: "2025-01-01T00:00:00Z",
        to: "2026-03-02T00:00:00Z",
        examples: 400,
        barInterval: "M5",
        measure: "REALISED",
      },
      metrics: { assessment: text },
      lineage: { dataset: "f".repeat(64) },
    },
  };
  const day = { date: "2026-03-04", from: "2026-03-04T00:00:00Z", to: "2026-03-04T14:30:00Z", final: false };
  const gaps = [{ part: "BREADTH", reason: text }];
  const market: MarketBrief = {
    ...day,
    breadth: {
      asOf: "2026-03-04T14:25:00Z",
      instruments: 3,
      advancing: 2,
      declining: 1,
      unchanged: 0,
      advancingVolumeShare: 0.61,
      aboveAverageShare: null,
      newHighs: 1,
      newLows: 0,
    },
    regimes: { trendingUp: 1, trendingDown: 0, ranging: 1, turbulent: 1, unknown: 0 },
    risers: [mover(1, 2.5), mover(3, 0.5)],
    fallers: [mover(2, -1)],
    anomalies: [{ ...signal, instrument }],
    signalCounts: [{ kind: "ANOMALY", count: 4 }],
    forecasts: [track],
    stories: [{ articleCount: 3, articles: [article] }],
    gaps,
  };
  const brief: InstrumentBrief = {
    ...day,
    rank: 1,
    standing,
    regime: { kind: "TREND", direction: "UP", asOf: "2026-03-03T00:00:00Z", explanation: text },
    bars: {
      interval: "M5",
      nodes: [0, 5].map((minute) => ({
        openedAt: `2026-03-04T00:0${minute}:00Z`,
        high: 101 + minute,
        low: 99,
        close: 100 + minute,
        volume: minute,
      })),
    },
    signals: [signal],
    signalCounts: [{ kind: "ANOMALY", count: 1 }],
    forecasts: [track],
    news: [article],
    gaps,
  };
  return { market, instrument: { ...instrument, brief } };
}

export const FACTS = { query: "query Q { a }", variables: "{}", exportedAt: "2026-03-04T14:31:00Z" };
