import { expect, test } from "vitest";
import { SharedFetches } from "../../router/src/execute/shared-fetches.ts";
import { federated, json, type TestSubgraph } from "./federated.ts";

const STREAMED = `
  extend schema @link(url: "https://specs.example.org/streamed/v1.0", import: ["@streamed"]) @composeDirective(name: "@streamed")
  directive @streamed(topic: String!, channel: String! = "*", delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
  enum Delivery { EVERY LATEST }
  enum Snapshot { LAST NONE }`;

const READINGS: TestSubgraph = {
  stream: true,
  typeDefs: `${STREAMED}
    type Subscription {
      readings(sensor: ID!, unit: Unit! = CELSIUS): Reading! @streamed(topic: "readings.v1", channel: "{args.sensor}/{args.unit}", snapshot: LAST)
      newest(sensors: [ID!]!): Reading! @streamed(topic: "readings.v1", channel: "{args.sensors}", delivery: LATEST)
      alarms(kinds: [String!]): Alarm! @streamed(topic: "alarms.v1", filter: ["kind in args.kinds"])
    }
    enum Unit { CELSIUS KELVIN }
    type Reading @shareable { sensor: Sensor! value: Float! note: String near: [Sensor!] }
    type Sensor @key(fields: "id", resolvable: false) { id: ID! }
    interface Alarm { kind: String! }
    type Fire implements Alarm { kind: String! at: Sensor }
    type Flood implements Alarm { kind: String! depth: Float }`,
};

const SENSORS: TestSubgraph = {
  typeDefs: `
    type Query { sensor(id: ID!): Sensor }
    type Sensor @key(fields: "id") { id: ID! room: String! label(upper: Boolean): String }
    type Subscription { restarted: Sensor }`,
  resolvers: {
    Sensor: {
      __resolveReference: ({ id }: { id: string }) => ({ id, room: `room ${id}` }),
      label: ({ id }: { id: string }, { upper }: { upper?: boolean }) => (upper ? id.toUpperCase() : id),
    },
  },
};

test("an event takes its fields from the payload and the others from subgraphs", async () => {
  const { event, requests } = await federated({ readings: READINGS, sensors: SENSORS });
  const payload = Object.freeze({
    sensor: Object.freeze({ id: "s1" }),
    value: 20.5,
    note: null,
    near: [{ id: "s2" }, { id: "s1" }],
  });
  const query = `subscription ($upper: Boolean) {
    r: readings(sensor: "s1") { v: value value: note sensor { id: room label(upper: $upper) __typename } near { room } }
  }`;
  expect(await event(query, payload, { upper: true })).toEqual({
    data: {
      r: {
        v: 20.5,
        value: null,
        sensor: { id: "room s1", label: "S1", __typename: "Sensor" },
        near: [{ room: "room s2" }, { room: "room s1" }],
      },
    },
  });
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["sensors"]);
});

test("an event is answered whole, also where something is deferred", async () => {
  const { event, federation } = await federated({ readings: READINGS, sensors: SENSORS });
  const query = 'subscription { readings(sensor: "s1") { value ... @defer { sensor { room } } } }';
  expect(await event(query, { sensor: { id: "s1" }, value: 1 })).toEqual({
    data: { readings: { value: 1, sensor: { room: "room s1" } } },
  });
  expect(await federation.prepare({ query })).toMatchObject({ incremental: null });
});

test("an event that needs no other subgraph asks none", async () => {
  const { event, requests } = await federated({ readings: READINGS, sensors: SENSORS });
  expect(
    await event('subscription { readings(sensor: "s1") { value sensor { id } } }', { sensor: { id: "s1" }, value: 1 }),
  ).toEqual({
    data: { readings: { value: 1, sensor: { id: "s1" } } },
  });
  expect(requests).toEqual([]);
});

