import { expect, onTestFinished, test, vi } from "vitest";
import { createRouter, type CreateRouterSettings } from "../../router/src/create-router.ts";
import { federated } from "../federation/federated.ts";
import { PRODUCTS } from "./sample-subgraphs.ts";

process.env["LOG_LEVEL"] ??= "silent";
vi.setConfig({ testTimeout: 60_000 }); // each starts a router

/** A router, and a way to ask it by GET. */
async function router(settings: Omit<CreateRouterSettings, "supergraph"> = {}) {
  const { supergraphSdl: sdl } = await federated({ products: PRODUCTS });
  const { url, close } = await createRouter({ supergraph: { sdl }, listen: { port: 0 }, ...settings });
  onTestFinished(close);
  return async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}?query=${encodeURIComponent(query)}`, {
      headers: { accept: "application/graphql-response+json", "accept-encoding": "identity", ...headers },
    });
    const header = (name: string) => response.headers.get(name);
    return { status: response.status, header, body: await response.text() };
  };
}
const named = (id: string) => `{ product(id: "${id}") { name } }`;

test("an answer that the client has is not sent again, another one is", async () => {
  const get = await router();
  const first = await get(named("1"));
  const etag = first.header("etag")!;
  expect(etag).toMatch(/^"[\w-]{27}"$/);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const again = await get(named("1"), { "if-none-match": known });
    expect([again.status, again.body, again.header("etag")]).toEqual([304, "", etag]);
  }
  const other = await get(named("2"), { "if-none-match": etag });
  expect([other.status, JSON.parse(other.body)]).toEqual([200, { data: { product: { name: "product 2" } } }]);
});

test("each coding of an answer has a tag of its own", async () => {
  const get = await router({ compression: { bytes_min: 0 } });
  const [plain, gzip] = [await get(named("1")), await get(named("1"), { "accept-encoding": "gzip" })];
  expect(gzip.header("etag")).toBe(plain.header("etag")!.replace(/"$/, '-gzip"'));
  const known = { "if-none-match": plain.header("etag")!, "accept-encoding": "gzip" };
  expect((await get(named("1"), known)).status).toBe(200);
});

test("caches are told what they may keep, and for whom", async () => {
  const control = async (get: Awaited<ReturnType<typeof router>>, headers = {}) =>
    (await get(named("1"), headers)).header("cache-control");
  const usual = await router();
  expect(await control(usual)).toBe("no-cache");
  expect(await control(usual, { cookie: "a=b" })).toBe("private, no-cache");
  const own = await router({ cache_control: { anonymous: "public, max-age=5", authenticated: null } });
  expect([await control(own), await control(own, { cookie: "a=b" })]).toEqual(["public, max-age=5", null]);
  expect((await usual(named("1"))).header("vary")).toContain("authorization");
});

test.each([
  ["no answer", "{ nonsense }", 400],
  ["an answer with errors", `{ fail product(id: "1") { name } }`, 200],
])("%s is not kept", async (_, query, status) => {
  const answer = await (await router())(query, { "if-none-match": "*" });
  expect([answer.status, answer.header("cache-control"), answer.header("etag")]).toEqual([status, "no-store", null]);
});
