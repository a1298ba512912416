import { expect, test } from "vitest";
import { createContext } from "./context.ts";
import { Arrivals } from "./io/arrivals.ts";
import { ArticleStore } from "./io/article-store.ts";
import { NewsWatchStore } from "./io/news-watch-store.ts";
import { PostStore } from "./io/post-store.ts";
import { type Bound, ServingModel } from "./io/serving-model.ts";

/** A store that nobody answers for: who gets as far as asking it hears SEARCH_UNAVAILABLE. */
function context() {
  const url = "http://127.0.0.1:1";
  const bound: Bound = {
    embedder: { embed: async () => [] },
    articles: new ArticleStore({ url, collection: "news" }),
    posts: new PostStore({ url, collection: "posts" }),
    watches: new NewsWatchStore({ url, collection: "watches" }),
  };
  const serving = new ServingModel(bound, async () => bound);
  return createContext({ serving, arrivals: new Arrivals(), postArrivals: new Arrivals() });
}

test.each([
  ["newestAbout", 100, "SEARCH_UNAVAILABLE"],
  ["newestAbout", 101, "RANGE_TOO_LARGE"],
  ["similarTo", 100, "SEARCH_UNAVAILABLE"],
  ["similarTo", 101, "RANGE_TOO_LARGE"],
] as const)("%s of %i lists of 100 in one request: %s", async (loader, count, code) => {
  const { newestAbout, similarTo } = context();
  const answers = await Promise.allSettled(
    Array.from({ length: count }, (_, at) =>
      loader === "newestAbout"
        ? newestAbout.load({ symbol: `S${at}`, limit: 100 })
        : similarTo.load({ id: `a${at}`, limit: 100 }),
    ),
  );
  expect((answers[0] as PromiseRejectedResult).reason).toMatchObject({ code });
});

test.each([
  [99, "SEARCH_UNAVAILABLE"],
  [100, "RANGE_TOO_LARGE"],
])("pages of posts of %i instruments in one request: %s", async (count, code) => {
  const { posts } = context();
  const pages = Array.from({ length: count }, (_, at) =>
    posts.page.load({ symbol: `S${at}`, limit: 101, after: null }),
  );
  const [first] = await Promise.allSettled(pages);
  expect((first as PromiseRejectedResult).reason).toMatchObject({ code });
});
