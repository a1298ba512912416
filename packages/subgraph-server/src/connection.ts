import { CodedError } from "@mib/service/coded-error";

/** A Relay connection in the shape that all subgraphs use. */
export interface Connection<Node, Edge extends { node: Node; cursor: string } = { node: Node; cursor: string }> {
  edges: Edge[];
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** Checks an argument like `first`: from 0 to `max`, else BAD_USER_INPUT. */
export function checkedFirst(
  first: number | null | undefined,
  { fallback, max, name = "first" }: { fallback: number; max: number; name?: string },
): number {
  const count = first ?? fallback;
  if (count < 0 || count > max)
    throw new CodedError("BAD_USER_INPUT", `${name} must be between 0 and ${max}.`, { argument: name, max });
  return count;
}

/** A cursor says where a row stands by its sort key, so it stays right when rows come and go. */
export function encodeCursor(...sortKey: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(sortKey)).toString("base64url");
}

/** Reads a cursor's sort key back, or throws BAD_USER_INPUT. `shape` names the types of its parts. */
export function decodeCursor<const Shape extends readonly ("string" | "number")[]>(
  cursor: string,
  shape: Shape,
): { [Part in keyof Shape]: Shape[Part] extends "number" ? number : string } {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (
      Array.isArray(parts) &&
      parts.length === shape.length &&
      shape.every((type, index) => typeof parts[index] === type)
    ) {
      return parts as never;
    }
  } catch {
    // Not JSON: refused below like every other cursor that nobody here made.
  }
  throw new CodedError("BAD_USER_INPUT", "after is not a cursor of this list.", { argument: "after" });
}

/** Makes a connection from `first + 1` rows: the one more says that there is a next page. */
export function connectionOf<Row, Node = Row>(
  rows: readonly Row[],
  first: number,
  cursorOf: (row: Row) => string,
  nodeOf: (row: Row) => Node = (row) => row as unknown as Node,
): Connection<Node> {
  const edges = rows.slice(0, first).map((row) => ({ node: nodeOf(row), cursor: cursorOf(row) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null },
  };
}
