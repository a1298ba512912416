import type { Article } from "../../subgraphs/vector-search/src/domain/article.ts";
import { embeddedText } from "../../subgraphs/vector-search/src/domain/article.ts";
import { ArticleStore } from "../../subgraphs/vector-search/src/io/article-store.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "../../subgraphs/vector-search/src/io/embedder.ts";
import { EntityLinker } from "../../subgraphs/vector-search/src/domain/linking/entity-linker.ts";
import { commonWords } from "../../subgraphs/vector-search/src/io/common-words.ts";
import { StoryAssigner } from "../../subgraphs/vector-search/src/io/story-assigner.ts";
import { startServers } from "../real-servers.ts";
import type { BenchOptions, BenchResult, BenchRow } from "./bench-result.ts";
import { percentile } from "./percentiles.ts";
import { comparedArticles, copyQuality, type ComparedArticles, type ComparedText } from "./search/copied-articles.ts";
import { halves } from "./search/halves.ts";
import { manyArticles } from "./search/many-articles.ts";
import { linkedInstruments, linkedSentences } from "./search/linked-sentences.ts";
import { linkingQuality } from "./search/linking-quality.ts";
import { madeCorpus, readCorpus, type JudgedCorpus, type JudgedQuery } from "./search/judged-corpus.ts";
import { madeStories } from "./search/made-stories.ts";
import { storyQuality } from "./search/story-quality.ts";
import { ndcgAt, recallAt } from "./search/ranking-measures.ts";

export const name = "search";

const RANKINGS = ["hybrid", "meaning", "words"] as const;
const DEPTH = 100;
/** Of news watches: what an article must have at least. */
const SIMILARITIES = [0.5, 0.6, 0.7];
const SAVED_AT_ONCE = 64;
const anything = { symbols: null, sources: null, from: null, to: null };

const QUESTIONS = 1_000;

/**
 * How well searches answer judged questions, and how fast. `--corpus DIR`: another corpus than the made one, in BEIR's form.
 * `--articles N`: only how fast they are among N articles, and how many of the nearest the index finds. QDRANT_URL: a store that runs.
 */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  if (process.env["QDRANT_URL"]) process.env["TEST_QDRANT_URL"] ??= process.env["QDRANT_URL"];
  const articlesAt = args.indexOf("--articles");
  if (articlesAt >= 0) return searchAmong(Number(args[articlesAt + 1]), quick ? 100 : QUESTIONS);
  const folderAt = args.indexOf("--corpus");
  const corpus = folderAt < 0 ? madeCorpus() : readCorpus(args[folderAt + 1]!);
  const texts = quick ? corpus.texts.slice(0, 500) : corpus.texts;
  const stop = await startServers(["vector-store"]);
  const embedder = new Embedder({ threads: 2 });
  try {
    const store = new ArticleStore({ url: process.env["TEST_QDRANT_URL"]!, collection: `bench-search-${process.pid}` });
    await store.open({ name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION });
    await fill(store, embedder, texts);
    return {
      rows: [
        { id: "search.texts", value: texts.length, unit: "texts" },
        { id: "search.queries", value: corpus.queries.length, unit: "queries" },
        ...(await measured(store, corpus)),
        ...(await watched(store, embedder, corpus)),
        ...(await copies(store, embedder)),
        ...(await stories(embedder)),
        ...linking(),
      ],
      notes: [
        ...(folderAt < 0 ? ["Texts and questions are made, not written by reporters and users."] : []),
        "The sentences that are linked were written for this, by who wrote the linker, before it.",
      ],
    };
  } finally {
    await embedder.close();
    await stop?.();
  }
}

async function searchAmong(articles: number, questions: number): Promise<BenchResult> {
  if (!Number.isSafeInteger(articles) || articles < 1) throw new Error("--articles takes a whole number above 0");
  const stop = await startServers(["vector-store"]);
  const apiKey = process.env["QDRANT_API_KEY"];
  try {
    return await manyArticles(
      { url: process.env["TEST_QDRANT_URL"]!, ...(apiKey ? { apiKey } : {}) },
      { articles, questions },
    );
  } finally {
    await stop?.();
  }
}

