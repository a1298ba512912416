import { createKafka } from "@mib/events/kafka";
import type { Logger } from "@mib/service/log";
import type { RouterConfig } from "../config/router-config.ts";
import { KafkaHistory, type HistoryObserver } from "./history/kafka-history.ts";
import { StreamHub, type HubObserver } from "./hub.ts";
import { CursorKeys } from "./resume/cursor-keys.ts";
import { RedisStreamSource } from "./redis-stream-source.ts";

type StreamsConfig = RouterConfig["streams"];

/** The hub with its store, running. */
export interface Streams {
  hub: StreamHub;
  source: RedisStreamSource;
  /** Null where no keys are configured. */
  cursors: { keys: CursorKeys; lifetimeMs: number } | null;
  close(): void;
}

/** Events that one group executes side by side. */
const EXECUTIONS_MAX = 16;

/**
 * After the store was away its windows may be filled in without a message: they are compared soon, and then less and less
 * often until the usual interval.
 */
const VERIFY_AFTER_RETURN_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000];

/** Starts the streams; null where no store is configured. Does not wait for the store to be there. */
export function startStreams(
  config: StreamsConfig,
  observer: HubObserver & HistoryObserver,
  log: Logger,
): Streams | null {
  if (config.redis_url === null) return null;
  const source = new RedisStreamSource(config.redis_url, log);
  const history = historyOf(config, observer, log);
  const hub = new StreamHub({
    source,
    history,
    clock: {
      after(milliseconds, action) {
        const timer = setTimeout(action, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    limits: {
      queueMax: config.group_queue_max,
      executionsMax: EXECUTIONS_MAX,
      channelBufferMax: config.channel_buffer_max,
      replayEventsMax: config.replay_events_max,
      resumesPerSecondMax: config.resumes_per_second_max,
      resumesWaitingMax: config.resumes_waiting_max,
    },
    observer,
  });
  const timers = new Set<NodeJS.Timeout>([setInterval(() => hub.verify(), config.verify_interval_ms).unref()]);
  source.start({
    subscribed: (topic, channel) => hub.subscribed(topic, channel),
    message: (topic, channel, entry) => hub.message(topic, channel, entry),
    lost: () => hub.lost(),
    returned() {
      for (const afterMs of VERIFY_AFTER_RETURN_MS) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          hub.verify();
        }, afterMs).unref();
        timers.add(timer);
      }
    },
  });
  return {
    hub,
    source,
    cursors:
      config.cursor_keys_file === null
        ? null
        : { keys: CursorKeys.fromFile(config.cursor_keys_file), lifetimeMs: config.cursor_lifetime_ms },
    close() {
      for (const timer of timers) clearTimeout(timer);
      source.close();
      history?.close();
    },
  };
}

/** Null where no Kafka is configured. Connects when there is something to read. */
function historyOf(
  { kafka_brokers, kafka_tls, kafka_sasl, history }: StreamsConfig,
  observer: HistoryObserver,
  log: Logger,
): KafkaHistory | null {
  if (kafka_brokers === null || kafka_brokers.length === 0) return null;
  const settings = {
    KAFKA_BROKERS: kafka_brokers,
    KAFKA_TLS: kafka_tls,
    KAFKA_SASL_MECHANISM: kafka_sasl?.mechanism,
    KAFKA_SASL_USERNAME: kafka_sasl?.username,
    KAFKA_SASL_PASSWORD: kafka_sasl?.password,
  };
  const limits = {
    requestsMax: history.requests_max,
    recordsMax: history.records_max,
    bytesMax: history.bytes_max,
    heldBytesMax: history.held_bytes_max,
    timeoutMs: history.timeout_ms,
  };
  return new KafkaHistory(createKafka(settings, "mib-router", log), limits, observer, log);
}
