import { existsSync } from "node:fs";
import { eventually, patient } from "@mib/testkit/eventually";
import { chromium } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRouter } from "../../router/src/create-router.ts";
import { federated } from "../federation/federated.ts";
import { PRODUCTS } from "./sample-subgraphs.ts";

process.env["LOG_LEVEL"] ??= "silent";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
if (!existsSync(CHROMIUM)) process.stdout.write("the plan's panel in a browser is skipped: set CHROMIUM_PATH\n");
const DEADLINE_MS = 60_000;

const STOCK = {
  typeDefs: `type Query { stocked: [Product!]! } type Product @key(fields: "id") { id: ID! stock: Int }`,
  resolvers: {
    Query: { stocked: () => ["1", "2", "3"].map((id) => ({ id })) },
    Product: { __resolveReference: ({ id }: { id: string }) => ({ id }), stock: () => 3 },
  },
};

async function router() {
  const { supergraphSdl: sdl, requests } = await federated({ products: PRODUCTS, stock: STOCK });
  const playground = { tabs: [{ query: "{ stocked { id name stock } }" }] };
  const started = await createRouter({ supergraph: { sdl }, listen: { port: 0 }, playground });
  onTestFinished(() => started.close());
  return { url: started.url, requests };
}

test("a plan that was asked for has what each request took", async () => {
  const { url } = await router();
  const ask = async (query: string): Promise<any> => {
    const headers = { "content-type": "application/json", "x-query-plan": "1" };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) });
    return (await answer.json()).extensions.queryPlan.requests;
  };
  const took = (bytes: number, entities: number | null) => ({
    startMs: expect.any(Number),
    ms: expect.any(Number),
    bytes,
    entities,
  });
  const names = `{"data":{"_entities":[${[1, 2, 3].map((id) => `{"name":"product ${id}"}`).join(",")}]}}`;
  const [stocked, products] = await ask("{ stocked { name } }");
  expect(stocked.run).toEqual(took(expect.any(Number), null));
  expect(products).toMatchObject({ subgraph: "products", after: [1], run: took(names.length, 3) });
  expect(products.run.startMs).toBeGreaterThanOrEqual(stocked.run.startMs + stocked.run.ms - 0.02);
  expect(
    (await ask("query ($no: Boolean! = false) { stocked @include(if: $no) { id } me }")).map(({ run }: any) => run),
  ).toContain(null);
});

describe.skipIf(!existsSync(CHROMIUM))("the plan's panel in a browser", () => {
  test("shows the plan of the last run as a tree, and leaves the answer as it is", async () => {
    const { url } = await router();
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1_280, height: 800 } });
    page.setDefaultTimeout(patient(DEADLINE_MS));
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(error.message));
    await page.goto(url);
    await page.getByRole("button", { name: /Show Plan/ }).click();
    await page.getByText("Run an operation to see its plan.").waitFor();
    const first = page.locator('.plan-panel [data-request="1"]');
    await eventually(
      async () => {
        await page.getByRole("button", { name: /Execute query/ }).click();
        await first.waitFor({ timeout: 5_000 });
      },
      { deadlineMs: DEADLINE_MS },
    );
    const text = async (locator: typeof first) => (await locator.innerText()).replace(/\s+/g, " ");
    expect(await text(first)).toMatch(/^1 stock [\d.]+ ms · \d+ B the root 2 products/);
    expect(await text(first.locator('[data-request="2"]'))).toMatch(
      /^2 products [\d.]+ ms · \d+ B · 3 entities stocked\.@/,
    );
    await page.locator(".graphiql-response, .result-window").first().getByText("product 3").waitFor();
    expect(await page.locator(".graphiql-response, .result-window").first().innerText()).not.toContain("queryPlan");
    expect(failures).toEqual([]);
  });
});
