import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from "@apollo/federation-internals";
import { parse } from "graphql";
import { expect, test } from "vitest";
import { breakingChanges } from "./api-schema.ts";
import { composeSupergraph } from "./compose-supergraph.ts";
import { readStreamedDirectives } from "./streamed-directive.ts";

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@composeDirective"])`;
const STREAMED = `${LINK}
  @link(url: "https://specs.example.org/streamed/v1.0", import: ["@streamed"]) @composeDirective(name: "@streamed")
  directive @streamed(topic: String!, channel: String! = "*", source: String! = "KAFKA", delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
  enum Delivery { EVERY LATEST }
  enum Snapshot { LAST NONE }
  type Tick @shareable { symbol: ID! tags: [String!] inner: Inner }
  type Inner @shareable { code: Int! }
  input Where { symbol: ID! }`;

function compose(subscription: string, routingUrl = "stream:") {
  return composeSupergraph([
    {
      name: "base",
      routingUrl: "http://localhost/graphql",
      sdl: `${LINK} type Query { ticks: [Tick!]! } type Tick @shareable { symbol: ID! tags: [String!] inner: Inner } type Inner @shareable { code: Int! }`,
      file: "",
    },
    { name: "streams", routingUrl, sdl: `${STREAMED} ${subscription}`, file: "" },
  ]);
}

test("streams whose channels and filters make sense compose", () => {
  const composition = compose(`type Subscription {
    one(symbol: ID!): Tick! @streamed(topic: "t", channel: "{args.symbol}-{claims.sub}")
    many(symbols: [ID!]!): Tick! @streamed(topic: "t", channel: "{args.symbols}", delivery: LATEST)
    own(symbol: ID!): Tick! @streamed(topic: "t", channel: "{args.symbol}", source: "REDIS")
    some(tags: [String!], code: Int): Tick! @streamed(topic: "t", filter: ["tags in args.tags", "inner.code = args.code"])
  }`);
  expect(composition).toHaveProperty("supergraphSdl");
});

const faults: Record<string, string> = {
  "reads the argument symbols, which does not exist": `a(symbol: ID!): Tick! @streamed(topic: "t", channel: "{args.symbols}")`,
  "reads symbol, which may be null": `a(symbol: ID): Tick! @streamed(topic: "t", channel: "{args.symbol}")`,
  "which is an input object": `a(where: Where!): Tick! @streamed(topic: "t", channel: "{args.where}")`,
  "a list, which only LATEST can deliver": `a(symbols: [ID!]!): Tick! @streamed(topic: "t", channel: "{args.symbols}")`,
  "whose elements may be null": `a(symbols: [ID]!): Tick! @streamed(topic: "t", channel: "{args.symbols}", delivery: LATEST)`,
  "reads two lists": `a(s: [ID!]!, t: [ID!]!): Tick! @streamed(topic: "t", channel: "{args.s}/{args.t}", delivery: LATEST)`,
  "is neither {args.<name>} nor {claims.<name>}": `a: Tick! @streamed(topic: "t", channel: "{user}")`,
  "reads nothing, which Tick does not have": `a(x: [ID!]): Tick! @streamed(topic: "t", filter: ["nothing in args.x"])`,
  "compares String with ID": `a(x: [ID!]): Tick! @streamed(topic: "t", filter: ["tags in args.x"])`,
  "compares Inner with ID": `a(x: [ID!]): Tick! @streamed(topic: "t", filter: ["inner in args.x"])`,
  '"in" takes a list': `a(x: ID): Tick! @streamed(topic: "t", filter: ["symbol in args.x"])`,
  "reads the argument y, which does not exist": `a(x: ID): Tick! @streamed(topic: "t", filter: ["symbol = args.y"])`,
  "has no source: give it @streamed": `a: Tick!`,
  "source NATS is neither KAFKA nor REDIS": `a: Tick! @streamed(topic: "t", source: "NATS")`,
  "a topic needs a name": `a: Tick! @streamed(topic: "", source: "REDIS")`,
};
for (const [problem, field] of Object.entries(faults)) {
  test(`refuses a stream that ${problem}`, () => {
    const composition = compose(`type Subscription { ${field} }`);
    expect("problems" in composition ? composition.problems : []).toEqual([expect.stringContaining(problem)]);
  });
}

test("subgraphs whose directive knows sources compose with those whose directive does not", () => {
  const streamed = (version: string, source: string, field: string) => `${LINK}
    @link(url: "https://specs.example.org/streamed/${version}", import: ["@streamed"]) @composeDirective(name: "@streamed")
    directive @streamed(topic: String!, ${source}) on FIELD_DEFINITION
    type Tick @shareable { symbol: ID! }
    type Subscription { ${field} }`;
  const composition = composeSupergraph([
    {
      name: "a",
      routingUrl: "http://a",
      sdl: `${LINK} type Query { ticks: [Tick!]! } type Tick @shareable { symbol: ID! }`,
      file: "",
    },
    {
      name: "b",
      routingUrl: "stream:",
      sdl: streamed("v1.0", "scope: String", `b: Tick! @streamed(topic: "b")`),
      file: "",
    },
    {
      name: "c",
      routingUrl: "stream:",
      sdl: `${streamed("v1.1", "scope: String, source: Source! = KAFKA", `c: Tick! @streamed(topic: "c", source: REDIS)`)} enum Source { KAFKA REDIS }`,
      file: "",
    },
  ]);
  if ("problems" in composition) throw new Error(composition.problems.join());
  const streams = readStreamedDirectives(parse(composition.supergraphSdl));
  expect([streams.get("b")?.source, streams.get("c")?.source]).toEqual(["KAFKA", "REDIS"]);
  expect(() =>
    Supergraph.build(composition.supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES }),
  ).not.toThrow();
});

test("refuses a streamed field in a subgraph that has an address", () => {
  const composition = compose(`type Subscription { a: Tick! @streamed(topic: "t") }`, "http://localhost/graphql");
  expect(composition).toEqual({ problems: [expect.stringContaining('routing_url must be "stream:"')] });
});

test("refuses a query in a stream's subgraph: nothing would answer it", () => {
  const composition = compose(`type Query { a: Int } type Subscription { b: Tick! @streamed(topic: "t") }`);
  expect(composition).toEqual({ problems: [expect.stringContaining("nothing answers Query")] });
});

test("tells all that keeps subgraphs from composing", () => {
  const composition = composeSupergraph([
    { name: "a", routingUrl: "http://a", sdl: `${LINK} type Query { x: Int y: Int }`, file: "" },
    { name: "b", routingUrl: "http://b", sdl: `${LINK} type Query { x: Int y: String }`, file: "" },
  ]);
  expect("problems" in composition && composition.problems.length).toBeGreaterThan(1);
});

test("what breaks clients is told, what does not is not", () => {
  const sdl = (query: string) => {
    const composition = composeSupergraph([{ name: "a", routingUrl: "http://a", sdl: `${LINK} ${query}`, file: "" }]);
    if ("problems" in composition) throw new Error(composition.problems.join());
    return composition.supergraphSdl;
  };
  const before = sdl("type Query { x(a: Int): Int y: String }");
  expect(breakingChanges(before, sdl("type Query { x(a: Int, b: Int): Int y: String! z: Int }"))).toEqual([]);
  expect(breakingChanges(before, sdl("type Query { x(a: Int!): Int }"))).toEqual([
    "Query.y was removed.",
    "Query.x arg a has changed type from Int to Int!.",
  ]);
});
