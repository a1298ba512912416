import { connectionOf } from "@mib/subgraph-server/connection";
import { cursorOf } from "../domain/post-order.ts";
import type { Post } from "../domain/post.ts";
import { cursorAt } from "../domain/search-request.ts";

/** A page of a list by time, of one post more than it holds. */
export function chronological(posts: readonly Post[], first: number) {
  const { edges, ...rest } = connectionOf(posts, first, cursorOf);
  return { ...rest, edges: edges.map((edge) => ({ ...edge, score: null })) };
}

/** A page of a ranking, of one post more than it holds, that begins at a place of it. */
export function ranked(found: readonly { post: Post; score: number }[], first: number, offset: number) {
  const edges = found
    .slice(0, first)
    .map(({ post, score }, index) => ({ node: post, score, cursor: cursorAt(offset + index) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: { hasNextPage: found.length > first, endCursor: edges.at(-1)?.cursor ?? null },
  };
}
