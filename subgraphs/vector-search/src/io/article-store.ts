import { QdrantClient } from "@qdrant/js-client-rest";
import { aboutOf, type Article, embeddedText, searchedText } from "../domain/article.ts";
import { TELLINGS_MAX } from "../domain/story.ts";
import type { SearchFilter } from "../domain/search-request.ts";
import { lastOffsetOf } from "./last-offset.ts";
import { type CollectionKind, type EmbeddingModel, meaningOf, openCollection, writesOf } from "./open-collection.ts";
import { pointIdOf } from "./point-id.ts";
import { rankedQuery, storeFilter, type Wanted, WORDS, wordsOf } from "./ranked-query.ts";
import { ModelSwitched, storeCall } from "./store-call.ts";

/** Where in the stream the article came from. */
interface SourcePosition {
  epoch: string;
  offset: bigint;
}

export interface StoredArticle {
  article: Article;
  /** Null: none was made of its text, so it is found by words alone. */
  vector: readonly number[] | null;
  position: SourcePosition;
}

/** Which articles about an instrument: of [from, to), where those are given. */
export interface AboutRequest {
  symbol: string;
  limit: number;
  from?: string;
  to?: string;
}

/** What tells a story: before a time, where one is given. */
export interface TellingsRequest {
  story: string;
  before: string | null;
}

interface Payload extends Omit<Article, "source"> {
  publisher: string;
  /** By whom it is found: its publisher and those of its copies. Of a copy nobody. */
  source: string[];
  /** Of all instruments that it or a copy of it is about, whoever says so. Of a copy none. */
  about: string[];
  /** Whether it is the first article of its story. */
  told: "FIRST" | "LATER" | "COPY";
  epoch: string;
  offset: number;
}

/** By which publishers and instruments an article is found. */
type FoundBy = Pick<Payload, "source" | "about">;

const INDEXES = {
  about: "keyword",
  story: "keyword",
  told: "keyword",
  publishedAt: "datetime",
  source: "keyword",
  epoch: "keyword",
  offset: "integer",
} as const;

export const ARTICLES: CollectionKind = {
  indexes: INDEXES,
  textsOf: (payload) => {
    const article = articleOf(payload);
    if (article.copyOf !== null) return { meaning: null, words: null };
    return { meaning: embeddedText(article), words: searchedText(article) };
  },
};

/**
 * Articles in the vector store, one point per article id: storing an article again replaces it. Each point carries the
 * position it came from, so the store itself says how far the stream was read: data and position can't part.
 *
 * A copy is a point without vectors, which no search finds: its original is found by the copy's publisher and instruments, too.
 */
export class ArticleStore {
  readonly #client: QdrantClient;
  readonly #collection: string;
  /** The name of the dense vector, as `open` says. */
  #meaning = "";

