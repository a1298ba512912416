import type { Logger } from "@mib/service/log";
import { QdrantClient } from "@qdrant/js-client-rest";
import { ArticleStore } from "./article-store.ts";
import { NewsWatchStore } from "./news-watch-store.ts";
import { type EmbeddingModel, modelMismatch, modelOf } from "./open-collection.ts";
import { PostStore } from "./post-store.ts";
import { ModelSwitched } from "./store-call.ts";
import type { TextEmbedder } from "./text-embedder.ts";

/** A model, and the stores as they take its vectors. */
export interface Bound {
  embedder: TextEmbedder;
  articles: ArticleStore;
  posts: PostStore;
  watches: NewsWatchStore;
}

export interface KnownModel extends EmbeddingModel {
  embedder: TextEmbedder;
}

export interface CollectionAliases {
  articles: string;
  posts: string;
  watches: string;
}

interface ServingOptions {
  vectorStore: { url: string; apiKey?: string | undefined };
  aliases: CollectionAliases;
  /** What this process can embed with; the first one is for collections that are made. */
  models: readonly [KnownModel, ...KnownModel[]];
  log: Logger;
}

/**
 * The model that the collections were embedded by. When they are switched to another one that this process knows, it follows: what
 * was under way is done again with the new model.
 */
export class ServingModel {
  readonly #bind: () => Promise<Bound>;
  #bound: Bound;
  #binding: Promise<void> | null = null;

  constructor(bound: Bound, bind: () => Promise<Bound>) {
    this.#bound = bound;
    this.#bind = bind;
  }

  /** Throws EMBEDDING_MODEL_MISMATCH when the process can't embed as the collections were. */
  static async open(options: ServingOptions): Promise<ServingModel> {
    return new ServingModel(await bind(options), () =>
      bind(options).catch((error: unknown) => {
        options.log.error({ err: error }, "cannot go on with what the collections were switched to");
        throw error;
      }),
    );
  }

  /** For what needs no vectors. */
  get current(): Bound {
    return this.#bound;
  }

  /** `work` may be done twice: its effect must be idempotent. */
  async run<Answer>(work: (bound: Bound) => Promise<Answer>): Promise<Answer> {
    const bound = this.#bound;
    try {
      return await work(bound);
    } catch (error) {
      if (!(error instanceof ModelSwitched)) throw error;
      if (this.#bound === bound) await this.#follow();
      return work(this.#bound);
    }
  }

  async #follow(): Promise<void> {
    this.#binding ??= this.#bind()
      .then((bound) => void (this.#bound = bound))
      .finally(() => (this.#binding = null));
    await this.#binding;
  }
}

async function bind({ vectorStore, aliases, models, log }: ServingOptions): Promise<Bound> {
  const { url, apiKey } = vectorStore;
  const client = new QdrantClient({ url, ...(apiKey === undefined ? {} : { apiKey }), checkCompatibility: false });
  const found = await modelOf(client, aliases.articles);
  const model = found === null ? models[0] : models.find((each) => isSame(each, found));
  if (model === undefined) {
    const detail =
      `${aliases.articles} was embedded by ${found!.name} (${found!.dimension} dimensions), this process knows ` +
      `${models.map(({ name }) => name).join(" and ")}. Embed it anew: npm run rebuild -- vector-search`;
    throw modelMismatch(detail);
  }
  if (model !== models[0])
    log.warn(
      { model: model.name, wanted: models[0].name },
      "serving by the old model until the collections are rebuilt",
    );
  const bound = {
    embedder: model.embedder,
    articles: new ArticleStore({ ...vectorStore, collection: aliases.articles }),
    posts: new PostStore({ ...vectorStore, collection: aliases.posts }),
    watches: new NewsWatchStore({ ...vectorStore, collection: aliases.watches }),
  };
  for (const store of [bound.articles, bound.posts, bound.watches]) await store.open(model);
  log.info({ model: model.name, dimension: model.dimension }, "embedding by this model");
  return bound;
}

function isSame(one: EmbeddingModel, other: EmbeddingModel): boolean {
  return one.name === other.name && one.dimension === other.dimension;
}
