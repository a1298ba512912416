import { createKafka } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { rangesOf, scanTopic } from "@mib/events/scan-topic";
import { validateValue } from "@mib/events/validate";
import { startTestSubgraph, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { eventually } from "@mib/testkit/eventually";
import { servers, uniqueName } from "@mib/testkit/servers";
import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createContext } from "./context.ts";
import type { ArticleEvent } from "./domain/article.ts";
import { Arrivals } from "./io/arrivals.ts";
import { startArticleIndexer } from "./io/article-indexer.ts";
import { ArticleStore } from "./io/article-store.ts";
import { EMBEDDING_DIMENSION, EMBEDDING_MODEL, Embedder } from "./io/embedder.ts";
import { InstrumentDirectory } from "./io/instrument-directory.ts";
import { startLinkedNews } from "./io/linked-news.ts";
import { NewsMatcher } from "./io/news-matcher.ts";
import { startNewsWatchReader } from "./io/news-watch-reader.ts";
import { NewsWatchStore } from "./io/news-watch-store.ts";
import { PostStore } from "./io/post-store.ts";
import { ServingModel } from "./io/serving-model.ts";
import type { TextEmbedder } from "./io/text-embedder.ts";
import { resolvers } from "./resolvers/resolvers.ts";

const { qdrantUrl } = servers;

const topic = `${uniqueName("test")}.news.articles.v1`;
const linkedTopic = `${topic}.linked`;
const collection = uniqueName("test-news");
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "news-search-test");
const DEADLINE = { deadlineMs: 30_000 };

const HEADLINES: [id: string, title: string, symbols: string[], day: number][] = [
  ["copper", "Copper supply is disrupted as workers walk out at the largest mine", ["HG", "FCX"], 1],
  ["rates", "Central bank keeps interest rates unchanged", ["EURUSD"], 2],
  ["bitcoin", "Bitcoin plunges after an exchange halts withdrawals", ["BTCUSDT"], 3],
  ["phone", "Smartphone maker beats estimates on record demand", ["AAPL"], 4],
  ["phone-2", "Record demand lifts sales of the new smartphone", ["AAPL"], 5],
  ["oil", "Oil exporters agree to pump less crude", ["CL"], 6],
];

/** As the engine defines them. */
const DEFINITIONS = [
  { symbol: "BTCUSDT", name: "Bitcoin / Tether", venueSymbol: "BTCUSDT", class: "CRYPTO" },
  { symbol: "APLN", name: "Aplin Systems", venueSymbol: "APLN", class: "EQUITY" },
  { symbol: "SAND", name: "The Sandbox / Tether", venueSymbol: "SANDUSDT", class: "CRYPTO" },
] as const;

const eventOf = ([id, title, symbols, day]: (typeof HEADLINES)[number]): ArticleEvent => ({
  id,
  title,
  summary: null,
  url: null,
  source: "wire",
  publishedAt: `2024-01-0${day}T09:00:00Z`,
  instruments: symbols.map((symbol) => ({ symbol })),
});

let subgraph: TestSubgraph;
let producer: EventProducer;

const publish = (event: ArticleEvent) =>
  producer.send({ topic, key: null, channel: "*", eventId: event.id, value: JSON.stringify(event) });

