import { createKafka } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { EngineShards } from "@mib/protocol/engine-shards";
import { Counter } from "@mib/service/metrics";
import { runService } from "@mib/service/run";
import { startSubgraph } from "@mib/subgraph-server/start-subgraph";
import { config } from "./config.ts";
import { createContext } from "./context.ts";
import { Arrivals } from "./io/arrivals.ts";
import { startArticleIndexer } from "./io/article-indexer.ts";
import { definedInstruments, InstrumentDirectory } from "./io/instrument-directory.ts";
import { aliasesOf, knownModels } from "./io/known-models.ts";
import { startPostIndexer } from "./io/post-indexer.ts";
import { startLinkedNews } from "./io/linked-news.ts";
import { NewsMatcher } from "./io/news-matcher.ts";
import { startNewsWatchReader } from "./io/news-watch-reader.ts";
import { ServingModel } from "./io/serving-model.ts";
import { resolvers } from "./resolvers/resolvers.ts";

await runService("vector-search", async (service) => {
  const environment = config();
  const refused = new Counter({
    name: "vector_search_texts_refused_total",
    help: "Texts that the endpoint of the embedding model does not take",
    registers: [service.registry],
  });
  const { models, close } = knownModels(environment, (text) => {
    refused.inc();
    service.log.warn(text, "the endpoint does not take a text: it is kept without a vector of its meaning");
  });
  service.onShutdown("embedder", close);
  const vectorStore = { url: environment.QDRANT_URL, apiKey: environment.QDRANT_API_KEY };
  const serving = await ServingModel.open({ vectorStore, aliases: aliasesOf(environment), models, log: service.log });
  service.health.check("vector store", () => serving.current.articles.check());

  const kafka = createKafka(environment, "vector-search", service.log);

  const engines = new EngineShards({
    addresses: environment.ENGINE_ADDRESS,
    connections: 1,
    timeoutMs: environment.ENGINE_TIMEOUT_MS,
  });
  service.onShutdown("engine client", () => engines.close());
  const instruments = new InstrumentDirectory(service, () => definedInstruments(engines));

  const producer = createEventProducer({ kafka, log: service.log });
  service.onShutdown("producer", () => producer.stop());
  const reading = startNewsWatchReader(service, { kafka, serving });

  startLinkedNews(service, { kafka, producer, instruments });
  const matcher = new NewsMatcher(service, { reading, producer });
  const arrivals = new Arrivals();
  startArticleIndexer(service, { kafka, serving, arrivals, instruments, matcher });
  const postArrivals = new Arrivals();
  startPostIndexer(service, {
    kafka,
    serving,
    arrivals: postArrivals,
    instruments,
    retentionDays: environment.POSTS_RETENTION_DAYS,
  });
  await startSubgraph(service, environment, {
    schemaFile: new URL("../schema.graphql", import.meta.url),
    resolvers,
    context: () => createContext({ serving, arrivals, postArrivals }),
  });
});
