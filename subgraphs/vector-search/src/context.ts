import { AnswerBudget } from "@mib/subgraph-server/answer-budget";
import DataLoader from "dataloader";
import type { Article } from "./domain/article.ts";
import type { Arrivals } from "./io/arrivals.ts";
import type { ArticleStore } from "./io/article-store.ts";
import type { Embedder } from "./io/embedder.ts";

/** What resolvers get: loaders that read once per request what several fields ask for. */
export interface Context {
  store: ArticleStore;
  embedder: Embedder;
  articles: DataLoader<string, Article | null>;
  newestAbout: DataLoader<{ symbol: string; limit: number }, Article[], string>;
  similarTo: DataLoader<{ id: string; limit: number }, Article[], string>;
}

/** Articles of all lists of one request: those that are similar to those that are similar are soon all there are. */
const ARTICLES_MAX = 10_000;

/** An article reaches a subscriber about when it reaches us: so long we may be behind before we say that there is none. */
const ARRIVAL_MS_MAX = 1_000;

export function createContext({
  store,
  embedder,
  arrivals,
}: {
  store: ArticleStore;
  embedder: Embedder;
  arrivals: Arrivals;
}): Context {
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
    embedder,
    articles: new DataLoader(async (ids) => articlesSoon(store, arrivals, ids)),
    newestAbout: new DataLoader(
      bounded((wanted) => store.newestAbout(wanted)),
      {
        cacheKeyFn: ({ symbol, limit }) => `${limit} ${symbol}`,
      },
    ),
    similarTo: new DataLoader(
      bounded((wanted) => store.similarTo(wanted)),
      { cacheKeyFn: ({ id, limit }) => `${limit} ${id}` },
    ),
  };
}

async function articlesSoon(
  store: ArticleStore,
  arrivals: Arrivals,
  ids: readonly string[],
): Promise<(Article | null)[]> {
  const found = await store.byIds(ids);
  const missing = ids.filter((_, index) => found[index] === null);
  if (missing.length === 0) return found;
  const waited = arrivals.wait(missing, ARRIVAL_MS_MAX);
  // Read again only after we listen: an article that was stored between the two would not be announced any more.
  const soon = await store.byIds(missing);
  const stillMissing = missing.filter((_, index) => soon[index] === null);
  if (stillMissing.length === 0) return store.byIds(ids);
  await waited;
  return store.byIds(ids);
}
