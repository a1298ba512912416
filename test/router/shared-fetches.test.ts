import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { GraphQLError } from "graphql";
import { expect, test, vi } from "vitest";
import { receive, runningRouter, streamTopic } from "./running-router.ts";
import { OWNERS, readings } from "./sample-subgraphs.ts";
import { issuer } from "./token-issuer.ts";

// Each test composes and starts a router, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const ROOMS = {
  typeDefs: `
    type Query { sensor(id: ID!): Sensor }
    type Sensor @key(fields: "id") { id: ID! room(floor: Int): String! }`,
  resolvers: {
    Sensor: {
      __resolveReference({ id }: { id: string }) {
        const failure = new GraphQLError("no such sensor", { extensions: { code: "SENSOR_BROKEN" } });
        // What is thrown at once costs all entities of the request, what is rejected costs one.
        if (id === "fatal") throw failure;
        return id === "broken" ? Promise.reject(failure) : { id };
      },
      room: ({ id }: { id: string }, { floor }: { floor: number | null }) => `room ${id} ${floor ?? ""}`.trim(),
    },
  },
};

async function streaming() {
  const stream = await streamTopic("readings");
  const auth = await issuer();
  const router = await runningRouter(
    { readings: readings(stream.topic), sensors: ROOMS, owners: OWNERS },
    {
      streams: { redis_url: servers.redisUrl },
      authentication: { jwks_url: auth.jwksUrl },
      subgraphs: { owners: { identity: "subject" } },
    },
  );
  const open = (count: number) =>
    eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count));
  const arrived = (all: readonly { values: any[] }[], count = 1) =>
    eventually(() => all.forEach(({ values }) => expect(values.length).toBe(count)));
  return { ...stream, router, auth, open, arrived };
}

const GROUPS = 20;
/** As many groups as there are names. */
const named = (selection: string) =>
  Array.from({ length: GROUPS }, (_, i) => `subscription { a${i}: every(sensor: "s1") { ${selection} } }`);
const inNamed = ({ values }: { values: any[] }): any => Object.values(values.at(-1).data)[0];

test("an event that goes to many groups is one request to a subgraph that all of them need", async () => {
  const { append, router, open, arrived } = await streaming();
  const client = router.client();
  const received = named("value sensor { room }").map((query) => receive(client, query));
  await open(GROUPS);
  await append("s1", 1, { sensor: { id: "s1" }, value: 1 });
  await arrived(received);
  for (const each of received) expect(inNamed(each)).toEqual({ value: 1, sensor: { room: "room s1" } });
  expect(await router.metric("router_stream_executions_total")).toBe(GROUPS);
  expect(router.requests.length).toBe(1);
  expect(await router.metric("router_stream_shared_fetches_total")).toBe(GROUPS - 1);
  // Each of the groups asks for the same entity: it is sent once.
  expect(await router.metric("router_subgraph_entities_total")).toBe(1);
});

test("what is asked with other arguments is another request", async () => {
  const { append, router, open, arrived } = await streaming();
  const client = router.client();
  const query = `subscription ($floor: Int) { every(sensor: "s1") { sensor { room(floor: $floor) } } }`;
  const received = [1, 2].map((floor) => receive(client, query, { floor }));
  await open(2);
  await append("s1", 1, { sensor: { id: "s1" } });
  await arrived(received);
  expect(received.map((each) => inNamed(each).sensor.room)).toEqual(["room s1 1", "room s1 2"]);
  expect(router.requests.length).toBe(2);
});

test("a subgraph that learns who calls is asked once for each subject, and nobody gets another's answer", async () => {
  const { append, router, auth, open, arrived } = await streaming();
  const clientOf = async (sub: string) =>
    router.client({ authorization: `Bearer ${await auth.token({ sub, sid: sub })}` });
  const [ada, bob] = [await clientOf("ada"), await clientOf("bob")];
  const received = named("sensor { owner room }").flatMap((query) => [receive(ada, query), receive(bob, query)]);
  await open(2 * GROUPS);
  // With the first event identities are signed, each when it is ready.
  await append("s1", 1, { sensor: { id: "s0" } });
  await arrived(received);
  router.requests.length = 0;
  await append("s1", 2, { sensor: { id: "s1" } });
  await arrived(received, 2);
  received.forEach((each, i) =>
    expect(inNamed(each).sensor).toEqual({ owner: i % 2 === 0 ? "ada" : "bob", room: "room s1" }),
  );
  expect(router.requests.filter(({ subgraph }) => subgraph === "owners").length).toBe(2);
  expect(router.requests.filter(({ subgraph }) => subgraph === "sensors").length).toBe(1);
});

test.each(["broken", "fatal"])(
  "a %s entity is told those who asked for it, and costs nobody else anything",
  async (bad) => {
    const { redis, topic, router, open, arrived } = await streaming();
    const client = router.client();
    const ids = ["s1", bad, "s2", bad];
    const received = ids.map((_, i) =>
      receive(client, `subscription { a${i}: every(sensor: "c${i}") { sensor { room } } }`),
    );
    await open(ids.length);
    // In one write of the publisher, so that all of them come in one turn.
    const pipeline = redis.pipeline();
    ids.forEach((id, i) =>
      pipeline.publish(`{${topic}/c${i}}`, `e1 1-0 0-0 1 ${Date.now()} -\n${JSON.stringify({ sensor: { id } })}`),
    );
    await pipeline.exec();
    await arrived(received);
    const answers = received.map(({ values }) => values[0]);
    expect(answers[0]).toEqual({ data: { a0: { sensor: { room: "room s1" } } } });
    expect(answers[2]).toEqual({ data: { a2: { sensor: { room: "room s2" } } } });
    for (const i of [1, 3]) {
      expect(answers[i].data).toEqual({ [`a${i}`]: { sensor: null } });
      expect(answers[i].errors).toEqual([
        expect.objectContaining({ message: "no such sensor", path: [`a${i}`, "sensor", "room"] }),
      ]);
    }
    if (bad === "broken") expect(router.requests.length).toBeLessThan(ids.length);
  },
);
