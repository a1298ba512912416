import { formatE9, parseE9 } from "@mib/protocol/decimal";
import { formatNanos } from "@mib/protocol/instant";
import { Side } from "@mib/protocol/messages.generated";
import { eventually } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { describe, expect, test } from "vitest";
import { VenueMessageError } from "../message-fields.ts";
import { startFeedWithEngine, type FeedWithEngine } from "../testing/feed-with-engine.ts";
import type { VenueServer } from "../testing/venue-server.ts";
import { parseCoinbaseMessage } from "./messages.ts";
import {
  HEARTBEAT,
  L2UPDATE,
  L2UPDATE_OF_SEVERAL,
  MATCH,
  startCoinbaseServer,
  TICKER,
} from "./testing/coinbase-server.ts";

const SYMBOL = "BTC-USD.COINBASE";
const ENVIRONMENT = (venue: { websocketUrl: string; restUrl: string }) => ({
  FEED_WEBSOCKET_URL: venue.websocketUrl,
  FEED_REST_URL: venue.restUrl,
});

describe("a message", () => {
  test("of a match has the taker's side, for the venue tells the maker's", () => {
    expect(parseCoinbaseMessage(JSON.stringify(MATCH))).toMatchObject({
      kind: "match",
      tradeId: 10,
      priceE9: parseE9("400.23"),
      aggressor: Side.BUY,
    });
  });

  test("of a kind that is not known is passed over", () => {
    expect(parseCoinbaseMessage('{"type":"rfq_match"}')).toEqual({ kind: "other" });
  });

  test.each([
    ["no JSON", "{"],
    ["a match without a price", { ...MATCH, price: undefined }],
    ["a match at a price that is no number", { ...MATCH, price: "4e2" }],
    ["an update of a side that is none", { ...L2UPDATE, changes: [["up", "1", "1"]] }],
    ["an update without a time", { ...L2UPDATE, time: undefined }],
  ])("that is %s is refused", (_, message) => {
    expect(() => parseCoinbaseMessage(typeof message === "string" ? message : JSON.stringify(message))).toThrow(
      VenueMessageError,
    );
  });
});

