import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { eventually, patient } from "@mib/testkit/eventually";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Analyst } from "./analyst.ts";
import { testCookbook } from "./cookbook.ts";
import { testExports } from "./exports.ts";
import { collect, graphql, streamClient } from "./graphql.ts";
import { startStack, type Stack } from "./stack.ts";

const CHROMIUM =
  process.env.CHROMIUM_PATH ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
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

let stack: Stack;
const analyst = new Analyst();

beforeAll(async () => {
  stack = await startStack({
    args: ["--feed", "simulator", "--seed", "7", "--rate", "1000"],
    env: analyst.environment,
  });
});

afterAll(async () => {
  await stack?.stop();
  analyst.forget();
});

describe("the simulated market has something to say in its first minute", () => {
  test("200 instruments, each with an RSI and a full chart", async () => {
    await eventually(
      async () => {
        const answer = await graphql(
          stack.routerUrl,
          "{ instruments(first: 200) { nodes { symbol source quote { bidPrice askPrice } bars(interval: M1, last: 200) { close } indicators(interval: M1) { rsi } } } }",
        );
        expect(answer.errors).toBeUndefined();
        const nodes: any[] = answer.data.instruments.nodes;
        expect(nodes).toHaveLength(200);
        expect(nodes.filter((node) => node.indicators.rsi === null).map((node) => node.symbol)).toEqual([]);
        expect(nodes.filter((node) => node.bars.length < 200).map((node) => node.symbol)).toEqual([]);
        expect(
          nodes.every(
            (node) => node.source === "SIMULATED" && Number(node.quote.bidPrice) < Number(node.quote.askPrice),
          ),
        ).toBe(true);
      },
      { deadlineMs: DEADLINE_MS },
    );
  });

  test("movers, a year of daily bars, and news that a search by meaning finds", async () => {
    await eventually(
      async () => {
        const answer = await graphql(
          stack.routerUrl,
          `
            {
              topMovers(first: 3) {
                symbol
                name
              }
              instrument(symbol: "BTCUSDT") {
                bars(interval: D1, last: 400) {
                  close
                }
              }
              searchNews(query: "shares fall after weak results", first: 5) {
                nodes {
                  title
                  sentiment
                }
                edges {
                  score
                }
              }
            }
          `,
        );
        expect(answer.errors).toBeUndefined();
        expect(answer.data.topMovers).toHaveLength(3);
        expect(answer.data.instrument.bars.length).toBeGreaterThan(300);
        expect(answer.data.searchNews.nodes).toHaveLength(5);
      },
      { deadlineMs: DEADLINE_MS },
    );
  });

  test("the feed, the trades and the current bar are live", async () => {
    const client = streamClient(stack.routerUrl);
    const trades = collect(client, `subscription { trades(symbol: "BTCUSDT") { price } }`);
    const bar = collect(client, `subscription { currentBar(symbol: "BTCUSDT", interval: M1) { close final } }`);
    const quotes = collect(client, `subscription { quotes(symbols: ["BTCUSDT"]) { at } }`);
    await eventually(() => expect(Math.min(trades.values.length, bar.values.length)).toBeGreaterThan(2), {
      deadlineMs: DEADLINE_MS,
    });
    // The simulator's clock is the wall clock: streams do not wait for the year of bars that was filled in before them.
    // On two slow cores they need minutes for what came while everything started, and have caught up then.
    const ageMs = () => Date.now() - Date.parse(quotes.values.at(-1)?.quotes?.at ?? 0);
    await eventually(() => expect(ageMs()).toBeLessThan(5_000), { deadlineMs: 420_000 });
    await client.dispose();
    const { data } = await graphql(stack.routerUrl, "{ feeds { source connected eventsPerSecond } }");
    expect(
      data.feeds.some((feed: any) => feed.source === "SIMULATED" && feed.connected && feed.eventsPerSecond > 0),
    ).toBe(true);
    // What the engine has published keeps up with what it takes: two seconds of events at the most.
    await eventually(
      async () => expect(await stack.metric("engine", "engine_publish_lag_records")).toBeLessThan(10_000),
      { deadlineMs: DEADLINE_MS },
    );
  });
});

describe("docs/partners.md is true", () => {
  const text = readFileSync("docs/partners.md", "utf8");

  test("the curl command answers", async () => {
    const command = /```sh\n([\s\S]*?)```/.exec(text)![1]!.replaceAll("http://localhost:4000/graphql", stack.routerUrl);
    const { stdout } = await promisify(execFile)("sh", ["-c", command]);
    expect(JSON.parse(stdout)).toMatchObject({
      data: { instrument: { source: "SIMULATED", quote: { bidPrice: expect.any(String) } } },
    });
  });

  test("the subscription delivers", async () => {
    const program = /```js\n([\s\S]*?)```/
      .exec(text)![1]!
      .replace("ws://localhost:4000/graphql", stack.routerUrl.replace("http", "ws"))
      .replace("console.log(data);", "console.log(JSON.stringify(data)); process.exit();");
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(JSON.parse(stdout)).toMatchObject({ quotes: { bidPrice: expect.any(String) } });
  });
});

