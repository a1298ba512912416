import type { ForecastPoint } from "./forecast-chart.ts";
import type { PriceBar } from "./price-chart.ts";

/** What the API answers to a brief's query, as far as its pages read it. */
export type Source = "SIMULATED" | "REPLAY" | "LIVE";

/** A day, as far as it went. */
export interface Day {
  date: string;
  from: string;
  to: string;
  final: boolean;
}

export interface Named {
  symbol: string;
  name: string;
  source: Source;
}

export interface Article {
  title: string;
  source: string;
  publishedAt: string;
  url: string | null;
  sentiment: number | null;
}

interface Standing {
  asOf: string;
  price: number;
  changePercent: number;
  volume: number;
  tradedValue: number;
}

export interface Mover {
  rank: number;
  standing: Standing;
  instrument: Named & { class: string };
  /** Null where the news can't be read. */
  news: Article[] | null;
}

interface Evidence {
  metric: string;
  method: string;
  interval: string;
  threshold: number;
  value: number;
  baseline: number;
  from: string;
  to: string;
}

export interface Signal {
  kind: string;
  direction: "UP" | "DOWN" | null;
  score: number;
  at: string;
  explanation: string;
  evidence: Evidence | null;
}

export interface SignalCount {
  kind: string;
  count: number;
}

export interface Track {
  coverage: number;
  judged: number;
  inside: number;
  loss: number | null;
  baselineLoss: number | null;
  points: ForecastPoint[];
  model: {
    id: string;
    kind: string;
    target: "VOLATILITY" | "DIRECTION";
    interval: string;
    horizon: number;
    version: number;
    instrument: Named;
    trainedOn: { from: string; to: string; examples: number; barInterval: string; measure: string | null };
    metrics: { assessment: string };
    lineage: { dataset: string };
  };
}

export interface Gap {
  part: string;
  reason: string;
}

export interface MarketBrief extends Day {
  breadth: {
    asOf: string | null;
    instruments: number;
    advancing: number;
    declining: number;
    unchanged: number;
    advancingVolumeShare: number | null;
    aboveAverageShare: number | null;
    newHighs: number;
    newLows: number;
  };
  regimes: Record<"trendingUp" | "trendingDown" | "ranging" | "turbulent" | "unknown", number>;
  risers: Mover[];
  fallers: Mover[];
  anomalies: (Signal & { instrument: Named })[];
  signalCounts: SignalCount[];
  /** Null where they can't be had. */
  forecasts: Track[] | null;
  stories: { articleCount: number; articles: Article[] }[] | null;
  gaps: Gap[];
}

export interface InstrumentBrief extends Day {
  rank: number | null;
  standing: Standing | null;
  regime: { kind: string; direction: string | null; asOf: string; explanation: string } | null;
  bars: { interval: string; nodes: PriceBar[] } | null;
  signals: Signal[];
  signalCounts: SignalCount[];
  /** Null where they can't be had. */
  forecasts: Track[] | null;
  news: Article[] | null;
  gaps: Gap[];
}
