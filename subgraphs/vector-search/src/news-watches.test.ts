import { createKafka } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { createService, type Service } from "@mib/service/run";
import { canonicalDateTime } from "@mib/subgraph-server/scalars";
import { eventually } from "@mib/testkit/eventually";
import { servers, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { NewsWatchWanted } from "./domain/news-watch.ts";
import { Arrivals } from "./io/arrivals.ts";
import { startArticleIndexer } from "./io/article-indexer.ts";
import { ArticleStore } from "./io/article-store.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "./io/embedder.ts";
import { InstrumentDirectory } from "./io/instrument-directory.ts";
import { NewsMatcher } from "./io/news-matcher.ts";
import { startNewsWatchReader } from "./io/news-watch-reader.ts";
import { NewsWatchStore } from "./io/news-watch-store.ts";
import { PostStore } from "./io/post-store.ts";
import { type Bound, ServingModel } from "./io/serving-model.ts";

const prefix = uniqueName("test");
const topics = {
  articles: `${prefix}.articles`,
  watches: `${prefix}.watches`,
  matches: `${prefix}.matches`,
};
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "news-watches-test");
const model = { name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION };
const store = new ArticleStore({ url: servers.qdrantUrl, collection: `${prefix}-news` });
const watches = new NewsWatchStore({ url: servers.qdrantUrl, collection: `${prefix}-watches` });
const embedder = new Embedder({ threads: 1 });
/** By one model that stays. */
const servingBy = (other: Partial<Bound> = {}) => {
  const posts = new PostStore({ url: servers.qdrantUrl, collection: `${prefix}-posts` });
  const bound = { embedder, articles: store, watches, posts, ...other };
  return new ServingModel(bound, async () => bound);
};
const DEADLINE = { deadlineMs: 30_000 };
const COPPER = "00000000-0000-4000-8000-000000000001";
const APPLE = "00000000-0000-4000-8000-000000000002";
const ZINC = "00000000-0000-4000-8000-000000000003";

let producer: EventProducer;
let service: Service;
let versions = 0;

/** `watchEmbedder` is the one of the watches alone; `onWait` is told when articles wait for them. */
async function start({
  watchEmbedder = embedder,
  onWait = () => {},
  kafkaOf = kafka,
}: { watchEmbedder?: Pick<Embedder, "embed">; onWait?: () => void; kafkaOf?: typeof kafka } = {}): Promise<void> {
  service = createService("vector-search");
  const reading = startNewsWatchReader(service, {
    kafka: kafkaOf,
    serving: servingBy({ embedder: watchEmbedder }),
    topic: topics.watches,
  });
  const watched = {
    caughtUp: () => {
      onWait();
      return reading.caughtUp();
    },
  };
  const matcher = new NewsMatcher(service, { reading: watched, producer, topic: topics.matches });
  const instruments = new InstrumentDirectory(service, async () => []);
  const parts = {
    kafka: kafkaOf,
    serving: servingBy(),
    arrivals: new Arrivals(),
    instruments,
    matcher,
    topic: topics.articles,
  };
  startArticleIndexer(service, parts);
}

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  const admin = kafka.admin();
  await admin.connect();
  const made = Object.values(topics).map((topic) => ({
    topic,
    numPartitions: 1,
    configEntries: [{ name: "message.timestamp.type", value: "LogAppendTime" }],
  }));
  await admin.createTopics({ topics: made, waitForLeaders: false });
  await eventually(() => admin.fetchTopicMetadata({ topics: Object.values(topics) }), DEADLINE);
  await admin.disconnect();
  producer = createEventProducer({ kafka, log: { warn() {} } as never });
  await store.open(model);
  await watches.open(model);
  await start();
});

afterAll(async () => {
  await service?.shutdown("end of the test");
  await embedder.close();
  await producer?.stop();
  const vectorStore = new QdrantClient({ url: servers.qdrantUrl, checkCompatibility: false });
  for (const name of ["news", "watches"]) await vectorStore.deleteCollection(`${prefix}-${name}.1`);
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: Object.values(topics) });
  await admin.disconnect();
});

