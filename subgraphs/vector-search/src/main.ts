import { createKafka } from "@mib/events/kafka";
import { runService } from "@mib/service/run";
import { startSubgraph } from "@mib/subgraph-server/start-subgraph";
import { config } from "./config.ts";
import { createContext } from "./context.ts";
import { Arrivals } from "./io/arrivals.ts";
import { startArticleIndexer } from "./io/article-indexer.ts";
import { ArticleStore } from "./io/article-store.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "./io/embedder.ts";
import { resolvers } from "./resolvers/resolvers.ts";

await runService("vector-search", async (service) => {
  const environment = config();
  const store = new ArticleStore({
    url: environment.QDRANT_URL,
    apiKey: environment.QDRANT_API_KEY,
    collection: environment.NEWS_COLLECTION,
  });
  await store.open({ name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION });
  service.health.check("vector store", () => store.check());

  const embedder = new Embedder({ threads: environment.EMBEDDING_THREADS });
  service.onShutdown("embedder", () => embedder.close());

  const kafka = createKafka(environment, "vector-search", service.log);

  const arrivals = new Arrivals();
  startArticleIndexer(service, { kafka, store, embedder, arrivals });
  await startSubgraph(service, environment, {
    schemaFile: new URL("../schema.graphql", import.meta.url),
    resolvers,
    context: () => createContext({ store, embedder, arrivals }),
  });
});