describe.skipIf(CHROMIUM === undefined)("in the browser", () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: FLAGS });
    page = await browser.newPage({ viewport: { width: 1440, height: 860 }, colorScheme: "dark" });
    page.setDefaultTimeout(patient(DEADLINE_MS));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("requestfailed", (request) => problems.push(`${request.url()}: ${request.failure()?.errorText}`));
    await page.goto(stack.webUrl);
  });

  afterAll(async () => {
    await browser?.close();
  });

  test("the watchlist fills, its prices move, and each says where it comes from", async () => {
    const row = page.locator('tr[data-symbol="BTCUSDT"]');
    await row.waitFor();
    const bid = row.locator("td").nth(1);
    const first = await bid.textContent();
    await eventually(async () => expect(await bid.textContent()).not.toBe(first), { deadlineMs: DEADLINE_MS });
    expect(await row.locator(".source").textContent()).toBe("SIM");
    expect(await page.locator(".connection").textContent()).toBe("Live");
  });

  test("the chart is full, and the keyboard chooses instrument and interval", async () => {
    await eventually(
      async () => expect(Number(await page.locator("figure.chart").getAttribute("data-bars"))).toBeGreaterThan(300),
      { deadlineMs: DEADLINE_MS },
    );
    await page.keyboard.press("ArrowDown");
    await eventually(async () => expect(await page.locator("h2").first().textContent()).toContain("ETHUSDT"), {
      deadlineMs: DEADLINE_MS,
    });
    await page.keyboard.press("5");
    expect(await page.getByRole("button", { name: "1d" }).getAttribute("aria-pressed")).toBe("true");
    await page.keyboard.press("2");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
  });

  test("news is found by meaning", async () => {
    await page.getByRole("searchbox", { name: "Search news by meaning" }).fill("company raises its outlook");
    await page.keyboard.press("Enter");
    await page.locator(".news li").first().waitFor();
    expect(await page.locator(".news li").count()).toBeGreaterThan(3);
  });

  test("a person signs up, makes an alert, and sees it fire", async () => {
    await page.getByRole("button", { name: "Log in" }).click();
    const dialog = page.getByRole("dialog", { name: "Log in" });
    await dialog.getByLabel("Email").fill("browser@example.com");
    await dialog.getByLabel("Password").fill("correct horse battery staple 9");
    await dialog.getByRole("button", { name: "Sign up" }).click();
    await page.getByRole("button", { name: "browser@example.com" }).waitFor();
    await page.getByRole("tab", { name: "Alerts" }).click();
    const form = page.getByRole("form", { name: /New alert/ });
    await form.getByLabel("Comparison").selectOption("ABOVE");
    await form.getByLabel("Threshold").fill("0.000001");
    // Where history still keeps the database busy the page says so, and a person asks again.
    const create = form.getByRole("button", { name: "Create alert" });
    await create.click();
    await eventually(
      async () => {
        if (await form.getByRole("alert").isVisible()) await create.click();
        await page.locator(".toast").first().waitFor({ timeout: 5_000 });
      },
      { deadlineMs: DEADLINE_MS },
    );
    await page.getByRole("tab", { name: /Inbox/ }).click();
    await page.locator(".inbox li").first().waitFor();
  });

  test("both themes are drawn, from this origin alone and without an error", async () => {
    await page.screenshot({ path: ".data/e2e/web-dark.png" });
    await page.getByRole("button", { name: /theme/ }).click();
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
    await page.screenshot({ path: ".data/e2e/web-light.png" });
    expect(problems).toEqual([]);
  });

  test("the playground answers a query, and shows nothing of a foreign origin", async () => {
    const playground = await browser.newPage();
    playground.setDefaultTimeout(patient(DEADLINE_MS));
    const foreign: string[] = [];
    playground.on("request", (request) => {
      if (!request.url().startsWith(new URL(stack.routerUrl).origin) && !/^(data|blob):/.test(request.url()))
        foreign.push(request.url());
    });
    await playground.goto(stack.routerUrl);
    await playground.locator(".graphiql-execute-button").waitFor();
    await playground.locator(".graphiql-execute-button").click();
    await eventually(async () => expect(await playground.locator(".result-window").textContent()).toContain("data"), {
      deadlineMs: DEADLINE_MS,
    });
    await playground.screenshot({ path: ".data/e2e/playground.png" });
    expect(foreign).toEqual([]);
  });
});

// On the same stack, because its start and its history take minutes.
testExports(() => ({ stack, analyst }));
testCookbook(() => ({ stack, analyst }));
