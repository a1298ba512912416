import { formatE9, parseE9 } from "@mib/protocol/decimal";
import { formatNanos } from "@mib/protocol/instant";
import { Side } from "@mib/protocol/messages.generated";
import { eventually } from "@mib/testkit/eventually";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LocalBook } from "../local-book.ts";
import { VenueMessageError } from "../message-fields.ts";
import { startFeedWithEngine, type FeedWithEngine } from "../testing/feed-with-engine.ts";
import type { VenueServer } from "../testing/venue-server.ts";
import { bookChecksum } from "./book-checksum.ts";
import { parseKrakenMessage, plainDecimal } from "./messages.ts";
import {
  BTC_SNAPSHOT,
  HEARTBEAT,
  MATIC_SNAPSHOT,
  MATIC_UPDATE,
  startKrakenServer,
  TICKER,
  TRADE_UPDATE,
} from "./testing/kraken-server.ts";

function bookIn(text: string) {
  const message = parseKrakenMessage(text);
  if (message.kind !== "book") throw new Error("no book");
  return message.books[0]!;
}

describe("the checksum of a book", () => {
  test("is that of the venue's worked example", () => {
    const { levels, checksum } = bookIn(BTC_SNAPSHOT);
    expect(bookChecksum(new LocalBook(10, levels), { price: 1, size: 8 })).toBe(checksum);
    expect(checksum).toBe(3_310_070_434);
  });

  test("holds after the update of the venue's other example, and not when a digit differs", () => {
    const snapshot = bookIn(MATIC_SNAPSHOT);
    const update = bookIn(MATIC_UPDATE);
    const precision = { price: 4, size: 8 };
    const book = new LocalBook(10, snapshot.levels);
    expect(bookChecksum(book, precision)).toBe(snapshot.checksum);
    for (const level of update.levels) book.set(level);
    expect(bookChecksum(book, precision)).toBe(update.checksum);
    book.set({ ...update.levels[0]!, sizeE9: update.levels[0]!.sizeE9 + 10n });
    expect(bookChecksum(book, precision)).not.toBe(update.checksum);
  });
});

describe("a message", () => {
  test("keeps every digit of its numbers", () => {
    const text = `{"channel":"trade","type":"update","data":[{"symbol":"X/Y","side":"buy","price":12345678.123456789,
      "qty":1e-8,"trade_id":7,"timestamp":"2023-09-25T07:49:37.708706123Z"}]}`;
    const message = parseKrakenMessage(text);
    expect(message).toEqual({
      kind: "trades",
      trades: [
        {
          symbol: "X/Y",
          tradeId: 7,
          priceE9: 12_345_678_123_456_789n,
          sizeE9: 10n,
          aggressor: Side.BUY,
          atNanos: 1_695_628_177_708_706_123n,
        },
      ],
    });
  });

  test("has exponents written out", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.integer({ min: -9, max: 3 }), (digits, exponent) => {
        const value = exponent < 0 ? digits * 10n ** BigInt(9 + exponent) : digits * 10n ** BigInt(9 + exponent);
        fc.pre(value < 2n ** 63n);
        expect(parseE9(plainDecimal(`${digits}e${exponent}`))).toBe(value);
      }),
    );
  });

  test.each([
    ["no JSON", "x"],
    ["no object", "3"],
    ["a trade without a price", `{"channel":"trade","type":"update","data":[{"symbol":"X/Y","side":"buy"}]}`],
    ["a book of no list", `{"channel":"book","type":"update","data":{}}`],
  ])("that is %s is refused", (_, text) => {
    expect(() => parseKrakenMessage(text)).toThrow(VenueMessageError);
  });
});

