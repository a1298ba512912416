import { ConsumerState } from "@mib/events/consumer-state";
import { readEpochs } from "@mib/events/epochs";
import { createKafka } from "@mib/events/kafka";
import { startOutboxPublisher } from "@mib/events/outbox";
import { createEventProducer } from "@mib/events/producer";
import { runService } from "@mib/service/run";
import { openDatabase } from "@mib/subgraph-server/database";
import { startSubgraph } from "@mib/subgraph-server/start-subgraph";
import { readNotificationConfig } from "./config.ts";
import { createContext } from "./context.ts";
import { RuleBook } from "./domain/rule-book.ts";
import { Watch } from "./domain/watch.ts";
import { restoreCloses } from "./io/close-store.ts";
import { restoreDayOpens } from "./io/day-open-store.ts";
import { startEventReader } from "./io/event-reader.ts";
import { InboxStore } from "./io/inbox-store.ts";
import { waitForLeadership } from "./io/leadership.ts";
import { followRuleChanges } from "./io/rule-changes.ts";
import { NewsHourStore } from "./io/news-hour-store.ts";
import { NewsWatchService } from "./io/news-watch-service.ts";
import { NewsWatchStore } from "./io/news-watch-store.ts";
import { RuleService } from "./io/rule-service.ts";
import { RuleStore } from "./io/rule-store.ts";
import { AlertRule } from "./resolvers/AlertRule.ts";
import { Instrument } from "./resolvers/Instrument.ts";
import { Mutation } from "./resolvers/Mutation.ts";
import { NewsWatch } from "./resolvers/NewsWatch.ts";
import { Notification } from "./resolvers/Notification.ts";
import { User } from "./resolvers/User.ts";

await runService("notification", async (service) => {
  const config = readNotificationConfig();
  const databaseUrl = config.DATABASE_URL;
  const pool = await openDatabase(service, {
    url: databaseUrl,
    schema: "notification",
    migrations: new URL("../migrations/", import.meta.url),
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
  });
  const kafka = createKafka(config, "mib-notification", service.log);
  const producer = createEventProducer({ kafka, log: service.log });
  service.onShutdown("producer", () => producer.stop());

  const store = new RuleStore(pool);
  const inbox = new InboxStore(pool);
  const book = new RuleBook();
  const watch = new Watch(book);
  const rules = new RuleService({ pool, store, inbox, book, watch });
  const watchStore = new NewsWatchStore(pool);
  const newsWatches = new NewsWatchService({ pool, store: watchStore, market: watch });
  startOutboxPublisher(service, { databaseUrl, schema: "notification", producer });
  await waitForLeadership(service, databaseUrl);
  await followRuleChanges(service, { databaseUrl, store, book });

  await restoreCloses(pool, watch);
  await restoreDayOpens(pool, watch);
  const state = await ConsumerState.load(pool, "events");
  const epochs = await readEpochs(kafka);
  await startEventReader(service, {
    kafka,
    pool,
    epochs,
    watch,
    state,
    store,
    newsWatches: watchStore,
    newsHours: new NewsHourStore({ perHourMax: config.NEWS_PER_HOUR_MAX }),
    inbox,
    saveMs: config.POSITIONS_SAVE_MS,
  });

  await startSubgraph(service, config, {
    schemaFile: new URL("../schema.graphql", import.meta.url),
    resolvers: { AlertRule, Instrument, Mutation, NewsWatch, Notification, User },
    context: (identity, request) => createContext(identity, request, { store, rules, watchStore, newsWatches, inbox }),
  });
  service.log.info({ port: config.PORT }, "ready");
});
