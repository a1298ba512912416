import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { eventually, patient } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { chromium, type Page } from "playwright-core";
import { build } from "vite";
import { describe, expect, onTestFinished, test } from "vitest";
import { cursorKeysFile } from "./cursor-keys.ts";
import { runningRouter, streamTopic } from "./running-router.ts";
import { readings, SENSORS } from "./sample-subgraphs.ts";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
if (!existsSync(CHROMIUM)) process.stdout.write("the client package in a browser is skipped: set CHROMIUM_PATH\n");

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const DEADLINE_MS = 60_000;
const EVENTS = 200;
const CUT_EVERY = 40;
const RELOAD_AT = 100;

/** The second example of the client's README, at this router and with a `show` of its own. */
function examplePage(url: string): string {
  const [, example] = [...readFileSync("packages/client/README.md", "utf8").matchAll(/```js\n([\s\S]*?)```/g)];
  const program = example![1]!
    .replace("wss://router.example.com/graphql", url)
    .replace(`trades(symbol: "BTCUSDT") { price }`, `every(sensor: "s1") { value }`)
    .replace("data.trades.price", "data.every.value");
  return `import { createStreamClient } from "@mib/client";
    const show = (what) => document.body.append(what + " ");
    ${program}`;
}

/** Bundles a script as the web page is bundled, and serves it in an empty page. */
async function served(script: string): Promise<string> {
  // Inside the tree, so that the bundler finds the packages.
  mkdirSync(".data", { recursive: true });
  const folder = mkdtempSync(resolve(".data", "client-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "page.js"), script);
  const bundle = await build({
    root: folder,
    logLevel: "silent",
    build: { write: false, target: "es2022", rolldownOptions: { input: join(folder, "page.js") } },
  });
  const { code } = (bundle as { output: { code: string }[] }).output[0]!;
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? code : `<!doctype html><body></body><script type="module" src="/page.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => server.close().closeAllConnections());
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

const shown = async (page: Page) => (await page.locator("body").textContent())!.trim().split(" ");
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

describe.skipIf(!existsSync(CHROMIUM))("the client package in a browser", () => {
  test("shows every event once, over cut connections and a reload of the page", async () => {
    const { topic, append } = await streamTopic("browser");
    const router = await runningRouter(
      { readings: readings(topic), sensors: SENSORS },
      { streams: { redis_url: servers.redisUrl, cursor_keys_file: cursorKeysFile("k1").file } },
    );
    const proxy = await startTcpProxy(router.url);
    onTestFinished(() => proxy.close());
    const url = await served(examplePage(proxy.through(router.wsUrl)));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(patient(DEADLINE_MS));
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(url);
    await eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(1), {
      deadlineMs: DEADLINE_MS,
    });
    await append("s1", 1, { value: 1 });
    const showsUpTo = (from: number, to: number) =>
      eventually(async () => expect(await shown(page)).toEqual(numbers(from, to)), { deadlineMs: DEADLINE_MS });
    await showsUpTo(1, 1);

    for (let id = 2; id <= EVENTS; id++) {
      await append("s1", id, { value: id });
      if (id % CUT_EVERY === 0) proxy.cut();
      if (id !== RELOAD_AT) continue;
      await showsUpTo(1, id);
      await page.goto("about:blank");
      await append("s1", ++id, { value: id }); // while there is no page
      await page.goto(url);
    }
    await showsUpTo(RELOAD_AT + 1, EVENTS);
    expect(await page.title()).toBe("live");
    expect(problems).toEqual([]);
  });
});
