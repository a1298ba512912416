import { parseArgs } from "node:util";
import { kafkaFields } from "@mib/events/kafka";
import { engineAddressesField } from "@mib/protocol/engine-addresses";
import { field, readConfig } from "@mib/service/config";
import { z } from "zod";

const FEED_NAMES = ["simulator", "replay", "binance", "coinbase", "kraken", "news", "ingest", "items", "none"] as const;

/** Options of the command line and the variables that stand for them. */
const OPTIONS = {
  feed: { type: "string", variable: "FEED" },
  symbols: { type: "string", variable: "FEED_SYMBOLS" },
  file: { type: "string", variable: "FEED_FILE" },
  speed: { type: "string", variable: "FEED_SPEED" },
  from: { type: "string", variable: "FEED_FROM" },
  loop: { type: "boolean", variable: "FEED_LOOP" },
  again: { type: "boolean", variable: "FEED_AGAIN" },
  rate: { type: "string", variable: "FEED_RATE" },
  seed: { type: "string", variable: "FEED_SEED" },
  "start-time": { type: "string", variable: "FEED_START_TIME" },
  labels: { type: "string", variable: "FEED_LABELS" },
  sources: { type: "string", variable: "FEED_SOURCES" },
  keys: { type: "string", variable: "FEED_KEYS" },
} as const;

/** Where an exchange is, and how soon it is tried again. */
export const venueFields = {
  /** Where the venue is; by default its public addresses. Binance's own are for spot, those of futures stand apart. */
  FEED_WEBSOCKET_URL: field.optional(websocketUrl()),
  FEED_REST_URL: field.optional(field.url()),
  FEED_FUTURES_WEBSOCKET_URL: field.optional(websocketUrl()),
  FEED_FUTURES_REST_URL: field.optional(field.url()),
  /** The first wait before a venue is tried again; it doubles up to 30 s. */
  FEED_RECONNECT_MS_MIN: field.milliseconds(500, { least: 10, most: 30_000 }),
};

const shape = {
  FEED: field.oneOf(FEED_NAMES, "simulator"),
  FEED_SYMBOLS: field.optional(field.list()),
  FEED_FILE: field.optional(field.text()),
  FEED_SPEED: z
    .string()
    .optional()
    .transform((text) => text ?? "1")
    .refine((text) => text === "max" || Number(text) > 0, "must be a number above 0, or max")
    .transform((text) => (text === "max" ? ("max" as const) : Number(text))),
  FEED_FROM: field.optional(time().transform((atMs) => BigInt(atMs) * 1_000_000n)),
  FEED_LOOP: field.flag(false),
  FEED_AGAIN: field.flag(false),
  FEED_RATE: field.count(5_000, { least: 1, most: 1_000_000 }),
  FEED_SEED: field.text("1"),
  FEED_START_TIME: field.optional(time().transform((atMs) => atMs * 1_000)),
  FEED_LABELS: field.optional(field.text()),
  FEED_SOURCES: field.optional(field.text()),
  FEED_KEYS: field.optional(field.text()),
  /** Where `--feed ingest` listens. */
  INGEST_PORT: field.port(4015),
  ...venueFields,
  /** Every so many trades one is traced. By default 1 000 when traces are exported, and none when they are not. */
  FEED_TRACE_EVERY: field.optional(field.count()),
  OTEL_EXPORTER_OTLP_ENDPOINT: field.optional(field.url()),
  ENGINE_ADDRESS: engineAddressesField(),
  HOST: field.host(),
  ADMIN_PORT: field.port(4011),
  ...kafkaFields,
};

/** In milliseconds. A day alone is its beginning in UTC; a time needs its zone, or it would be another one on each machine. */
function time() {
  return z
    .string()
    .refine(
      (text) => /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text) && Date.parse(text) > 0,
      "must be a time with its zone, for instance 2026-01-05T14:30:00Z",
    )
    .transform((text) => Date.parse(text));
}

function websocketUrl() {
  return z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol),
      "must be a URL that begins with wss:// or ws://",
    );
}

export type FeedConfig = ReturnType<typeof readFeedConfig>;

/** Reads the command line and the environment; what stands on the command line counts. Prints all problems and exits with 78. */
export function readFeedConfig(args: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
  return readConfig(shape, { ...environment, ...variablesOf(args) });
}

/** Throws a TypeError that names an option which does not exist. */
export function variablesOf(args: readonly string[]): Record<string, string> {
  const options = Object.fromEntries(Object.entries(OPTIONS).map(([name, { type }]) => [name, { type }]));
  const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [OPTIONS[name as keyof typeof OPTIONS].variable, String(value)]),
  );
}
