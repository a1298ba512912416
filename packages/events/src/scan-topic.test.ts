import { setTimeout as delay } from "node:timers/promises";
import { createLogger } from "@mib/service/log";
import { createTestTopics, servers } from "@mib/testkit/servers";
import kafkajs from "kafkajs";
import { expect, test } from "vitest";
import { createKafka } from "./kafka.ts";
import { rangesOf, scanTopic } from "./scan-topic.ts";

test("a scan waits for who takes its records, and keeps the order of each partition", async () => {
  await using topics = await createTestTopics({ scanned: 2 });
  const topic = topics.names.scanned!;
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "scan-test");
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const numbers = Array.from({ length: 200 }, (_, n) => n);
  await producer.send({
    topic,
    messages: numbers.flatMap((n) => [0, 1].map((partition) => ({ partition, value: String(n) }))),
  });
  await producer.disconnect();

  const taken: [number[], number[]] = [[], []];
  const busy = [false, false];
  await scanTopic({
    kafka,
    log: createLogger("scan-test"),
    topic,
    ranges: await rangesOf(kafka, topic),
    take(record, partition) {
      expect(busy[partition]).toBe(false);
      const number = Number(record.value);
      if (number % 7 !== 0) return void taken[partition as 0 | 1].push(number);
      busy[partition] = true;
      return delay(1).then(() => {
        busy[partition] = false;
        taken[partition as 0 | 1].push(number);
      });
    },
  });
  expect(taken).toEqual([numbers, numbers]);
});
