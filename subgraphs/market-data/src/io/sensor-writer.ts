import { setTimeout as wait } from "node:timers/promises";
import { consumeEvents, type EventConsumer, type RecordBatch } from "@mib/events/consumer";
import { ConsumerState } from "@mib/events/consumer-state";
import { readEpochs } from "@mib/events/epochs";
import { decodeEvent, InvalidRecordError, type StreamEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { validateValue } from "@mib/events/validate";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { untilAborted } from "@mib/service/until-aborted";
import type { Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type pg from "pg";
import { readingOf, type SensorReading, type SensorReadingEvent } from "../domain/sensor-reading.ts";
import { sensorOf, type Sensor, type SensorDefinitionEvent } from "../domain/sensor.ts";
import type { PostgresReadings } from "./postgres-readings.ts";
import type { PostgresSensors } from "./postgres-sensors.ts";
import { startRetention } from "./retention.ts";

const DEFINITIONS_TOPIC = "sensor.definitions.v1";
const READINGS_TOPIC = "sensor.readings.v1";
const CONSUMER = "sensor-writer";
const RETRY_MS = 1_000;
const RETENTION_EVERY_MS = 600_000;

export interface SensorWriterOptions {
  kafka: KafkaClient;
  database: Database;
  sensors: PostgresSensors;
  readings: PostgresReadings;
  retentionDays: number;
  /** The topics' names at the broker, where they are not their own. */
  topics?: { definitions: string; readings: string };
}

interface Taken {
  sensors: Sensor[];
  readings: SensorReading[];
}

/**
 * Writes down what sensors are and what they measure. Both and the consumer's position are one transaction: after a crash it
 * goes on behind what is written. A record that is neither is left out: the relay puts a reading into the dead-letter topic.
 */
export async function startSensorWriter(
  service: Service,
  {
    kafka,
    database,
    sensors,
    readings,
    retentionDays,
    topics = { definitions: DEFINITIONS_TOPIC, readings: READINGS_TOPIC },
  }: SensorWriterOptions,
): Promise<void> {
  const { log, registry, shutdownSignal } = service;
  const ownName = new Map([
    [topics.definitions, DEFINITIONS_TOPIC],
    [topics.readings, READINGS_TOPIC],
  ]);
  const written = new Counter({
    name: "market_data_sensor_records_written_total",
    help: "Definitions and readings of sensors written to PostgreSQL",
    labelNames: ["topic"],
    registers: [registry],
  });
  const refused = new Counter({
    name: "market_data_sensor_records_refused_total",
    help: "Records that are no definitions or readings of sensors",
    labelNames: ["topic"],
    registers: [registry],
  });
  const state = await ConsumerState.load(database, CONSUMER);
  let consumer: EventConsumer | null = null;

  service.health.check("sensors", () => ({
    reading: consumer?.connected() ?? false,
    lag: Object.fromEntries([...(consumer?.lag() ?? [])].map(([topic, lag]) => [topic, Number(lag)])),
  }));
  const starting = start();
  service.onShutdown("sensor writer", async () => {
    await starting;
    await consumer?.stop();
  });
  startRetention(service, {
    what: "readings",
    everyMs: RETENTION_EVERY_MS,
    drop: () => readings.dropExpired(retentionDays),
  });

  /** The subgraph answers without it: what is written down is there. */
  async function start(): Promise<void> {
    while (!shutdownSignal.aborted) {
      try {
        const epochs = await untilAborted(shutdownSignal, readEpochs(kafka));
        for (const own of ownName.values()) if (!epochs.has(own)) throw new Error(`${own} is not provisioned yet`);
        consumer = await consumeEvents({
          kafka,
          log,
          name: "market-data-sensor-writer",
          topics: [...ownName.keys()],
          // One partition at a time: the positions of all are saved together, and none may be ahead of what is written.
          concurrency: 1,
          startOffset: (topic, partition) => state.startOffset(topic, partition, "earliest"),
          onBatch: (batch) => take(batch, epochs),
        });
        return;
      } catch (error) {
        if (shutdownSignal.aborted) return;
        log.warn({ err: error, retryMs: RETRY_MS }, "sensors can't be read yet");
        await wait(RETRY_MS, undefined, { signal: shutdownSignal }).catch(() => {});
      }
    }
  }

  async function take(batch: RecordBatch, epochs: ReadonlyMap<string, string>): Promise<void> {
    const topic = ownName.get(batch.topic)!;
    // A compacted topic has holes by itself.
    if (batch.missedBefore > 0n && topic === READINGS_TOPIC)
      log.error({ records: String(batch.missedBefore) }, "Kafka no longer had readings that were not written yet");
    const taken: Taken = { sensors: [], readings: [] };
    let last: StreamEvent | null = null;
    for (const record of batch.records) {
      try {
        const event = decodeEvent(topic, batch.partition, record, epochs);
        if (!state.accept(event)) continue;
        last = event;
        add(taken, event);
      } catch (error) {
        if (!(error instanceof InvalidRecordError)) throw error;
        refused.inc({ topic });
        log.warn({ topic, offset: record.offset, reason: error.message }, "a record is left out");
      }
    }
    state.advance(batch, last);
    const kept = await write(taken);
    const count = sizeOf(kept);
    written.inc({ topic }, count);
    if (sizeOf(taken) > count) refused.inc({ topic }, sizeOf(taken) - count);
  }

  /**
   * Tries until it succeeds: the events count as seen from here on, so they must not be handed over again. What PostgreSQL will never
   * take is left out, so that all behind it are written. Returns what was written.
   */
  async function write(taken: Taken): Promise<Taken> {
    let writing = writeTogether;
    for (;;) {
      try {
        const kept = await inTransaction(database, async (client) => {
          const all = await writing(client, taken);
          await state.save(client);
          return all;
        });
        readings.notePartitions(kept.readings);
        return kept;
      } catch (error) {
        if (shutdownSignal.aborted) throw error;
        if (writing === writeTogether && isOfTheData(error)) {
          writing = writeEach;
          continue;
        }
        log.warn({ err: error, readings: taken.readings.length }, "readings could not be written, trying again");
        await wait(RETRY_MS, undefined, { signal: shutdownSignal });
      }
    }
  }

  async function writeTogether(client: pg.PoolClient, taken: Taken): Promise<Taken> {
    await sensors.write(client, taken.sensors);
    await readings.write(client, taken.readings);
    return taken;
  }

  async function writeEach(client: pg.PoolClient, taken: Taken): Promise<Taken> {
    const kept: Taken = { sensors: [], readings: [] };
    const each = async (one: Taken) => {
      await client.query("SAVEPOINT one");
      try {
        await writeTogether(client, one);
        await client.query("RELEASE SAVEPOINT one");
        kept.sensors.push(...one.sensors);
        kept.readings.push(...one.readings);
      } catch (error) {
        if (!isOfTheData(error)) throw error;
        await client.query("ROLLBACK TO SAVEPOINT one");
        log.warn(
          { err: error, id: (one.sensors[0] ?? one.readings[0])?.id },
          "a record that PostgreSQL does not take is left out",
        );
      }
    };
    for (const sensor of taken.sensors) await each({ sensors: [sensor], readings: [] });
    for (const reading of taken.readings) await each({ sensors: [], readings: [reading] });
    return kept;
  }
}

const sizeOf = ({ sensors, readings }: Taken): number => sensors.length + readings.length;

/** SQLSTATE's classes of values that can't be (22) and of what is too large (54): the same again fails the same way. */
function isOfTheData(error: unknown): boolean {
  return /^(22|54)/.test((error as { code?: string }).code ?? "");
}

/** Throws InvalidRecordError for an event that says nothing that can be kept. */
function add(taken: Taken, { topic, value }: StreamEvent): void {
  const validation = validateValue(topic, value);
  if (!validation.ok) throw new InvalidRecordError(validation.reason);
  if (topic === DEFINITIONS_TOPIC) {
    const sensor = sensorOf(validation.value as SensorDefinitionEvent);
    if (typeof sensor === "string") throw new InvalidRecordError(sensor);
    taken.sensors.push(sensor);
  } else {
    const reading = readingOf(validation.value as SensorReadingEvent);
    if (typeof reading === "string") throw new InvalidRecordError(reading);
    taken.readings.push(reading);
  }
}
