import { kafkaFields } from "@mib/events/kafka";
import { field, readConfig } from "@mib/service/config";
import { subgraphConfig } from "@mib/subgraph-server/subgraph-config";

export const config = () =>
  readConfig({
    ...subgraphConfig(4003),
    ...kafkaFields,
    QDRANT_URL: field.url("http://127.0.0.1:16333"),
    QDRANT_API_KEY: field.optional(field.text()),
    NEWS_COLLECTION: field.text("news-2"),
    EMBEDDING_THREADS: field.count(1, { least: 1, most: 64 }),
  });
