import { servers, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Article } from "../domain/article.ts";
import { ArticleStore } from "./article-store.ts";
import { aliasActions, meaningOf } from "./open-collection.ts";
import type { Wanted } from "./ranked-query.ts";
import { ModelSwitched } from "./store-call.ts";

const url = servers.qdrantUrl;
const collection = uniqueName("test-articles");
const store = new ArticleStore({ url, collection });
const model = { name: "test-model", dimension: 3 };
const anything = { symbols: null, sources: null, from: null, to: null };
const page = { limit: 10, offset: 0 };

const article = (id: string, day: number, symbols: string[]): Article => ({
  id,
  title: `Title of ${id}`,
  summary: null,
  url: "https://example.test/a",
  source: "wire",
  publishedAt: `2024-01-0${day}T00:00:00Z`,
  symbols,
  mentions: [],
  story: id,
  copyOf: null,
  sentiment: 0.25,
});

const copper = article("copper", 1, ["HG", "FCX"]);
const mine = article("mine", 2, ["FCX"]);
const rates = article("rates", 3, ["EURUSD"]);

beforeAll(async () => {
  await store.open(model);
  await store.save([
    { article: copper, vector: [1, 0, 0], position: { epoch: "e1", offset: 4n } },
    { article: mine, vector: [0.9, 0.1, 0], position: { epoch: "e1", offset: 12n } },
    { article: rates, vector: [0, 0, 1], position: { epoch: "e0", offset: 99n } },
  ]);
});
afterAll(() => new QdrantClient({ url, checkCompatibility: false }).deleteCollection(`${collection}.1`));

const ids = (articles: readonly Article[]) => articles.map(({ id }) => id);

test("what is read is what was saved", async () => {
  expect(await store.byIds(["rates", "nothing", "copper"])).toEqual([rates, null, copper]);
});

test("an article that comes again replaces itself", async () => {
  await store.save([{ article: copper, vector: [1, 0, 0], position: { epoch: "e1", offset: 4n } }]);
  expect(await store.check()).toEqual({ articles: 3 });
});

test("an original that comes again is found by its copies still, and no more by what it is not about", async () => {
  const alias = uniqueName("test-again");
  const aside = new ArticleStore({ url, collection: alias });
  await aside.open(model);
  const position = { epoch: "e1", offset: 1n };
  const save = (...articles: Article[]) =>
    aside.save(articles.map((each) => ({ article: each, vector: [1, 0, 0], position })));
  const original = article("original", 1, ["HG"]);
  const copy = { ...article("copy", 1, ["FCX"]), source: "gazette", copyOf: "original" };
  const byFacet = async () =>
    Promise.all(
      (["source", "about"] as const).map(async (key) =>
        (await aside.facet(key, anything, 9)).map(({ value }) => value),
      ),
    );
  await save(original, copy);
  await save(original);
  expect(await byFacet()).toEqual([
    ["gazette", "wire"],
    ["FCX", "HG"],
  ]);
  await save({ ...original, symbols: ["CL"] });
  expect(await byFacet()).toEqual([
    ["gazette", "wire"],
    ["CL", "FCX"],
  ]);
  await new QdrantClient({ url, checkCompatibility: false }).deleteCollection(`${alias}.1`);
});

test("an article whose text could not be embedded is found by its words, and similar to nothing", async () => {
  const alias = uniqueName("test-no-vector");
  const aside = new ArticleStore({ url, collection: alias });
  await aside.open(model);
  await aside.save([
    { article: copper, vector: null, position: { epoch: "e1", offset: 1n } },
    { article: mine, vector: [1, 0, 0], position: { epoch: "e1", offset: 2n } },
  ]);
  const byWords = { vector: null, text: "copper", filter: anything, halfLifeHours: null };
  expect((await aside.search(byWords, page)).map(({ article: { id } }) => id)).toEqual(["copper"]);
  expect(await aside.similarTo(["copper", "mine"].map((id) => ({ id, limit: 5 })))).toEqual([[], []]);
  const day = { from: copper.publishedAt, to: mine.publishedAt };
  const alike = await aside.alike([null, [1, 0, 0]].map((vector) => ({ vector, ...day })));
  expect(alike.map((found) => found.map(({ article: { id } }) => id))).toEqual([[], ["mine"]]);
  await new QdrantClient({ url, checkCompatibility: false }).deleteCollection(`${alias}.1`);
});

test("the store knows how far each epoch was read", async () => {
  expect(await store.lastOffset("e1")).toBe(12n);
  expect(await store.lastOffset("e0")).toBe(99n);
  expect(await store.lastOffset("e2")).toBeNull();
});

const found = async (wanted: Partial<Wanted>, now?: Date) =>
  ids(
    (await store.search({ vector: null, text: null, filter: anything, halfLifeHours: null, ...wanted }, page, now)).map(
      ({ article }) => article,
    ),
  );

