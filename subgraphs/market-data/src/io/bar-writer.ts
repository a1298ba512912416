import { setTimeout as wait } from "node:timers/promises";
import { consumeEvents, type RecordBatch } from "@mib/events/consumer";
import { ConsumerState } from "@mib/events/consumer-state";
import { decodeEvent, InvalidRecordError, type StreamEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { validateValue } from "@mib/events/validate";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import type { Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { barOfEvent, isStored, type Bar, type BarEvent } from "../domain/bar.ts";
import type { RetentionDays } from "../domain/partitions.ts";
import type { PostgresBars } from "./postgres-bars.ts";
import { startRetention } from "./retention.ts";

const BARS_TOPIC = "market.bars.v1";
const CONSUMER = "bar-writer";
const RETRY_MS = 1_000;
const RETENTION_EVERY_MS = 600_000;
/** The engine numbers its events itself, so no epoch of the topic is needed. */
const NO_EPOCHS: ReadonlyMap<string, string> = new Map();

export interface BarWriterOptions {
  kafka: KafkaClient;
  database: Database;
  bars: PostgresBars;
  retentionDays: RetentionDays;
  /** The topic's name at the broker, where it is not its own. */
  topic?: string;
}

/**
 * Writes the final bars of the stream down. Bars and the consumer's position are one transaction: after a crash it goes on
 * behind what is written. A record that is no bar is left out: the relay puts it into the dead-letter topic.
 */
export async function startBarWriter(
  service: Service,
  { kafka, database, bars, retentionDays, topic = BARS_TOPIC }: BarWriterOptions,
): Promise<void> {
  const { log, registry, shutdownSignal } = service;
  const written = new Counter({
    name: "market_data_bars_written_total",
    help: "Final bars written to PostgreSQL",
    registers: [registry],
  });
  const refused = new Counter({
    name: "market_data_bars_refused_total",
    help: "Records that are no bars",
    registers: [registry],
  });
  const state = await ConsumerState.load(database, CONSUMER);

  const consumer = await consumeEvents({
    kafka,
    log,
    name: "market-data-bar-writer",
    topics: [topic],
    // One partition at a time: the positions of all are saved together, and none may be ahead of what is written.
    concurrency: 1,
    startOffset: (_, partition) => state.startOffset(topic, partition, "earliest"),
    onBatch: take,
  });
  service.health.check("bars", () => ({ reading: consumer.connected(), lag: Number(consumer.lag().get(topic) ?? 0n) }));
  service.onShutdown("bar writer", () => consumer.stop());
  startRetention(service, { what: "bars", everyMs: RETENTION_EVERY_MS, drop: () => bars.dropExpired(retentionDays) });

  async function take(batch: RecordBatch): Promise<void> {
    if (batch.missedBefore > 0n)
      log.error(
        { partition: batch.partition, records: String(batch.missedBefore) },
        "Kafka no longer had bars that were not written yet",
      );
    const read: { event: StreamEvent; bar: Bar | null }[] = [];
    for (const record of batch.records) {
      try {
        const event = decodeEvent(BARS_TOPIC, batch.partition, record, NO_EPOCHS);
        // The channel says the interval: most bars are of a second, and are not even parsed.
        const stored = isStored(event.channel.slice(event.channel.lastIndexOf("/") + 1));
        read.push({ event, bar: stored ? barOf(event) : null });
      } catch (error) {
        if (!(error instanceof InvalidRecordError)) throw error;
        refused.inc();
        log.warn({ partition: batch.partition, offset: record.offset, reason: error.message }, "a record is no bar");
      }
    }
    const fresh = read.filter(({ event }) => state.accept(event));
    state.advance({ topic, partition: batch.partition, nextOffset: batch.nextOffset }, fresh.at(-1)?.event ?? null);
    const taken = fresh.flatMap(({ bar }) => bar ?? []);
    await write(taken);
  }

  /** Tries until it succeeds: the events count as seen from here on, so they must not be handed over again. */
  async function write(taken: readonly Bar[]): Promise<void> {
    for (;;) {
      try {
        await inTransaction(database, async (client) => {
          await bars.write(client, taken);
          await state.save(client);
        });
        bars.notePartitions(taken);
        written.inc(taken.length);
        return;
      } catch (error) {
        if (shutdownSignal.aborted) throw error;
        log.warn({ err: error, bars: taken.length }, "bars could not be written, trying again");
        await wait(RETRY_MS, undefined, { signal: shutdownSignal });
      }
    }
  }
}

function barOf(event: StreamEvent): Bar {
  const validation = validateValue(BARS_TOPIC, event.value);
  if (!validation.ok) throw new InvalidRecordError(validation.reason);
  return barOfEvent(validation.value as BarEvent);
}
