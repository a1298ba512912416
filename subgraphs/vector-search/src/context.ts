import { AnswerBudget } from "@mib/subgraph-server/answer-budget";
import DataLoader from "dataloader";
import type { Article } from "./domain/article.ts";
import type { Arrivals } from "./io/arrivals.ts";
import type { AboutRequest, ArticleStore, TellingsRequest } from "./io/article-store.ts";
import { foundSoon } from "./io/found-soon.ts";
import type { ServingModel } from "./io/serving-model.ts";
import { createPostsContext, type PostsContext } from "./posts-context.ts";

/** What resolvers get: loaders that read once per request what several fields ask for. */
export interface Context {
  /** For what needs no vectors. */
  store: ArticleStore;
  serving: ServingModel;
  articles: DataLoader<string, Article | null>;
  newestAbout: DataLoader<AboutRequest, Article[], string>;
  similarTo: DataLoader<{ id: string; limit: number }, Article[], string>;
  articlesOfStory: DataLoader<TellingsRequest & { limit: number }, Article[], string>;
  /** How many articles tell a story. */
  storySizes: DataLoader<TellingsRequest, number, string>;
  posts: PostsContext;
}

/** Articles and posts of all lists of one request: those that are similar to those that are similar are soon all there are. */
const ARTICLES_MAX = 10_000;

/** An article or post reaches a subscriber about when it reaches us: so long we may be behind before we say that there is none. */
const ARRIVAL_MS_MAX = 1_000;

export function createContext({
  serving,
  arrivals,
  postArrivals,
}: {
  serving: ServingModel;
  arrivals: Arrivals;
  postArrivals: Arrivals;
}): Context {
  const store = serving.current.articles;
  const lists = new AnswerBudget({ rowsMax: ARTICLES_MAX });
  // Counted by what is asked for: each is a search of its own in the vector store, whatever it finds.
  const bounded =
    <Wanted extends { limit: number }>(search: (wanted: readonly Wanted[]) => Promise<Article[][]>) =>
    async (wanted: readonly Wanted[]) => {
      lists.take(wanted.reduce((sum, { limit }) => sum + Math.max(1, limit), 0));
      return search(wanted);
    };
  return {
    store,
    serving,
    articles: new DataLoader(async (ids) => foundSoon(store, arrivals, ids, ARRIVAL_MS_MAX)),
    newestAbout: new DataLoader(
      bounded((wanted) => store.newestAbout(wanted)),
      {
        cacheKeyFn: ({ symbol, limit, from, to }) => `${limit} ${from ?? ""} ${to ?? ""} ${symbol}`,
      },
    ),
    similarTo: new DataLoader(
      bounded((wanted) => serving.run(({ articles }) => articles.similarTo(wanted))),
      { cacheKeyFn: ({ id, limit }) => `${limit} ${id}` },
    ),
    articlesOfStory: new DataLoader(
      bounded((wanted) => store.ofStories(wanted)),
      { cacheKeyFn: ({ story, before, limit }) => `${limit} ${before ?? ""} ${story}` },
    ),
    storySizes: new DataLoader(async (wanted) => store.storySizes(wanted), {
      cacheKeyFn: ({ story, before }) => `${before ?? ""} ${story}`,
    }),
    posts: createPostsContext({ store: serving.current.posts, arrivals: postArrivals }, lists, ARRIVAL_MS_MAX),
  };
}