/** `mayEmbed`: what documents wait for. */
async function startSubgraph(mayEmbed = Promise.resolve()): Promise<TestSubgraph> {
  const store = new ArticleStore({ url: qdrantUrl, collection });
  await store.open({ name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION });
  const watches = new NewsWatchStore({ url: qdrantUrl, collection: `${collection}-watches` });
  await watches.open({ name: EMBEDDING_MODEL, dimension: EMBEDDING_DIMENSION });
  const embedder = new Embedder({ threads: 1 });
  const arrivals = new Arrivals();
  const posts = new PostStore({ url: qdrantUrl, collection: uniqueName("no-posts") });
  const waiting: TextEmbedder = {
    embed: async (text, urgency) => {
      if (urgency === "document") await mayEmbed;
      return embedder.embed(text, urgency);
    },
  };
  const bound = { embedder: waiting, articles: store, posts, watches };
  const serving = new ServingModel(bound, async () => bound);
  return startTestSubgraph("vector-search", (service) => {
    service.onShutdown("embedder", () => embedder.close());
    const instruments = new InstrumentDirectory(service, async () => DEFINITIONS);
    const reading = startNewsWatchReader(service, { kafka, serving });
    startLinkedNews(service, { kafka, producer, instruments, topic, linkedTopic });
    const matcher = new NewsMatcher(service, { reading, producer });
    startArticleIndexer(service, { kafka, serving, arrivals, instruments, matcher, topic });
    return {
      schemaFile: new URL("../schema.graphql", import.meta.url),
      resolvers,
      context: () => createContext({ serving, arrivals, postArrivals: arrivals }),
    };
  });
}

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [topic, linkedTopic].map((each) => ({ topic: each, numPartitions: 1 })),
    waitForLeaders: false, // asks once, and fails where the broker does not know the topic yet
  });
  await eventually(() => admin.fetchTopicMetadata({ topics: [topic, linkedTopic] }), DEADLINE);
  await admin.disconnect();
  producer = createEventProducer({ kafka, log: { warn() {} } as never });
  await producer.sendRecord(topic, {
    value: "no JSON",
    headers: { channel: "*", "event-id": "bad", "schema-version": "1" },
  });
  for (const headline of HEADLINES) await publish(eventOf(headline));
  subgraph = await startSubgraph();
  await eventually(async () => expect(await stored()).toBe(HEADLINES.length), DEADLINE);
});

afterAll(async () => {
  await subgraph?.stop();
  await producer?.stop();
  for (const name of [`${collection}.1`, `${collection}-watches.1`])
    await new QdrantClient({ url: qdrantUrl, checkCompatibility: false }).deleteCollection(name);
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic, linkedTopic] });
  await admin.disconnect();
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${subgraph.url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, "m").exec(text)?.[1]);
}

const stored = async () => (await new ArticleStore({ url: qdrantUrl, collection }).check()).articles;

