import { serverAudits } from "graphql-http";
import { expect, test } from "vitest";
import { PRODUCTS } from "./sample-subgraphs.ts";
import { runningRouter } from "./running-router.ts";

const audits = serverAudits({ url: "http://unused" });

test("there are 61 audits of GraphQL over HTTP", () => {
  expect(audits.length).toBe(61);
});

test("the router passes every audit of GraphQL over HTTP", async () => {
  const { url } = await runningRouter({ products: PRODUCTS });
  const failed: string[] = [];
  for (const audit of serverAudits({ url })) {
    const result = await audit.fn();
    if (result.status !== "ok") failed.push(`${audit.id} ${audit.name}: ${result.reason}`);
  }
  expect(failed).toEqual([]);
});
