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
  return {
    store,
    embedder,
    articles: new DataLoader(async (ids) => articlesSoon(store, arrivals, ids)),
    newestAbout: new DataLoader((wanted) => store.newestAbout(wanted), {
      cacheKeyFn: ({ symbol, limit }) => `${limit} ${symbol}`,
    }),
    similarTo: new DataLoader((wanted) => store.similarTo(wanted), { cacheKeyFn: ({ id, limit }) => `${limit} ${id}` }),
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