const SEARCH = `query (
  $query: String!, $symbols: [ID!], $from: DateTime, $to: DateTime, $first: Int, $after: String,
  $rankBy: NewsRanking! = HYBRID, $halfLifeHours: Float
) {
  searchNews(
    query: $query, symbols: $symbols, from: $from, to: $to, first: $first, after: $after,
    rankBy: $rankBy, halfLifeHours: $halfLifeHours
  ) {
    edges { node { id title sentiment instruments { symbol } } cursor score snippet { text highlights { start end } } }
    facets { sources { value count } symbols(first: 2) { value count } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const search = async (variables: Record<string, unknown>) => {
  const answer = await subgraph.ask(SEARCH, variables);
  expect(answer.errors).toBeUndefined();
  return answer.data.searchNews;
};
const idsOf = ({ edges }: { edges: { node: { id: string } }[] }) => edges.map(({ node }) => node.id);

describe("searching news", () => {
  test.each([
    ["miners on strike, metal becomes scarce", "copper"],
    ["crypto price crash", "bitcoin"],
    ["monetary policy decision", "rates"],
    ["petroleum output cut", "oil"],
  ])("%s", async (query, expected) => {
    expect(idsOf(await search({ query, first: 1 }))).toEqual([expected]);
  });

  test("an article says why it is there", async () => {
    const { edges } = await search({ query: "the mines' workers", first: 1 });
    const { text, highlights } = edges[0].snippet;
    expect([edges[0].node.id, text]).toEqual(["copper", edges[0].node.title]);
    expect(highlights.map(({ start, end }: { start: number; end: number }) => text.slice(start, end))).toEqual([
      "workers",
      "mine",
    ]);
  });

  test("a name is found by its word, which its meaning alone may miss", async () => {
    expect(idsOf(await search({ query: "exporters", rankBy: "WORDS" }))).toEqual(["oil"]);
    expect(idsOf(await search({ query: "wheat", rankBy: "WORDS" }))).toEqual([]);
    expect(idsOf(await search({ query: "wheat", rankBy: "MEANING" }))).toHaveLength(HEADLINES.length);
    expect(idsOf(await search({ query: "exporters", first: 1 }))).toEqual(["oil"]);
  });

  test("facets are of all that the filter lets through", async () => {
    const { facets } = await search({ query: "anything", symbols: ["AAPL", "HG"], first: 1 });
    expect(facets).toEqual({
      sources: [{ value: "wire", count: 3 }],
      symbols: [
        { value: "AAPL", count: 2 },
        { value: "FCX", count: 1 },
      ],
    });
  });

  test.each(["HYBRID", "MEANING", "WORDS"])(
    "scores fall, and pages follow each other without repeating, by %s",
    async (rankBy) => {
      const query = "record sales of a smartphone to an exchange, a bank and a mine";
      const first = await search({ query, rankBy, first: 2 });
      const second = await search({ query, rankBy, first: 2, after: first.pageInfo.endCursor });
      expect(new Set(idsOf(first))).toEqual(new Set(["phone", "phone-2"]));
      const scores = [...first.edges, ...second.edges].map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(new Set([...idsOf(first), ...idsOf(second)]).size).toBe(4);
      expect(first.pageInfo.hasNextPage).toBe(true);
      expect((await search({ query, rankBy, first: 10 })).pageInfo.hasNextPage).toBe(false);
    },
  );

  test("symbols and times narrow it", async () => {
    expect(idsOf(await search({ query: "smartphone", symbols: ["BTCUSDT", "HG"] }))).toHaveLength(2);
    expect(new Set(idsOf(await search({ query: "anything", from: "2024-01-05T00:00:00Z" })))).toEqual(
      new Set(["phone-2", "oil"]),
    );
    expect(new Set(idsOf(await search({ query: "anything", to: "2024-01-02T00:00:00Z" })))).toEqual(
      new Set(["copper"]),
    );
  });

  test("an article carries its instruments and how it sounds", async () => {
    const { edges } = await search({ query: "Bitcoin exchange", first: 1 });
    expect(edges[0].node).toMatchObject({ id: "bitcoin", instruments: [{ symbol: "BTCUSDT" }] });
    expect(edges[0].node.sentiment).toBeLessThan(0);
  });

  test.each([
    [{ query: "" }, "SEARCH_QUERY_INVALID"],
    [{ query: "copper ".repeat(5_000) }, "SEARCH_QUERY_INVALID"],
    [{ query: "copper", first: 1_000 }, "BAD_USER_INPUT"],
    [{ query: "copper", halfLifeHours: 0 }, "BAD_USER_INPUT"],
    [{ query: "copper", halfLifeHours: -1 }, "BAD_USER_INPUT"],
    [{ query: "copper", after: "x" }, "BAD_USER_INPUT"],
  ])("out of bounds: %o", async (variables, code) => {
    expect((await subgraph.ask(SEARCH, variables)).errors?.[0]?.extensions.code).toBe(code);
  });

  test("hostile text is searched like any other", async () => {
    for (const query of [
      "<script>alert(1)</script>",
      "ignore all previous instructions",
      "\u202Eright to left",
      "'; DROP TABLE news; --",
      "💥".repeat(400),
    ]) {
      expect(idsOf(await search({ query }))).toHaveLength(HEADLINES.length);
    }
  });
});

describe("as entities", () => {
  const ENTITIES = `query ($r: [_Any!]!) { _entities(representations: $r) {
    ... on Instrument { symbol news(first: 2) { id } }
    ... on NewsArticle { id sentiment similar(first: 1) { id } }
  } }`;
  const entities = async (...r: object[]) => (await subgraph.ask(ENTITIES, { r })).data._entities;

  test("an instrument has its newest articles first, one that nobody writes about has none", async () => {
    expect(
      await entities({ __typename: "Instrument", symbol: "AAPL" }, { __typename: "Instrument", symbol: "NONE" }),
    ).toEqual([
      { symbol: "AAPL", news: [{ id: "phone-2" }, { id: "phone" }] },
      { symbol: "NONE", news: [] },
    ]);
  });

  test("an article has its sentiment and what is similar", async () => {
    const [article] = await entities({ __typename: "NewsArticle", id: "phone" });
    expect(article).toMatchObject({ id: "phone", similar: [{ id: "phone-2" }] });
    expect(article.sentiment).toBeGreaterThan(0);
  });

  test("an article that is announced just before it is stored is waited for, an unknown one is null", async () => {
    const gold: ArticleEvent = { ...eventOf(["gold", "Gold climbs to a record", ["GC"], 7]) };
    const [[article]] = await Promise.all([entities({ __typename: "NewsArticle", id: "gold" }), publish(gold)]);
    expect(article).toMatchObject({ id: "gold" });
    expect(await entities({ __typename: "NewsArticle", id: "nothing" })).toEqual([null]);
  });
});

test("stories are told once, with all who tell them, page by page", async () => {
  const text = `query ($after: String) { stories(from: "2024-01-03T00:00:00Z", to: "2024-01-06T00:00:00Z", first: 1, after: $after) {
    nodes { id articleCount articles { id story { id } } } pageInfo { hasNextPage endCursor } } }`;
  const { data } = await subgraph.ask(text);
  const articles = ["phone", "phone-2"].map((id) => ({ id, story: { id: "phone" } }));
  expect(data.stories.nodes).toEqual([{ id: "phone", articleCount: 2, articles }]);
  expect(data.stories.pageInfo.hasNextPage).toBe(true);
  const next = await subgraph.ask(text, { after: data.stories.pageInfo.endCursor });
  expect(next.data.stories.nodes).toMatchObject([{ id: "bitcoin", articleCount: 1 }]);
  expect(next.data.stories.pageInfo.hasNextPage).toBe(false);
});

/** What the news told in [from, to) to a brief of the market, or of an instrument. */
async function ofBrief(typename: string, selection: string, representation: Record<string, string>) {
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ${typename} { ${selection} } } }`;
  const { data, errors } = await subgraph.ask(query, { r: [{ __typename: typename, ...representation }] });
  return { brief: data?._entities?.[0], code: errors?.[0]?.extensions?.code };
}

