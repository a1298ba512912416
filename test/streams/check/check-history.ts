import { EveryCheck } from "./every-check.ts";
import type { History, PublishedEvent } from "./history.ts";
import { LatestCheck } from "./latest-check.ts";
import type { ChannelTruth } from "./subscription-check.ts";
import type { Violation } from "./violation.ts";

/** What was looked at, so that a run which saw nothing is not taken for a good one. */
export interface CheckCounts {
  deliveries: number;
  /** By what the router said of the wish to go on. */
  verdicts: Record<string, number>;
  /** Gaps that were told, by reason, and the events that they say are missing where they say it. */
  gaps: Record<string, number>;
  eventsInGaps: number;
  conflated: number;
  heads: number;
}

export interface CheckedHistory {
  violations: Violation[];
  counts: CheckCounts;
}

export const noCounts = (): CheckCounts => ({
  deliveries: 0,
  verdicts: {},
  gaps: {},
  eventsInGaps: 0,
  conflated: 0,
  heads: 0,
});

/** Compares what each client saw with what was published, and adds to what was looked at before. */
export function checkHistory({ published, subscriptions }: History, counts = noCounts()): CheckedHistory {
  const truth = new Map([...published].map(([channel, events]) => [channel, truthOf(events)]));
  const violations: Violation[] = [];
  for (const history of subscriptions) {
    const Check = history.delivery === "EVERY" ? EveryCheck : LatestCheck;
    violations.push(...new Check(history, truth, counts).run());
  }
  return { violations, counts };
}

function truthOf(events: readonly PublishedEvent[]): ChannelTruth {
  return { events, places: new Map(events.map(({ id }, place) => [id, place])) };
}
