import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRouter, type CreateRouterSettings } from "../../router/src/create-router.ts";
import { federated, type Answer } from "../federation/federated.ts";

process.env["LOG_LEVEL"] ??= "silent";

const ONE = { one: { typeDefs: "type Query { word: String }", resolvers: { Query: { word: () => "yes" } } } };

async function ask(url: string, query: string): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  return (await (await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) })).json()) as Answer;
}

async function started(settings: CreateRouterSettings) {
  const router = await createRouter(settings);
  onTestFinished(() => router.close());
  return router;
}

test("a program starts a router, asks after it, changes it and closes it", async () => {
  const { supergraphSdl: sdl } = await federated(ONE);
  const settings = { supergraph: { sdl }, listen: { port: 0 } };
  const router = await started(settings);
  expect(await ask(router.url, "{ word }")).toEqual({ data: { word: "yes" } });
  expect((await router.health()).ready).toBe(true);
  expect(await router.metrics()).toContain('router_subgraph_requests_total{subgraph="one",service="router"} 1');

  await router.update({ ...settings, limits: { root_fields_max: 1 } });
  expect((await ask(router.url, "{ word again: word }")).errors?.[0]?.extensions["code"]).toBe(
    "OPERATION_LIMIT_EXCEEDED",
  );
  await expect(router.update({ ...settings, supergraph: { sdl: "type Query {" } })).rejects.toThrow();
  expect(await ask(router.url, "{ word }")).toEqual({ data: { word: "yes" } });

  await router.close();
  await expect(ask(router.url, "{ word }")).rejects.toThrow("fetch failed");
});

test("the supergraph may be a file, and two routers live in one program", async () => {
  const { supergraphSdl } = await federated(ONE);
  const folder = mkdtempSync(join(tmpdir(), "create-router-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "s.graphql");
  writeFileSync(file, supergraphSdl);
  const routers = [0, 1].map(() => started({ supergraph: { file }, listen: { port: 0 } }));
  for (const { url } of await Promise.all(routers))
    expect(await ask(url, "{ word }")).toEqual({ data: { word: "yes" } });
});

test("settings that are not good are refused, all of their problems at once", async () => {
  const settings = { supergraph: { sdl: "" }, listen: { port: 70_000 }, limits: { depth_max: 0 } };
  await expect(createRouter(settings)).rejects.toThrow(
    /2 problem\(s\):\n {2}listen\.port: .*\n {2}limits\.depth_max: /,
  );
});
