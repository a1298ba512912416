import { createHash } from "node:crypto";
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { QdrantClient } from "@qdrant/js-client-rest";
import { ArticleStore } from "../../../subgraphs/vector-search/src/io/article-store.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "../../../subgraphs/vector-search/src/io/embedder.ts";
import { meaningOf, versionOf } from "../../../subgraphs/vector-search/src/io/open-collection.ts";
import type { BenchResult, BenchRow } from "../bench-result.ts";
import { percentile } from "../percentiles.ts";
import { madeArticles, madeQuestions, type MadeArticle } from "./made-articles.ts";

const MODEL = { name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION };
const EMBEDDED_AT_ONCE = 256;
const SAVED_AT_ONCE = 256;
const PAGE = { limit: 11, offset: 0 };
const TOP = 10;
/** Of so many questions the nearest are computed one by one. */
const RECALL_QUESTIONS = 100;
/** Articles of the same sentences in another order differ by what adding them up rounds. */
const SAME_SCORE = 1e-9;
const HALF_LIFE_HOURS = 24 * 30;
/** When the last article has just come. */
const NOW = new Date(Date.UTC(2025, 0, 1));

interface VectorStore {
  url: string;
  apiKey?: string;
}

/** How fast searches are among so many articles, and how many of the ten nearest the store's index finds. */
export async function manyArticles(
  vectorStore: VectorStore,
  { articles: count, questions: asked }: { articles: number; questions: number },
): Promise<BenchResult> {
  const embedder = new Embedder({ threads: 2 });
  const collection = `bench-search-${count}-${process.pid}`;
  const client = new QdrantClient({ ...vectorStore, checkCompatibility: false, timeout: 120_000 });
  try {
    const vectorOf = await vectorsOf(embedder, count);
    const store = new ArticleStore({ ...vectorStore, collection });
    await store.open(MODEL);
    const filledIn = await fill(store, count, vectorOf);
    await indexBuilt(client, collection);
    const condition = `articles-${count}`;
    const questions = await embedded(embedder, madeQuestions(asked));
    return {
      rows: [
        { id: `search.fill-rate.${condition}`, value: count / filledIn, unit: "articles/s" },
        ...latencyRows(`embedding.${condition}`, questions.latencies),
        ...(await searched(store, questions, condition)),
        {
          id: `search.index-recall-10.${condition}`,
          value: await recallOfIndex(client, collection, {
            vectors: questions.vectors,
            nearest: exactlyNearest(count, vectorOf, questions.vectors.slice(0, RECALL_QUESTIONS)),
          }),
          unit: "0 to 1",
        },
      ],
      notes: [
        "Texts and questions are made, not written by reporters and users. The subgraph's own model embeds the questions and the sentences; an article's vector is the mean of its sentences'.",
        "The local store builds no index: it scans codes of 4 bits a dimension, and orders what they find by vectors of 16 bits.",
      ],
    };
  } finally {
    await embedder.close();
    await client.deleteCollection(versionOf(collection, 1));
  }
}

interface Questions {
  texts: string[];
  vectors: number[][];
  /** Of embedding each, one after the other. */
  latencies: number[];
}

async function embedded(embedder: Embedder, texts: string[]): Promise<Questions> {
  await embedder.embed("a text that loads the model", "query");
  const vectors: number[][] = [];
  const latencies: number[] = [];
  for (const text of texts) {
    const startedAt = performance.now();
    vectors.push(await embedder.embed(text, "query"));
    latencies.push(performance.now() - startedAt);
  }
  return { texts, vectors, latencies };
}

async function searched(store: ArticleStore, questions: Questions, condition: string): Promise<BenchRow[]> {
  const companies = [...new Set([...madeArticles(60)].map(({ symbol }) => symbol))];
  const anything = { symbols: null, sources: null, from: null, to: null };
  const ways = {
    hybrid: () => ({ filter: anything, halfLifeHours: null }),
    "hybrid-aged": () => ({ filter: anything, halfLifeHours: HALF_LIFE_HOURS }),
    "hybrid-of-symbol": (at: number) => ({
      filter: { ...anything, symbols: [companies[at % companies.length]!] },
      halfLifeHours: null,
    }),
  };
  const rows: BenchRow[] = [];
  for (const [way, limits] of Object.entries(ways)) {
    process.stderr.write(`${questions.texts.length} searches, ${way}\n`);
    const latencies: number[] = [];
    const whole: number[] = [];
    for (const [at, text] of questions.texts.entries()) {
      const startedAt = performance.now();
      await store.search({ text, vector: questions.vectors[at]!, ...limits(at) }, PAGE, NOW);
      const took = performance.now() - startedAt;
      latencies.push(took);
      whole.push(took + questions.latencies[at]!);
    }
    rows.push(...latencyRows(`${way}.${condition}`, latencies));
    if (way === "hybrid") rows.push(...latencyRows(`${way}-with-embedding.${condition}`, whole));
  }
  return rows;
}

function latencyRows(what: string, latencies: readonly number[]): BenchRow[] {
  return [0.5, 0.99].map((q) => ({
    id: `search.latency-p${q * 100}.${what}`,
    value: percentile([...latencies], q),
    unit: "ms",
  }));
}

/**
 * The part of the ten nearest that a search of the meaning finds as the subgraph asks for it. Which are nearest is computed here, of the
 * vectors as they were before the store kept them.
 */
