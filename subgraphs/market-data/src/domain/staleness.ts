import type { Instrument } from "./instrument.ts";
import type { FeedStatus } from "./ports.ts";

const STALE_AFTER_NANOS = 5_000_000_000n;

/**
 * Whether a price may no longer hold: it is more than 5 seconds older than the newest event of its feed, or its feed is not
 * connected. Feed time, not the clock on the wall: a replayed price is as fresh as it was then.
 */
export function isStale(
  atNanos: bigint,
  instrument: Pick<Instrument, "venue" | "source">,
  feeds: readonly FeedStatus[],
): boolean {
  const connected = feedsOf(instrument, feeds).filter((feed) => feed.connected);
  if (connected.length === 0) return true;
  const newest = connected.reduce(
    (latest, { lastEventNanos }) => (lastEventNanos !== null && lastEventNanos > latest ? lastEventNanos : latest),
    0n,
  );
  return newest - atNanos > STALE_AFTER_NANOS;
}

/** The feed named after the venue, where there is one; else all feeds of the same source. */
function feedsOf(
  { venue, source }: Pick<Instrument, "venue" | "source">,
  feeds: readonly FeedStatus[],
): readonly FeedStatus[] {
  const sameSource = feeds.filter((feed) => feed.source === source);
  const sameVenue = sameSource.filter((feed) => feed.name.toLowerCase() === venue.toLowerCase());
  return sameVenue.length > 0 ? sameVenue : sameSource;
}
