import { QdrantClient } from "@qdrant/js-client-rest";
import { comparePlaces, placeOf, type PostPlace } from "../domain/post-order.ts";
import { embeddedPost, type Post } from "../domain/post.ts";
import { type CollectionKind, type EmbeddingModel, meaningOf, openCollection, writesOf } from "./open-collection.ts";
import { pointIdOf } from "./point-id.ts";
import { rankedQuery, type Wanted, WORDS, wordsOf } from "./ranked-query.ts";
import { storeCall } from "./store-call.ts";

export interface StoredPost {
  post: Post;
  /** Of the instruments that its text speaks of. */
  mentioned: readonly string[];
  /** Null: none was made of its text, so it is found by words alone. */
  vector: readonly number[] | null;
  /** Where in the stream it came from. */
  position: { epoch: string; offset: bigint };
}

/** A page of the posts about an instrument: the first `limit` that come after a place, or of all. */
export interface PostPage {
  symbol: string;
  limit: number;
  after: PostPlace | null;
}

/** As it lies in the store. Time and instruments have the names that a ranking reads. */
interface Payload extends Omit<Post, "at"> {
  publishedAt: string;
  atMicros: number;
  /** Of all instruments that it is about, whoever says so. */
  about: string[];
  epoch: string;
  offset: number;
}

const INDEXES = {
  about: "keyword",
  source: "keyword",
  publishedAt: "datetime",
  atMicros: "integer",
  epoch: "keyword",
  offset: "integer",
} as const;

export const POSTS: CollectionKind = {
  indexes: INDEXES,
  textsOf: (payload) => {
    const post = postOf(payload);
    return { meaning: embeddedPost(post), words: post.text };
  },
};

/** Posts of one microsecond about one instrument that are told apart by a page. */
const TIES_MAX = 1_000;

type Search = Parameters<QdrantClient["queryBatch"]>[1]["searches"][number];

/**
 * Posts in the vector store, one point per post id. Each point carries the position it came from, so the store itself says
 * how far the stream was read: data and position can't part.
 */
export class PostStore {
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

