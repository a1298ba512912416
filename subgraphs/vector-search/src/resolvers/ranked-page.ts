import { cursorAt, type SearchRequest } from "../domain/search-request.ts";

/** A page of a ranking, of one more than it holds where there is more. */
export function ranked<Node>(
  found: readonly { node: Node; score: number }[],
  { first, offset }: Pick<SearchRequest, "first" | "offset">,
) {
  const edges = found.slice(0, first).map((each, index) => ({ ...each, cursor: cursorAt(offset + index) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: { hasNextPage: found.length > first, endCursor: edges.at(-1)?.cursor ?? null },
  };
}