test("an event of an interface says by its __typename what it is", async () => {
  const { event } = await federated({ readings: READINGS, sensors: SENSORS });
  const query = "subscription { alarms { __typename ... on Fire { kind at { room } } ... on Flood { depth } } }";
  expect(await event(query, { __typename: "Fire", kind: "smoke", at: { id: "s1" } })).toEqual({
    data: { alarms: { __typename: "Fire", kind: "smoke", at: { room: "room s1" } } },
  });
  expect(await event(query, { __typename: "Flood", kind: "rain", depth: 2 })).toEqual({
    data: { alarms: { __typename: "Flood", depth: 2 } },
  });
});

test("what an event has at a field that is selected twice is all that both select", async () => {
  const { event } = await federated({ readings: READINGS, sensors: SENSORS });
  const query = `subscription ($skipped: Boolean! = true) {
    readings(sensor: "s1") { near { id } near @skip(if: $skipped) { room } ... on Reading { note } }
    readings(sensor: "s1") { near { name: id } }
  }`;
  expect(await event(query, { sensor: { id: "s1" }, value: 1, note: "dry", near: [{ id: "s2" }] })).toEqual({
    data: { readings: { near: [{ id: "s2", name: "s2" }], note: "dry" } },
  });
});

test("an event whose entity fetch fails is delivered with what there is", async () => {
  const { event } = await federated({
    readings: READINGS,
    sensors: {
      ...SENSORS,
      answer: (_, response) => json(response, { errors: [{ message: "off", extensions: { code: "OFF" } }] }),
    },
  });
  const answer = await event('subscription { readings(sensor: "s1") { value sensor { id label } } }', {
    sensor: { id: "s1" },
    value: 1,
  });
  expect(answer).toEqual({
    data: { readings: { value: 1, sensor: { id: "s1", label: null } } },
    errors: [
      { message: "off", path: ["readings", "sensor", "label"], extensions: { code: "OFF", service: "sensors" } },
    ],
  });
});

test("an event that lacks a required field is an error", async () => {
  const { event } = await federated({ readings: READINGS, sensors: SENSORS });
  const answer = await event('subscription { readings(sensor: "s1") { value } }', { sensor: { id: "s1" } });
  expect(answer).toMatchObject({
    data: null,
    errors: [{ path: ["readings", "value"], extensions: { code: "SUBGRAPH_BAD_RESPONSE" } }],
  });
});

test("an entity that stands twice in an event is asked for once, and its fields and errors stand twice in the answer", async () => {
  const { federation, requests } = await federated({
    readings: {
      stream: true,
      typeDefs: `${STREAMED}
        type Subscription { moved: [Sensor!]! @streamed(topic: "moved.v1") }
        type Sensor @key(fields: "id", resolvable: false) { id: ID! tags: [String!] @shareable }`,
    },
    tags: {
      typeDefs: 'type Query { tags: Int } type Sensor @key(fields: "id") { id: ID! tags: [String!] @shareable }',
      resolvers: { Sensor: { tags: () => ["a", "b"] } },
    },
    sensors: {
      typeDefs: `
        type Query { sensors: Int }
        type Sensor @key(fields: "id") {
          id: ID! tags: [String!] @external
          label: String @requires(fields: "tags") broken: Int @requires(fields: "tags")
        }`,
      resolvers: {
        Sensor: {
          label: ({ id, tags }: { id: string; tags: string[] }) => `${id} ${tags.join("+")}`,
          broken() {
            throw new Error("no value");
          },
        },
      },
    },
  });
  const prepared = await federation.prepare({ query: "subscription { moved { label broken } }" });
  if ("errors" in prepared) throw new Error("not prepared");
  const call = {
    headersFor: () => ({}),
    signal: new AbortController().signal,
    shared: new SharedFetches(() => {}),
  };
  const sensor = () => ({ id: "s1", tags: ["a", "b"] });
  expect(JSON.parse(await prepared.executeEvent(call, {}, [sensor(), sensor()]))).toEqual({
    data: {
      moved: [
        { label: "s1 a+b", broken: null },
        { label: "s1 a+b", broken: null },
      ],
    },
    errors: [0, 1].map((index) => expect.objectContaining({ message: "no value", path: ["moved", index, "broken"] })),
  });
  const asked = requests.filter(({ subgraph }) => subgraph === "sensors");
  expect(asked.map(({ variables }) => variables["representations"])).toEqual([
    [{ __typename: "Sensor", id: "s1", tags: ["a", "b"] }],
  ]);
});

