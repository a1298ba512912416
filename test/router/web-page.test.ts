import { readFileSync } from "node:fs";
import { appendEvents } from "@mib/stream-window/append-function";
import { loadLibrary } from "@mib/stream-window/library";
import { markWhole } from "@mib/stream-window/progress";
import { eventually } from "@mib/testkit/eventually";
import { servers, uniqueName } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRouter } from "../../router/src/create-router.ts";
import { hasBrowser, openBrowser, PAGE_DEADLINE_MS as deadlineMs, serveBundle } from "./bundled-page.ts";
import { cursorKeysFile } from "./cursor-keys.ts";

if (!hasBrowser) process.stdout.write("the web page in a browser is skipped: set CHROMIUM_PATH\n");
process.env["LOG_LEVEL"] ??= "silent";

const NOWHERE = "http://127.0.0.1:1/graphql";
const SUBGRAPHS = ["market-data", "analytics", "vector-search", "auth", "notification"];

/** A router of the platform's supergraph whose streams are there and whose subgraphs are not. */
async function streamingRouter() {
  const router = await createRouter({
    supergraph: { sdl: readFileSync("router/supergraph.graphql", "utf8") },
    listen: { port: 0 },
    streams: { redis_url: servers.redisUrl, cursor_keys_file: cursorKeysFile("k1").file, verify_interval_ms: 200 },
    subgraphs: Object.fromEntries(SUBGRAPHS.map((name) => [name, { url: NOWHERE }])),
  });
  onTestFinished(() => router.close());
  return router;
}

/** What an instrument that only this test knows has published. */
async function instrument() {
  const symbol = uniqueName("PAGE");
  const redis = new Redis(servers.redisUrl);
  onTestFinished(async () => {
    await redis.del(...(await redis.keys(`{*/${symbol}*`)));
    redis.disconnect();
  });
  await loadLibrary(redis);
  const append = async (topic: string, channel: string, id: number, value: object) => {
    await markWhole(redis, topic, []);
    await appendEvents(
      redis,
      [
        {
          topic,
          channel,
          epoch: "e1",
          id: `${id}-0`,
          brokerTimeMs: Date.now(),
          traceparent: null,
          value: JSON.stringify(value),
        },
      ],
      { limits: { entriesMax: 1_000, bytesMax: 1_000_000, ageMsMax: 3_600_000 }, publish: "PUBLISH" },
    );
  };
  const at = new Date().toISOString();
  return {
    symbol,
    quote: (id: number) =>
      append("market.quotes.v1", symbol, id, {
        instrument: { symbol },
        bidPrice: `${id}.25`,
        bidSize: "1",
        askPrice: `${id}.5`,
        askSize: "1",
        at,
        stale: false,
      }),
    bar: (id: number) =>
      append("market.bars.v1", `${symbol}/M1`, id, {
        openedAt: at,
        open: "1",
        high: "1",
        low: "1",
        close: "1",
        volume: "1",
        final: true,
      }),
    forgetBars: () => redis.xtrim(`{market.bars.v1/${symbol}/M1}:e1`, "MAXLEN", 1),
  };
}

describe.skipIf(!hasBrowser)("the web page", () => {
  test("says when its connection is lost, goes on, and tells what it missed", async () => {
    const router = await streamingRouter();
    const proxy = await startTcpProxy(router.url);
    onTestFinished(() => proxy.close());
    const { symbol, quote, bar, forgetBars } = await instrument();
    const websocketUrl = proxy.through(router.url.replace("http", "ws"));
    const config = JSON.stringify({ graphqlUrl: router.url, websocketUrl });
    const url = await serveBundle({ configFile: "web/vite.config.ts" }, { "/config.json": config });
    const { page, problems } = await openBrowser();
    await page.addInitScript((list) => localStorage.setItem("mib.watchlist", list), JSON.stringify([symbol]));
    await page.goto(url);

    const state = (text: string) =>
      eventually(async () => expect(await page.locator(".connection").textContent()).toBe(text), { deadlineMs });
    const bid = (text: string) =>
      eventually(async () => expect(await page.locator("tr[data-symbol] td").nth(1).textContent()).toBe(text), {
        deadlineMs,
      });
    await state("Live");
    await quote(1);
    await bar(1);
    await bid("1.25");
    await eventually(async () => expect(await router.metrics()).toMatch(/^router_stream_deliveries_total\S* [2-9]/m), {
      deadlineMs,
    });
    await quote(2); // what is shown of it came after the bar
    await bid("2.25");

    proxy.refuses = true;
    proxy.cut();
    await state("Connection lost, trying again");
    expect(await page.locator(".missed").count()).toBe(0);
    await quote(3);
    for (const id of [2, 3]) await bar(id);
    await forgetBars();
    proxy.refuses = false;
    await state("Live");
    await bid("3.25");
    await eventually(async () => expect(await page.locator(".missed").textContent()).toBe("Events missed: unknown"), {
      deadlineMs,
    });
    expect(problems).toEqual([]);
  });
});