  constructor({ url, apiKey, collection }: { url: string; apiKey?: string | undefined; collection: string }) {
    this.#client = new QdrantClient({
      url,
      ...(apiKey === undefined ? {} : { apiKey }),
      checkCompatibility: false,
      timeout: 30_000,
    });
    this.#collection = collection;
  }

  open(model: EmbeddingModel): Promise<void> {
    this.#meaning = meaningOf(model);
    return openCollection(this.#client, this.#collection, model, ARTICLES);
  }

  /** How far the stream of this epoch is stored; null when nothing of it is. */
  lastOffset(epoch: string): Promise<bigint | null> {
    return storeCall(() => lastOffsetOf(this.#client, this.#collection, epoch));
  }

  /** Returns when the articles are stored for good. The original of a copy is stored, or among them and before it. */
  async save(articles: readonly StoredArticle[]): Promise<void> {
    const found = await this.#foundBy(articles.map(({ article }) => article));
    const points = articles.map((stored) => pointOf(stored, this.#meaning, found.get(stored.article.id)));
    const saved = new Set(articles.map(({ article }) => article.id));
    const others = [...found].filter(([id]) => !saved.has(id));
    await storeCall(() =>
      this.#client.batchUpdate(writesOf(this.#collection), {
        wait: true,
        operations: [
          // First: what is stored says how far was read, and what came before is not read again.
          ...others.map(([id, { source, about }]) => ({
            set_payload: { payload: { source, about }, points: [pointIdOf(id)] },
          })),
          { upsert: { points } },
        ],
      }),
    );
  }

  /**
   * By which publishers and instruments originals are found, by their ids: to their own come those of their copies, of these articles and
   * of what is stored.
   */
  async #foundBy(articles: readonly Article[]): Promise<Map<string, FoundBy>> {
    const [originals, copies] = [true, false].map((are) => articles.filter(({ copyOf }) => (copyOf === null) === are));
    const arrived = new Map(originals!.map((article) => [article.id, foundByItself(article)]));
    const byOriginal = Map.groupBy(copies!, ({ copyOf }) => copyOf!);
    const ids = [...new Set([...arrived.keys(), ...byOriginal.keys()])];
    const points = ids.length === 0 ? [] : await this.#retrieve(ids);
    const stored = new Map(points.map((payload) => [payload.id, payload]));
    return new Map(
      ids.flatMap((id) => {
        const [own, before] = [arrived.get(id), stored.get(id)];
        if (!own && !before) return [];
        // Of one that comes again with other instruments, those that it had are gone.
        const kept = before ? (own ? [own, foundByCopies(before)] : [before]) : [own!];
        return [[id, united([...kept, ...(byOriginal.get(id) ?? []).map(foundByItself)])]];
      }),
    );
  }

  /** The articles by id, null where there is none. */
  async byIds(ids: readonly string[]): Promise<(Article | null)[]> {
    const found = new Map((await this.#retrieve(ids)).map((payload) => [payload.id, articleOf(payload)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async #retrieve(ids: readonly string[]): Promise<Payload[]> {
    const points = await storeCall(() =>
      this.#client.retrieve(this.#collection, { ids: ids.map(pointIdOf), with_payload: true }),
    );
    return points.map(({ payload }) => payload as unknown as Payload);
  }

  /** The best first, with how well each matches. */
  async search(
    wanted: Wanted,
    page: { limit: number; offset: number },
    now = new Date(),
  ): Promise<{ article: Article; score: number }[]> {
    const { points } = await storeCall(() =>
      this.#client.query(this.#collection, rankedQuery(wanted, { ...page, meaning: this.#meaning, now })),
    );
    return points.map(({ payload, score }) => ({ article: articleOf(payload), score }));
  }

  /** How many articles that the filter lets through have each value, the most frequent first. */
  async facet(
    key: "about" | "source",
    filter: SearchFilter,
    limit: number,
  ): Promise<{ value: string; count: number }[]> {
    if (limit === 0) return [];
    const { hits } = await storeCall(() =>
      this.#client.facet(this.#collection, { key, filter: storeFilter(filter), limit, exact: true }),
    );
    return hits.map(({ value, count }) => ({ value: String(value), count }));
  }

  /** For each article, those most similar to it, without itself and its original; empty for one that is not stored or has no vector. */
  async similarTo(wanted: readonly { id: string; limit: number }[]): Promise<Article[][]> {
    const stored = await this.byIds(wanted.map(({ id }) => id));
    const asked = wanted.flatMap((request, index) => {
      const article = stored[index];
      return article ? [{ request, original: article.copyOf ?? article.id }] : [];
    });
    const embedded = await this.#embedded([...new Set(asked.map(({ original }) => original))]);
    const known = asked.filter(({ original }) => embedded.has(pointIdOf(original)));
    const answers = await this.#batch(
      known.map(({ request: { limit }, original }) => ({
        query: pointIdOf(original),
        using: this.#meaning,
        limit,
        with_payload: true,
      })),
    );
    const byRequest = new Map(known.map(({ request }, index) => [request, answers[index] ?? []]));
    return wanted.map((request) => byRequest.get(request) ?? []);
  }

  /** Which of these points have a vector of their meaning. */
  async #embedded(ids: readonly string[]): Promise<Set<string | number>> {
    if (ids.length === 0) return new Set();
    const filter = { must: [{ has_id: ids.map(pointIdOf) }, { has_vector: this.#meaning }] };
    const { points } = await storeCall(() =>
      this.#client.scroll(this.#collection, { filter, limit: ids.length, with_payload: false }),
    );
    // One without may be of a collection that has vectors of another model by now.
    if (points.length < ids.length) await this.#checkServing();
    return new Set(points.map(({ id }) => id));
  }

  async #checkServing(): Promise<void> {
    const { config } = await storeCall(() => this.#client.getCollection(this.#collection));
    if (!(this.#meaning in (config.params.vectors ?? {})))
      throw new ModelSwitched(`${this.#collection} has no ${this.#meaning}`);
  }

  /** For each vector, the stored originals of a time that are most like it, the most similar first; none for null. Both ends inclusive. */
  async alike(
    wanted: readonly { vector: readonly number[] | null; from: string; to: string }[],
  ): Promise<{ article: Article; similarity: number }[][]> {
    const asked = wanted.flatMap(({ vector, ...window }) => (vector === null ? [] : [{ vector, ...window }]));
    if (asked.length === 0) return wanted.map(() => []);
    const answers = await storeCall(() =>
      this.#client.queryBatch(this.#collection, {
        searches: asked.map(({ vector, from, to }) => ({
          query: [...vector],
          using: this.#meaning,
          filter: { must: [{ key: "publishedAt", range: { gte: from, lte: to } }] },
          params: { exact: true },
          limit: TELLINGS_MAX + 1,
          with_payload: true,
        })),
      }),
    );
    const lists = answers
      .map(({ points }) => points.map(({ payload, score }) => ({ article: articleOf(payload), similarity: score })))
      .values();
    return wanted.map(({ vector }) => (vector === null ? [] : (lists.next().value ?? [])));
  }

  /** The first articles of stories, the newest story first. */
  async leads(filter: SearchFilter, { limit, offset }: { limit: number; offset: number }): Promise<Article[]> {
    const { points } = await storeCall(() =>
      this.#client.query(this.#collection, {
        query: { order_by: { key: "publishedAt", direction: "desc" } },
        filter: { must: [{ key: "told", match: { value: "FIRST" } }, ...storeFilter(filter).must] },
        limit,
        offset,
        with_payload: true,
      }),
    );
    return points.map(({ payload }) => articleOf(payload));
  }

  /** For each story, its articles without copies, the oldest first. */
  async ofStories(wanted: readonly (TellingsRequest & { limit: number })[]): Promise<Article[][]> {
    return this.#batch(
      wanted.map(({ story, before, limit }) => ({
        query: { order_by: { key: "publishedAt", direction: "asc" as const } },
        filter: tellings([story], before),
        limit,
        with_payload: true,
      })),
    );
  }

  /** How many articles tell each story, without copies. */
  async storySizes(wanted: readonly TellingsRequest[]): Promise<number[]> {
    const times = Map.groupBy(wanted, ({ before }) => before);
    const counted = await Promise.all([...times].map(([before, asked]) => this.#sizesBefore(asked, before)));
    const sizes = new Map([...times.keys()].map((before, at) => [before, counted[at]!]));
    return wanted.map(({ story, before }) => sizes.get(before)!.get(story) ?? 0);
  }

  async #sizesBefore(wanted: readonly TellingsRequest[], before: string | null): Promise<Map<unknown, number>> {
    const stories = wanted.map(({ story }) => story);
    const { hits } = await storeCall(() =>
      this.#client.facet(this.#collection, {
        key: "story",
        filter: tellings(stories, before),
        limit: stories.length,
        exact: true,
      }),
    );
    return new Map(hits.map(({ value, count }) => [value, count]));
  }

  /** For each symbol, the newest articles about it, newest first. */
  async newestAbout(wanted: readonly AboutRequest[]): Promise<Article[][]> {
    return this.#batch(
      wanted.map(({ symbol, limit, from = null, to = null }) => ({
        query: { order_by: { key: "publishedAt", direction: "desc" as const } },
        filter: storeFilter({ symbols: [symbol], sources: null, from, to }),
        limit,
        with_payload: true,
      })),
    );
  }

  /** Throws when the store can't be reached or the collection is gone. */
  async check(): Promise<{ articles: number }> {
    const { count } = await this.#client.count(this.#collection, { exact: false });
    return { articles: count };
  }

  async #batch(searches: Parameters<QdrantClient["queryBatch"]>[1]["searches"]): Promise<Article[][]> {
    if (searches.length === 0) return [];
    const answers = await storeCall(() => this.#client.queryBatch(this.#collection, { searches }));
    return answers.map(({ points }) => points.map(({ payload }) => articleOf(payload)));
  }
}

