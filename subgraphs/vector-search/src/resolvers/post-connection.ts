import { connectionOf } from "@mib/subgraph-server/connection";
import { cursorOf } from "../domain/post-order.ts";
import type { Post } from "../domain/post.ts";

/** A page of a list by time, of one post more than it holds. */
export function chronological(posts: readonly Post[], first: number) {
  const { edges, ...rest } = connectionOf(posts, first, cursorOf);
  return { ...rest, edges: edges.map((edge) => ({ ...edge, score: null })) };
}
