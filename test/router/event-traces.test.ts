import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { expect, test } from "vitest";
import { otlpCollector } from "./otlp-collector.ts";
import { receive, runningRouter, streamTopic } from "./running-router.ts";
import { readings, SENSORS } from "./sample-subgraphs.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

test("an event whose trace is sampled goes on in it, down to the subgraphs; others make no spans", async () => {
  const { topic, append } = await streamTopic("traced");
  const collector = await otlpCollector();
  const router = await runningRouter(
    { readings: readings(topic), sensors: SENSORS },
    {
      streams: { redis_url: servers.redisUrl },
      telemetry: { traces: { otlp_url: collector.url, sample_percent: 0 } },
    },
  );
  const received = receive(router.client(), `subscription Rooms { every(sensor: "s1") { value sensor { room } } }`);
  await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1));
  const event = (value: number) => ({ sensor: { id: "s1" }, value });
  await append("s1", 1, event(1));
  await append("s1", 2, event(2), { traceparent: `00-${TRACE}-${PARENT}-01` });
  await append("s1", 3, event(3), { traceparent: `00-${TRACE}-${PARENT}-00` });
  await eventually(() => expect(received.values.length).toBe(3));
  await router.stop();

  const { spans } = collector;
  const root = spans.find(({ name }) => name === `event ${topic}`)!;
  expect(root).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, kind: 5, failed: false });
  expect(root.attributes).toMatchObject({
    "graphql.operation.name": "Rooms",
    "messaging.destination.name": topic,
    "router.stream.channel": "s1",
  });
  expect(spans.map(({ name }) => name).toSorted()).toEqual([`event ${topic}`, "fetch sensors", "shape"]);
  const fetch = spans.find(({ name }) => name === "fetch sensors")!;
  expect(fetch.parentSpanId).toBe(root.spanId);
  const sent = new Set(router.requests.map(({ headers }) => String(headers["traceparent"])));
  expect(sent.delete(`00-${TRACE}-${fetch.spanId}-01`)).toBe(true);
  expect(sent.delete(`00-${TRACE}-${PARENT}-00`)).toBe(true);
  expect([...sent]).toEqual([expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)]);
});