  /** Makes the collection, or checks that what is there was embedded by this model. Throws with what to do when it was not. */
  open(model: EmbeddingModel): Promise<void> {
    this.#meaning = meaningOf(model);
    return openCollection(this.#client, this.#collection, model, POSTS);
  }

  /** The newest positions of the stream of this epoch that are stored, with the posts' ids, newest first. */
  async newestPositions(epoch: string, limit: number): Promise<{ id: string; offset: bigint }[]> {
    const { points } = await storeCall(() =>
      this.#client.scroll(this.#collection, {
        filter: { must: [{ key: "epoch", match: { value: epoch } }] },
        order_by: { key: "offset", direction: "desc" },
        limit,
        with_payload: ["id", "offset"],
      }),
    );
    return points.map(({ payload }) => {
      const { id, offset } = payload as unknown as Payload;
      return { id, offset: BigInt(offset) };
    });
  }

  /** Returns when the posts are stored for good. */
  async save(posts: readonly StoredPost[]): Promise<void> {
    if (posts.length === 0) return;
    const points = posts.map(({ post, mentioned, vector, position }) => {
      const { at, ...rest } = post;
      return {
        id: pointIdOf(post.id),
        vector: { ...(vector && { [this.#meaning]: [...vector] }), [WORDS]: wordsOf(post.text) },
        payload: {
          ...rest,
          publishedAt: at,
          atMicros: placeOf(post).atMicros,
          about: [...new Set([...post.symbols, ...mentioned])],
          epoch: position.epoch,
          offset: Number(position.offset),
        } satisfies Payload,
      };
    });
    await storeCall(() => this.#client.upsert(writesOf(this.#collection), { wait: true, points }));
  }

  /** The posts by id, null where there is none. */
  async byIds(ids: readonly string[]): Promise<(Post | null)[]> {
    const points = await storeCall(() =>
      this.#client.retrieve(this.#collection, { ids: ids.map(pointIdOf), with_payload: true }),
    );
    const found = new Map(points.map(({ payload }) => [payload?.id, postOf(payload)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  /** The best first, with how well each matches. */
  async search(
    wanted: Wanted,
    page: { limit: number; offset: number },
    now = new Date(),
  ): Promise<{ post: Post; score: number }[]> {
    const { points } = await storeCall(() =>
      this.#client.query(this.#collection, rankedQuery(wanted, { ...page, meaning: this.#meaning, now })),
    );
    return points.map(({ payload, score }) => ({ post: postOf(payload), score }));
  }

  /** For each page, its posts, newest first. */
  async pages(wanted: readonly PostPage[]): Promise<Post[][]> {
    // The store orders by time alone: which posts of a page's last microsecond it gives is chance, so all of them are read.
    const beginnings = await this.#batch(wanted.map((page) => (page.after === null ? null : ties(page, page.after))));
    const rests = await this.#batch(wanted.map(newestBelow));
    const ends = await this.#batch(
      wanted.map((page, index) => {
        const rest = rests[index]!;
        return rest.length < page.limit || rest.length === 0 ? null : ties(page, placeOf(rest.at(-1)!));
      }),
    );
    return wanted.map(({ limit, after }, index) => {
      const unique = new Map(
        [beginnings, rests, ends].flatMap((lists) => lists[index]!.map((post) => [post.id, post])),
      );
      return [...unique.values()]
        .map((post) => ({ post, place: placeOf(post) }))
        .filter(({ place }) => after === null || comparePlaces(place, after) > 0)
        .sort((a, b) => comparePlaces(a.place, b.place))
        .slice(0, limit)
        .map(({ post }) => post);
    });
  }

  /** Deletes what is older than so many milliseconds before the newest post that is not of the future. */
  async dropOlderThan(ageMs: number, nowMs = Date.now()): Promise<void> {
    const { points } = await storeCall(() =>
      this.#client.scroll(this.#collection, {
        filter: { must: [{ key: "atMicros", range: { lte: nowMs * 1_000 } }] },
        order_by: { key: "atMicros", direction: "desc" },
        limit: 1,
        with_payload: ["atMicros"],
      }),
    );
    const newest = (points[0]?.payload as unknown as Payload | undefined)?.atMicros;
    if (newest === undefined) return;
    const filter = { must: [{ key: "atMicros", range: { lt: newest - ageMs * 1_000 } }] };
    await storeCall(() => this.#client.delete(writesOf(this.#collection), { wait: true, filter }));
  }

  /** Throws when the store can't be reached or the collection is gone. */
  async check(): Promise<{ posts: number }> {
    const { count } = await this.#client.count(this.#collection, { exact: false });
    return { posts: count };
  }

  /** Empty for a search that is none. */
  async #batch(given: readonly (Search | null)[]): Promise<Post[][]> {
    const searches = given.filter((search) => search !== null);
    if (searches.length === 0) return given.map(() => []);
    const answers = await storeCall(() => this.#client.queryBatch(this.#collection, { searches }));
    const lists = answers.map(({ points }) => points.map(({ payload }) => postOf(payload)))[Symbol.iterator]();
    return given.map((search) => (search === null ? [] : (lists.next().value ?? [])));
  }
}

function newestBelow({ symbol, limit, after }: PostPage): Search | null {
  if (limit === 0) return null;
  const below = after === null ? [] : [{ key: "atMicros", range: { lt: after.atMicros } }];
  return {
    query: { order_by: { key: "atMicros", direction: "desc" } },
    filter: { must: [{ key: "about", match: { value: symbol } }, ...below] },
    limit,
    with_payload: true,
  };
}

/** The posts of a place's microsecond. */
function ties({ symbol }: PostPage, { atMicros }: PostPlace): Search {
  return {
    query: { order_by: { key: "atMicros", direction: "desc" } },
    filter: {
      must: [
        { key: "about", match: { value: symbol } },
        { key: "atMicros", match: { value: atMicros } },
      ],
    },
    limit: TIES_MAX,
    with_payload: true,
  };
}

function postOf(payload: Record<string, unknown> | null | undefined): Post {
  const { publishedAt, about: _, atMicros: __, epoch: ___, offset: ____, ...post } = payload as unknown as Payload;
  return { ...post, at: publishedAt };
}
