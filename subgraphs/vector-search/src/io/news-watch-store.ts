import { QdrantClient } from "@qdrant/js-client-rest";
import type { NewsWatchEvent, NewsWatchWanted } from "../domain/news-watch.ts";
import { lastOffsetOf } from "./last-offset.ts";
import { type CollectionKind, type EmbeddingModel, meaningOf, openCollection, writesOf } from "./open-collection.ts";
import { storeCall } from "./store-call.ts";

export interface StoredWatch extends NewsWatchWanted {
  id: string;
  version: number;
  at: string;
  vector: readonly number[];
  position: { epoch: string; offset: bigint };
}

/** An article that has come. */
export interface Arrived {
  vector: readonly number[];
  about: readonly string[];
  arrivedMs: number;
}

export interface FoundWatch {
  id: string;
  version: number;
  similarity: number;
}

interface Payload {
  version: number;
  query: string;
  symbols: string[];
  similarityLeast: number;
  at: string;
  epoch: string;
  offset: number;
}

const INDEXES = { symbols: "keyword", at: "datetime", epoch: "keyword", offset: "integer" } as const;

export const WATCHES: CollectionKind = {
  indexes: INDEXES,
  textsOf: (payload) => ({ meaning: (payload as unknown as Payload).query, words: null }),
};

/** Watches that are read at once. */
const PAGE = 500;
/** No watch may ask for less, so that nothing below need be read. */
const SIMILARITY_MIN = 0.3;

/**
 * Watches in the vector store, a point each: an article is held against all of them by a search for its nearest. Each point
 * carries the position it came from; a watch that is gone has none, and may be deleted again.
 */
export class NewsWatchStore {
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
    return openCollection(this.#client, this.#collection, model, WATCHES);
  }

  lastOffset(epoch: string): Promise<bigint | null> {
    return storeCall(() => lastOffsetOf(this.#client, this.#collection, epoch));
  }

  /** Returns when the watches are stored for good; one that is known is replaced. */
  async save(watches: readonly StoredWatch[]): Promise<void> {
    if (watches.length === 0) return;
    const points = watches.map(({ id, vector, version, query, symbols, similarityLeast, at, position }) => ({
      id,
      vector: { [this.#meaning]: [...vector] },
      payload: {
        version,
        query,
        symbols: [...symbols],
        similarityLeast,
        at,
        epoch: position.epoch,
        offset: Number(position.offset),
      } satisfies Payload as unknown as Record<string, unknown>,
    }));
    await storeCall(() => this.#client.upsert(writesOf(this.#collection), { wait: true, points }));
  }

  async remove(ids: readonly NewsWatchEvent["id"][]): Promise<void> {
    if (ids.length === 0) return;
    await storeCall(() => this.#client.delete(writesOf(this.#collection), { wait: true, points: [...ids] }));
  }

  /** For each article, the watches that it is near enough to and that are as old as it, whatever their number. */
  async matching(articles: readonly Arrived[]): Promise<FoundWatch[][]> {
    return Promise.all(articles.map((article) => this.#matchingOne(article)));
  }

  async #matchingOne({ vector, about, arrivedMs }: Arrived): Promise<FoundWatch[]> {
    const found: FoundWatch[] = [];
    for (let offset = 0; ; offset += PAGE) {
      const { points } = await storeCall(() =>
        this.#client.query(this.#collection, {
          query: [...vector],
          using: this.#meaning,
          filter: {
            must: [
              { key: "at", range: { lte: new Date(arrivedMs).toISOString() } },
              { should: [{ is_empty: { key: "symbols" } }, { key: "symbols", match: { any: [...about] } }] },
            ],
          },
          params: { exact: true },
          score_threshold: SIMILARITY_MIN,
          limit: PAGE,
          offset,
          with_payload: ["version", "similarityLeast"],
        }),
      );
      for (const { id, score, payload } of points) {
        const { version, similarityLeast } = payload as unknown as Payload;
        if (score >= similarityLeast) found.push({ id: String(id), version, similarity: score });
      }
      if (points.length < PAGE) return found;
    }
  }
}
