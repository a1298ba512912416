import { kafkaFields } from "@mib/events/kafka";
import { engineAddressesField } from "@mib/protocol/engine-addresses";
import { field, readConfig } from "@mib/service/config";
import { subgraphConfig } from "@mib/subgraph-server/subgraph-config";

/** What serving and rebuilding need alike. */
const collectionFields = {
  QDRANT_URL: field.url("http://127.0.0.1:16333"),
  QDRANT_API_KEY: field.optional(field.text()),
  /** Names under which collections are found: aliases of what a rebuild makes anew. */
  NEWS_COLLECTION: field.text("news"),
  POSTS_COLLECTION: field.text("posts"),
  WATCH_COLLECTION: field.text("watches"),
  EMBEDDING_THREADS: field.count(1, { least: 1, most: 64 }),
  /** Another model than the one that ships with the project, behind OpenAI's `POST /embeddings`: up to and without that. */
  EMBEDDINGS_URL: field.optional(field.url()),
  EMBEDDINGS_API_KEY: field.optional(field.text()),
  EMBEDDINGS_MODEL: field.text("text-embedding-3-small"),
  /** The model's own: none is asked for. */
  EMBEDDINGS_DIMENSION: field.count(1_536, { least: 1, most: 65_536 }),
};

export const config = () =>
  readConfig({
    ...subgraphConfig(4003),
    ...kafkaFields,
    ...collectionFields,
    /** How long posts are kept, counted back from the newest. */
    POSTS_RETENTION_DAYS: field.count(90, { least: 1, most: 36_500 }),
    /** Who says which instruments there are. */
    ENGINE_ADDRESS: engineAddressesField(),
    ENGINE_TIMEOUT_MS: field.milliseconds(2_000, { least: 10 }),
  });

export const rebuildConfig = () =>
  readConfig({
    ...collectionFields,
    /** How long a query or a write takes at most: so long the processes wait for the vector store. */
    REBUILD_SETTLE_MS: field.milliseconds(30_000, { least: 0 }),
  });

export type CollectionConfig = Omit<ReturnType<typeof rebuildConfig>, "REBUILD_SETTLE_MS">;
