import { eventually } from "@mib/testkit/eventually";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CAPTURE, minuteBars, readTrades, type CapturedTrade } from "./capture-truth.ts";
import { collect, graphql, streamClient, type Collected } from "./graphql.ts";
import { startStack, type Stack } from "./stack.ts";

const DEADLINE_MS = 180_000;
const BARS = `{ instrument(symbol: "BTCUSDT") { bars(interval: M1, last: 1000) { openedAt open high low close volume tradeCount } } }`;

describe("parts are killed while a capture is replayed", () => {
  let stack: Stack;
  let expected: CapturedTrade[];
  let trades: Collected;
  let client: ReturnType<typeof streamClient>;
  let feedExit: Promise<number | null>;

  beforeAll(async () => {
    expected = await readTrades(CAPTURE);
    stack = await startStack({ args: ["--feed", "none"] });
    client = streamClient(stack.routerUrl);
    trades = collect(client, `subscription { trades(symbol: "BTCUSDT") { id } }`);
    await stack.subscriptions(1);
    const feed = stack.startFeed(["--feed", "replay", "--file", CAPTURE, "--speed", "4"]);
    feedExit = new Promise((done) => feed.once("exit", done));
    await eventually(() => expect(trades.values.length).toBeGreaterThan(0), { deadlineMs: DEADLINE_MS });
  });

  afterAll(async () => {
    await client?.dispose();
    await stack?.stop();
  });

  test.each(["engine", "relay", "analytics", "redis", "kafka"])(
    "%s is killed, the rest stays up, and it comes back",
    async (part) => {
      const back = stack.kill(part);
      const during = await graphql(
        stack.routerUrl,
        `
          {
            instruments(first: 1) {
              nodes {
                symbol
              }
            }
          }
        `,
      );
      expect(during.status).toBe(200);
      for (const error of during.errors ?? []) expect(error.extensions?.code).toMatch(/^[A-Z_]+$/);
      await back;
    },
  );

  test("a field of a part that is down is null with a coded error, and the others answer", async () => {
    process.kill(stack.pid("analytics"), "SIGKILL");
    const answer = await graphql(
      stack.routerUrl,
      `
        {
          instrument(symbol: "BTCUSDT") {
            name
            indicators(interval: M1) {
              rsi
            }
          }
        }
      `,
    );
    if (answer.errors) {
      expect(answer.errors[0]?.extensions?.service).toBe("analytics");
      expect(answer.errors[0]?.extensions?.code).toMatch(/^SUBGRAPH_/);
    }
    await eventually(
      async () =>
        expect(
          (
            await graphql(
              stack.routerUrl,
              `
                {
                  instrument(symbol: "BTCUSDT") {
                    indicators(interval: M1) {
                      interval
                    }
                  }
                }
              `,
            )
          ).errors,
        ).toBeUndefined(),
      { deadlineMs: 60_000 },
    );
  });

  test("the counts and bars of the capture still hold", async () => {
    expect(await feedExit).toBe(0);
    await eventually(
      async () => {
        const answer = await graphql(stack.routerUrl, BARS);
        expect(answer.errors).toBeUndefined();
        expect(answer.data.instrument.bars).toEqual(minuteBars(expected));
      },
      { deadlineMs: DEADLINE_MS },
    );
  });

  test("the stream went on, with nothing delivered twice or out of order", async () => {
    const last = expected.at(-1)!.id;
    await eventually(() => expect(trades.values.at(-1)?.trades.id).toBe(last), { deadlineMs: DEADLINE_MS });
    const ids = trades.values.map(({ trades: trade }) => BigInt(trade.id));
    for (let i = 1; i < ids.length; i++) expect(ids[i]! > ids[i - 1]!, `${ids[i]} after ${ids[i - 1]}`).toBe(true);
  });
});
