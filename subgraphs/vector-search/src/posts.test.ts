import { createKafka } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { startTestSubgraph, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { eventually } from "@mib/testkit/eventually";
import { createTestTopics, servers, type TestTopics, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createContext } from "./context.ts";
import type { PostEvent } from "./domain/post.ts";
import { Arrivals } from "./io/arrivals.ts";
import { ArticleStore } from "./io/article-store.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "./io/embedder.ts";
import { InstrumentDirectory } from "./io/instrument-directory.ts";
import { startPostIndexer } from "./io/post-indexer.ts";
import { NewsWatchStore } from "./io/news-watch-store.ts";
import { PostStore } from "./io/post-store.ts";
import { ServingModel } from "./io/serving-model.ts";
import { resolvers } from "./resolvers/resolvers.ts";

const { qdrantUrl: url } = servers;
const collection = uniqueName("test-posts");
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "posts-test");
const DEADLINE = { deadlineMs: 30_000 };

/** Three of them at the same time, and one of them a nanosecond later, which is the same microsecond. */
const POSTS: [id: string, text: string, symbols: string[], at: string][] = [
  ["moon", "Bitcoin to the moon, the halving is near", ["BTCUSDT"], "2024-01-03T09:00:00Z"],
  ["crash", "Exchange halts withdrawals, coins plunge", ["BTCUSDT", "ETHUSDT"], "2024-01-03T09:00:00.000000001Z"],
  ["calm", "Nothing happens today", ["BTCUSDT"], "2024-01-03T09:00:00Z"],
  ["later", "Wheat and corn harvests are late this year", ["ZW"], "2024-01-05T09:00:00Z"],
  ["first", "Miners sell what they have", ["BTCUSDT"], "2024-01-01T09:00:00Z"],
  // Its text says what it is about.
  ["last", "A record number of wallets for $BTC", [], "2024-01-04T09:00:00.5Z"],
];
/** Newest first; posts of one microsecond by their ids. */
const ABOUT_BITCOIN = ["last", "calm", "crash", "moon", "first"];

const eventOf = ([id, text, symbols, at]: (typeof POSTS)[number]): PostEvent => ({
  id,
  source: "forum",
  text,
  at,
  instruments: symbols.map((symbol) => ({ symbol })),
});

let topics: TestTopics;
let subgraph: TestSubgraph;
let producer: EventProducer;

const publish = (event: PostEvent) =>
  producer.send({
    topic: topics.names.posts!,
    key: event.source,
    channel: "*",
    eventId: event.id,
    value: JSON.stringify(event),
  });

async function startSubgraph(): Promise<TestSubgraph> {
  const store = new PostStore({ url, collection });
  await store.open({ name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION });
  const embedder = new Embedder({ threads: 1 });
  const bound = {
    embedder,
    posts: store,
    articles: new ArticleStore({ url, collection: uniqueName("no-news") }),
    watches: new NewsWatchStore({ url, collection: uniqueName("no-watches") }),
  };
  const serving = new ServingModel(bound, async () => bound);
  const postArrivals = new Arrivals();
  return startTestSubgraph("vector-search", (service) => {
    service.onShutdown("embedder", () => embedder.close());
    const instruments = new InstrumentDirectory(service, async () => [
      { symbol: "BTCUSDT", name: "Bitcoin / Tether", venueSymbol: "BTCUSDT", class: "CRYPTO" },
    ]);
    startPostIndexer(service, {
      kafka,
      serving,
      arrivals: postArrivals,
      instruments,
      topic: topics.names.posts!,
      retentionDays: 3_650,
    });
    return {
      schemaFile: new URL("../schema.graphql", import.meta.url),
      resolvers,
      context: () => createContext({ serving, arrivals: new Arrivals(), postArrivals }),
    };
  });
}

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  topics = await createTestTopics({ posts: 1 });
  producer = createEventProducer({ kafka, log: { warn() {} } as never });
  await producer.sendRecord(topics.names.posts!, {
    value: "no JSON",
    headers: { channel: "*", "event-id": "bad", "schema-version": "1" },
  });
  for (const post of POSTS) await publish(eventOf(post));
  subgraph = await startSubgraph();
  await eventually(async () => expect(await stored()).toBe(POSTS.length), DEADLINE);
});

afterAll(async () => {
  await subgraph?.stop();
  await producer?.stop();
  await new QdrantClient({ url, checkCompatibility: false }).deleteCollection(`${collection}.1`);
  await topics?.drop();
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${subgraph.url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, "m").exec(text)?.[1]);
}

const stored = async () => (await new PostStore({ url, collection }).check()).posts;

const ENTITIES = `query ($r: [_Any!]!, $first: Int, $after: String) { _entities(representations: $r) {
  ... on Instrument { symbol socialPosts(first: $first, after: $after) {
    nodes { id } edges { cursor score node { id } } pageInfo { hasNextPage endCursor }
  } }
  ... on SocialPost { id source author text at sentiment sentimentDetail { score words { text part } } instruments { symbol } }
} }`;

async function postsAbout(symbol: string, page: { first?: number; after?: string | null } = {}) {
  const answer = await subgraph.ask(ENTITIES, { r: [{ __typename: "Instrument", symbol }], ...page });
  expect(answer.errors).toBeUndefined();
  return answer.data._entities[0].socialPosts;
}
const idsOf = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id);

