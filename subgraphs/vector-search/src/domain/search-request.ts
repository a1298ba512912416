import { CodedError } from "@mib/service/coded-error";
import { checkedFirst, decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";

const QUERY_CHARACTERS_MAX = 1_000;
const SYMBOLS_MAX = 100;
const SOURCES_MAX = 100;
/** Ten years. */
const HALF_LIFE_HOURS_MAX = 87_600;
const FIRST_MAX = 100;
/** Beyond this many results a ranking by similarity says nothing any more. */
const DEPTH_MAX = 1_000;

export interface SearchArguments {
  query: string;
  symbols?: readonly string[] | null | undefined;
  sources?: readonly string[] | null | undefined;
  rankBy?: Ranking;
  halfLifeHours?: number | null | undefined;
  from?: string | null | undefined;
  to?: string | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/** A search within its bounds. `from` is inclusive, `to` exclusive. */
export interface SearchRequest {
  query: string;
  rankBy: Ranking;
  halfLifeHours: number | null;
  filter: SearchFilter;
  first: number;
  offset: number;
}

type Ranking = "HYBRID" | "MEANING" | "WORDS";

export interface SearchFilter {
  symbols: readonly string[] | null;
  sources: readonly string[] | null;
  from: string | null;
  to: string | null;
}

/** Throws a coded error that names the argument which is out of bounds. */
export function searchRequest(asked: SearchArguments): SearchRequest {
  const { query, symbols, sources, from, to, first, after, rankBy = "HYBRID", halfLifeHours } = asked;
  const text = query.replace(/\s+/gu, " ").trim();
  if (text === "") throw new CodedError("SEARCH_QUERY_INVALID", "`query` is empty: say what to look for.");
  if (text.length > QUERY_CHARACTERS_MAX) {
    throw new CodedError(
      "SEARCH_QUERY_INVALID",
      `\`query\` has ${text.length} characters, at most ${QUERY_CHARACTERS_MAX} are searched.`,
    );
  }
  if (symbols && symbols.length > SYMBOLS_MAX)
    throw new CodedError("BAD_USER_INPUT", `\`symbols\` names more than ${SYMBOLS_MAX} instruments.`);
  if (sources && sources.length > SOURCES_MAX)
    throw new CodedError("BAD_USER_INPUT", `\`sources\` names more than ${SOURCES_MAX} publishers.`);
  if (typeof halfLifeHours === "number" && !(halfLifeHours > 0 && halfLifeHours <= HALF_LIFE_HOURS_MAX))
    throw new CodedError("BAD_USER_INPUT", `\`halfLifeHours\` must be above 0 and at most ${HALF_LIFE_HOURS_MAX}.`);
  if (from && to && Date.parse(from) >= Date.parse(to))
    throw new CodedError("BAD_USER_INPUT", "`from` must be before `to`.");
  const offset = after ? offsetOf(after) : 0;
  const count = pageSize(first, 10);
  if (offset + count > DEPTH_MAX)
    throw new CodedError("RANGE_TOO_LARGE", `A search goes at most ${DEPTH_MAX} articles deep.`);
  return {
    query: text,
    rankBy,
    halfLifeHours: halfLifeHours ?? null,
    filter: { symbols: symbols ?? null, sources: sources ?? null, from: from ?? null, to: to ?? null },
    first: count,
    offset,
  };
}

/** How many articles a list holds. Throws BAD_USER_INPUT beyond what one answer may carry. */
export const pageSize = (first: number | null | undefined, fallback: number): number =>
  checkedFirst(first, { fallback, max: FIRST_MAX });

/** The cursor of the result at a place of the ranking, counted from 0. */
export const cursorAt = (place: number): string => encodeCursor(place);

function offsetOf(cursor: string): number {
  const [place] = decodeCursor(cursor, ["number"]);
  if (!Number.isSafeInteger(place) || place < 0)
    throw new CodedError("BAD_USER_INPUT", "after is not a cursor of this list.", { argument: "after" });
  return place + 1;
}
