import { consumeEvents, type RecordBatch } from "@mib/events/consumer";
import type { ConsumerState } from "@mib/events/consumer-state";
import type { StreamEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { enqueueEvents } from "@mib/events/outbox";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Pool } from "pg";
import type { BarInterval, MarketMemory } from "../domain/market-memory.ts";
import { signalId } from "../domain/signal-id.ts";
import { detectSignals } from "../domain/signals.ts";
import { BARS_TOPIC, readBar } from "./read-bar.ts";
import { evidenceOf, type FoundSignal, type SignalStore } from "./signal-store.ts";
import type { WindowStore } from "./window-store.ts";

/** More bars than these wait for no save by the clock: history comes faster than that. */
const UNSAVED_MAX = 50_000;
/** Bars of a second say too little for a signal. */
const SIGNAL_INTERVALS: ReadonlySet<BarInterval> = new Set(["M1", "M5", "H1", "D1"]);

export interface BarReaderOptions {
  kafka: KafkaClient;
  pool: Pool;
  memory: MarketMemory;
  state: ConsumerState;
  windows: WindowStore;
  signals: SignalStore;
  saveMs: number;
}

/** A batch that is in the windows, and the signals that it gave rise to. */
interface AppliedBatch {
  signals: FoundSignal[];
  last: StreamEvent | null;
}

/** Takes final bars into the windows, and writes and announces the signals that they give rise to. */
export async function startBarReader(
  service: Service,
  { kafka, pool, memory, state, windows, signals: store, saveMs }: BarReaderOptions,
): Promise<void> {
  const bars = new Counter({
    name: "analytics_bars_total",
    help: "Final bars taken in.",
    registers: [service.registry],
  });
  const signalsFound = new Counter({
    name: "analytics_signals_total",
    help: "Signals found, by kind.",
    labelNames: ["kind"],
    registers: [service.registry],
  });
  const invalid = new Counter({
    name: "analytics_invalid_records_total",
    help: "Records that are no bars.",
    registers: [service.registry],
  });

  const unannounced = new Map<number, AppliedBatch>();
  const consumer = await consumeEvents({
    kafka,
    log: service.log,
    name: "mib-analytics",
    topics: [BARS_TOPIC],
    startOffset: (topic, partition) => state.startOffset(topic, partition, "earliest"),
    onBatch: async (batch) => {
      // What was applied when this was tried before is passed over now, and its signals are still to be written. The batch may
      // have been cut differently then.
      const before = unannounced.get(batch.partition);
      const now = apply(batch);
      const applied = { signals: [...(before?.signals ?? []), ...now.signals], last: now.last ?? before?.last ?? null };
      if (applied.signals.length > 0) {
        unannounced.set(batch.partition, applied);
        await announce(applied.signals);
        unannounced.delete(batch.partition);
      }
      state.advance(batch, applied.last);
      if (windows.waiting > UNSAVED_MAX) await save();
    },
  });
  service.health.check("bars", () => {
    if (!consumer.connected()) throw new Error("Kafka is not reached");
    return { lag: Number(consumer.lag().get(BARS_TOPIC) ?? 0n) };
  });

  /** Not while signals wait to be written: after a crash the bars that caused them must count as new. */
  let saving: Promise<void> | null = null;
  const save = async () => {
    if (unannounced.size > 0) return;
    // One at a time: a second one would write the same bars again, and each holds a connection.
    saving ??= windows.save(memory, state).finally(() => (saving = null));
    await saving;
  };
  const timer = setInterval(
    () => save().catch((error: unknown) => service.log.warn({ err: error }, "the windows could not be saved")),
    saveMs,
  );
  service.onShutdown("bars", async () => {
    clearInterval(timer);
    await consumer.stop();
    await saving?.catch(() => {});
    await save();
  });

  /** Takes a batch into the windows, without a pause inside. */
  function apply(batch: RecordBatch): AppliedBatch {
    const signals: FoundSignal[] = [];
    let last: StreamEvent | null = null;
    for (const message of batch.records) {
      const read = readBar(batch, message, state);
      if (read === "INVALID") invalid.inc();
      if (typeof read === "string") continue;
      const { event, symbol, interval, openedAt, bar } = read;
      last = event;
      bars.inc();
      const window = memory.add(symbol, interval, bar);
      windows.keep(symbol, interval, bar);
      if (window === null || event.backfill || !SIGNAL_INTERVALS.has(interval)) continue;
      for (const signal of detectSignals(window))
        signals.push({
          ...signal,
          id: signalId(signal, { channel: event.channel, openedAt }),
          symbol,
          interval,
          at: openedAt,
        });
    }
    return { signals, last };
  }

  async function announce(found: readonly FoundSignal[]): Promise<void> {
    const fresh = await inTransaction(pool, async (client) => {
      const news = await store.add(client, found);
      await enqueueEvents(
        client,
        news.map((signal) => ({
          topic: "analytics.signals.v1",
          key: signal.symbol,
          channel: "*",
          eventId: signal.id,
          value: valueOf(signal),
        })),
      );
      return news;
    });
    for (const { kind } of fresh) signalsFound.inc({ kind });
  }
}

/** The event of a signal. */
function valueOf(signal: FoundSignal) {
  const { id, symbol, kind, direction, score, at, explanation } = signal;
  return { id, instrument: { symbol }, kind, direction, score, at, explanation, evidence: evidenceOf(signal) };
}
