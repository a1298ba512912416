import { servers, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Article } from "../domain/article.ts";
import { ArticleStore } from "./article-store.ts";
import { StoryAssigner } from "./story-assigner.ts";

const url = servers.qdrantUrl;
const collections = [0, 1, 2, 3, 4].map(() => uniqueName("test-stories"));
const [together, apart, copiesTogether, copiesApart, flashes] = collections.map(
  (collection) => new ArticleStore({ url, collection }),
) as [ArticleStore, ArticleStore, ArticleStore, ArticleStore, ArticleStore];

const arrived = (id: string, title: string, hour: number, vector: number[]) => ({
  article: {
    id,
    title,
    summary: null,
    url: null,
    source: "wire",
    publishedAt: new Date(Date.UTC(2024, 0, 1, hour)).toISOString(),
    symbols: [],
    mentions: [],
    story: id,
    copyOf: null,
    sentiment: null,
  } satisfies Article,
  vector: vector.map((value) => value / Math.hypot(...vector)),
});

const ARTICLES = [
  arrived("a", "strike at Voltara", 0, [1, 0, 0]),
  arrived("b", "walkout halts Voltara", 30, [0.95, 0.2, 0]),
  arrived("c", "strike at Brightwheel", 31, [1, 0.01, 0]),
  arrived("d", "Voltara still stands still", 60, [0.93, 0.3, 0]),
  arrived("e", "strike at Voltara again", 140, [1, 0, 0]),
];
const STORIES = ["a", "a", "c", "a", "e"];

const stories = (articles: readonly (Article | null)[]) => articles.map((article) => article?.story);

const STRIKE = "Workers of Voltara walked out on Monday after talks about wages failed, said the union.";

const published = (
  id: string,
  source: string,
  hour: number,
  title: string,
  summary: string,
  symbols: string[] = [],
) => {
  const { article, vector } = arrived(id, title, hour, title.includes("Voltara") ? [1, 0.01 * hour, 0] : [0.6, 0.8, 0]);
  return { article: { ...article, source, summary, symbols } satisfies Article, vector };
};
const COPIED = [
  published("first", "wire", 0, "Strike halts Voltara", STRIKE),
  published("copy", "gazette", 1, "Strike halts Voltara", `LEIPZIG - ${STRIKE}`, ["VOLT"]),
  published("cut", "ledger", 2, "Strike halts Voltara plant", STRIKE.replace(", said the union", "")),
  published("other", "wire", 3, "Strike halts Brightwheel", STRIKE.replace("Voltara", "Brightwheel")),
  published("late", "herald", 60, "Strike halts Voltara", STRIKE),
];

/** A headline first, then its article, then what repeats each of the two; and a column of each day. */
const FLASH = [
  arrived("flash", "Workers strike at Voltara in Leipzig", 0, [1, 0, 0]),
  published("full", "wire", 1, "Workers strike at Voltara in Leipzig", STRIKE),
  published("printed", "gazette", 2, "Workers strike at Voltara in Leipzig", STRIKE),
  arrived("column", "Voltara in the morning", 3, [0, 0, 1]),
  arrived("next-column", "Voltara in the morning", 27, [0, 0, 1]),
];

const ALL = [...ARTICLES, ...COPIED, ...FLASH].map(({ article }) => article.id);

async function tell(store: ArticleStore, articles: readonly { article: Article; vector: number[] }[]): Promise<void> {
  const told = await new StoryAssigner(store).assign(articles);
  await store.save(
    articles.map(({ vector }, at) => ({
      article: told[at]!,
      vector,
      position: { epoch: "e1", offset: BigInt(ALL.indexOf(articles[at]!.article.id)) },
    })),
  );
}

beforeAll(async () => {
  for (const store of [together, apart, copiesTogether, copiesApart, flashes])
    await store.open({ name: "test-model", dimension: 3 });
  await tell(together, ARTICLES);
  for (const article of ARTICLES) await tell(apart, [article]);
  await tell(copiesTogether, COPIED);
  // Each by an assigner of its own, as after a start.
  for (const article of COPIED) await tell(copiesApart, [article]);
  for (const article of FLASH) await tell(flashes, [article]);
});
afterAll(async () => {
  const client = new QdrantClient({ url, checkCompatibility: false });
  for (const collection of collections) await client.deleteCollection(`${collection}.1`);
});

test("articles of one story are together, whether they came at once or one by one", async () => {
  const ids = ARTICLES.map(({ article }) => article.id);
  expect(stories(await together.byIds(ids))).toEqual(STORIES);
  expect(stories(await apart.byIds(ids))).toEqual(STORIES);
});

