import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import type { BenchOptions, BenchResult } from "../bench-result.ts";
import { startBenchEngine } from "./bench-engine.ts";
import { startBenchKafka } from "./bench-kafka.ts";
import { engineBench } from "./engine-bench.ts";
import { comparePublished, rowsOfPublished } from "./published.ts";

const LAG_EVERY_MS = 1_000;

/**
 * The engine as fast as it takes records while it publishes to a Kafka on the same machine: records per second, how far publishing
 * falls behind, how long it takes until Kafka has all of it, and whether each trade and each final bar is there once and in order.
 */
export async function measurePublishing({ quick, args }: BenchOptions): Promise<BenchResult> {
  const kafka = await startBenchKafka();
  let started: Awaited<ReturnType<typeof startBenchEngine>> | undefined;
  let load: ReturnType<typeof engineBench> | undefined;
  try {
    // With snapshots from time to time: publishing that falls behind goes on from the last one.
    const env = { KAFKA_BROKERS: kafka.broker, ENGINE_JOURNAL_BYTES_MAX: String(4 * 2 ** 30) };
    const engine = (started = await startBenchEngine(env));
    const lag = () => engine.metric("engine_publish_lag_records");
    await eventually(async () => (await engine.metric("engine_kafka_connected")) === 1, { deadlineMs: 60_000 });
    const words = ["--parts", "saturated", "--address", engine.address];
    load = engineBench(...words, "--seconds", quick ? "2" : "20", ...args);
    const ended = new AbortController();
    const end = () => ended.abort();
    load.then(end, end);
    let lagMax = 0;
    while (!ended.signal.aborted) {
      lagMax = Math.max(lagMax, await lag());
      await Promise.race([load.catch(() => {}), delay(LAG_EVERY_MS)]);
    }
    const { rows, notes } = await load;
    const lagAtEnd = await lag();
    const endedAt = performance.now();
    await eventually(async () => (await lag()) === 0, { deadlineMs: 600_000 });
    const drainMs = performance.now() - endedAt;
    const found = await comparePublished(kafka.client, engine);
    return {
      rows: [
        { ...rows[0]!, id: "engine.publishing.rate.saturated" },
        { id: "engine.publishing.lag-max", value: Math.max(lagMax, lagAtEnd), unit: "records" },
        { id: "engine.publishing.lag", value: lagAtEnd, unit: "records" },
        { id: "engine.publishing.drain", value: drainMs / 1_000, unit: "s" },
        ...rowsOfPublished("engine.publishing", found),
      ],
      notes: [...notes, `${found.events} trades and final bars published; Kafka on the same machine`],
    };
  } finally {
    await started?.stop();
    // Without an engine it comes to its end.
    await load?.catch(() => {});
    await kafka.stop();
  }
}
