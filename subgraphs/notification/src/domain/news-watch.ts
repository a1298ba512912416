import { CodedError } from "@mib/service/coded-error";

/** What a person wants to hear of when news of it comes. */
export interface NewsWatchDefinition {
  /** What the news should be about, in any words. */
  query: string;
  /** Only articles about any of these; empty for all. */
  symbols: readonly string[];
  /** Cosine similarity of an article and the query, from which on it is told. */
  similarityLeast: number;
}

export interface NewsWatch extends NewsWatchDefinition {
  id: string;
  userId: string;
  /** Changes with the definition: what was found by an old one is not told any more. */
  version: number;
  createdAt: string;
  lastMatchedAt: string | null;
}

/** A watch as a person writes it down. */
export interface NewsWatchInput {
  query: string;
  symbols?: readonly string[] | null;
  similarityLeast?: number;
}

const QUERY_CHARACTERS_MAX = 300;
const SYMBOLS_MAX = 50;
const SYMBOL_LENGTH_MAX = 40;
/** Below this everything is like everything. */
const SIMILARITY_MIN = 0.3;
const SIMILARITY_USUAL = 0.6;

/** Checks what was written. Throws SEARCH_QUERY_INVALID or BAD_USER_INPUT and says which field is wrong. */
export function newsWatchOf({
  query,
  symbols,
  similarityLeast = SIMILARITY_USUAL,
}: NewsWatchInput): NewsWatchDefinition {
  const text = query.replace(/\s+/gu, " ").trim();
  if (text === "") throw new CodedError("SEARCH_QUERY_INVALID", "`query` is empty: say what to look for.");
  if (text.length > QUERY_CHARACTERS_MAX) {
    throw new CodedError(
      "SEARCH_QUERY_INVALID",
      `\`query\` has ${text.length} characters, a watch may have at most ${QUERY_CHARACTERS_MAX}.`,
    );
  }
  if (text.includes("\u0000"))
    throw new CodedError("SEARCH_QUERY_INVALID", "`query` has the character U+0000, which can't be stored.");
  const wanted = [...new Set(symbols ?? [])];
  if (wanted.length > SYMBOLS_MAX) throw wrong("symbols", `names more than ${SYMBOLS_MAX} instruments`);
  if (wanted.some((symbol) => symbol === "" || symbol.length > SYMBOL_LENGTH_MAX))
    throw wrong("symbols", `must hold symbols of 1 to ${SYMBOL_LENGTH_MAX} characters`);
  if (!(similarityLeast >= SIMILARITY_MIN && similarityLeast <= 1))
    throw wrong("similarityLeast", `must be between ${SIMILARITY_MIN} and 1`);
  return { query: text, symbols: wanted, similarityLeast };
}

function wrong(name: string, problem: string): CodedError {
  return new CodedError("BAD_USER_INPUT", `\`${name}\` ${problem}.`, { field: name });
}
