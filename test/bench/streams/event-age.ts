/** How many deliveries were at most so old, in seconds, by the upper bounds of a histogram's buckets. */
export type AgeBuckets = readonly { seconds: number; deliveries: number }[];

/** Reads the router's histogram of how old events were at the socket write, since the broker took them, out of its metrics. */
export function ageBucketsIn(metrics: string): AgeBuckets {
  const lines = metrics.matchAll(/^router_stream_event_age_seconds_bucket\{([^}]*since="broker"[^}]*)\} (\S+)$/gm);
  return [...lines].map(([, labels, count]) => ({
    seconds: Number(/le="([^"]+)"/.exec(labels!)![1]!.replace("+Inf", "Infinity")),
    deliveries: Number(count),
  }));
}

/** The age in ms that the fraction `q` of what was delivered between two readings does not exceed, taken as evenly spread within a bucket. */
export function ageQuantileMs(before: AgeBuckets, after: AgeBuckets, q: number): number {
  const buckets = after.map(({ seconds, deliveries }, at) => ({
    seconds,
    deliveries: deliveries - (before[at]?.deliveries ?? 0),
  }));
  const wanted = q * (buckets.at(-1)?.deliveries ?? 0);
  const at = buckets.findIndex(({ deliveries }) => deliveries >= wanted);
  if (at < 0) return Number.NaN;
  const { seconds: below, deliveries: younger } = buckets[at - 1] ?? { seconds: 0, deliveries: 0 };
  const { seconds, deliveries } = buckets[at]!;
  return (below + ((seconds - below) * (wanted - younger)) / (deliveries - younger)) * 1_000;
}
