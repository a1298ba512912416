import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasBrowser, openBrowser, PAGE_DEADLINE_MS as deadlineMs, serveBundle } from "./bundled-page.ts";
import { cursorKeysFile } from "./cursor-keys.ts";
import { runningRouter, streamTopic } from "./running-router.ts";
import { readings, SENSORS } from "./sample-subgraphs.ts";

if (!hasBrowser) process.stdout.write("the client package in a browser is skipped: set CHROMIUM_PATH\n");

const EVENTS = 200;
const CUT_EVERY = 40;
const RELOAD_AT = 100;

/** The second example of the client's README as a page, at this router and with a `show` of its own. */
async function examplePage(url: string): Promise<string> {
  const [, example] = [...readFileSync("packages/client/README.md", "utf8").matchAll(/```js\n([\s\S]*?)```/g)];
  const program = example![1]!
    .replace("wss://router.example.com/graphql", url)
    .replace(`trades(symbol: "BTCUSDT") { price }`, `every(sensor: "s1") { value }`)
    .replace("data.trades.price", "data.every.value");
  // Inside the tree, so that the bundler finds the packages.
  mkdirSync(".data", { recursive: true });
  const folder = mkdtempSync(resolve(".data", "client-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const entry = join(folder, "page.js");
  writeFileSync(
    entry,
    `import { createStreamClient } from "@mib/client";
    const show = (what) => document.body.append(what + " ");
    ${program}`,
  );
  return serveBundle(
    {
      configFile: false,
      root: folder,
      build: { target: "es2022", rolldownOptions: { input: entry, output: { entryFileNames: "page.js" } } },
    },
    { "/index.html": `<!doctype html><body></body><script type="module" src="/page.js"></script>` },
  );
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

describe.skipIf(!hasBrowser)("the client package in a browser", () => {
  test.each(["WebSocket", "server-sent events"])("shows every event once over %s, whatever is cut", async (way) => {
    const { topic, append } = await streamTopic("browser");
    const router = await runningRouter(
      { readings: readings(topic), sensors: SENSORS },
      { streams: { redis_url: servers.redisUrl, cursor_keys_file: cursorKeysFile("k1").file } },
    );
    const proxy = await startTcpProxy(router.url);
    onTestFinished(() => proxy.close());
    const url = await examplePage(proxy.through(way === "WebSocket" ? router.wsUrl : router.url));
    const { page, problems } = await openBrowser();
    await page.goto(url);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1), { deadlineMs });
    await append("s1", 1, { value: 1 });
    const shows = (from: number, to: number) =>
      eventually(
        async () => {
          const text = (await page.locator("body").textContent())!;
          expect(text.trim().split(" ")).toEqual(numbers(from, to));
        },
        { deadlineMs },
      );
    await shows(1, 1);

    for (let id = 2; id <= EVENTS; id++) {
      await append("s1", id, { value: id });
      if (id % CUT_EVERY === 0) proxy.cut();
      if (id !== RELOAD_AT) continue;
      await shows(1, id);
      await page.goto("about:blank");
      await append("s1", ++id, { value: id }); // while there is no page
      await page.goto(url);
    }
    await shows(RELOAD_AT + 1, EVENTS);
    expect(await page.title()).toBe("live");
    expect(problems).toEqual([]);
  });
});
