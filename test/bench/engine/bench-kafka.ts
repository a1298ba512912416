import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import kafkajs from "kafkajs";
import { Reaper } from "../../../scripts/local/reaper.mjs";
import { kafkaServer } from "../../streams/stack/kafka-server.ts";
import type { StackProcess } from "../../streams/stack/stack-process.ts";

const TOPICS = ["market.quotes.v1", "market.trades.v1", "market.bars.v1", "market.bars.current.v1"];
const PARTITIONS = 8;

export interface BenchKafka {
  broker: string;
  client: kafkajs.Kafka;
  process: StackProcess;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A Kafka with the engine's topics, whose data is on the project's disk and goes with it. */
export async function startBenchKafka(): Promise<BenchKafka> {
  mkdirSync(".data", { recursive: true });
  const folder = mkdtempSync(join(resolve(".data"), "bench-kafka-"));
  const reaper = new Reaper();
  const { broker, process } = await kafkaServer(folder, reaper);
  const client = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
  const stop = async () => {
    await process.end();
    reaper.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await process.start();
    const admin = client.admin();
    await admin.connect();
    try {
      const topics = TOPICS.map((topic) => ({ topic, numPartitions: PARTITIONS }));
      await admin.createTopics({ topics, waitForLeaders: true });
    } finally {
      await admin.disconnect();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { broker, client, process, stop };
}
