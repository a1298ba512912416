/** The value of a record of news.watches.v1: what is to be looked for in arriving news, without whose it is. */
export interface NewsWatchEvent {
  id: string;
  version: number;
  /** Null when the watch is gone. */
  wanted: NewsWatchWanted | null;
  /** RFC 3339, UTC. */
  at: string;
}

export interface NewsWatchWanted {
  query: string;
  /** Only articles about any of these; empty for all. */
  symbols: readonly string[];
  similarityLeast: number;
}
