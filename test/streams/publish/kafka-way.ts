import { createKafka } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { createLogger } from "@mib/service/log";
import type { PublishingWay } from "./way.ts";

/** Straight into Kafka, by the platform's own producer. */
export function kafkaWay(broker: string): PublishingWay {
  const log = createLogger("publisher");
  log.level = "silent";
  const producer = createEventProducer({ kafka: createKafka({ KAFKA_BROKERS: [broker] }, "faults", log), log });
  return {
    async send(channel, first, count) {
      const sends = Array.from({ length: count }, (_, i) =>
        producer.sendRecord(channel.topic, { key: channel.name, ...channel.record(first + i) }),
      );
      const failed = (await Promise.allSettled(sends)).find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    },
    repeats: true,
    mayLose: false,
    stop: () => producer.stop(),
  };
}
