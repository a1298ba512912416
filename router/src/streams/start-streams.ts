import { createKafka } from "@mib/events/kafka";
import type { Logger } from "@mib/service/log";
import type { RouterConfig } from "../config/router-config.ts";
import type { StreamKind } from "../supergraph/streamed-directive.ts";
import { KafkaHistory, type HistoryObserver } from "./history/kafka-history.ts";
import { StreamHub, type HubObserver } from "./hub.ts";
import { entryFormat } from "./redis-log/entry-format.ts";
import { RedisLogSource } from "./redis-log/redis-log-source.ts";
import { RedisLogStore } from "./redis-log/redis-log-store.ts";
import { CursorKeys } from "./resume/cursor-keys.ts";
import { ResumeAdmission } from "./resume/resume-admission.ts";
import type { RedisAddress } from "./redis-connection.ts";
import { RedisStreamSource } from "./redis-stream-source.ts";
import type { HubClock } from "./stream-source.ts";

type StreamsConfig = RouterConfig["streams"];

/** The hubs with their stores, running. */
export interface Streams {
  /** By where events come from; null where the store can't be such a source. */
  hubs: Record<StreamKind, StreamHub | null> & { KAFKA: StreamHub };
  /** Subscribers that wait to catch up, whatever feeds them. */
  readonly resumesWaiting: number;
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

/** Starts the streams. Does not wait for the store to be there. */
export function startStreams(
  address: RedisAddress,
  config: StreamsConfig,
  observer: HubObserver & HistoryObserver,
  log: Logger,
): Streams {
  const clock: HubClock = {
    after(milliseconds, action) {
      const timer = setTimeout(action, milliseconds);
      return () => clearTimeout(timer);
    },
  };
  const admission = new ResumeAdmission(clock, {
    resumesPerSecondMax: config.resumes_per_second_max,
    resumesWaitingMax: config.resumes_waiting_max,
  });
  const limits = {
    queueMax: config.group_queue_max,
    executionsMax: EXECUTIONS_MAX,
    channelBufferMax: config.channel_buffer_max,
    replayEventsMax: config.replay_events_max,
  };
  const source = new RedisStreamSource(address, log);
  const history = historyOf(config, observer, log);
  const hub = new StreamHub({ source, history, clock, admission, limits, observer });

  const logStore = address.isCluster ? null : new RedisLogStore(address.urls[0], log);
  const logHub = logStore && followLogs(logStore, config, { clock, admission, limits, observer, log });

  const verify = () => {
    hub.verify();
    logHub?.verify();
  };
  const timers = new Set<NodeJS.Timeout>([setInterval(verify, config.verify_interval_ms).unref()]);
  source.start({
    subscribed: (topic, channel) => hub.subscribed(topic, channel),
    message: (topic, channel, entry) => hub.message(topic, channel, entry),
    lost: (only) => hub.lost(only),
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
    hubs: { KAFKA: hub, REDIS: logHub },
    get resumesWaiting() {
      return admission.waitingCount;
    },
    source,
    cursors:
      config.cursor_keys_file === null
        ? null
        : { keys: CursorKeys.fromFile(config.cursor_keys_file), lifetimeMs: config.cursor_lifetime_ms },
    close() {
      for (const timer of timers) clearTimeout(timer);
      source.close();
      logStore?.close();
      history?.close();
    },
  };
}

/** The hub of streams that services fill themselves. */
function followLogs(
  store: RedisLogStore,
  { redis_streams: { key, value_field: valueField } }: StreamsConfig,
  {
    log,
    ...hub
  }: Pick<ConstructorParameters<typeof StreamHub>[0], "clock" | "admission" | "limits" | "observer"> & { log: Logger },
): StreamHub {
  const source = new RedisLogSource(store, { format: entryFormat({ key, valueField }), log });
  const logHub = new StreamHub({ ...hub, source, history: null });
  source.start(logHub);
  return logHub;
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
