import type { FeedSession } from "@mib/protocol/feed-session";

/** Where a source writes its records: a session with an engine or several, or something that looks at them. */
export type MarketSink = Pick<
  FeedSession,
  "defineInstrument" | "trade" | "quote" | "bookSnapshot" | "bookDelta" | "bar" | "clock" | "gap"
>;
