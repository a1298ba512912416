import type { QdrantClient } from "@qdrant/js-client-rest";
import type { SearchFilter } from "../domain/search-request.ts";

type Query = Parameters<QdrantClient["query"]>[1];
type Prefetch = Exclude<NonNullable<Query["prefetch"]>, readonly unknown[]>;

/** The sparse vector of a point. The dense one is named after its model. */
export const WORDS = "words";

/** The sparse vector's model: the store makes the vector of the text, and knows how rare each word is. */
const BM25 = { model: "qdrant/bm25", options: { avg_len: 40 } };

/** Of each ranking, what is combined or weighed by age: as deep as a search goes, so that its pages agree. */
const CANDIDATES_MAX = 1_000;

/**
 * What a point of BM25 is worth beside the cosine similarity of the meaning: a linear combination of scores, which orders better
 * than their ranks do (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 42, 2023). Chosen on
 * the open half of the judged questions, where anything from 0.006 to 0.015 is as good.
 */
const WORDS_WEIGHT = 0.01;

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

/** The store's query for a page of a ranking. `meaning`: the name of the dense vector. */
export function rankedQuery(
  wanted: Wanted,
  { limit, offset, meaning, now }: { limit: number; offset: number; meaning: string; now: Date },
): Query {
  const page = { limit, offset, with_payload: true };
  const lists = listsOf(wanted, meaning);
  // Words are ranked exactly. Of vectors an index may find others the more it is asked for.
  if (wanted.vector === null && wanted.halfLifeHours === null) return { ...lists[0], ...page };
  const prefetch = lists.map((list) => ({ ...list, limit: CANDIDATES_MAX }));
  // An article that only one of the two found has nothing of the other.
  const defaults = { "$score[0]": 0, "$score[1]": 0 };
  const score = lists.length === 1 ? "$score[0]" : { sum: ["$score[0]", { mult: [WORDS_WEIGHT, "$score[1]"] }] };
  const formula = wanted.halfLifeHours === null ? score : { mult: [score, decay(wanted.halfLifeHours, now)] };
  return { prefetch, query: { formula, defaults }, ...page };
}

/** By meaning, by words, or both in this order. */
function listsOf({ vector, text, filter }: Wanted, meaning: string): Prefetch[] {
  const only = { filter: storeFilter(filter) };
  return [
    ...(vector === null ? [] : [{ query: [...vector], using: meaning, ...only }]),
    ...(text === null ? [] : [{ query: wordsOf(text), using: WORDS, ...only }]),
  ];
}

function decay(halfLifeHours: number, now: Date) {
  const exp_decay = {
    x: { datetime_key: "publishedAt" },
    target: { datetime: now.toISOString() },
    scale: halfLifeHours * 3_600,
    midpoint: 0.5,
  };
  return { exp_decay };
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