test("a brief of the market has the stories that began in its time, the most told first", async () => {
  const time = { from: "2024-01-03T00:00:00Z", to: "2024-01-07T00:00:00Z" };
  const { brief } = await ofBrief("MarketBrief", "stories { id articleCount }", time);
  expect(brief.stories).toEqual([
    { id: "phone", articleCount: 2 },
    { id: "oil", articleCount: 1 },
    { id: "bitcoin", articleCount: 1 },
  ]);
  // A story that goes on after the day is as large as it was by then.
  const meanwhile = { ...time, to: "2024-01-05T08:00:00Z" };
  expect(
    (await ofBrief("MarketBrief", "stories { id articleCount articles { id } }", meanwhile)).brief.stories,
  ).toEqual([
    { id: "phone", articleCount: 1, articles: [{ id: "phone" }] },
    { id: "bitcoin", articleCount: 1, articles: [{ id: "bitcoin" }] },
  ]);
  const until = { ...time, to: "2024-01-04T09:00:00Z" };
  expect((await ofBrief("MarketBrief", "stories(first: 1) { id }", until)).brief.stories).toEqual([{ id: "bitcoin" }]);
  expect((await ofBrief("MarketBrief", "stories(first: 51) { id }", time)).code).toBe("BAD_USER_INPUT");
});

test("a brief of an instrument has the articles about it of its time, newest first", async () => {
  const news = async (symbol: string, to: string) =>
    (await ofBrief("InstrumentBrief", "news { id }", { symbol, from: "2024-01-04T00:00:00Z", to })).brief.news;
  expect(await news("AAPL", "2024-01-06T00:00:00Z")).toEqual([{ id: "phone-2" }, { id: "phone" }]);
  expect(await news("AAPL", "2024-01-05T09:00:00Z")).toEqual([{ id: "phone" }]);
  expect(await news("BTCUSDT", "2024-01-06T00:00:00Z")).toEqual([]);
});

