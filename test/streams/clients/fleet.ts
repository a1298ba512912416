import type { TestChannel, TestChannels } from "../publish/channels.ts";
import { RecordedSubscription, type WantedStream } from "./recorded-subscription.ts";
import { sseClient } from "./sse-client.ts";
import type { StreamClient } from "./stream-client.ts";
import { websocketClient } from "./websocket-client.ts";

const TRADES = "market.trades.v1";
const QUOTES = "market.quotes.v1";
const READINGS = "sensor.readings.v1";

/** How many clients of each kind there are. */
export interface FleetSize {
  websockets: number;
  eventStreams: number;
  enriched: number;
  latest: number;
  /** Subscriptions of the client that is slow now and then, each to large events. */
  fatSubscriptions: number;
}

/** A slow client does not answer while it is slow: it must not take that for a lost connection. */
const SLOW_PONG_MS_MAX = 20_000;

/** Clients of all kinds, on streams of all kinds. */
export function startFleet(channels: TestChannels, size: FleetSize, endpoint: () => string): StreamClient[] {
  const { trades, quotes, readings, fat, orders } = channels;
  const clients: StreamClient[] = [];
  const add = (
    start: typeof websocketClient,
    kind: string,
    wanted: (number: number) => ((name: string) => WantedStream)[],
    more = {},
  ) => {
    const number = clients.length;
    const name = `${kind}${number}`;
    const subscriptions = wanted(number).map((make, i) => new RecordedSubscription(make(`${name}_${i}`)));
    clients.push(start({ name, subscriptions, endpoint, ...more }));
  };
  const three = (number: number) => [0, 3, 6].map((step) => trades[(number + step) % trades.length]!);
  const times = (count: number, each: () => void) => Array.from({ length: count }).forEach(each);

  times(size.websockets, () =>
    add(websocketClient, "websocket", (number) => [
      ...three(number).map(tradesOf),
      ...readings.map(readingsOf),
      ...orders.map(ordersOf),
    ]),
  );
  times(size.eventStreams, () =>
    add(sseClient, "sse", (number) => [
      tradesOf(three(number)[0]!),
      readingsOf(readings[number % 2]!),
      ordersOf(orders[number % orders.length]!),
    ]),
  );
  times(size.enriched, () =>
    add(websocketClient, "enriched", (number) => three(number).slice(1).map(enrichedTradesOf)),
  );
  times(size.latest, () => add(websocketClient, "latest", () => [quotesOf(quotes), quotesOf(quotes.slice(0, 2))]));
  if (size.fatSubscriptions > 0) {
    const wanted = Array.from({ length: size.fatSubscriptions }, () => readingsOf(fat));
    add(websocketClient, "slow", () => wanted, { pongMsMax: SLOW_PONG_MS_MAX });
  }
  return clients;
}

const tradesOf =
  ({ name: symbol, key }: TestChannel) =>
  (name: string): WantedStream => ({
    name,
    delivery: "EVERY",
    query: `subscription ${name}($symbol: ID!) { trades(symbol: $symbol) { instrument { symbol } id price } }`,
    variables: { symbol },
    channels: [key],
    read: readTrade,
  });

/** With a field of the subgraph; it may be null while that is away. */
const enrichedTradesOf =
  ({ name: symbol, key }: TestChannel) =>
  (name: string): WantedStream => ({
    name,
    delivery: "EVERY",
    query: `subscription ${name}($symbol: ID!) { trades(symbol: $symbol) { instrument { symbol name } id price } }`,
    variables: { symbol },
    channels: [key],
    read: readTrade,
  });

const readTrade = ({ trades: { instrument, id, price } }: any) => ({
  channel: `${TRADES}/${instrument.symbol}`,
  id,
  value: price,
});

const quotesOf =
  (channels: readonly TestChannel[]) =>
  (name: string): WantedStream => ({
    name,
    delivery: "LATEST",
    query: `subscription ${name}($symbols: [ID!]!) { quotes(symbols: $symbols) { instrument { symbol } bidPrice bidSize } }`,
    variables: { symbols: channels.map((channel) => channel.name) },
    channels: channels.map(({ key }) => key),
    read: ({ quotes: { instrument, bidPrice, bidSize } }) => ({
      channel: `${QUOTES}/${instrument.symbol}`,
      id: bidSize,
      value: bidPrice,
    }),
  });

const readingsOf =
  ({ name: source, key }: TestChannel) =>
  (name: string): WantedStream => ({
    name,
    delivery: "EVERY",
    query: `subscription ${name}($source: ID!) { readings(source: $source) { source id value metric } }`,
    variables: { source },
    channels: [key],
    read: ({ readings }) => ({ channel: `${READINGS}/${readings.source}`, id: readings.id, value: readings.value }),
  });

const ordersOf =
  ({ name: shop, key }: TestChannel) =>
  (name: string): WantedStream => ({
    name,
    delivery: "EVERY",
    query: `subscription ${name}($shop: ID!) { orders(shop: $shop) { shop id total } }`,
    variables: { shop },
    channels: [key],
    read: ({ orders }) => ({ channel: `orders/${orders.shop}`, id: orders.id, value: orders.total }),
  });
