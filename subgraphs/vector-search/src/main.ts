import { createKafka } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { EngineClient } from "@mib/protocol/engine-client";
import { runService } from "@mib/service/run";
import { startSubgraph } from "@mib/subgraph-server/start-subgraph";
import { config } from "./config.ts";
import { createContext } from "./context.ts";
import { Arrivals } from "./io/arrivals.ts";
import { startArticleIndexer } from "./io/article-indexer.ts";
import { ArticleStore } from "./io/article-store.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "./io/embedder.ts";
import { definedInstruments, InstrumentDirectory } from "./io/instrument-directory.ts";
import { startPostIndexer } from "./io/post-indexer.ts";
import { PostStore } from "./io/post-store.ts";
import { LinkedNews } from "./io/linked-news.ts";
import { NewsMatcher } from "./io/news-matcher.ts";
import { startNewsWatchReader } from "./io/news-watch-reader.ts";
import { NewsWatchStore } from "./io/news-watch-store.ts";
import { resolvers } from "./resolvers/resolvers.ts";

await runService("vector-search", async (service) => {
  const environment = config();
  const model = { name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION };
  const vectorStore = { url: environment.QDRANT_URL, apiKey: environment.QDRANT_API_KEY };
  const store = new ArticleStore({ ...vectorStore, collection: environment.NEWS_COLLECTION });
  await store.open(model);
  const watches = new NewsWatchStore({ ...vectorStore, collection: environment.WATCH_COLLECTION });
  await watches.open(model);
  service.health.check("vector store", () => store.check());
  const postStore = new PostStore({ ...vectorStore, collection: environment.POSTS_COLLECTION });
  await postStore.open(model);

  const embedder = new Embedder({ threads: environment.EMBEDDING_THREADS });
  service.onShutdown("embedder", () => embedder.close());

  const kafka = createKafka(environment, "vector-search", service.log);

  const engine = new EngineClient({
    address: environment.ENGINE_ADDRESS,
    connections: 1,
    timeoutMs: environment.ENGINE_TIMEOUT_MS,
  });
  service.onShutdown("engine client", () => engine.close());
  const instruments = new InstrumentDirectory(service, () => definedInstruments(engine));

  const producer = createEventProducer({ kafka, log: service.log });
  service.onShutdown("producer", () => producer.stop());
  const reading = startNewsWatchReader(service, { kafka, store: watches, embedder });

  const linked = new LinkedNews(producer);
  const matcher = new NewsMatcher(service, { watches, reading, producer });
  const arrivals = new Arrivals();
  startArticleIndexer(service, { kafka, store, embedder, arrivals, instruments, linked, matcher });
  const posts = { store: postStore, arrivals: new Arrivals() };
  startPostIndexer(service, {
    ...posts,
    kafka,
    embedder,
    instruments,
    retentionDays: environment.POSTS_RETENTION_DAYS,
  });
  await startSubgraph(service, environment, {
    schemaFile: new URL("../schema.graphql", import.meta.url),
    resolvers,
    context: () => createContext({ store, embedder, arrivals, posts }),
  });
});
