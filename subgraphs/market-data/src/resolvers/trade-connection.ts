import { CodedError } from "@mib/service/coded-error";
import { decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import type { PlacedTrade } from "../domain/ports.ts";
import type { TradePlace } from "../domain/trade-place.ts";
import type { TradePage } from "../domain/trade-reader.ts";
import type { TradeWindow } from "../domain/trade-window.ts";

/** A trade's place as a cursor: right in both directions, whatever comes or goes around it. */
function cursorOf({ atNanos, sequence, ordinal, id }: TradePlace): string {
  return encodeCursor(String(atNanos), String(sequence), String(ordinal), id);
}

/** Reads a cursor back, or throws BAD_USER_INPUT. */
export function placeOf(cursor: string, argument: "after" | "before"): TradePlace {
  try {
    const [atNanos, sequence, ordinal, id] = decodeCursor(cursor, ["string", "string", "string", "string"]);
    if ([atNanos, sequence, ordinal].every(isWhole) && !id.includes("\0"))
      return { atNanos: BigInt(atNanos), sequence: BigInt(sequence), ordinal: BigInt(ordinal), id };
  } catch {
    // Refused below, with the argument that it is.
  }
  throw new CodedError("BAD_USER_INPUT", `${argument} is not a cursor of this list.`, { argument });
}

const I64_MAX = 2n ** 63n - 1n;

function isWhole(text: string): boolean {
  return /^\d{1,19}$/.test(text) && BigInt(text) <= I64_MAX;
}

/** A Relay connection that can be read in both directions. */
export function tradeConnectionOf(
  { trades, more }: TradePage,
  { end }: TradeWindow,
  given: { after?: string | null | undefined; before?: string | null | undefined },
) {
  const edges = trades.map((node: PlacedTrade) => ({ node, cursor: cursorOf(node) }));
  return {
    edges,
    nodes: trades,
    pageInfo: {
      hasNextPage: end === "FIRST" ? more : given.before != null,
      hasPreviousPage: end === "LAST" ? more : given.after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