describe("the posts about an instrument", () => {
  test("come newest first, and one that nobody posts about has none", async () => {
    expect(idsOf(await postsAbout("BTCUSDT"))).toEqual(ABOUT_BITCOIN);
    expect(idsOf(await postsAbout("ETHUSDT"))).toEqual(["crash"]);
    expect(await postsAbout("NONE")).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, endCursor: null },
    });
  });

  test.each([1, 2, 3, 4, 5])("come in pages of %i without hole or repeat, also those of one moment", async (first) => {
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const page: any = await postsAbout("BTCUSDT", { first, after });
      seen.push(...idsOf(page));
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    expect(seen).toEqual(ABOUT_BITCOIN);
  });

  test.each([
    [{ first: 101 }, "BAD_USER_INPUT"],
    [{ first: -1 }, "BAD_USER_INPUT"],
    [{ after: "x" }, "BAD_USER_INPUT"],
    [{ after: Buffer.from('[1.5,"a"]').toString("base64url") }, "BAD_USER_INPUT"],
    [{ after: Buffer.from('["1","a"]').toString("base64url") }, "BAD_USER_INPUT"],
  ])("%o is refused", async (page, code) => {
    const { errors } = await subgraph.ask(ENTITIES, { r: [{ __typename: "Instrument", symbol: "BTCUSDT" }], ...page });
    expect(errors?.[0]?.extensions.code).toBe(code);
  });

  test("are none where none are asked for", async () => {
    expect(idsOf(await postsAbout("BTCUSDT", { first: 0 }))).toEqual([]);
  });
});

describe("searching posts", () => {
  const SEARCH = `query ($query: String!, $symbols: [ID!], $rankBy: NewsRanking! = HYBRID, $first: Int, $after: String) {
    searchPosts(query: $query, symbols: $symbols, rankBy: $rankBy, first: $first, after: $after) {
      nodes { id } edges { score } pageInfo { hasNextPage endCursor }
    } }`;
  const search = async (variables: Record<string, unknown>) => {
    const answer = await subgraph.ask(SEARCH, variables);
    expect(answer.errors).toBeUndefined();
    return answer.data.searchPosts;
  };

  test("by meaning, by words, by symbols", async () => {
    expect(idsOf(await search({ query: "crops and grain", first: 1 }))).toEqual(["later"]);
    expect(idsOf(await search({ query: "withdrawals", rankBy: "WORDS" }))).toEqual(["crash"]);
    expect(idsOf(await search({ query: "crops and grain", symbols: ["ETHUSDT"] }))).toEqual(["crash"]);
  });

  test("page by page", async () => {
    const first = await search({ query: "coins", first: 4 });
    const second = await search({ query: "coins", first: 4, after: first.pageInfo.endCursor });
    expect(new Set([...idsOf(first), ...idsOf(second)]).size).toBe(POSTS.length);
    expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false]);
    expect((await subgraph.ask(SEARCH, { query: " " })).errors?.[0]?.extensions.code).toBe("SEARCH_QUERY_INVALID");
  });
});

test("a post that is announced just before it is stored is waited for, whole and with how it sounds", async () => {
  const event = { ...eventOf(["gold", "Gold climbs to a record", ["GC"], "2024-01-06T09:00:00Z"]), author: "ann" };
  const asked = subgraph.ask(ENTITIES, { r: [{ __typename: "SocialPost", id: "gold" }] });
  await publish(event);
  expect((await asked).data._entities).toEqual([
    {
      id: "gold",
      source: "forum",
      author: "ann",
      text: "Gold climbs to a record",
      at: "2024-01-06T09:00:00Z",
      sentiment: 0.556,
      sentimentDetail: { score: 0.556, words: ["Gold", "record", "climbs"].map((text) => ({ text, part: null })) },
      instruments: [{ symbol: "GC" }],
    },
  ]);
});

test("a record that is no post is counted, and its neighbours are stored", async () => {
  expect(await metric("vector_search_posts_refused_total")).toBe(1);
});

test("a post that comes again is dropped, also after a start; what came meanwhile is stored", async () => {
  const [moon] = POSTS;
  await publish({ ...eventOf(moon!), text: "edited" });
  await eventually(async () => expect(await metric("vector_search_posts_repeated_total")).toBe(1), DEADLINE);
  await subgraph.stop();
  const before = await stored();
  await publish({ ...eventOf(moon!), text: "edited again" });
  await publish(eventOf(["late", "A late post", ["ZW"], "2024-01-07T09:00:00Z"]));
  subgraph = await startSubgraph();
  await eventually(async () => expect(await stored()).toBe(before + 1), DEADLINE);
  expect([
    await metric("vector_search_posts_indexed_total"),
    await metric("vector_search_posts_repeated_total"),
  ]).toEqual([1, 2]);
  const answer = await subgraph.ask(ENTITIES, { r: [{ __typename: "SocialPost", id: "moon" }] });
  expect(answer.data._entities[0].text).toBe(moon![1]);
});

test("what is older than it is kept goes, counted from the newest post that is not of the future", async () => {
  const store = new PostStore({ url, collection });
  const before = await stored();
  await publish(eventOf(["future", "From another time", ["ZW"], "2199-01-07T09:00:00Z"]));
  await eventually(async () => expect(await stored()).toBe(before + 1), DEADLINE);
  await store.dropOlderThan(3.5 * 86_400_000);
  expect(idsOf(await postsAbout("BTCUSDT"))).toEqual(["last"]);
  expect(idsOf(await postsAbout("ZW"))).toEqual(["future", "late", "later"]);
});
