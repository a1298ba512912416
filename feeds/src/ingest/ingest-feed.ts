import { once } from "node:events";
import { createKafka, type KafkaSettings } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import type { Feed, FeedContext } from "../feed.ts";
import type { IngestKeys } from "./ingest-keys.ts";
import { followMemory, IngestMemory } from "./ingest-memory.ts";
import { IngestServer } from "./ingest-server.ts";

export interface IngestFeedOptions {
  keys: IngestKeys;
  host: string;
  port: number;
  kafka: KafkaSettings;
}

/** Takes in by HTTP what others have: news, posts, sensors and their readings. It needs no engine. */
export class IngestFeed implements Feed {
  readonly name = "ingest";
  readonly #options: IngestFeedOptions;

  constructor(options: IngestFeedOptions) {
    this.#options = options;
  }

  async run({ log, metrics, health, signal }: FeedContext): Promise<void> {
    const { keys, host, port, kafka } = this.#options;
    const client = createKafka(kafka, "mib-ingest", log);
    const producer = createEventProducer({ kafka: client, log });
    const memory = new IngestMemory();
    const ingest = new IngestServer({
      keys,
      producer,
      memory,
      log,
      onAccepted: (kind, count) => metrics.itemsAccepted.inc({ kind }, count),
      onRejected: (kind, count) => metrics.itemsRejected.inc({ kind }, count),
    });
    const server = await ingest.listen({ host, port });
    health.check("ingest", () => {
      if (!memory.isWhole) throw new Error("what was defined and answered before is still being read");
      return { waiting: ingest.waiting, sensors: memory.sensors.size };
    });
    const reader = await followMemory({ kafka: client, log, memory, signal });
    log.info({ address: server.address(), sensors: memory.sensors.size }, "taking items in");
    if (!signal.aborted) await once(signal, "abort");
    // Requests that are being worked on get their answer.
    server.close();
    server.closeIdleConnections();
    await producer.stop();
    await reader.stop();
    server.closeAllConnections();
  }
}
