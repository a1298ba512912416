import { consumeEvents, type RecordBatch } from "@mib/events/consumer";
import { decodeEvent, InvalidRecordError, type StreamEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { compareIds } from "@mib/stream-window/layout";
import type { Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { TradeRetention } from "../domain/trade-partitions.ts";
import { BatchCollector } from "./batch-collector.ts";
import { positionOf, tradeOf, TRADES_TOPIC, type StoredTrade } from "./trade-event.ts";
import { holdPositions, readPositions, savePositions, type WritePosition } from "./trade-positions.ts";
import { TradeTable } from "./trade-table.ts";
import { startRetention } from "./retention.ts";

/** What is not written down yet is in the engine's memory, so there is no hurry. */
const LINGER_MS = 500;
const RECORDS_AT_ONCE_MAX = 20_000;
const RETENTION_EVERY_MS = 60_000;
/** The engine numbers its events itself, so no epoch of the topic is needed. */
const NO_EPOCHS: ReadonlyMap<string, string> = new Map();

export interface TradeWriterOptions {
  kafka: KafkaClient;
  database: Database;
  retention: TradeRetention;
  /** The topic's name at the broker, where it is not its own. */
  topic?: string;
}

/**
 * Writes the trades of the stream down, each once, however many writers there are, wherever they and the database crash: where a
 * partition stands is a row of the database that is held and moved on in the transaction of the trades, and only what is behind it is
 * written. A writer that finds the row elsewhere goes on from there: ahead, where another has written, or back, where the database has
 * lost its last transactions. Only where Kafka has less than it had, the row is of another log, and what that one has is written.
 * A record that is no trade is left out: the relay puts it into the dead-letter topic.
 */
export async function startTradeWriter(
  service: Service,
  { kafka, database, retention, topic = TRADES_TOPIC }: TradeWriterOptions,
): Promise<void> {
  const { log, registry } = service;
  const counter = (name: string, help: string) =>
    new Counter({ name: `market_data_trades_${name}_total`, help, registers: [registry] });
  const written = counter("written", "Trades written to PostgreSQL");
  const refused = counter("refused", "Records that are no trades");
  const missed = counter("missed", "Records that Kafka no longer had before they were written");
  const table = new TradeTable();
  const collector = new BatchCollector({ lingerMs: LINGER_MS, recordsMax: RECORDS_AT_ONCE_MAX, handle: write });
  const known = await readPositions(database, topic);
  const reading = new Map<number, Reading>();
  for (const { partition, nextOffset } of known.values())
    reading.set(partition, { from: nextOffset, next: nextOffset, anew: false });

  const consumer = await consumeEvents({
    kafka,
    log,
    name: "market-data-trade-writer",
    topics: [topic],
    startOffset: (_, partition) => known.get(partition)?.nextOffset ?? "earliest",
    onBatch: (batch) => collector.take(batch),
  });
  service.health.check("trades", () => ({
    reading: consumer.connected(),
    lag: Number(consumer.lag().get(topic) ?? 0n),
  }));
  service.onShutdown("trade writer", () => {
    collector.stop();
    return consumer.stop();
  });
  startRetention(service, {
    what: "trades",
    everyMs: RETENTION_EVERY_MS,
    drop: () => table.dropExpired(database, retention, Date.now()),
  });

  async function write(batches: readonly RecordBatch[]): Promise<void> {
    const taken = batches.map((batch) => ({ batch, read: readOf(batch) }));
    const begins = new Map(taken.map(({ batch, read }) => [batch.partition, read.from]));
    const { trades, count, stands, wrong } = await inTransaction(database, async (client) => {
      // Trades and position are lost together or not at all, and are read again: no need to wait for the disk.
      await client.query("SET LOCAL synchronous_commit = off");
      const held = await holdPositions(client, topic, begins);
      const parts = taken.map(({ batch, read }) => {
        const stand = held.get(batch.partition) as WritePosition;
        return partOf(batch, read.anew ? { ...stand, nextOffset: batch.position } : stand);
      });
      const all = parts.flatMap((part) => part.trades);
      const inserted = await table.write(client, all);
      await savePositions(
        client,
        topic,
        parts.map(({ position }) => position),
      );
      return {
        trades: all,
        count: inserted,
        stands: parts.map(({ position }) => position),
        wrong: parts.flatMap((part) => part.wrong),
      };
    });
    table.notePartitions(trades);
    written.inc(count);
    refused.inc(wrong.length);
    for (const each of wrong) log.warn(each, "a record is no trade");
    for (const [at, { batch, read }] of taken.entries()) {
      const { partition, position, nextOffset, missedBefore } = batch;
      const { nextOffset: stand } = stands[at] as WritePosition;
      reading.set(partition, { from: read.from, next: stand, anew: false });
      if (stand < position)
        log.error(
          { partition, records: String(position - stand) },
          "trades that were written are lost, they are read again",
        );
      if (stand !== nextOffset) consumer.seek(topic, partition, stand);
      else if (missedBefore > 0n) {
        missed.inc(Number(missedBefore));
        log.error({ partition, records: String(missedBefore) }, "Kafka no longer had trades that were not written yet");
      }
    }
  }

  function readOf({ partition, position }: RecordBatch): Reading {
    const before = reading.get(partition);
    if (before !== undefined && position >= before.next) return before;
    const begun = { from: position, next: position, anew: before !== undefined };
    reading.set(partition, begun);
    return begun;
  }
}

/** What this writer reads of a partition. */
interface Reading {
  /** Where it began: where the partition stands should its row be lost. */
  from: bigint;
  /** Where the next batch begins. */
  next: bigint;
  /** It was sent back to the beginning: Kafka has less than it had, so the offsets known so far are those of another log. */
  anew: boolean;
}

interface Part {
  trades: StoredTrade[];
  position: WritePosition;
  wrong: { partition: number; offset: string; reason: string }[];
}

/** What a batch adds to where its partition stands; nothing when records are missing in between. */
function partOf({ partition, records, position, nextOffset }: RecordBatch, stand: WritePosition): Part {
  if (stand.nextOffset < position) return { trades: [], position: stand, wrong: [] };
  const trades: StoredTrade[] = [];
  const wrong: Part["wrong"] = [];
  let { last } = stand;
  for (const record of records) {
    if (BigInt(record.offset) < stand.nextOffset) continue;
    try {
      const event = decodeEvent(TRADES_TOPIC, partition, record, NO_EPOCHS);
      // Before it counts as the last one: what is not to be written must not make those behind it look known.
      positionOf(event);
      if (isKnown(event, last)) continue;
      last = event.position;
      trades.push(tradeOf(event));
    } catch (error) {
      if (!(error instanceof InvalidRecordError)) throw error;
      wrong.push({ partition, offset: record.offset, reason: error.message });
    }
  }
  const next = nextOffset > stand.nextOffset ? nextOffset : stand.nextOffset;
  return { trades, position: { partition, nextOffset: next, last }, wrong };
}

/** The engine publishes a partition in the order of its sequence, so whatever is not beyond the last one was sent again. */
function isKnown({ position }: StreamEvent, last: WritePosition["last"]): boolean {
  return last !== null && last.epoch === position.epoch && compareIds(position.id, last.id) <= 0;
}