function tellings(stories: readonly string[], before: string | null) {
  const { must } = storeFilter({ symbols: null, sources: null, from: null, to: before });
  const originals = { key: "told", match: { any: ["FIRST", "LATER"] } };
  return { must: [{ key: "story", match: { any: [...stories] } }, originals, ...must] };
}

/** By what an article is found, were it the only one of its text. */
function foundByItself(article: Article): FoundBy {
  return { source: [article.source], about: aboutOf(article) };
}

/** What a stored original has of its copies alone. */
function foundByCopies(payload: Payload): FoundBy {
  const own = foundByItself(articleOf(payload));
  const others = (key: keyof FoundBy) => payload[key].filter((each) => !own[key].includes(each));
  return { source: others("source"), about: others("about") };
}

function united(all: readonly FoundBy[]): FoundBy {
  const union = (key: keyof FoundBy) => [...new Set(all.flatMap((each) => each[key]))];
  return { source: union("source"), about: union("about") };
}

/** `found`: by what it is found because of its copies. */
function pointOf({ article, vector, position }: StoredArticle, meaning: string, found: FoundBy | undefined) {
  const { source: publisher, ...rest } = article;
  const isCopy = article.copyOf !== null;
  return {
    id: pointIdOf(article.id),
    vector: isCopy ? {} : { ...(vector && { [meaning]: [...vector] }), [WORDS]: wordsOf(searchedText(article)) },
    payload: {
      ...rest,
      publisher,
      ...(isCopy ? { source: [], about: [] } : (found ?? foundByItself(article))),
      told: isCopy ? "COPY" : article.story === article.id ? "FIRST" : "LATER",
      epoch: position.epoch,
      offset: Number(position.offset),
    } satisfies Payload as unknown as Record<string, unknown>,
  };
}

function articleOf(payload: unknown): Article {
  const { epoch: _, offset: __, about: ___, told: ____, source: _____, publisher, ...rest } = payload as Payload;
  return { ...rest, source: publisher };
}