/** As notification announces it. Returns its version. */
async function send(id: string, wanted: NewsWatchWanted | null): Promise<number> {
  const version = (versions += 1);
  const value = JSON.stringify({ id, version, wanted, at: canonicalDateTime(new Date().toISOString()) });
  await producer.send({ topic: topics.watches, key: id, channel: "*", eventId: `${id}/${version}`, value });
  return version;
}

/** Returns when it is looked for. */
async function announce(id: string, wanted: NewsWatchWanted | null): Promise<void> {
  const version = await send(id, wanted);
  const vector = await embedder.embed(wanted?.query ?? "copper", "query");
  await eventually(async () => {
    const [found = []] = await watches.matching([
      { vector, about: wanted?.symbols ?? [], arrivedMs: Date.now() + 60_000 },
    ]);
    expect(found.find((each) => each.id === id)?.version).toBe(wanted === null ? undefined : version);
  }, DEADLINE);
}

async function publish(id: string, title: string, symbols: readonly string[] = []): Promise<void> {
  await sendArticle(id, title, symbols);
  await eventually(() => isStored(id), DEADLINE);
}

const isStored = async (id: string): Promise<boolean> => (await store.byIds([id]))[0] !== null;

async function sendArticle(id: string, title: string, symbols: readonly string[] = [], source = "wire"): Promise<void> {
  const rest = { summary: null, url: null, source, publishedAt: "2024-01-01T09:00:00Z" };
  const value = JSON.stringify({ id, title, ...rest, instruments: symbols.map((symbol) => ({ symbol })) });
  await producer.send({ topic: topics.articles, key: null, channel: "*", eventId: id, value });
}

/** What was told so far, as watch and article. */
async function told(): Promise<string[]> {
  const found: string[] = [];
  const admin = kafka.admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets(topics.matches);
  await admin.disconnect();
  const high = Number(partition?.high ?? 0);
  if (high === 0) return found;
  const consumer = kafka.consumer({ groupId: uniqueName("reader"), maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: topics.matches, fromBeginning: true });
  let read = 0;
  await consumer.run({
    eachMessage: async ({ message }) => {
      read += 1;
      const { watch, article } = JSON.parse(String(message.value));
      found.push(`${watch === COPPER ? "copper" : "apple"} ${article.id}`);
    },
  });
  await eventually(() => expect(read).toBe(high), DEADLINE);
  await consumer.disconnect();
  return found;
}

test("news that means what a watch asks for is told, in whatever words, of its instruments only", async () => {
  await publish("before", "Copper supply is disrupted by a strike");
  await announce(COPPER, { query: "supply disruptions in copper", symbols: [], similarityLeast: 0.6 });
  await announce(APPLE, { query: "supply disruptions in copper", symbols: ["AAPL"], similarityLeast: 0.6 });
  await publish("strike", "Miners walk out at the largest copper mine, deliveries stop");
  await publish("rates", "Central bank keeps interest rates unchanged");
  await publish("cables", "Shortage of copper hits supply of cables", ["AAPL"]);
  expect(await told()).toEqual(["copper strike", expect.any(String), expect.any(String)]);
  expect(new Set(await told())).toEqual(new Set(["copper strike", "copper cables", "apple cables"]));
});

test("built again from the stream, it tells the same, and nothing that came before the watch", async () => {
  const before = await told();
  await service.shutdown("built again");
  const vectorStore = new QdrantClient({ url: servers.qdrantUrl, checkCompatibility: false });
  await vectorStore.deleteCollection(`${prefix}-news.1`);
  await store.open(model);
  await start();
  await eventually(async () => expect(await store.check()).toEqual({ articles: 4 }), DEADLINE);
  expect((await told()).toSorted()).toEqual([...before, ...before].toSorted());
});

test("a watch that is gone is not looked for any more, a changed one as it is now", async () => {
  const before = await told();
  await announce(COPPER, null);
  await announce(APPLE, { query: "interest rates", symbols: [], similarityLeast: 0.6 });
  await publish("strike-2", "Copper miners stop work again");
  await publish("rates-2", "Interest rates are cut by the central bank");
  expect((await told()).slice(before.length)).toEqual(["apple rates-2"]);
});

