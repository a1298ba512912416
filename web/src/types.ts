/** What the page reads of the API's types. Decimals are strings, times RFC 3339. */
export type Interval = "S1" | "M1" | "M5" | "H1" | "D1";
export type Source = "SIMULATED" | "REPLAY" | "LIVE";

export interface Quote {
  instrument: { symbol: string };
  bidPrice: string;
  bidSize: string;
  askPrice: string;
  askSize: string;
  at: string;
  stale: boolean;
}

interface Statistics {
  open: string;
  high: string;
  low: string;
  last: string;
  volume: string;
  tradeCount: number;
  changePercent: number;
}

export interface Instrument {
  symbol: string;
  name: string;
  venue: string;
  class: string;
  source: Source;
  quote: Quote | null;
  statistics: Statistics | null;
}

export interface Bar {
  openedAt: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  final: boolean;
}

export interface Article {
  id: string;
  title: string;
  summary: string | null;
  url: string | null;
  source: string;
  publishedAt: string;
  sentiment: number | null;
  instruments: { symbol: string }[];
}

export interface AlertRule {
  id: string;
  instrument: { symbol: string };
  metric: string;
  comparison: string;
  threshold: string;
  armed: boolean;
  lastFiredAt: string | null;
}

export interface Notification {
  id: string;
  title: string;
  body: string;
  value: string | null;
  at: string;
  readAt: string | null;
  instrument: { symbol: string } | null;
}

export interface Feed {
  name: string;
  source: Source;
  connected: boolean;
  lastEventAt: string | null;
  eventsPerSecond: number;
  gaps: number;
}