test("a streamed operation says where its events come from", async () => {
  const { federation } = await federated({ readings: READINGS, sensors: SENSORS });
  const prepared = await federation.prepare({
    query: "subscription S($s: ID!) { x: readings(sensor: $s) { value sensor { room } } }",
  });
  if ("errors" in prepared) throw new Error("not prepared");
  const { streamed } = prepared;
  expect(streamed).toMatchObject({
    fieldName: "readings",
    responseKey: "x",
    topic: "readings.v1",
    channel: "{args.sensor}/{args.unit}",
    delivery: "EVERY",
    snapshot: "LAST",
    filter: [],
  });
  const coerced = prepared.coerceVariables({ s: 7 });
  if ("errors" in coerced) throw new Error("not coerced");
  expect(streamed?.arguments(coerced.variables)).toEqual({ sensor: "7", unit: "CELSIUS" });
  expect([...prepared.subgraphs]).toEqual(["sensors"]);
  expect(prepared.kind).toBe("subscription");
  expect(prepared.plan.print()).toContain("each event of readings");
});

test("operations that differ in name and spacing only are normalized to one text", async () => {
  const { federation } = await federated({ readings: READINGS, sensors: SENSORS });
  const normalized = async (query: string) => {
    const prepared = await federation.prepare({ query });
    return "errors" in prepared ? prepared.errors : prepared.normalized;
  };
  const fragments = ["fragment A on Reading { value }", "fragment B on Reading { note }"];
  const one = await normalized(`subscription One { readings(sensor: "s") { ...A ...B } } ${fragments.join(" ")}`);
  expect(
    await normalized(`subscription Two{readings(sensor:"s"){...A,...B}}\n${fragments.toReversed().join(" ")}`),
  ).toBe(one);
  expect(await normalized(`subscription Two{readings(sensor:"t"){...A,...B}}\n${fragments.join(" ")}`)).not.toBe(one);
});

test("an operation that a subgraph feeds says which one, and what it is asked", async () => {
  const { federation } = await federated({ readings: READINGS, sensors: SENSORS });
  const prepared = await federation.prepare({
    query: "subscription ($up: Boolean) { x: restarted { name: label(upper: $up) } }",
  });
  if ("errors" in prepared) throw new Error("not prepared");
  const { upstream, streamed, subgraphs } = prepared;
  expect(streamed).toBe(null);
  expect(upstream).toMatchObject({ fieldName: "restarted", subgraph: "sensors" });
  expect([...subgraphs]).toEqual(["sensors"]);
  expect(JSON.parse(upstream!.requestText({ up: true }))).toEqual({
    query: "subscription($up:Boolean){x:restarted{name:label(upper:$up)}}",
    variables: { up: true },
  });
});

test("subscriptions that cannot be served are refused with a code", async () => {
  const { federation } = await federated({ readings: READINGS, sensors: SENSORS });
  const code = async (query: string) => {
    const prepared = await federation.prepare({ query });
    return "errors" in prepared ? prepared.errors[0]?.extensions["code"] : null;
  };
  expect(await code('subscription ($a: Boolean!) { readings(sensor: "s") @include(if: $a) { value } }')).toBe(
    "GRAPHQL_VALIDATION_FAILED",
  );
  expect(await code('subscription { a: readings(sensor: "s") { value } b: readings(sensor: "t") { value } }')).toBe(
    "GRAPHQL_VALIDATION_FAILED",
  );
});
