import { setTimeout as delay } from "node:timers/promises";
import { createKafka } from "@mib/events/kafka";
import { servers } from "@mib/testkit/servers";
import { expect, test, vi } from "vitest";

test("a connection to Kafka that is open and idle wakes the process a few times a second, not a thousand", async () => {
  const admin = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "test").admin();
  await admin.connect();
  await admin.listTopics();
  const timers = vi.spyOn(globalThis, "setTimeout");
  try {
    await delay(500);
    expect(timers.mock.calls.length).toBeLessThan(20);
    expect(timers.mock.calls.filter(([, ms]) => ms !== undefined && ms < 0)).toEqual([]);
  } finally {
    timers.mockRestore();
    await admin.disconnect();
  }
});
