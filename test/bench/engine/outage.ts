import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@mib/testkit/eventually";
import kafkajs, { type Admin } from "kafkajs";
import { Reaper } from "../../../scripts/local/reaper.mjs";
import type { BenchOptions, BenchResult } from "../bench-result.ts";
import { kafkaServer } from "../../streams/stack/kafka-server.ts";
import { startBenchEngine } from "./bench-engine.ts";
import { engineBench } from "./engine-bench.ts";
import { readTopic } from "./published.ts";

const TOPICS = ["market.quotes.v1", "market.trades.v1", "market.bars.v1", "market.bars.current.v1"];
/** Topics in which nothing may be missing, and the engine's count of what belongs into them. */
const EVENTS = { "market.trades.v1": "engine_trades_accepted_total", "market.bars.v1": "engine_final_bars_total" };
const PARTITIONS = 8;

/**
 * Kafka is killed and comes back while records come in at a steady rate: how long records wait for their acknowledgement
 * meanwhile, how far publishing falls behind, how long it takes until it has caught up, and whether Kafka then has each trade and each final
 * bar once and in order.
 */
export async function measureOutage({ quick }: BenchOptions): Promise<BenchResult> {
  const [beforeSeconds, awaySeconds, afterSeconds] = quick ? ([3, 5, 10] as const) : ([10, 60, 30] as const);
  const rate = quick ? 20_000 : 100_000;
  mkdirSync(".data", { recursive: true });
  const folder = mkdtempSync(join(resolve(".data"), "bench-outage-"));
  const reaper = new Reaper();
  const { broker, process: kafka } = await kafkaServer(folder, reaper);
  const client = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
  let started: Awaited<ReturnType<typeof startBenchEngine>> | undefined;
  let load: ReturnType<typeof engineBench> | undefined;
  try {
    await kafka.start();
    await asAdmin(client, (admin) =>
      admin.createTopics({
        topics: TOPICS.map((topic) => ({ topic, numPartitions: PARTITIONS })),
        waitForLeaders: true,
      }),
    );
    const engine = (started = await startBenchEngine({ KAFKA_BROKERS: broker }));
    const lag = () => engine.metric("engine_publish_lag_records");
    await eventually(async () => (await engine.metric("engine_kafka_connected")) === 1, { deadlineMs: 60_000 });
    const words = ["--parts", "paced", "--address", engine.address, "--rate", String(rate)];
    load = engineBench(...words, "--seconds", String(beforeSeconds + awaySeconds + afterSeconds));
    // Its failure is told where it is awaited; until then it must not end the process.
    load.catch(() => {});
    await delay(beforeSeconds * 1_000);
    const lagBefore = await lag();
    await kafka.end();
    await delay(awaySeconds * 1_000);
    const lagAfter = await lag();
    await kafka.start();
    const backAt = performance.now();
    // Records go on coming in: a second's worth is on its way even when nothing is behind.
    await eventually(async () => (await lag()) <= rate, { deadlineMs: 600_000 });
    const catchUpMs = performance.now() - backAt;
    const { rows } = await load;
    await eventually(async () => (await lag()) === 0, { deadlineMs: 600_000 });
    const found = { missing: 0, unknown: 0, repeated: 0, outOfOrder: 0, records: 0 };
    for (const [topic, counter] of Object.entries(EVENTS)) {
      const published = await asAdmin(client, (admin) => readTopic(client, admin, topic));
      found.records += published.distinct;
      const difference = (await engine.metric(counter)) - published.distinct;
      found.missing += Math.max(0, difference);
      found.unknown += Math.max(0, -difference);
      found.repeated += published.repeated;
      found.outOfOrder += published.outOfOrder;
    }
    return {
      rows: [
        ...rows
          .filter(({ id }) => id.includes("durable"))
          .map((row) => ({ ...row, id: row.id.replace("engine.", "engine.outage.") })),
        { id: "engine.outage.lag", value: lagAfter, unit: "records" },
        { id: "engine.outage.catch-up", value: catchUpMs / 1_000, unit: "s" },
        { id: "engine.outage.missing", value: found.missing, unit: "events" },
        { id: "engine.outage.unknown", value: found.unknown, unit: "events" },
        { id: "engine.outage.repeated", value: found.repeated, unit: "events" },
        { id: "engine.outage.out-of-order", value: found.outOfOrder, unit: "events" },
      ],
      notes: [
        `Kafka away for ${awaySeconds} s at ${rate} records/s; ${lagBefore} records behind before; ${found.records} trades and final bars published`,
      ],
    };
  } finally {
    await started?.stop();
    // Without an engine it comes to its end.
    await load?.catch(() => {});
    await kafka.end();
    reaper.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function asAdmin<Value>(client: kafkajs.Kafka, use: (admin: Admin) => Promise<Value>): Promise<Value> {
  const admin = client.admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