async function fill(store: ArticleStore, embedder: Embedder, texts: JudgedCorpus["texts"]): Promise<void> {
  for (let from = 0; from < texts.length; from += SAVED_AT_ONCE) {
    const articles = texts.slice(from, from + SAVED_AT_ONCE).map(articleOf);
    const vectors = await Promise.all(articles.map((article) => embedder.embed(embeddedText(article), "document")));
    await store.save(
      articles.map((article, index) => ({
        article,
        vector: vectors[index]!,
        position: { epoch: "bench", offset: BigInt(from + index) },
      })),
    );
  }
}

function articleOf({ id, title, text }: JudgedCorpus["texts"][number]): Article {
  const rest = {
    url: null,
    source: "bench",
    publishedAt: "2024-01-01T00:00:00Z",
    symbols: [],
    mentions: [],
    copyOf: null,
    sentiment: null,
  };
  return { id, title, summary: text, story: id, ...rest };
}

async function measured(store: ArticleStore, { queries }: JudgedCorpus): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const ranking of RANKINGS) {
    const latencies: number[] = [];
    const embedder = new Embedder({ threads: 1 }); // one that has seen none of the queries
    await embedder.embed("a text that loads the model", "query");
    const rankings = new Map<JudgedQuery, string[]>();
    for (const query of queries) {
      const startedAt = performance.now();
      const wanted = {
        vector: ranking === "words" ? null : await embedder.embed(query.text, "query"),
        text: ranking === "meaning" ? null : query.text,
        filter: anything,
        halfLifeHours: null,
      };
      const found = await store.search(wanted, { limit: DEPTH, offset: 0 });
      latencies.push(performance.now() - startedAt);
      rankings.set(
        query,
        found.map(({ article }) => article.id),
      );
    }
    await embedder.close();
    for (const [half, asked] of Object.entries(halves(queries, ({ id }) => id))) {
      const mean = (measure: (query: JudgedQuery) => number) =>
        asked.reduce((sum, query) => sum + measure(query), 0) / asked.length;
      const ndcg = mean((query) => ndcgAt(10)(rankings.get(query)!, query.judged));
      const recall = mean((query) => recallAt(DEPTH)(rankings.get(query)!, query.judged));
      rows.push({ id: `search.ndcg-10.${half}.${ranking}`, value: ndcg, unit: "0 to 1" });
      rows.push({ id: `search.recall-100.${half}.${ranking}`, value: recall, unit: "0 to 1" });
    }
    rows.push({ id: `search.latency-p50.${ranking}`, value: percentile(latencies, 0.5), unit: "ms" });
    rows.push({ id: `search.latency-p99.${ranking}`, value: percentile(latencies, 0.99), unit: "ms" });
  }
  return rows;
}

/** What watches would tell, were the questions watches: by the least similarity that an article must have. */
async function watched(store: ArticleStore, embedder: Embedder, { queries }: JudgedCorpus): Promise<BenchRow[]> {
  const told = new Map<JudgedQuery, { score: number; isRight: boolean }[]>();
  for (const query of queries) {
    const vector = await embedder.embed(query.text, "query");
    const wanted = { vector, text: null, filter: anything, halfLifeHours: null };
    const found = await store.search(wanted, { limit: 1_000, offset: 0 });
    told.set(
      query,
      found.map(({ article, score }) => ({ score, isRight: query.judged.has(article.id) })),
    );
  }
  return Object.entries(halves(queries, ({ id }) => id)).flatMap(([half, asked]) =>
    SIMILARITIES.flatMap((least) => {
      const found = asked.flatMap((query) => told.get(query)!.filter(({ score }) => score >= least));
      const right = found.filter(({ isRight }) => isRight).length;
      const all = asked.reduce((sum, { judged }) => sum + judged.size, 0);
      return [
        { id: `search.watch-precision.${half}.at-${least}`, value: right / found.length, unit: "0 to 1" },
        { id: `search.watch-recall.${half}.at-${least}`, value: right / all, unit: "0 to 1" },
      ];
    }),
  );
}

