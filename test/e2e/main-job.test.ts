import { eventually } from "@mib/testkit/eventually";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CAPTURE, minuteBars, readTrades, type CapturedTrade } from "./capture-truth.ts";
import { collect, graphql, streamClient, type Collected } from "./graphql.ts";
import { startStack, type Stack } from "./stack.ts";

const DEADLINE_MS = 120_000;

describe("a capture is replayed at full speed while clients watch", () => {
  let stack: Stack;
  let expected: CapturedTrade[];
  let trades: Collected;
  let quotes: Collected;
  let notifications: Collected;
  let accessToken: string;
  const clients: ReturnType<typeof streamClient>[] = [];

  beforeAll(async () => {
    expected = await readTrades(CAPTURE);
    stack = await startStack({ args: ["--feed", "none"] });
    const signUp = await graphql(
      stack.routerUrl,
      `
        mutation {
          signUp(email: "e2e@example.com", password: "correct horse battery staple 9") {
            accessToken
          }
        }
      `,
    );
    expect(signUp.errors).toBeUndefined();
    accessToken = signUp.data.signUp.accessToken;

    const threshold = middlePrice(expected);
    const rule = await graphql(
      stack.routerUrl,
      `
        mutation ($threshold: Decimal!) {
          createAlertRule(
            input: { symbol: "BTCUSDT", metric: PRICE, comparison: CROSSES_ABOVE, threshold: $threshold }
          ) {
            id
            armed
          }
        }
      `,
      { variables: { threshold }, headers: { authorization: `Bearer ${accessToken}` } },
    );
    expect(rule.errors).toBeUndefined();

    const anonymous = streamClient(stack.routerUrl);
    const known = streamClient(stack.routerUrl, { authorization: `Bearer ${accessToken}` });
    clients.push(anonymous, known);
    trades = collect(
      anonymous,
      `subscription { trades(symbol: "BTCUSDT") { id price size at instrument { symbol name } } }`,
    );
    quotes = collect(anonymous, `subscription { quotes(symbols: ["BTCUSDT"]) { bidPrice askPrice at } }`);
    notifications = collect(known, `subscription { notifications { id title value at instrument { symbol } } }`);
    await stack.subscriptions(3, [trades, quotes, notifications]);

    await stack.feed(["--feed", "replay", "--file", CAPTURE, "--speed", "max"]);
  });

  afterAll(async () => {
    for (const client of clients) await client.dispose();
    await stack?.stop();
  });

  test("every trade of the capture is accepted", async () => {
    await eventually(
      async () => expect(await stack.metric("engine", "engine_trades_accepted_total")).toBe(expected.length),
      { deadlineMs: DEADLINE_MS },
    );
  });

  test("a subscriber gets every trade exactly once and in order", async () => {
    await eventually(() => expect(trades.values.length).toBeGreaterThanOrEqual(expected.length), {
      deadlineMs: DEADLINE_MS,
    });
    expect(trades.values.map(({ trades: trade }) => trade.id)).toEqual(expected.map((trade) => trade.id));
    expect(trades.errors).toEqual([]);
  });

  test("a trade carries fields that other parts of the graph own", () => {
    expect(trades.values[0].trades.instrument.symbol).toBe("BTCUSDT");
    expect(trades.values[0].trades.instrument.name).not.toBe("");
  });

  test("quotes arrive with the bid below the ask", () => {
    expect(quotes.values.length).toBeGreaterThan(0);
    for (const { quotes: quote } of quotes.values) expect(Number(quote.bidPrice)).toBeLessThan(Number(quote.askPrice));
  });

  test("one-minute bars equal, digit for digit, those computed from the file", async () => {
    const truth = minuteBars(expected);
    await eventually(
      async () => {
        const answer = await graphql(
          stack.routerUrl,
          `
            {
              instrument(symbol: "BTCUSDT") {
                bars(interval: M1, last: 1000) {
                  openedAt
                  open
                  high
                  low
                  close
                  volume
                  tradeCount
                }
              }
            }
          `,
        );
        expect(answer.errors).toBeUndefined();
        expect(answer.data.instrument.bars).toEqual(truth);
      },
      { deadlineMs: DEADLINE_MS },
    );
  });

  test("an alert fired over the subscription while its price was crossed", async () => {
    await eventually(() => expect(notifications.values.length).toBeGreaterThan(0), { deadlineMs: DEADLINE_MS });
    expect(notifications.values[0].notifications.instrument.symbol).toBe("BTCUSDT");
    const ids = notifications.values.map(({ notifications: notification }) => notification.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("one query reads four subgraphs", async () => {
    const answer = await graphql(
      stack.routerUrl,
      `
        {
          instrument(symbol: "BTCUSDT") {
            quote {
              bidPrice
              askPrice
            }
            bars(interval: M1) {
              close
            }
            indicators(interval: M1) {
              rsi
            }
            news {
              title
            }
            alerts {
              id
            }
          }
        }
      `,
      { headers: { authorization: `Bearer ${accessToken}` } },
    );
    expect(answer.errors).toBeUndefined();
    expect(answer.data.instrument.alerts).toHaveLength(1);
    expect(answer.data.instrument.quote.bidPrice).toMatch(/^\d+(\.\d+)?$/);
    expect(answer.data.instrument.bars.length).toBeGreaterThan(0);
  });

  describe("bad input gets a coded answer and stops nothing", () => {
    test.each([
      ["a syntax error", "{ instrument(", "GRAPHQL_PARSE_FAILED"],
      ["an unknown field", "{ nonsense }", "GRAPHQL_VALIDATION_FAILED"],
      ["an unknown instrument", `{ instrument(symbol: "NOPE") { name } }`, "INSTRUMENT_NOT_FOUND"],
      ["a query of 2 MB", `{ feeds { name } } #${"x".repeat(2_000_000)}`, "REQUEST_TOO_LARGE"],
    ])("%s", async (_, query, code) => {
      expect((await graphql(stack.routerUrl, query)).errors?.[0]?.extensions?.code).toBe(code);
    });

    test("a wrong token", async () => {
      const answer = await graphql(stack.routerUrl, "{ feeds { name } }", {
        headers: { authorization: "Bearer nonsense" },
      });
      expect(answer.status).toBe(401);
      expect(answer.errors?.[0]?.extensions?.code).toBe("CREDENTIAL_INVALID");
    });

    test("a forged identity at a subgraph", async () => {
      const url = stack.subgraphUrl("market-data");
      const forged = await graphql(url, "{ feeds { name } }", { headers: { "x-mib-identity": "e30.e30.e30" } });
      expect([forged.status, forged.errors?.[0]?.extensions?.code]).toEqual([401, "IDENTITY_INVALID"]);
      const missing = await graphql(url, "{ feeds { name } }");
      expect([missing.status, missing.errors?.[0]?.extensions?.code]).toEqual([401, "IDENTITY_MISSING"]);
    });
  });
});

function middlePrice(trades: readonly CapturedTrade[]): string {
  const prices = trades.map((trade) => trade.priceE9);
  const low = prices.reduce((a, b) => (a < b ? a : b));
  const high = prices.reduce((a, b) => (a > b ? a : b));
  return (Number((low + high) / 2n) / 1e9).toFixed(2);
}