test("an article that comes without symbols is about what its text names, and says where", async () => {
  const text = "Coins fell, bitcoin by 5 percent; Aplin Systems was not touched.";
  await publish({ ...eventOf(["unlinked", "A day of sand and dust at the harbour", [], 9]), summary: text });
  const entity =
    "query ($r: [_Any!]!) { _entities(representations: $r) { ... on NewsArticle { instruments { symbol } about { symbol } mentions { instruments { symbol } kind part range { start end } text sentiment } } } }";
  await eventually(
    async () => expect(idsOf(await search({ query: "dust", symbols: ["APLN"] }))).toEqual(["unlinked"]),
    DEADLINE,
  );
  const { data } = await subgraph.ask(entity, { r: [{ __typename: "NewsArticle", id: "unlinked" }] });
  const range = (word: string) => ({ start: text.indexOf(word), end: text.indexOf(word) + word.length });
  expect(data._entities[0].mentions[0].sentiment).toBeLessThan(0);
  expect(data._entities[0]).toEqual({
    instruments: [],
    about: [{ symbol: "BTCUSDT" }, { symbol: "APLN" }],
    mentions: [
      {
        instruments: [{ symbol: "BTCUSDT" }],
        kind: "NAME",
        part: "SUMMARY",
        range: range("bitcoin"),
        text: "bitcoin",
        sentiment: expect.any(Number),
      },
      {
        instruments: [{ symbol: "APLN" }],
        kind: "NAME",
        part: "SUMMARY",
        range: range("Aplin Systems"),
        text: "Aplin Systems",
        sentiment: null,
      },
    ],
  });
});

/** All that is told, in its order. */
async function toldArticles(): Promise<ArticleEvent[]> {
  const told: ArticleEvent[] = [];
  const ranges = await rangesOf(kafka, linkedTopic);
  await scanTopic({
    kafka,
    log: { warn() {}, info() {}, error() {} } as never,
    topic: linkedTopic,
    ranges,
    take: ({ value }) => void told.push(JSON.parse(String(value)) as ArticleEvent),
  });
  return told;
}

test("whoever follows the stream is told of it with the same instruments", async () => {
  const told = await toldArticles();
  expect(told.map(({ id }) => id)).toEqual([...HEADLINES.map(([id]) => id), "gold", "unlinked"]);
  expect(told.at(-1)).toMatchObject({ instruments: [], about: [{ symbol: "BTCUSDT" }, { symbol: "APLN" }] });
  for (const value of told) expect(validateValue("news.linked.v1", JSON.stringify(value))).toMatchObject({ ok: true });
});

test("an article says which of its words make its sentiment, and how sure it is", async () => {
  const [title, summary] = ["Harbour dust: costs fell", "Analysts were not happy, one praised the quay."];
  await publish({ ...eventOf(["reasons", title, [], 9]), summary });
  const entity = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on NewsArticle { sentiment sentimentDetail {
    score confidence wordCount words { text part range { start end } weight }
  } } } }`;
  const of = async (id: string) =>
    (await subgraph.ask(entity, { r: [{ __typename: "NewsArticle", id }] })).data._entities[0];
  const { sentiment, sentimentDetail } = await eventually(async () => {
    const article = await of("reasons");
    expect(article).not.toBeNull();
    return article;
  }, DEADLINE);
  const word = (text: string, part: "TITLE" | "SUMMARY", weight: number) => {
    const start = (part === "TITLE" ? title : summary).indexOf(text);
    return { text, part, range: { start, end: start + text.length }, weight };
  };
  expect(sentimentDetail).toEqual({
    score: sentiment,
    // 2.75 of 7.25, by three.
    confidence: 0.284,
    wordCount: 3,
    words: [word("praised", "SUMMARY", 3), word("happy", "SUMMARY", -2.25), word("costs fell", "TITLE", 2)],
  });
  expect(await of("rates")).toEqual({ sentiment: null, sentimentDetail: null });
});

test("a record that is no article is counted, and its neighbours are stored", async () => {
  expect(await metric("vector_search_articles_refused_total")).toBe(1);
});

test("a process that starts again goes on where it was, and tells the stream before it has embedded anything", async () => {
  const toldBefore = await toldArticles();
  await subgraph.stop();
  const before = await stored();
  await publish(eventOf(["late", "A late story about wheat", ["ZW"], 8]));
  const { promise: mayEmbed, resolve: embed } = Promise.withResolvers<void>();
  subgraph = await startSubgraph(mayEmbed);
  const ids = [...toldBefore.map(({ id }) => id), "late"];
  try {
    await eventually(async () => expect((await toldArticles()).map(({ id }) => id)).toEqual(ids), DEADLINE);
    expect(await stored()).toBe(before);
  } finally {
    // Else the process waits for it and never ends.
    embed();
  }
  await eventually(async () => expect(await stored()).toBe(before + 1), DEADLINE);
  expect(await metric("vector_search_articles_indexed_total")).toBe(1);
});