describe("the feed beside an engine", () => {
  async function started(): Promise<{ venue: VenueServer; running: FeedWithEngine } & AsyncDisposable> {
    const venue = await startCoinbaseServer();
    const running = await startFeedWithEngine(
      ["--feed", "coinbase", "--symbols", `${SYMBOL},ETH-USD`],
      ENVIRONMENT(venue),
    );
    await eventually(async () => expect(await bookOf(running)).not.toEqual([]), { deadlineMs: 30_000 });
    return {
      venue,
      running,
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await venue.stop();
      },
    };
  }

  const bookOf = async ({ client }: FeedWithEngine) => {
    const { value } = await client.book({ symbol: SYMBOL, depth: 10 });
    return [...value!.bids, ...value!.asks].map(({ priceE9, sizeE9 }) => `${formatE9(priceE9)} ${formatE9(sizeE9)}`);
  };
  const tradesOf = async ({ client }: FeedWithEngine) =>
    (await client.trades({ symbol: SYMBOL })).value.map(({ tradeId }) => Number(tradeId));
  const quoteOf = async ({ client }: FeedWithEngine, symbol = SYMBOL) => {
    const [quote] = (await client.quotes([symbol])).value;
    return quote && [formatE9(quote.bidPriceE9), formatE9(quote.askPriceE9), formatNanos(quote.tsEventNanos)];
  };

  test("tells instruments, trades, quotes and books as the venue has them", async () => {
    await using both = await started();
    const { venue, running } = both;
    expect(venue.clients[0]!.said).toEqual([
      {
        type: "subscribe",
        product_ids: ["BTC-USD", "ETH-USD"],
        channels: ["heartbeat", "matches", "ticker", "level2_batch"],
      },
    ]);
    expect(await bookOf(running)).toEqual(["10101.1 0.4505414", "10102.55 0.57753524"]);
    venue.clients[0]!.send(TICKER, L2UPDATE);
    await eventually(async () =>
      expect(await bookOf(running)).toEqual(["10101.8 0.162567", "10101.1 0.4505414", "10102.55 0.57753524"]),
    );
    await eventually(async () =>
      expect(await quoteOf(running)).toEqual(["10101.8", "10102.55", "2019-08-14T20:42:27.265Z"]),
    );
    expect(await quoteOf(running, "ETH-USD.COINBASE")).toEqual(["1285.04", "1285.27", "2022-10-19T23:28:22.061769Z"]);
    expect(await tradesOf(running)).toEqual([10]);
    const { value: instruments } = await running.client.instruments();
    expect(instruments.map(({ symbol, priceIncrementE9 }) => [symbol, formatE9(priceIncrementE9)])).toEqual([
      [SYMBOL, "0.01"],
      ["ETH-USD.COINBASE", "0.01"],
    ]);
  });

  test("drops what is repeated or comes too late, and counts what the venue left out", async () => {
    await using both = await started();
    const { venue, running } = both;
    const match = (trade_id: number) => ({ ...MATCH, trade_id, time: "2014-11-07T08:19:28.028459Z" });
    venue.clients[0]!.send(match(11), match(11), match(10), "nonsense", match(14), HEARTBEAT, HEARTBEAT);
    await eventually(async () => expect(await tradesOf(running)).toEqual([10, 11, 14]));
    await eventually(async () => {
      expect(await running.metric("feed_messages_repeated_total")).toBe(2);
      // 12 and 13; and 20, which a heartbeat told of and which had not come by the next.
      expect(await running.metric("feed_holes_total")).toBe(2);
    });
    expect(await running.metric("feed_messages_bad_total")).toBe(1);
    expect(await running.engine.metric("engine_gaps_total")).toBe(1);
    venue.clients[0]!.send(match(20));
    await eventually(async () => expect(await tradesOf(running)).toEqual([10, 11, 14, 20]));
  });

  test("gives a book up that stays crossed, reports the gap, and begins anew with a snapshot", async () => {
    await using both = await started();
    const { venue, running } = both;
    const later = { ...L2UPDATE_OF_SEVERAL, changes: [["sell", "22357.00", "1"]], time: "2022-08-04T15:25:08.010758Z" };
    venue.clients[0]!.send(L2UPDATE_OF_SEVERAL, later);
    await eventually(() => expect(venue.clients).toHaveLength(2));
    await eventually(async () => expect(await bookOf(running)).toEqual(["10101.1 0.4505414", "10102.55 0.57753524"]));
    expect(await running.engine.metric("engine_gaps_total")).toBe(1);
    expect(running.feed.output()).toContain("the book of BTC-USD is crossed");
  });

  test("begins anew when the venue reports an error, and keeps what it knows of trades", async () => {
    await using both = await started();
    const { venue, running } = both;
    venue.clients[0]!.send({ type: "error", message: "ErrSlowConsume" });
    await eventually(() => expect(venue.clients).toHaveLength(2));
    await eventually(async () => expect(await running.metric("feed_messages_repeated_total")).toBe(1));
    expect(await tradesOf(running)).toEqual([10]);
  });
});

test("a venue that can't be reached is said to be so and tried until it is there", async () => {
  const port = await freePort();
  const venue = { websocketUrl: `ws://127.0.0.1:${port}`, restUrl: `http://127.0.0.1:${port}` };
  await using running = await startFeedWithEngine(["--feed", "coinbase"], ENVIRONMENT(venue));
  await eventually(
    async () =>
      expect(await running.venueHealth()).toMatchObject({
        ok: true,
        detail: { connected: false, trouble: expect.stringContaining("ECONNREFUSED") },
      }),
    { deadlineMs: 30_000 },
  );
  expect(running.feed.output()).toContain("the venue can't be reached");
  await using server = await startCoinbaseServer({ port });
  await eventually(() => expect(server.clients).toHaveLength(1), { deadlineMs: 30_000 });
  await eventually(async () => expect((await running.venueHealth()).detail.connected).toBe(true));
  expect(await running.metric("feed_venue_connected")).toBe(1);
  expect(running.feed.output()).toContain("SOL-USD"); // by default, and this venue does not have it
});

test("a venue that has none of the symbols ends the feed", async () => {
  await using server = await startCoinbaseServer();
  await using running = await startFeedWithEngine(["--feed", "coinbase", "--symbols", "NOPE-USD"], ENVIRONMENT(server));
  expect(await running.feed.ended).toBe(1);
  expect(running.feed.output()).toContain("coinbase has no NOPE-USD");
});
