import { createHash } from "node:crypto";
import { SENSOR_CHARACTERS_MAX, SENSOR_KINDS, sensorId } from "@mib/events/sensor";
import { articleId } from "../news/article.ts";

type Item = Record<string, unknown>;

/** What a field of an item may be, beyond what the topic's schema says. */
export interface FieldRule {
  charactersMax?: number;
  pattern?: RegExp;
  oneOf?: readonly string[];
}

interface IngestKind {
  topic: string;
  /** All that an item may have, `id` and `instruments` aside: what else it has is a mistake that nobody would notice. */
  fields: Readonly<Record<string, FieldRule>>;
  /** Who is concerned. Readings have none: their sensor's definition says it. */
  hasInstruments: boolean;
  /** The field that says when it happened; null: the server says it. */
  time: string | null;
  /** The record's key in Kafka. */
  key(item: Item): string | null;
  /** The same item given twice has the same id, whoever gives it and whenever. */
  id(item: Item): string;
}

const SOURCE: FieldRule = { charactersMax: 200 };
const URL_FIELD: FieldRule = { charactersMax: 2_048 };
/** What may stand in a sensor's id: what a person can read and type. */
const SENSOR_SOURCE: FieldRule = { charactersMax: SENSOR_CHARACTERS_MAX.source, pattern: /^[\w.:@-][\w.:@/ -]*$/ };
const METRIC: FieldRule = { charactersMax: SENSOR_CHARACTERS_MAX.metric, pattern: /^[\w.:-]+$/ };
const UNIT: FieldRule = { charactersMax: SENSOR_CHARACTERS_MAX.unit };

/** What can be given in, by the last part of its path. */
export const INGEST_KINDS = {
  news: {
    topic: "news.articles.v1",
    fields: {
      title: { charactersMax: 1_000 },
      summary: { charactersMax: 10_000 },
      url: URL_FIELD,
      source: SOURCE,
      publishedAt: {},
    },
    hasInstruments: true,
    time: "publishedAt",
    key: () => null,
    id: idOfArticle,
  },
  posts: {
    topic: "social.posts.v1",
    fields: { source: SOURCE, author: { charactersMax: 200 }, text: { charactersMax: 40_000 }, url: URL_FIELD, at: {} },
    hasInstruments: true,
    time: "at",
    key: sourceOf,
    id: (post) => idOf(post, ["url", "text", "at"]),
  },
  readings: {
    topic: "sensor.readings.v1",
    fields: { source: SENSOR_SOURCE, metric: METRIC, value: { charactersMax: 64 }, unit: UNIT, at: {} },
    hasInstruments: false,
    time: "at",
    key: sourceOf,
    id: (reading) => idOf(reading, ["metric", "at"]),
  },
  sensors: {
    topic: "sensor.definitions.v1",
    fields: {
      source: SENSOR_SOURCE,
      metric: METRIC,
      name: { charactersMax: SENSOR_CHARACTERS_MAX.name },
      kind: { oneOf: SENSOR_KINDS },
      unit: { ...UNIT, pattern: /\S/ },
    },
    hasInstruments: true,
    time: null,
    key: (sensor) => sensorId(String(sensor.source), String(sensor.metric)),
    // Each definition is one of its own, whatever its giver calls it: a sensor may be defined as it was before another definition.
    id: (sensor) => hashOf(sensor, ["metric", "name", "kind", "unit", "instruments", "definedAt"]),
  },
} as const satisfies Record<string, IngestKind>;

export type IngestKindName = keyof typeof INGEST_KINDS;

export const kindNamed = (name: IngestKindName): IngestKind => INGEST_KINDS[name];

function sourceOf(item: Item): string | null {
  return typeof item.source === "string" ? item.source : null;
}

/** Of what a giver calls it, where it has a name, else of what makes it that item. */
function idOf(item: Item, fields: readonly string[]): string {
  return hashOf(item, typeof item.id === "string" ? ["id"] : fields);
}

function hashOf(item: Item, fields: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify([item.source, ...fields.map((field) => item[field] ?? null)]))
    .digest("hex")
    .slice(0, 32);
}

/** As the poller's: so an article that came both ways counts once. */
function idOfArticle(item: Item): string {
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return articleId({ url: text(item.url), title: text(item.title) ?? "", summary: text(item.summary) });
}
