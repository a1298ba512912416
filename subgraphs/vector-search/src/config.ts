import { kafkaFields } from "@mib/events/kafka";
import { field, readConfig } from "@mib/service/config";
import { subgraphConfig } from "@mib/subgraph-server/subgraph-config";

export const config = () =>
  readConfig({
    ...subgraphConfig(4003),
    ...kafkaFields,
    QDRANT_URL: field.url("http://127.0.0.1:16333"),
    QDRANT_API_KEY: field.optional(field.text()),
    NEWS_COLLECTION: field.text("news-5"),
    POSTS_COLLECTION: field.text("posts-1"),
    /** How long posts are kept, counted back from the newest. */
    POSTS_RETENTION_DAYS: field.count(90, { least: 1, most: 36_500 }),
    /** `unix:/path` or `tcp:host:port`: who says which instruments there are. */
    ENGINE_ADDRESS: field.text("tcp:127.0.0.1:4013"),
    ENGINE_TIMEOUT_MS: field.milliseconds(2_000, { least: 10 }),
    WATCH_COLLECTION: field.text("watches-1"),
    EMBEDDING_THREADS: field.count(1, { least: 1, most: 64 }),
  });
