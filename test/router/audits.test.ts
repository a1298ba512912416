import { serverAudits } from "graphql-http";
import { expect, test } from "vitest";
import { http2Fetch } from "./http2-client.ts";
import { PRODUCTS } from "./sample-subgraphs.ts";
import { runningRouter } from "./running-router.ts";
import { tlsFiles } from "./tls-files.ts";

const audits = serverAudits({ url: "http://unused" });

test("there are 61 audits of GraphQL over HTTP", () => {
  expect(audits.length).toBe(61);
});

async function failedAudits(url: string, fetchFn: typeof fetch = fetch): Promise<string[]> {
  const failed: string[] = [];
  for (const audit of serverAudits({ url, fetchFn })) {
    const result = await audit.fn();
    if (result.status !== "ok") failed.push(`${audit.id} ${audit.name}: ${result.reason}`);
  }
  return failed;
}

test("the router passes every audit of GraphQL over HTTP", async () => {
  const { url } = await runningRouter({ products: PRODUCTS });
  expect(await failedAudits(url)).toEqual([]);
});

test("and over HTTP/2", async () => {
  const { tls, certificate } = tlsFiles();
  const { url } = await runningRouter({ products: PRODUCTS }, { tls });
  expect(await failedAudits(url, http2Fetch(certificate))).toEqual([]);
});
