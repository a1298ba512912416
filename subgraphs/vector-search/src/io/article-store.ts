import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import { QdrantClient } from "@qdrant/js-client-rest";
import { aboutOf, type Article, searchedText } from "../domain/article.ts";
import type { SearchFilter } from "../domain/search-request.ts";
import { MEANING, rankedQuery, storeFilter, type Wanted, WORDS, wordsOf } from "./ranked-query.ts";

/** Where in the stream the article came from. */
interface SourcePosition {
  epoch: string;
  offset: bigint;
}

export interface StoredArticle {
  article: Article;
  vector: readonly number[];
  position: SourcePosition;
}

export interface EmbeddingModel {
  name: string;
  dimension: number;
}

interface Payload extends Article {
  /** Of all instruments that it is about, whoever says so. */
  about: string[];
  epoch: string;
  offset: number;
}

const INDEXES = {
  about: "keyword",
  publishedAt: "datetime",
  source: "keyword",
  epoch: "keyword",
  offset: "integer",
} as const;

/**
 * Articles in the vector store, one point per article id: storing an article again replaces it. Each point carries the
 * position it came from, so the store itself says how far the stream was read: data and position can't part.
 */
export class ArticleStore {
  readonly #client: QdrantClient;
  readonly #collection: string;

  constructor({ url, apiKey, collection }: { url: string; apiKey?: string | undefined; collection: string }) {
    this.#client = new QdrantClient({
      url,
      ...(apiKey === undefined ? {} : { apiKey }),
      checkCompatibility: false,
      timeout: 30_000,
    });
    this.#collection = collection;
  }

  /** Makes the collection, or checks that what is there was embedded by this model. Throws with what to do when it was not. */
  async open(model: EmbeddingModel): Promise<void> {
    const { exists } = await this.#client.collectionExists(this.#collection);
    if (!exists) {
      await this.#client.createCollection(this.#collection, {
        vectors: { [MEANING]: { size: model.dimension, distance: "Cosine" } },
        sparse_vectors: { [WORDS]: { modifier: "idf" } },
        metadata: { model: model.name, dimension: model.dimension },
      });
    }
    const { config, payload_schema: indexes } = await this.#client.getCollection(this.#collection);
    const { model: name, dimension } = config.metadata ?? {};
    if (name !== model.name || dimension !== model.dimension) {
      throw new Error(
        `the collection ${this.#collection} holds vectors of ${String(name)} (${String(dimension)} dimensions), this process embeds with ` +
          `${model.name} (${model.dimension}): they can't be compared. Delete the collection, and it is built again from the stream.`,
      );
    }
    for (const [field_name, field_schema] of Object.entries(INDEXES)) {
      if (!(field_name in indexes))
        await this.#client.createPayloadIndex(this.#collection, { wait: true, field_name, field_schema });
    }
  }

  /** How far the stream of this epoch is stored; null when nothing of it is. */
  async lastOffset(epoch: string): Promise<bigint | null> {
    const { points } = await this.#call(() =>
      this.#client.scroll(this.#collection, {
        filter: { must: [{ key: "epoch", match: { value: epoch } }] },
        order_by: { key: "offset", direction: "desc" },
        limit: 1,
        with_payload: ["offset"],
      }),
    );
    const offset = points[0]?.payload?.offset;
    return offset === undefined ? null : BigInt(offset as number);
  }

  /** Returns when the articles are stored for good. */
  async save(articles: readonly StoredArticle[]): Promise<void> {
    const points = articles.map(({ article, vector, position }) => ({
      id: pointIdOf(article.id),
      vector: { [MEANING]: [...vector], [WORDS]: wordsOf(searchedText(article)) },
      payload: {
        ...article,
        about: aboutOf(article),
        epoch: position.epoch,
        offset: Number(position.offset),
      } satisfies Payload as unknown as Record<string, unknown>,
    }));
    await this.#call(() => this.#client.upsert(this.#collection, { wait: true, points }));
  }

  /** The articles by id, null where there is none. */
  async byIds(ids: readonly string[]): Promise<(Article | null)[]> {
    const points = await this.#call(() =>
      this.#client.retrieve(this.#collection, { ids: ids.map(pointIdOf), with_payload: true }),
    );
    const found = new Map(points.map(({ payload }) => [payload?.id, articleOf(payload)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  /** The best first, with how well each matches. */
  async search(
    wanted: Wanted,
    page: { limit: number; offset: number },
    now = new Date(),
  ): Promise<{ article: Article; score: number }[]> {
    const { points } = await this.#call(() => this.#client.query(this.#collection, rankedQuery(wanted, page, now)));
    return points.map(({ payload, score }) => ({ article: articleOf(payload), score }));
  }

  /** How many articles that the filter lets through have each value, the most frequent first. */
  async facet(
    key: "about" | "source",
    filter: SearchFilter,
    limit: number,
  ): Promise<{ value: string; count: number }[]> {
    if (limit === 0) return [];
    const { hits } = await this.#call(() =>
      this.#client.facet(this.#collection, { key, filter: storeFilter(filter), limit, exact: true }),
    );
    return hits.map(({ value, count }) => ({ value: String(value), count }));
  }

  /** For each article, those most similar to it, without itself; empty for an article that is not stored. */
  async similarTo(wanted: readonly { id: string; limit: number }[]): Promise<Article[][]> {
    const stored = await this.byIds(wanted.map(({ id }) => id));
    const known = wanted.filter((_, index) => stored[index] !== null);
    const answers = await this.#batch(
      known.map(({ id, limit }) => ({ query: pointIdOf(id), using: MEANING, limit, with_payload: true })),
    );
    const byRequest = new Map(known.map((request, index) => [request, answers[index] ?? []]));
    return wanted.map((request) => byRequest.get(request) ?? []);
  }

  /** For each symbol, the newest articles about it, newest first. */
  async newestAbout(wanted: readonly { symbol: string; limit: number }[]): Promise<Article[][]> {
    return this.#batch(
      wanted.map(({ symbol, limit }) => ({
        query: { order_by: { key: "publishedAt", direction: "desc" as const } },
        filter: { must: [{ key: "about", match: { value: symbol } }] },
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
    const answers = await this.#call(() => this.#client.queryBatch(this.#collection, { searches }));
    return answers.map(({ points }) => points.map(({ payload }) => articleOf(payload)));
  }

  async #call<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    try {
      return await run();
    } catch (error) {
      // What the store refuses is our mistake, unless it lost the collection.
      const { status } = error as { status?: number };
      if (status !== undefined && status >= 400 && status < 500 && status !== 404) throw error;
      throw new CodedError("SEARCH_UNAVAILABLE", undefined, {}, { cause: error });
    }
  }
}

/** Qdrant's ids are numbers or UUIDs: a UUID that the article's id always gives. */
function pointIdOf(articleId: string): string {
  const hex = createHash("sha256").update(articleId).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function articleOf(payload: Record<string, unknown> | null | undefined): Article {
  const { epoch: _, offset: __, about: ___, ...article } = payload as unknown as Payload;
  return article;
}