async function recallOfIndex(
  client: QdrantClient,
  collection: string,
  { nearest, vectors }: { nearest: readonly ReadonlySet<string>[]; vectors: readonly number[][] },
): Promise<number> {
  let found = 0;
  for (const [at, ids] of nearest.entries()) {
    const { points } = await client.query(collection, {
      query: vectors[at]!,
      using: meaningOf(MODEL),
      limit: TOP,
      with_payload: ["id"],
    });
    found += points.filter(({ payload }) => ids.has(String(payload?.id))).length;
  }
  return found / (nearest.length * TOP);
}

/** For each question, the ids of the articles that are nearest to it, and of those that are as near as the last of them. */
function exactlyNearest(
  count: number,
  vectorOf: (article: MadeArticle) => number[],
  questions: readonly number[][],
): Set<string>[] {
  const ids: string[] = [];
  const scores = questions.map(() => new Float64Array(count));
  for (const article of madeArticles(count)) {
    const vector = vectorOf(article);
    for (const [at, question] of questions.entries()) {
      let sum = 0;
      for (let place = 0; place < vector.length; place += 1) sum += vector[place]! * question[place]!;
      scores[at]![ids.length] = sum;
    }
    ids.push(article.id);
  }
  return scores.map((all) => {
    const least = all.toSorted().at(-TOP) ?? 0;
    return new Set(ids.filter((_, at) => all[at]! >= least - SAME_SCORE));
  });
}

/** Returns when the store has no work left on its index: at once where it builds none. */
async function indexBuilt(client: QdrantClient, collection: string): Promise<void> {
  for (;;) {
    const { status } = await client.getCollection(collection);
    if (status === "green") return;
    if (status === "red") throw new Error(`the store says that ${collection} is broken`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Returns how many seconds it took. */
async function fill(store: ArticleStore, count: number, vectorOf: (article: MadeArticle) => number[]): Promise<number> {
  const startedAt = performance.now();
  let part: MadeArticle[] = [];
  const save = async (from: number) => {
    const stored = part.map((made, at) => {
      const { symbol, summary, ...article } = made;
      const rest = { url: null, symbols: [symbol], mentions: [], sentiment: null, story: article.id, copyOf: null };
      return {
        article: { ...article, ...rest, summary: summary.join(" ") },
        vector: vectorOf(made),
        position: { epoch: "bench", offset: BigInt(from + at) },
      };
    });
    await store.save(stored);
    part = [];
  };
  let at = 0;
  for (const article of madeArticles(count)) {
    part.push(article);
    at += 1;
    if (part.length === SAVED_AT_ONCE) await save(at - part.length);
  }
  if (part.length > 0) await save(at - part.length);
  return (performance.now() - startedAt) / 1_000;
}

/**
 * Gives each article the mean of the vectors of its sentences: of 100 000 articles the model would take an hour, and they are made of
 * some 6 500 sentences. Those are kept in `.data/bench`; what an ended run has embedded is there for the next one.
 */
async function vectorsOf(embedder: Embedder, count: number): Promise<(article: MadeArticle) => number[]> {
  const sentences = [...new Set([...madeArticles(count)].flatMap(sentencesOf))];
  const name = createHash("sha256")
    .update(`${EMBEDDING_MODEL}\n${sentences.join("\n")}`)
    .digest("hex");
  mkdirSync(".data/bench", { recursive: true });
  const file = new VectorFile(join(".data/bench", `made-sentences-${name.slice(0, 12)}.f32`), EMBEDDING_DIMENSION);
  while (file.length < sentences.length) {
    const part = sentences.slice(file.length, file.length + EMBEDDED_AT_ONCE);
    file.append(await Promise.all(part.map((sentence) => embedder.embed(sentence, "document"))));
    process.stderr.write(`${file.length} of ${sentences.length} sentences are embedded\n`);
  }
  const vectors = new Map(sentences.map((sentence, at) => [sentence, file.read(at)]));
  return (article) => meanOf(sentencesOf(article).map((sentence) => vectors.get(sentence)!));
}

const sentencesOf = ({ title, summary }: MadeArticle): string[] => [title, ...summary];

/** Of length 1. */
function meanOf(vectors: readonly Float32Array[]): number[] {
  const sum = Array.from(vectors[0]!, (_, place) => vectors.reduce((total, vector) => total + vector[place]!, 0));
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}

/** A file of vectors, one after the other, as 32-bit floats of this machine. */
class VectorFile {
  readonly #descriptor: number;
  readonly #bytes: number;
  length: number;

  constructor(path: string, dimension: number) {
    this.#bytes = dimension * Float32Array.BYTES_PER_ELEMENT;
    this.#descriptor = openSync(path, "a+");
    this.length = Math.floor(fstatSync(this.#descriptor).size / this.#bytes);
    // The last one may have been cut off.
    ftruncateSync(this.#descriptor, this.length * this.#bytes);
    process.once("exit", () => closeSync(this.#descriptor));
  }

  append(vectors: readonly (readonly number[])[]): void {
    if (vectors.length === 0) return;
    const data = Float32Array.from(vectors.flat());
    writeSync(this.#descriptor, data);
    this.length += vectors.length;
  }

  read(at: number): Float32Array {
    const vector = new Float32Array(this.#bytes / Float32Array.BYTES_PER_ELEMENT);
    readSync(this.#descriptor, vector, 0, this.#bytes, at * this.#bytes);
    return vector;
  }
}
