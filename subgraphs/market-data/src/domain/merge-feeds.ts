import type { FeedStatus } from "./ports.ts";

/** One status of each feed out of what each engine says; null: it can't be asked. Connected is what is connected to all. */
export function mergeFeeds(answers: readonly (readonly FeedStatus[] | null)[]): FeedStatus[] {
  const byName = Map.groupBy(
    answers.flatMap((feeds) => feeds ?? []),
    ({ name }) => name,
  );
  return [...byName.values()].map((statuses) => ({
    name: statuses[0]!.name,
    source: statuses[0]!.source,
    connected: statuses.length === answers.length && statuses.every(({ connected }) => connected),
    lastEventNanos: statuses.reduce(
      (newest, { lastEventNanos: at }) => (at !== null && (newest === null || at > newest) ? at : newest),
      null as bigint | null,
    ),
    eventsPerSecond: sum(statuses, ({ eventsPerSecond }) => eventsPerSecond),
    gaps: sum(statuses, ({ gaps }) => gaps),
  }));
}

function sum(statuses: readonly FeedStatus[], value: (status: FeedStatus) => number): number {
  return statuses.reduce((total, status) => total + value(status), 0);
}