test("what repeats an article is not told again, and says whose copy it is", async () => {
  const before = await told();
  const title = "Central bank lowers interest rates to the least in three years";
  await publish("rates-3", title);
  await sendArticle("rates-3-again", `${title}: report`, [], "gazette");
  await eventually(() => isStored("rates-3-again"), DEADLINE);
  expect((await told()).slice(before.length)).toEqual(["apple rates-3"]);
  expect((await store.byIds(["rates-3-again"]))[0]?.copyOf).toBe("rates-3");
  // Alone in a batch, after a start.
  await service.shutdown("starts again");
  await start();
  await sendArticle("rates-3-third", title, [], "ledger");
  await eventually(() => isStored("rates-3-third"), DEADLINE);
  expect((await told()).slice(before.length)).toEqual(["apple rates-3"]);
});

test("article after article, how far watches are is asked over one connection, which ends with the process", async () => {
  await service.shutdown("starts again with counted connections");
  const open = { admins: 0, made: 0 };
  const counted = Object.create(kafka) as typeof kafka;
  counted.admin = (...given) => {
    const admin = kafka.admin(...given);
    const { CONNECT, DISCONNECT } = admin.events;
    admin.on(CONNECT, () => void ((open.admins += 1), (open.made += 1)));
    admin.on(DISCONNECT, () => void (open.admins -= 1));
    return admin;
  };
  await start({ kafkaOf: counted });
  await publish("tin-1", "Tin trades sideways in a quiet session");
  const { made } = open;
  await publish("tin-2", "Sugar harvest begins in the south");
  await publish("tin-3", "Airline opens a route over the pole");
  expect(open.made).toBe(made);
  await service.shutdown("no connection is left");
  expect(open.admins).toBe(0);
  await start();
});

test("after a time without the process, articles wait until the watches of that time are read", async () => {
  await service.shutdown("for a while");
  const before = await told();
  await send(APPLE, { query: "wheat harvest fails", symbols: [], similarityLeast: 0.5 });
  await sendArticle("wheat", "The wheat harvest fails after a drought");
  const waits = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const watchEmbedder = {
    async embed(...given: Parameters<Embedder["embed"]>) {
      await goesOn.promise;
      return embedder.embed(...given);
    },
  };
  await start({ watchEmbedder, onWait: waits.resolve });
  await Promise.race([waits.promise, eventually(() => isStored("wheat"), DEADLINE)]);
  goesOn.resolve();
  await eventually(() => isStored("wheat"), DEADLINE);
  expect((await told()).slice(before.length)).toEqual(["apple wheat"]);
});

test("a watch that is gone stays gone, whenever the process that should remove it dies", async () => {
  const wanted = { query: "supply disruptions in zinc", symbols: [], similarityLeast: 0.6 };
  const vector = await embedder.embed(wanted.query, "query");
  const isLookedFor = async (id: string) => {
    const [found = []] = await watches.matching([{ vector, about: [], arrivedMs: Date.now() + 60_000 }]);
    return found.some((each) => each.id === id);
  };
  await announce(ZINC, wanted);
  await service.shutdown("deleted meanwhile");
  await send(ZINC, null);
  await send(COPPER, wanted);

  // Of two calls of the store only one may come through: here the removal never does.
  const asked: string[] = [];
  const urgencies = new Set<string>();
  class Dying extends NewsWatchStore {
    override remove(): Promise<void> {
      asked.push("remove");
      return Promise.reject(new Error("the process dies"));
    }
  }
  const dying = createService("vector-search");
  startNewsWatchReader(dying, {
    kafka,
    serving: servingBy({
      watches: new Dying({ url: servers.qdrantUrl, collection: `${prefix}-watches` }),
      embedder: {
        embed(text, urgency) {
          urgencies.add(urgency);
          return embedder.embed(text, urgency);
        },
      },
    }),
    topic: topics.watches,
  });
  await eventually(() => expect(asked.length).toBeGreaterThan(0), DEADLINE);
  await dying.shutdown("dead");
  // Users' searches go before watches.
  expect([...urgencies]).toEqual(["document"]);

  await start();
  await eventually(
    async () => expect([await isLookedFor(ZINC), await isLookedFor(COPPER)]).toEqual([false, true]),
    DEADLINE,
  );
});
