import type { QdrantClient } from "@qdrant/js-client-rest";
import type { SearchFilter } from "../domain/search-request.ts";

type Query = Parameters<QdrantClient["query"]>[1];
type Prefetch = Exclude<NonNullable<Query["prefetch"]>, readonly unknown[]>;

/** The vectors of a point: one dense, one sparse. */
export const MEANING = "meaning";
export const WORDS = "words";

/** The sparse vector's model: the store makes the vector of the text, and knows how rare each word is. */
const BM25 = { model: "qdrant/bm25", options: { avg_len: 40 } };

/** Of each ranking, what is fused or weighed by age: as deep as a search goes, so that its pages agree. */
const CANDIDATES_MAX = 1_000;

/** How fast ranks lose weight: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion", SIGIR 2009. */
const RRF_K = 60;

/** What is looked for: a vector, a text, or both. */
export interface Wanted {
  /** Null: not by meaning. */
  vector: readonly number[] | null;
  /** Null: not by words. */
  text: string | null;
  filter: SearchFilter;
  /** Null: age does not matter. */
  halfLifeHours: number | null;
}

/** A text as the store takes it for the vector of words. */
export const wordsOf = (text: string) => ({ text, ...BM25 });

/** The store's query for a page of a ranking. */
export function rankedQuery(wanted: Wanted, { limit, offset }: { limit: number; offset: number }, now: Date): Query {
  const page = { limit, offset, with_payload: true };
  const ranking = rankingOf(wanted);
  if (wanted.halfLifeHours === null) return { ...ranking, ...page };
  return { prefetch: { ...ranking, limit: CANDIDATES_MAX }, query: aged(wanted.halfLifeHours, now), ...page };
}

function rankingOf({ vector, text, filter }: Wanted): Prefetch {
  const only = { filter: storeFilter(filter) };
  const lists: Prefetch[] = [
    ...(vector === null ? [] : [{ query: [...vector], using: MEANING, ...only }]),
    ...(text === null ? [] : [{ query: wordsOf(text), using: WORDS, ...only }]),
  ];
  if (lists.length === 1) return lists[0]!;
  return { prefetch: lists.map((list) => ({ ...list, limit: CANDIDATES_MAX })), query: { rrf: { k: RRF_K } } };
}

function aged(halfLifeHours: number, now: Date): NonNullable<Query["query"]> {
  const decay = {
    x: { datetime_key: "publishedAt" },
    target: { datetime: now.toISOString() },
    scale: halfLifeHours * 3_600,
    midpoint: 0.5,
  };
  return { formula: { mult: ["$score", { exp_decay: decay }] } };
}

/** As the store has it. */
export function storeFilter({ symbols, sources, from, to }: SearchFilter) {
  const any = (key: string, values: readonly string[] | null) =>
    values === null ? [] : [{ key, match: { any: [...values] } }];
  const range = { ...(from !== null && { gte: from }), ...(to !== null && { lt: to }) };
  return {
    must: [
      ...any("about", symbols),
      ...any("source", sources),
      ...(from === null && to === null ? [] : [{ key: "publishedAt", range }]),
    ],
  };
}
