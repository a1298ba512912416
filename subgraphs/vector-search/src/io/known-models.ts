import type { CollectionConfig } from "../config.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "./embedder.ts";
import { EmbeddingEndpoint, type EndpointOptions } from "./embedding-endpoint.ts";
import type { CollectionAliases, KnownModel } from "./serving-model.ts";

/**
 * What a process can embed with, the wanted model first: that of the endpoint where one is configured, else our own. `onRefused` is told of
 * texts that the endpoint does not take.
 */
export function knownModels(
  environment: CollectionConfig,
  onRefused: NonNullable<EndpointOptions["onRefused"]>,
): {
  models: [KnownModel, ...KnownModel[]];
  close(): Promise<void>;
} {
  const embedder = new Embedder({ threads: environment.EMBEDDING_THREADS });
  const own = { name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION, embedder };
  const close = () => embedder.close();
  const { EMBEDDINGS_URL: url, EMBEDDINGS_API_KEY: apiKey } = environment;
  if (url === undefined) return { models: [own], close };
  const model = { name: environment.EMBEDDINGS_MODEL, dimension: environment.EMBEDDINGS_DIMENSION };
  const endpoint = new EmbeddingEndpoint({ url, apiKey, ...model, onRefused });
  const closeBoth = () => {
    endpoint.close();
    return close();
  };
  return { models: [{ ...model, embedder: endpoint }, own], close: closeBoth };
}

export function aliasesOf(environment: CollectionConfig): CollectionAliases {
  return {
    articles: environment.NEWS_COLLECTION,
    posts: environment.POSTS_COLLECTION,
    watches: environment.WATCH_COLLECTION,
  };
}
