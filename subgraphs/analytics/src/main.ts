import { ConsumerState } from "@mib/events/consumer-state";
import { createKafka } from "@mib/events/kafka";
import { startOutboxPublisher } from "@mib/events/outbox";
import { createEventProducer } from "@mib/events/producer";
import { EngineShards } from "@mib/protocol/engine-shards";
import { runService } from "@mib/service/run";
import { openDatabase } from "@mib/subgraph-server/database";
import { startSubgraph } from "@mib/subgraph-server/start-subgraph";
import { readAnalyticsConfig } from "./config.ts";
import { createContext, type Parts } from "./context.ts";
import { LiveIndicators } from "./domain/indicators/live-indicators.ts";
import { MarketMemory } from "./domain/market-memory.ts";
import { NewsMemory } from "./domain/news/news-memory.ts";
import packageJson from "../package.json" with { type: "json" };
import { startBarReader } from "./io/bar-reader.ts";
import { PostgresBarHistory } from "./io/postgres-bar-history.ts";
import { startBarRetention } from "./io/bar-retention.ts";
import { countTurns } from "./io/count-turns.ts";
import { DaySignals } from "./io/day-signals.ts";
import { FairTurns } from "./io/fair-turns.ts";
import { Forecaster } from "./io/forecaster.ts";
import { definedClasses, InstrumentClasses } from "./io/instrument-classes.ts";
import { ModelDesk } from "./io/model-desk.ts";
import { startModelJobRunner } from "./io/model-job-runner.ts";
import { ModelJobStore } from "./io/model-job-store.ts";
import { ModelStore } from "./io/model-store.ts";
import { startNewsReader } from "./io/news-reader.ts";
import { BARS_CONSUMER } from "./io/read-bar.ts";
import { holdOffRebuilds } from "./io/rebuild-lock.ts";
import { SignalStore } from "./io/signal-store.ts";
import { WindowStore } from "./io/window-store.ts";
import { resolvers } from "./resolvers/resolvers.ts";

await runService("analytics", async (service) => {
  const config = readAnalyticsConfig();
  // Before anything that a rebuild replaces is read, and until what is left to be saved is saved.
  await holdOffRebuilds(service, config.DATABASE_URL);
  const pool = await openDatabase(service, {
    url: config.DATABASE_URL,
    schema: "analytics",
    migrations: new URL("../migrations/", import.meta.url),
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
  });
  const kafka = createKafka(config, "mib-analytics", service.log);
  const producer = createEventProducer({ kafka, log: service.log });
  service.onShutdown("producer", () => producer.stop());

  const memory = new MarketMemory();
  const windows = new WindowStore(pool);
  const unreadable = await windows.restore(memory);
  if (unreadable.length > 0)
    service.log.warn({ windows: unreadable }, "windows can't be read and are made of stored bars");
  const state = await ConsumerState.load(pool, BARS_CONSUMER);
  startOutboxPublisher(service, { databaseUrl: config.DATABASE_URL, schema: "analytics", producer });
  const signals = new SignalStore(pool);
  await startBarReader(service, { kafka, pool, memory, state, windows, signals, saveMs: config.WINDOWS_SAVE_MS });

  const news = new NewsMemory();
  await startNewsReader(service, { kafka, news });

  const history = new PostgresBarHistory(pool, memory);
  startBarRetention(service, history);

  const engines = new EngineShards({
    addresses: config.ENGINE_ADDRESS,
    connections: 1,
    timeoutMs: config.ENGINE_TIMEOUT_MS,
  });
  service.onShutdown("engine client", () => engines.close());

  const models = new ModelStore(pool);
  const modelJobs = new ModelJobStore(pool);
  const runner = startModelJobRunner(service, {
    pool,
    databaseUrl: config.DATABASE_URL,
    jobs: modelJobs,
    models,
    threads: config.MODEL_THREADS,
    timeoutMs: config.MODEL_JOB_TIMEOUT_MS,
    code: packageJson.version,
  });

  const parts: Parts = {
    memory,
    indicators: new LiveIndicators(memory),
    history,
    classes: new InstrumentClasses(service, () => definedClasses(engines)),
    news,
    signals,
    daySignals: new DaySignals(pool),
    models,
    modelJobs,
    modelDesk: new ModelDesk(pool, models, modelJobs, () => runner.wake()),
    forecaster: new Forecaster(memory, history),
    turns: {
      passes: new FairTurns({ atOnceMax: 1 }),
      readings: new FairTurns({ atOnceMax: 2 }),
      tracks: new FairTurns({ atOnceMax: 2 }),
    },
  };
  countTurns(service, parts.turns);

  await startSubgraph(service, config, {
    schemaFile: new URL("../schema.graphql", import.meta.url),
    resolvers,
    context: (identity, { clientAddress, turn, signal }) =>
      createContext(parts, { identity, origin: clientAddress }, { caller: turn ?? identity.subject, signal }),
  });
  service.log.info({ port: config.PORT }, "ready");
});
