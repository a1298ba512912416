/** What a topic's window in Redis keeps per channel. */
export interface TopicWindow {
  entriesMax: number;
  bytesMax: number;
  ageMsMax: number;
}

export interface Topic {
  name: string;
  /** SEQUENCE: the engine numbers its events in headers. OFFSET: the event's place in the log, and an event id beside it. */
  position: "SEQUENCE" | "OFFSET";
  delivery: "EVERY" | "LATEST";
  partitions: number;
  /** Kept by the local profile, over all partitions. */
  retentionBytes: number;
  retentionMs: number;
  /** It may get history in bulk, which has time. */
  hasBackfill?: boolean;
  /** Keeps the last record of each key for ever, whatever the retention says. */
  isCompacted?: boolean;
  /** Set when the relay brings the topic to Redis. */
  window: TopicWindow | null;
}

const MIB = 1_048_576;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const every: TopicWindow = { entriesMax: 2_000, bytesMax: MIB, ageMsMax: HOUR_MS };
const latest: TopicWindow = { entriesMax: 50, bytesMax: 65_536, ageMsMax: 10 * 60_000 };

/**
 * Every topic of the platform. A partition count is fixed: changing one moves keys between partitions, so it means a new
 * version of the topic. The sum of `retentionBytes` is what Kafka may take in the local profile, dead letters aside.
 */
export const TOPICS = [
  {
    name: "market.quotes.v1",
    position: "SEQUENCE",
    delivery: "LATEST",
    partitions: 8,
    retentionBytes: 768 * MIB,
    retentionMs: 2 * DAY_MS,
    window: latest,
  },
  {
    name: "market.trades.v1",
    position: "SEQUENCE",
    delivery: "EVERY",
    partitions: 8,
    retentionBytes: 1_024 * MIB,
    retentionMs: 7 * DAY_MS,
    window: every,
  },
  {
    name: "market.bars.v1",
    position: "SEQUENCE",
    delivery: "EVERY",
    partitions: 8,
    retentionBytes: 512 * MIB,
    retentionMs: 30 * DAY_MS,
    hasBackfill: true,
    window: { ...every, entriesMax: 500, bytesMax: 262_144 },
  },
  {
    name: "market.bars.current.v1",
    position: "SEQUENCE",
    delivery: "LATEST",
    partitions: 8,
    retentionBytes: 256 * MIB,
    retentionMs: DAY_MS,
    window: { ...latest, entriesMax: 10, bytesMax: 16_384 },
  },
  {
    name: "news.articles.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 128 * MIB,
    retentionMs: 365 * DAY_MS,
    window: every,
  },
  {
    name: "news.linked.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 64 * MIB,
    retentionMs: 30 * DAY_MS,
    window: every,
  },
  {
    name: "social.posts.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 64 * MIB,
    retentionMs: 30 * DAY_MS,
    window: every,
  },
  {
    name: "sensor.readings.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 64 * MIB,
    retentionMs: 30 * DAY_MS,
    window: every,
  },
  {
    name: "sensor.definitions.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 32 * MIB,
    retentionMs: 365 * DAY_MS,
    isCompacted: true,
    window: null,
  },
  {
    name: "ingest.answers.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 32 * MIB,
    retentionMs: 2 * DAY_MS,
    window: null,
  },
  {
    name: "analytics.signals.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 64 * MIB,
    retentionMs: 365 * DAY_MS,
    window: every,
  },
  {
    name: "analytics.jobs.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 32 * MIB,
    retentionMs: 7 * DAY_MS,
    window: every,
  },
  {
    name: "notifications.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 8,
    retentionBytes: 64 * MIB,
    retentionMs: 365 * DAY_MS,
    window: { ...every, entriesMax: 200, bytesMax: 131_072, ageMsMax: DAY_MS },
  },
  {
    name: "news.watches.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 64 * MIB,
    retentionMs: 365 * DAY_MS,
    isCompacted: true,
    window: null,
  },
  {
    name: "news.matches.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 64 * MIB,
    retentionMs: 30 * DAY_MS,
    window: null,
  },
  {
    name: "auth.revocations.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 32 * MIB,
    retentionMs: 7 * DAY_MS,
    window: every,
  },
  {
    name: "auth.deletions.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 32 * MIB,
    retentionMs: 365 * DAY_MS,
    window: null,
  },
  {
    name: "audit.events.v1",
    position: "OFFSET",
    delivery: "EVERY",
    partitions: 1,
    retentionBytes: 128 * MIB,
    retentionMs: 365 * DAY_MS,
    window: null,
  },
] as const satisfies readonly Topic[];

/** Compacted: key = topic, value = the topic's epoch, written once when the topic was created. */
export const EPOCHS_TOPIC = "mib.epochs.v1";

const byName = new Map<string, Topic>(TOPICS.map((topic) => [topic.name, topic]));

/** The entry of a topic that exists; asking for another is a bug. */
export function topicNamed(name: string): Topic {
  const topic = byName.get(name);
  if (topic === undefined) throw new Error(`there is no topic ${name}`);
  return topic;
}

/** Where records of a topic go that do not validate. */
export const deadLetterTopic = (name: string): string => `${name}.dlq`;
