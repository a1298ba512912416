import { servers, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Article } from "../domain/article.ts";
import { ArticleStore } from "./article-store.ts";
import { StoryAssigner } from "./story-assigner.ts";

const url = servers.qdrantUrl;
const collections = [uniqueName("test-stories"), uniqueName("test-stories")];
const [together, apart] = collections.map((collection) => new ArticleStore({ url, collection })) as [
  ArticleStore,
  ArticleStore,
];

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

async function tell(store: ArticleStore, articles: typeof ARTICLES): Promise<void> {
  const told = await new StoryAssigner(store).assign(articles);
  await store.save(
    articles.map(({ vector }, at) => ({
      article: told[at]!,
      vector,
      position: { epoch: "e1", offset: BigInt(ARTICLES.indexOf(articles[at]!)) },
    })),
  );
}

beforeAll(async () => {
  for (const store of [together, apart]) await store.open({ name: "test-model", dimension: 3 });
  await tell(together, ARTICLES);
  for (const article of ARTICLES) await tell(apart, [article]);
});
afterAll(async () => {
  const client = new QdrantClient({ url, checkCompatibility: false });
  for (const collection of collections) await client.deleteCollection(collection);
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