test("an article that is read again stays in its story, whatever came after it", async () => {
  await tell(apart, [ARTICLES[0]!, ARTICLES[1]!]);
  expect(stories(await apart.byIds(["a", "b"]))).toEqual(["a", "a"]);
});

test("stories are listed by their first articles, the newest first, with their size", async () => {
  const anything = { symbols: null, sources: null, from: null, to: null };
  const leads = await together.leads(anything, { limit: 10, offset: 0 });
  expect(leads.map(({ id }) => id)).toEqual(["e", "c", "a"]);
  expect(await together.storySizes(["a", "c", "none"].map((story) => ({ story, before: null })))).toEqual([3, 1, 0]);
  const [told] = await together.ofStories([{ story: "a", before: null, limit: 2 }]);
  expect(told?.map(({ id }) => id)).toEqual(["a", "b"]);
});

test("the article that follows its headline is an original of the same story, and a column of the next day its own", async () => {
  const kept = await flashes.byIds(FLASH.map(({ article }) => article.id));
  expect(kept.map((article) => article?.copyOf)).toEqual([null, null, "full", null, null]);
  expect(stories(kept).slice(0, 3)).toEqual(["flash", "flash", "flash"]);
});

describe.each([
  ["together", () => copiesTogether],
  ["one by one", () => copiesApart],
])("copies that came %s", (_, storeOf) => {
  const anything = { symbols: null, sources: null, from: null, to: null };
  const page = { limit: 10, offset: 0 };
  const found = async (filter: object, wanted: object) =>
    (
      await storeOf().search(
        { vector: null, text: null, filter: { ...anything, ...filter }, halfLifeHours: null, ...wanted },
        page,
      )
    ).map(({ article }) => article.id);

  test("are kept with their original, and nothing else is a copy", async () => {
    const kept = await storeOf().byIds(COPIED.map(({ article }) => article.id));
    expect(kept.map((article) => article?.copyOf)).toEqual([null, "first", "first", null, null]);
    expect(kept.map((article) => article?.source)).toEqual(["wire", "gazette", "ledger", "wire", "herald"]);
    expect(stories(kept)).toEqual(["first", "first", "first", "other", "late"]);
    expect(await storeOf().lastOffset("e1")).toBe(BigInt(ARTICLES.length + COPIED.length - 1));
  });

  test("count once in searches, lists, stories and facets", async () => {
    const originals = new Set(["first", "other", "late"]);
    expect(new Set(await found({}, { vector: [1, 0, 0] }))).toEqual(originals);
    expect(new Set(await found({}, { text: "walked out" }))).toEqual(originals);
    expect(await storeOf().storySizes([{ story: "first", before: null }])).toEqual([1]);
    const [told] = await storeOf().ofStories([{ story: "first", before: null, limit: 9 }]);
    expect(told?.map(({ id }) => id)).toEqual(["first"]);
    expect(await storeOf().facet("source", { ...anything, to: "2024-01-01T03:00:00Z" }, 10)).toEqual(
      ["gazette", "ledger", "wire"].map((value) => ({ value, count: 1 })),
    );
  });

  test("let their original be found by their publishers and instruments", async () => {
    expect(await found({ sources: ["gazette"] }, { text: "strike" })).toEqual(["first"]);
    expect(await found({ symbols: ["VOLT"] }, { vector: [1, 0, 0] })).toEqual(["first"]);
    const [newest] = await storeOf().newestAbout([{ symbol: "VOLT", limit: 5 }]);
    expect(newest?.map(({ id, symbols }) => [id, symbols])).toEqual([["first", []]]);
  });

  test("have what is similar to their original", async () => {
    const [ofCopy, ofFirst] = await storeOf().similarTo(["copy", "first"].map((id) => ({ id, limit: 5 })));
    expect(ofCopy).toEqual(ofFirst);
    expect(new Set(ofCopy?.map(({ id }) => id))).toEqual(new Set(["other", "late"]));
  });

  test("read again, change nothing", async () => {
    const state = async () => [
      await storeOf().byIds(COPIED.map(({ article }) => article.id)),
      await storeOf().facet("source", anything, 10),
      await storeOf().facet("about", anything, 10),
    ];
    const before = await state();
    await tell(storeOf(), COPIED.slice(0, 3));
    await tell(storeOf(), COPIED.slice(1, 3));
    await tell(storeOf(), COPIED.slice(0, 1));
    expect(await state()).toEqual(before);
  });
});
