import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import type { BenchOptions, BenchResult } from "../bench-result.ts";
import { startBenchEngine } from "./bench-engine.ts";
import { startBenchKafka } from "./bench-kafka.ts";
import { engineBench } from "./engine-bench.ts";
import { comparePublished, rowsOfPublished } from "./published.ts";

/**
 * Kafka is killed and comes back while records come in at a steady rate: how long records wait for their acknowledgement
 * meanwhile, how far publishing falls behind, how long it takes until it has caught up, and whether Kafka then has each trade and each final
 * bar once and in order.
 */
export async function measureOutage({ quick }: BenchOptions): Promise<BenchResult> {
  const [beforeSeconds, awaySeconds, afterSeconds] = quick ? ([3, 5, 10] as const) : ([10, 60, 30] as const);
  const rate = quick ? 20_000 : 100_000;
  const kafka = await startBenchKafka();
  let started: Awaited<ReturnType<typeof startBenchEngine>> | undefined;
  let load: ReturnType<typeof engineBench> | undefined;
  try {
    const engine = (started = await startBenchEngine({ KAFKA_BROKERS: kafka.broker }));
    const lag = () => engine.metric("engine_publish_lag_records");
    await eventually(async () => (await engine.metric("engine_kafka_connected")) === 1, { deadlineMs: 60_000 });
    const words = ["--parts", "paced", "--address", engine.address, "--rate", String(rate)];
    load = engineBench(...words, "--seconds", String(beforeSeconds + awaySeconds + afterSeconds));
    // Its failure is told where it is awaited; until then it must not end the process.
    load.catch(() => {});
    await delay(beforeSeconds * 1_000);
    const lagBefore = await lag();
    await kafka.process.end();
    await delay(awaySeconds * 1_000);
    const lagAfter = await lag();
    await kafka.process.start();
    const backAt = performance.now();
    // Records go on coming in: a second's worth is on its way even when nothing is behind.
    await eventually(async () => (await lag()) <= rate, { deadlineMs: 600_000 });
    const catchUpMs = performance.now() - backAt;
    const { rows } = await load;
    await eventually(async () => (await lag()) === 0, { deadlineMs: 600_000 });
    const found = await comparePublished(kafka.client, engine);
    return {
      rows: [
        ...rows
          .filter(({ id }) => id.includes("durable"))
          .map((row) => ({ ...row, id: row.id.replace("engine.", "engine.outage.") })),
        { id: "engine.outage.lag", value: lagAfter, unit: "records" },
        { id: "engine.outage.catch-up", value: catchUpMs / 1_000, unit: "s" },
        ...rowsOfPublished("engine.outage", found),
      ],
      notes: [
        `Kafka away for ${awaySeconds} s at ${rate} records/s; ${lagBefore} records behind before; ${found.events} trades and final bars published`,
      ],
    };
  } finally {
    await started?.stop();
    // Without an engine it comes to its end.
    await load?.catch(() => {});
    await kafka.stop();
  }
}