describe("the feed beside an engine", () => {
  const SYMBOL = "MATIC/USD.KRAKEN";

  async function started(): Promise<{ venue: VenueServer; running: FeedWithEngine } & AsyncDisposable> {
    const venue = await startKrakenServer();
    const running = await startFeedWithEngine(["--feed", "kraken", "--symbols", `${SYMBOL},BTC/USD,NOPE/USD`], {
      FEED_WEBSOCKET_URL: venue.websocketUrl,
      FEED_REST_URL: venue.restUrl,
    });
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
    return {
      maybeBad: value!.maybeBad,
      bids: value!.bids.map(({ priceE9, sizeE9 }) => `${formatE9(priceE9)} ${formatE9(sizeE9)}`),
      asks: value!.asks.length,
    };
  };

  test("tells instruments, trades, quotes and books as the venue has them", async () => {
    await using both = await started();
    const { venue, running } = both;
    await eventually(async () => expect((await bookOf(running)).asks).toBe(10), { deadlineMs: 30_000 });
    const { value: instruments } = await running.client.instruments();
    expect(
      instruments.map(({ symbol, venueSymbol, name, priceIncrementE9, sizeIncrementE9 }) => [
        symbol,
        venueSymbol,
        name,
        formatE9(priceIncrementE9),
        formatE9(sizeIncrementE9),
      ]),
    ).toEqual([
      [SYMBOL, "MATIC/USD", "MATIC / USD", "0.0001", "0.00000001"],
      ["BTC/USD.KRAKEN", "BTC/USD", "BTC / USD", "0.1", "0.00000001"],
    ]);
    expect(running.feed.output()).toContain("NOPE/USD");

    venue.clients[0]!.send(MATIC_UPDATE, TICKER, TRADE_UPDATE, TRADE_UPDATE, HEARTBEAT);
    await eventually(async () => expect((await bookOf(running)).bids.at(-1)).toBe("0.5657 1098.3947558"));
    await eventually(async () => {
      const { value: trades } = await running.client.trades({ symbol: SYMBOL });
      expect(trades.map(({ tradeId, side, tsEventNanos }) => [tradeId, side, formatNanos(tsEventNanos)])).toEqual([
        [4_665_846n, Side.BUY, "2023-09-25T07:48:36.925533Z"],
        [4_665_847n, Side.BUY, "2023-09-25T07:49:36.925603Z"],
        [4_665_906n, Side.SELL, "2023-09-25T07:49:37.708706Z"],
      ]);
    });
    const { value: quotes } = await running.client.quotes([SYMBOL]);
    expect(formatE9(quotes[0]!.bidPriceE9)).toBe("0.10025");
    expect(formatE9(quotes[0]!.askSizeE9)).toBe("1361.44813783");
    // The hole of 58 trades in the examples is seen by the engine, the repeated trade by the feed.
    expect(await running.engine.metric("engine_gaps_total")).toBe(1);
    await eventually(async () => expect(await running.metric("feed_messages_repeated_total")).toBe(1));
    expect(await running.venueHealth()).toMatchObject({ ok: true, detail: { connected: true } });
  });

  test("empties a book whose checksum does not hold, reports the gap, and asks for a new snapshot of that book alone", async () => {
    await using both = await started();
    const { venue, running } = both;
    await eventually(async () => expect((await bookOf(running)).asks).toBe(10), { deadlineMs: 30_000 });
    const client = venue.clients[0]!;
    const saidBefore = client.said.length;
    client.send(MATIC_UPDATE.replace("2114181697", "2114181698"));
    await eventually(() => expect(client.said.length).toBe(saidBefore + 2));
    expect(client.said.slice(saidBefore).map(({ method, params }) => [method, params.channel, params.symbol])).toEqual([
      ["unsubscribe", "book", ["MATIC/USD"]],
      ["subscribe", "book", ["MATIC/USD"]],
    ]);
    await eventually(async () => expect(await bookOf(running)).toMatchObject({ maybeBad: false, asks: 10 }));
    expect((await bookOf(running)).bids.at(-1)).toBe("0.5657 606.70854372");
    expect(await running.engine.metric("engine_gaps_total")).toBe(1);
    expect(venue.clients).toHaveLength(1);
  });

  test("comes back after a break, and what the venue repeats then is told once", async () => {
    await using both = await started();
    const { venue, running } = both;
    await eventually(async () => expect((await bookOf(running)).asks).toBe(10), { deadlineMs: 30_000 });
    venue.clients[0]!.cut();
    await eventually(() => expect(venue.clients).toHaveLength(2));
    await eventually(async () => expect(await running.metric("feed_messages_repeated_total")).toBe(2));
    await eventually(async () => expect(await bookOf(running)).toMatchObject({ maybeBad: false, asks: 10 }));
    expect((await running.client.trades({ symbol: SYMBOL })).value).toHaveLength(2);
    expect(await running.engine.metric("engine_duplicates_total")).toBe(0);
  });
});
