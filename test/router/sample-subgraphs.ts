import type { TestSubgraph } from "../federation/federated.ts";

export const PRODUCTS: TestSubgraph = {
  typeDefs: `
    type Query { product(id: ID!): Product fail: String me: String }
    type Mutation { rename(id: ID!, name: String!): Product }
    type Product @key(fields: "id") { id: ID! name: String! }`,
  resolvers: {
    Query: {
      product: (_: unknown, { id }: { id: string }) => ({ id, name: `product ${id}` }),
      fail: () => {
        throw new Error("no");
      },
      me: () => "me",
    },
    Mutation: { rename: (_: unknown, { id, name }: { id: string; name: string }) => ({ id, name }) },
    Product: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `product ${id}` }) },
  },
};

export const STREAMED = `
  extend schema @link(url: "https://specs.example.org/streamed/v1.0", import: ["@streamed"]) @composeDirective(name: "@streamed")
  directive @streamed(topic: String!, channel: String! = "*", delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
  enum Delivery { EVERY LATEST }
  enum Snapshot { LAST NONE }`;

/** Streams of one topic in every kind that the directive knows. */
export const readings = (topic: string): TestSubgraph => ({
  stream: true,
  typeDefs: `${STREAMED}
    type Subscription {
      every(sensor: ID!): Reading! @streamed(topic: "${topic}", channel: "{args.sensor}")
      everyFromLast(sensor: ID!): Reading! @streamed(topic: "${topic}", channel: "{args.sensor}", snapshot: LAST)
      newest(sensors: [ID!]!): Reading! @streamed(topic: "${topic}", channel: "{args.sensors}", delivery: LATEST, snapshot: LAST)
      alarms(kinds: [String!]): Reading! @streamed(topic: "${topic}", filter: ["kind in args.kinds"])
      mine: Reading! @streamed(topic: "${topic}", channel: "{claims.sub}")
    }
    type Reading @shareable { sensor: Sensor value: Float! kind: String text: String }
    type Sensor @key(fields: "id", resolvable: false) { id: ID! }`,
});

export const SENSORS: TestSubgraph = {
  typeDefs: `
    type Query { sensor(id: ID!): Sensor }
    type Sensor @key(fields: "id") { id: ID! room: String! }`,
  resolvers: { Sensor: { __resolveReference: ({ id }: { id: string }) => ({ id, room: `room ${id}` }) } },
};

/** A subgraph that learns who calls, and says so. */
export const OWNERS: TestSubgraph = {
  typeDefs: `
    type Query { caller: String }
    type Sensor @key(fields: "id") { id: ID! owner: String! }`,
  resolvers: {
    Query: { caller: (_: unknown, __: unknown, context: { request: Request }) => callerOf(context) },
    Sensor: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      owner: (_: unknown, __: unknown, context: { request: Request }) => callerOf(context) ?? "nobody",
    },
  },
};

/** The subject in the identity that the router sent; its signature is checked by the tests of `@mib/identity`. */
function callerOf({ request }: { request: Request }): string | null {
  const token = request.headers.get("x-mib-identity");
  if (token === null) return null;
  return (JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as { sub?: string }).sub ?? null;
}