test("the nearest come first, within symbols, publishers and times", async () => {
  const nearest = (filter: object) => found({ vector: [1, 0, 0], filter: { ...anything, ...filter } });
  expect(await nearest({})).toEqual(["copper", "mine", "rates"]);
  expect(await nearest({ symbols: ["HG", "EURUSD"] })).toEqual(["copper", "rates"]);
  expect(await nearest({ sources: ["wire"], from: "2024-01-02T00:00:00Z" })).toEqual(["mine", "rates"]);
  expect(await nearest({ sources: ["post"] })).toEqual([]);
  expect(await nearest({ to: "2024-01-02T00:00:00Z" })).toEqual(["copper"]);
  expect(await nearest({ symbols: [] })).toEqual([]);
});

test("by words only those that have some are found, the rarer the better", async () => {
  const byTitle = await found({ text: "the title of rates" });
  expect([byTitle[0], byTitle.length]).toEqual(["rates", 3]);
  expect(await found({ text: "rates" })).toEqual(["rates"]);
  expect(await found({ text: "wheat" })).toEqual([]);
});

test("by both, what is near and has the words comes before what is only one of the two", async () => {
  expect((await found({ vector: [0.9, 0.1, 0], text: "copper" }))[0]).toBe("copper");
  expect(new Set(await found({ vector: [0.9, 0.1, 0], text: "rates" }))).toEqual(new Set(["copper", "mine", "rates"]));
});

test("with a half-life an older article has to match better", async () => {
  const now = new Date("2024-01-04T00:00:00Z");
  const wanted = { vector: [1, 0.3, 0.2], halfLifeHours: 6 };
  expect(await found({ ...wanted, halfLifeHours: 100_000 }, now)).toEqual(["mine", "copper", "rates"]);
  expect(await found(wanted, now)).toEqual(["rates", "mine", "copper"]);
});

test("facets count what the filter lets through", async () => {
  expect(await store.facet("about", anything, 10)).toEqual([
    { value: "FCX", count: 2 },
    { value: "EURUSD", count: 1 },
    { value: "HG", count: 1 },
  ]);
  expect(await store.facet("source", { ...anything, symbols: ["FCX"] }, 1)).toEqual([{ value: "wire", count: 2 }]);
  expect(await store.facet("source", anything, 0)).toEqual([]);
});

test("similar articles leave out the article itself, and an unknown one has none", async () => {
  const [first, second] = await store.similarTo([
    { id: "copper", limit: 1 },
    { id: "nothing", limit: 5 },
  ]);
  expect([ids(first ?? []), second]).toEqual([["mine"], []]);
});

test("the newest about each symbol", async () => {
  const lists = await store.newestAbout([
    { symbol: "FCX", limit: 5 },
    { symbol: "HG", limit: 5 },
    { symbol: "NONE", limit: 5 },
  ]);
  expect(lists.map(ids)).toEqual([["mine", "copper"], ["copper"], []]);
});

test("a collection of another model is refused with what to do", async () => {
  const refused = {
    code: "EMBEDDING_MODEL_MISMATCH",
    cause: { message: expect.stringContaining("npm run rebuild -- vector-search") },
  };
  const opened = (other: typeof model) => new ArticleStore({ url, collection }).open(other);
  await expect(opened({ name: "other-model", dimension: 3 })).rejects.toMatchObject(refused);
  await expect(opened({ name: "test-model", dimension: 4 })).rejects.toMatchObject(refused);
});

test("a collection without vectors of words is refused", async () => {
  const client = new QdrantClient({ url, checkCompatibility: false });
  const alias = uniqueName("test-no-words");
  await client.createCollection(`${alias}.1`, {
    vectors: { [meaningOf(model)]: { size: 3, distance: "Cosine" } },
    metadata: { model: model.name, dimension: 3 },
  });
  await client.updateCollectionAliases({ actions: aliasActions(alias, `${alias}.1`) });
  await expect(new ArticleStore({ url, collection: alias }).open(model)).rejects.toMatchObject({
    code: "EMBEDDING_MODEL_MISMATCH",
    cause: { message: expect.stringContaining("has no sparse vector words") },
  });
  await client.deleteCollection(`${alias}.1`);
});

test("what another model embedded is told apart, whatever its dimension", async () => {
  const other = new ArticleStore({ url, collection });
  await other.open({ name: "other-model", dimension: 3 }).catch(() => {});
  const wanted = { vector: [1, 0, 0], text: null, filter: anything, halfLifeHours: null };
  await expect(other.search(wanted, page)).rejects.toBeInstanceOf(ModelSwitched);
  await expect(other.similarTo([{ id: "copper", limit: 1 }])).rejects.toBeInstanceOf(ModelSwitched);
  const position = { epoch: "e1", offset: 99n };
  await expect(other.save([{ article: article("x", 1, []), vector: [1, 0, 0], position }])).rejects.toBeInstanceOf(
    ModelSwitched,
  );
  expect(await store.byIds(["x"])).toEqual([null]);
});

test("a store that can't be reached is a coded error", async () => {
  const unreachable = new ArticleStore({ url: "http://127.0.0.1:9", collection });
  await expect(unreachable.byIds(["a"])).rejects.toMatchObject({ code: "SEARCH_UNAVAILABLE" });
});

test("what the store refuses is no coded error: it would be ours", async () => {
  await expect(found({ vector: [1, 0] })).rejects.not.toMatchObject({
    code: "SEARCH_UNAVAILABLE",
  });
});
