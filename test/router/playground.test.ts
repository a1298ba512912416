import { eventually, patient } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { existsSync } from "node:fs";
import { chromium, type Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { runningRouter, streamTopic } from "./running-router.ts";
import { PRODUCTS, readings, SENSORS } from "./sample-subgraphs.ts";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
if (!existsSync(CHROMIUM)) process.stdout.write("the playground in a browser is skipped: set CHROMIUM_PATH\n");

const DEADLINE_MS = 60_000;

async function open(url: string): Promise<{ page: Page; foreign: string[]; failures: string[] }> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(patient(DEADLINE_MS));
  const foreign: string[] = [];
  const failures: string[] = [];
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin) foreign.push(request.url());
  });
  page.on("pageerror", (error) => failures.push(error.message));
  await page.goto(url);
  await page.getByRole("button", { name: /Execute query/ }).waitFor();
  return { page, foreign, failures };
}

describe.skipIf(!existsSync(CHROMIUM))("the playground in a browser", () => {
  test("runs the sample operations of its tabs, subscriptions too, and asks no foreign origin", async () => {
    const stream = await streamTopic("playground");
    const { url, metric } = await runningRouter(
      { products: PRODUCTS, readings: readings(stream.topic), sensors: SENSORS },
      {
        streams: { redis_url: servers.redisUrl },
        playground: {
          tabs: [
            { query: `query First { product(id: "1") { name } }` },
            { query: `subscription Second { everyFromLast(sensor: "s1") { value } }` },
            { query: `query Third { product(id: "3") { name } }`, headers: { "x-query-plan": "1" } },
          ],
        },
      },
    );
    await stream.append("s1", 1, { value: 41 });
    const { page, foreign, failures } = await open(url);
    const result = page.locator(".graphiql-response, .result-window").first();
    const execute = page.getByRole("button", { name: /Execute query/ });
    /** What the result shows; the editor puts no-break spaces between words. */
    const shown = async () => (await result.innerText()).replaceAll("\u00a0", " ");
    /**
     * Executes what the editor holds until it answers so. GraphiQL takes a moment to see that it holds another operation,
     * and until then asks for the one before. Never clicks before it has answered: that would stop a subscription.
     */
    const run = (expected: string) =>
      eventually(
        async () => {
          if ((await shown()).includes(expected)) return;
          await execute.click();
          const answer = await eventually(async () => (await shown()).trim() || false, { deadlineMs: DEADLINE_MS });
          if (!answer.includes(expected)) throw new Error(`answered ${answer}`);
        },
        { deadlineMs: DEADLINE_MS },
      );
    const show = (tab: string) => page.locator(".graphiql-tab-button", { hasText: tab }).click();

    await run("product 1");

    await show("Second");
    await run("41");
    await stream.append("s1", 2, { value: 42 });
    await result.getByText("42").first().waitFor();
    expect(await metric("router_subscriptions_open")).toBe(1);

    await show("Third");
    await run("product 3");
    await run("queryPlan");
    expect(foreign).toEqual([]);
    expect(failures).toEqual([]);
  });
});