/** How well articles that tell the same are put together: those of companies of one half, in the order of time. */
async function stories(embedder: Embedder): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [half, told] of Object.entries(halves(madeStories(), ({ company }) => company))) {
    const store = new ArticleStore({
      url: process.env["TEST_QDRANT_URL"]!,
      collection: `bench-stories-${half}-${process.pid}`,
    });
    await store.open({ name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION });
    const assigner = new StoryAssigner(store);
    const items: { story: string; found: string }[] = [];
    for (let from = 0; from < told.length; from += SAVED_AT_ONCE) {
      const part = told.slice(from, from + SAVED_AT_ONCE);
      const arrived = await Promise.all(
        part.map(async ({ id, title, summary, publishedAt }) => {
          const article = { ...articleOf({ id, title, text: summary }), publishedAt };
          return { article, vector: await embedder.embed(embeddedText(article), "document") };
        }),
      );
      const assigned = await assigner.assign(arrived);
      const position = { epoch: "bench", offset: BigInt(from) };
      await store.save(arrived.map(({ vector }, at) => ({ article: assigned[at]!, vector, position })));
      items.push(...part.map(({ story }, at) => ({ story, found: assigned[at]!.story })));
    }
    rows.push(
      { id: `search.stories-articles.${half}`, value: items.length, unit: "articles" },
      ...Object.entries(storyQuality(items)).map(([what, value]) => ({
        id: `search.stories-${what}.${half}`,
        value,
        unit: "0 to 1",
      })),
    );
  }
  return rows;
}

/** How well copies are told from what looks alike, by all that the subgraph does, among the texts that are stored. */
async function copies(store: ArticleStore, embedder: Embedder): Promise<BenchRow[]> {
  const compared = comparedArticles();
  const arrivedOf = async (id: string, { title, summary }: ComparedText) => {
    const article = { ...articleOf({ id, title, text: "" }), summary };
    return { article, vector: await embedder.embed(embeddedText(article), "document") };
  };
  const originals = [...new Set(compared.map(({ original }) => original))];
  const idOf = (original: ComparedText) => `original-${originals.indexOf(original)}`;
  const stored = await Promise.all(originals.map((original) => arrivedOf(idOf(original), original)));
  await store.save(stored.map((each, at) => ({ ...each, position: { epoch: "copies", offset: BigInt(at) } })));
  const assigner = new StoryAssigner(store);
  const said = new Map<ComparedArticles, string | null>();
  for (const [at, each] of compared.entries()) {
    const [assigned] = await assigner.assign([await arrivedOf(`later-${at}`, each.later)]);
    said.set(each, assigned!.copyOf);
  }
  return Object.entries(halves(compared, ({ original }) => original.title)).flatMap(([half, some]) => [
    { id: `search.copies-compared.${half}`, value: some.length, unit: "pairs" },
    ...Object.entries(copyQuality(some, (each) => said.get(each) === idOf(each.original))).map(([what, value]) => ({
      id: `search.copies-${what}.${half}`,
      value,
      unit: "0 to 1",
    })),
  ]);
}

/** How well texts are linked to instruments. */
function linking(): BenchRow[] {
  const linker = new EntityLinker(linkedInstruments(), commonWords());
  return Object.entries(halves(linkedSentences(), ({ text }) => text)).flatMap(([half, sentences]) => {
    const { precision, recall, f1, exact } = linkingQuality(sentences, (text) => linker.symbolsIn(text));
    return Object.entries({ sentences: sentences.length, precision, recall, f1, exact }).map(([what, value]) => ({
      id: `search.linking-${what}.${half}`,
      value,
      unit: what === "sentences" ? "sentences" : "0 to 1",
    }));
  });
}
