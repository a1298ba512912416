import type { AnswerBudget } from "@mib/subgraph-server/answer-budget";
import DataLoader from "dataloader";
import type { Post } from "./domain/post.ts";
import type { Arrivals } from "./io/arrivals.ts";
import { foundSoon } from "./io/found-soon.ts";
import type { PostPage, PostStore } from "./io/post-store.ts";

/** The parts of posts that live as long as the process. */
interface PostParts {
  store: PostStore;
  arrivals: Arrivals;
}

/** What resolvers of posts get: loaders that read once per request what several fields ask for. */
export interface PostsContext {
  byId: DataLoader<string, Post | null>;
  page: DataLoader<PostPage, Post[], string>;
}

/** `lists`: what all lists of the request hold together. */
export function createPostsContext(
  { store, arrivals }: PostParts,
  lists: AnswerBudget,
  arrivalMsMax: number,
): PostsContext {
  return {
    byId: new DataLoader(async (ids) => foundSoon(store, arrivals, ids, arrivalMsMax)),
    page: new DataLoader(
      async (wanted: readonly PostPage[]) => {
        // Counted by what is asked for: each is a search of its own in the vector store, whatever it finds.
        lists.take(wanted.reduce((sum, { limit }) => sum + limit, 0));
        return store.pages(wanted);
      },
      { cacheKeyFn: ({ symbol, limit, after }) => JSON.stringify([symbol, limit, after?.atMicros, after?.id]) },
    ),
  };
}
