import { eventually } from "@mib/testkit/eventually";
import { servers, uniqueName } from "@mib/testkit/servers";
import { expect, test, vi } from "vitest";
import { receive, runningRouter, streamTopic } from "./running-router.ts";
import { readings, SENSORS } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

// Each test composes and starts routers, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const PLAIN = `subscription { every(sensor: "s1") { value } }`;
const WITH_ROOM = `subscription { every(sensor: "s1") { value sensor { room } } }`;

/** Routers on the same streams and counters, whose callers may spend so much in a window of an hour. */
async function routers(count: number, unitsPerHour: number) {
  const stream = await streamTopic("readings");
  const auth = await issuer();
  const started = await Promise.all(
    Array.from({ length: count }, () =>
      runningRouter(
        { readings: readings(stream.topic), sensors: SENSORS },
        {
          streams: {
            redis_url: servers.redisUrl,
            budget: { units_per_second: unitsPerHour / 3_600, window_seconds: 3_600 },
          },
          authentication: { jwks_url: auth.jwksUrl },
        },
      ),
    ),
  );
  // A subject of its own: the counters outlive the test.
  const token = await auth.token({ sub: uniqueName("caller") });
  const authorization = `Bearer ${token}`;
  const other = `Bearer ${await auth.token({ sub: uniqueName("other") })}`;
  const open = (router: (typeof started)[number], subscriptions: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(subscriptions));
  return { ...stream, started, authorization, other, open };
}

const codeOf = ({ errors }: { errors: any[] }): string | undefined => errors[0]?.[0]?.extensions.code;

test("the costliest subscription of a caller that spends too much ends with an error, and others' go on", async () => {
  const { append, started, authorization, other, open } = await routers(1, 3_600);
  const router = started[0]!;
  const client = router.client({ authorization });
  const [plain, withRoom] = [receive(client, PLAIN), receive(client, WITH_ROOM)];
  const others = receive(router.client({ authorization: other }), PLAIN);
  await open(router, 3);
  // 2 units for each event of the plain one, 4 + 10 for the other.
  for (let id = 1; id <= 300; id++) await append("s1", id, { sensor: { id: "s1" }, value: id });
  await eventually(() => expect(codeOf(withRoom)).toBe("STREAM_BUDGET_EXCEEDED"));
  expect(withRoom.errors[0][0].extensions.retryAfterSeconds).toBeGreaterThan(0);
  await append("s1", 301, { sensor: { id: "s1" }, value: 301 });
  await eventually(() => {
    expect(plain.values.length).toBe(301);
    expect(others.values.length).toBe(301);
  });
  expect([plain.errors, others.errors]).toEqual([[], []]);

  const late = receive(client, PLAIN);
  await eventually(() => expect(codeOf(late)).toBe("STREAM_BUDGET_EXCEEDED"));
  const overSse = receive(router.sseClient({ authorization }), PLAIN);
  await eventually(() =>
    expect(JSON.stringify(overSse.values.concat(overSse.errors))).toContain("STREAM_BUDGET_EXCEEDED"),
  );
  expect(await router.metric("router_refused_total")).toBeGreaterThan(0);
});

test("a subscription to channels that are too busy for the budget is refused before it costs anything", async () => {
  const { append, started, authorization, other, open } = await routers(1, 3_600 * 20);
  const router = started[0]!;
  const watching = receive(router.client({ authorization: other }), PLAIN);
  await open(router, 1);
  for (let id = 1; id <= 200; id++) await append("s1", id, { value: id });
  await eventually(() => expect(watching.values.length).toBe(200));
  // About 20 events in a second, of late: 280 units for 20.
  const refused = receive(router.client({ authorization }), WITH_ROOM);
  await eventually(() => expect(codeOf(refused)).toBe("STREAM_BUDGET_EXCEEDED"));
  receive(router.client({ authorization }), `subscription { every(sensor: "quiet") { value } }`);
  await open(router, 2);
});

test("a caller has one budget for all processes", async () => {
  const { append, started, authorization, open } = await routers(2, 3_600);
  const received = started.map((router) => receive(router.client({ authorization }), PLAIN));
  await Promise.all(started.map((router) => open(router, 1)));
  // 2 units each and in each process: within the budget of one, past that of both.
  for (let id = 1; id <= 1_200; id++) await append("s1", id, { value: id });
  await eventually(() => expect(received.map(codeOf)).toContain("STREAM_BUDGET_EXCEEDED"));
});
