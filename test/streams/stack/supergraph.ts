import { composeSupergraph } from "../../../router/src/supergraph/compose-supergraph.ts";

const FEDERATION = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@composeDirective"])`;

export const INSTRUMENTS = `${FEDERATION}
  type Query { instrument(symbol: ID!): Instrument }
  type Instrument @key(fields: "symbol") { symbol: ID! name: String }`;

/** Streams of real topics, which the relay brings from Kafka, in the shape that the platform's own events have; and one that a service fills. */
const STREAMS = `${FEDERATION}
  @link(url: "https://specs.example.org/streamed/v1.1", import: ["@streamed"])
  @composeDirective(name: "@streamed")
  directive @streamed(topic: String!, channel: String! = "*", source: Source! = KAFKA, delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
  enum Source { KAFKA REDIS }
  enum Delivery { EVERY LATEST }
  enum Snapshot { LAST NONE }
  type Subscription {
    trades(symbol: ID!): Trade! @streamed(topic: "market.trades.v1", channel: "{args.symbol}")
    quotes(symbols: [ID!]!): Quote! @streamed(topic: "market.quotes.v1", channel: "{args.symbols}", delivery: LATEST, snapshot: LAST)
    readings(source: ID!): Reading! @streamed(topic: "sensor.readings.v1", channel: "{args.source}")
    orders(shop: ID!): Order! @streamed(topic: "orders", channel: "{args.shop}", source: REDIS)
  }
  type Order { shop: String! id: String! total: String! }
  type Trade { instrument: Instrument! id: String! price: String! }
  type Quote { instrument: Instrument! bidPrice: String! bidSize: String! }
  type Reading { source: String! id: String! value: String! metric: String! }
  type Instrument @key(fields: "symbol", resolvable: false) { symbol: ID! }`;

/** `generation` makes another supergraph with the same fields. */
export function supergraphOf(instrumentsUrl: string, generation: number): string {
  const sdl = `${INSTRUMENTS}\n  type Generation${generation} @shareable { number: Int }`;
  const composition = composeSupergraph([
    { name: "feed", routingUrl: "stream:", sdl: STREAMS, file: "feed" },
    { name: "instruments", routingUrl: instrumentsUrl, sdl, file: "instruments" },
  ]);
  if ("problems" in composition) throw new Error(composition.problems.join("; "));
  return composition.supergraphSdl;
}
