import { createKafka } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, servers, uniqueName, type TestDatabase } from "@mib/testkit/servers";
import { subgraphProcess, type SubgraphProcess } from "@mib/testkit/subgraph-process";
import kafkajs from "kafkajs";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";

const symbol = uniqueName("BARS").toUpperCase();
const epoch = uniqueName("epoch");
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "analytics-test");
let database: TestDatabase;
let analytics: SubgraphProcess;
let producer: kafkajs.Producer;
let sequence = 0;

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  database = await createTestDatabase("analytics");
  producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  analytics = await subgraphProcess("analytics", new URL("main.ts", import.meta.url), {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: servers.kafkaBrokers.join(","),
    WINDOWS_SAVE_MS: "200",
    // None answers there: what needs no class goes without.
    ENGINE_ADDRESS: "tcp:127.0.0.1:1",
  });
  await analytics.start();
});

afterAll(async () => {
  await analytics?.stop();
  await producer?.disconnect();
  await database?.drop();
});

/** Sends one-minute bars with these closes, the way the engine publishes them; returns the messages. */
async function sendBars(closes: readonly number[], { backfill = false, firstMinute = 0 } = {}) {
  const messages = closes.map((close, index) => {
    const text = String(Number(close.toFixed(2)));
    const openedAt = new Date(1_700_000_040_000 + (firstMinute + index) * 60_000).toISOString().replace(".000Z", "Z");
    const value = {
      instrument: { symbol },
      interval: "M1",
      openedAt,
      open: text,
      high: text,
      low: text,
      close: text,
      volume: String(100 + (index % 5)),
      vwap: text,
      tradeCount: 1,
      final: true,
      revision: 0,
    };
    const headers: Record<string, string> = {
      channel: `${symbol}/M1`,
      epoch,
      sequence: String(++sequence),
      ordinal: "0",
      "schema-version": "1",
    };
    if (backfill) headers.origin = "backfill";
    return { key: symbol, value: JSON.stringify(value), headers };
  });
  await producer.send({ topic: "market.bars.v1", messages });
  return messages;
}

const quiet = Array.from({ length: 150 }, (_, index) => 100 + Math.sin(index * 1.7) * 0.3);

async function indicators(): Promise<{ asOf: string | null; rsi: number | null; sma: number | null }> {
  const query = `query ($symbol: ID!) { _entities(representations: [{__typename: "Instrument", symbol: $symbol}]) { ... on Instrument { indicators(interval: M1) { asOf rsi sma(period: 3) } } } }`;
  const answer = await analytics.ask(query, { symbol });
  expect(answer.errors).toBeUndefined();
  return answer.data._entities[0].indicators;
}

async function signals(): Promise<{ id: string; kind: string; direction: string | null }[]> {
  const answer = await analytics.ask(
    "query ($symbols: [ID!]) { signals(symbols: $symbols, first: 100) { nodes { id kind direction } } }",
    { symbols: [symbol] },
  );
  expect(answer.errors).toBeUndefined();
  return answer.data.signals.nodes;
}

test("an instrument without bars has no indicators, not invented ones", async () => {
  expect(await indicators()).toEqual({ asOf: null, rsi: null, sma: null });
});

test("bars from history fill the windows and raise no signal", async () => {
  await sendBars([...quiet.slice(0, -1), 150], { backfill: true });
  await eventually(async () => expect((await indicators()).rsi).not.toBeNull(), { deadlineMs: 30_000 });
  expect(await signals()).toEqual([]);
});

test("a live bar that breaks out is a signal; the same record again is none", async () => {
  await sendBars(quiet, { backfill: true, firstMinute: 150 });
  const [jump] = await sendBars([120], { firstMinute: 300 });
  await eventually(async () => expect((await signals()).map(({ kind }) => kind)).toContain("BREAKOUT"), {
    deadlineMs: 30_000,
  });
  const before = await signals();
  await producer.send({ topic: "market.bars.v1", messages: [jump!] });
  await sendBars([120.1], { firstMinute: 301 });
  await eventually(
    async () =>
      expect((await indicators()).asOf).toBe(
        new Date(1_700_000_040_000 + 301 * 60_000).toISOString().replace(".000Z", "Z"),
      ),
    { deadlineMs: 30_000 },
  );
  expect((await signals()).filter(({ kind }) => kind === "BREAKOUT")).toEqual(
    before.filter(({ kind }) => kind === "BREAKOUT"),
  );
});

test("a jump is an anomaly that says what it was held against", async () => {
  const answer = await analytics.ask(
    "query ($symbols: [ID!]) { signals(symbols: $symbols, kinds: [ANOMALY]) { nodes { kind direction evidence { metric method interval threshold from to } } } }",
    { symbols: [symbol] },
  );
  expect(answer.errors).toBeUndefined();
  expect(answer.data.signals.nodes).toContainEqual({
    kind: "ANOMALY",
    direction: "UP",
    evidence: {
      metric: "PRICE",
      method: "MEDIAN_MAD",
      interval: "M1",
      threshold: 6,
      from: timeOf(179),
      to: timeOf(299),
    },
  });
});

/** The minute of a bar, as the API writes it. */
function timeOf(minute: number): string {
  return new Date(1_700_000_040_000 + minute * 60_000).toISOString().replace(".000Z", "Z");
}

test("what was announced is in the topic of signals, each under its id", async () => {
  await eventually(
    async () =>
      expect((await query<{ left: number }>("SELECT count(*)::int AS left FROM analytics.outbox")).rows[0]!.left).toBe(
        0,
      ),
    { deadlineMs: 20_000 },
  );
  const announced = await readAll("analytics.signals.v1");
  const ids = (await signals()).map(({ id }) => id);
  expect(announced.filter((id) => ids.includes(id)).sort()).toEqual(ids.sort());
});

/** A page of an indicator of the test's instrument. */
async function series(args: string, selection = "nodes { openedAt values } pageInfo { hasNextPage endCursor }") {
  const answer = await analytics.ask(
    `query ($symbol: ID!) { _entities(representations: [{__typename: "Instrument", symbol: $symbol}]) { ... on Instrument { indicatorSeries(interval: M1, ${args}) { ${selection} } } } }`,
    { symbol },
  );
  return { page: answer.data?._entities?.[0]?.indicatorSeries, code: answer.errors?.[0]?.extensions?.code };
}

test("a range of an indicator is the same in one page and in many, and begins with nulls where there is no history", async () => {
  for (const kind of ["RSI", "OBV", "MACD", "VWAP"]) {
    const range = `indicator: {kind: ${kind}}, from: "2013-01-01T00:00:00Z", to: "2024-01-01T00:00:00Z"`;
    const whole = (await series(`${range}, first: 1000`)).page;
    expect(whole.nodes).toHaveLength(302);
    const parts: any[] = [];
    for (let after: string | null = null; ;) {
      const { nodes, pageInfo }: { nodes: any[]; pageInfo: any } = (
        await series(`${range}, first: 77${after === null ? "" : `, after: "${after}"`}`)
      ).page;
      parts.push(...nodes);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    const numbers = (nodes: any[]) => nodes.flatMap(({ values }) => values as (number | null)[]);
    expect(numbers(parts).length).toBe(numbers(whole.nodes).length);
    numbers(parts).forEach((value, index) => {
      const expected = numbers(whole.nodes)[index]!;
      if (expected === null) expect(value).toBeNull();
      else expect(Math.abs(value! - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
    });
  }
  const rsi = (await series(`indicator: {kind: RSI}, first: 400`)).page.nodes;
  expect(rsi[0].values).toEqual([null]);
  expect(rsi.at(-1).values[0]).toBeCloseTo((await indicators()).rsi!, 9);
});

test("a range outlives the window: bars are read back from PostgreSQL", async () => {
  await eventually(
    async () =>
      expect(
        (await query<{ bars: number }>("SELECT count(*)::int AS bars FROM analytics.bars WHERE symbol = $1", [symbol]))
          .rows[0]!.bars,
      ).toBe(302),
    { deadlineMs: 20_000 },
  );
});

test.each([
  [
    "a range that ends before it begins",
    `indicator: {kind: RSI}, from: "2024-01-02T00:00:00Z", to: "2024-01-01T00:00:00Z"`,
  ],
  ["a page too large", "indicator: {kind: RSI}, first: 1001"],
  ["a period out of range", "indicator: {kind: RSI, period: 100000}"],
  ["a fast average that is slower", "indicator: {kind: MACD, fast: 30, slow: 20}"],
  ["a beta against nothing", "indicator: {kind: BETA}"],
  ["a cursor from elsewhere", 'indicator: {kind: RSI}, after: "x"'],
])("%s is refused", async (_, args) => {
  expect((await series(args)).code).toBe("BAD_USER_INPUT");
});

test("a range without bars has no points", async () => {
  expect(
    (await series(`indicator: {kind: RSI}, from: "1999-01-01T00:00:00Z", to: "2009-01-01T00:00:00Z"`)).page,
  ).toEqual({
    nodes: [],
    pageInfo: { hasNextPage: false, endCursor: null },
  });
});

test("after kill -9 the windows are as before, and nothing is announced twice", async () => {
  const before = { indicators: await indicators(), signals: await signals() };
  await analytics.kill();
  await analytics.start();
  await eventually(async () => expect({ indicators: await indicators(), signals: await signals() }).toEqual(before), {
    deadlineMs: 30_000,
  });
});

test("a screen, breadth and movers see the instrument with its bars", async () => {
  const answer = await analytics.ask(
    `{ screener(bars: 60, filter: {indicators: [{indicator: {kind: RSI}}]}) { totalCount nodes { values standing { instrument { symbol } price } } }
       marketBreadth(interval: M1, bars: 60) { instruments advancing }
       movers(interval: M1, bars: 60, direction: UP) { instrument { symbol } changePercent } }`,
  );
  expect(answer.errors).toBeUndefined();
  expect(answer.data.screener.nodes).toContainEqual({
    values: [(await indicators()).rsi],
    standing: { instrument: { symbol }, price: 120.1 },
  });
  expect(answer.data.marketBreadth.advancing).toBeGreaterThan(0);
  expect(answer.data.movers.map((mover: any) => mover.instrument.symbol)).toContain(symbol);
});

test("a heat map in groups has every instrument once, also where no engine says its class", async () => {
  const group = "class tradedValueFrom tradedValueTo sector instruments cells { instrument { symbol } }";
  const answer = await analytics.ask(
    `{ classes: heatMapGroups(by: CLASS, interval: M1, bars: 60) { ${group} }
       sizes: heatMapGroups(by: SIZE, interval: M1, bars: 60) { ${group} } }`,
  );
  expect(answer.errors).toBeUndefined();
  const one = { class: null, sector: null, instruments: 1, cells: [{ instrument: { symbol } }] };
  expect(answer.data.classes).toEqual([{ ...one, tradedValueFrom: null, tradedValueTo: null }]);
  // 60 bars of about 102 pieces at about 100.
  expect(answer.data.sizes).toEqual([{ ...one, tradedValueFrom: 100_000, tradedValueTo: 1_000_000 }]);
});

/** An article on the topic of linked news. */
async function tell(id: string, title: string, publishedMs: number, about: readonly string[]): Promise<void> {
  const publishedAt = new Date(Math.floor(publishedMs / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
  const instruments = about.map((each) => ({ symbol: each }));
  const value = JSON.stringify({
    id,
    title,
    summary: null,
    url: null,
    source: "test",
    publishedAt,
    instruments: [],
    about: instruments,
  });
  const headers = { channel: "*", "event-id": id, "schema-version": "1" };
  await producer.send({ topic: "news.linked.v1", messages: [{ key: null, value, headers }] });
}

const newsSentiment = async (about: string, hours = 24) => {
  const text = `query ($r: [_Any!]!, $hours: Float) { _entities(representations: $r) { ... on Instrument {
    newsSentiment(halfLifeHours: $hours) { asOf score confidence articles weight } } } }`;
  return analytics.ask(text, { r: [{ __typename: "Instrument", symbol: about }], hours });
};

test("how news sounds weighs what is new before what is old, and is the same after a start", async () => {
  const [about, now] = [uniqueName("NEWS"), Date.now()];
  const [good, bad] = [uniqueName("good"), uniqueName("bad")];
  expect((await newsSentiment(about)).data._entities).toEqual([{ newsSentiment: null }]);
  await tell(bad, "Shares plunge", now - 24 * 3_600_000, [about]);
  await tell(good, "Shares soar", now, [about, about]);
  await tell(good, "Shares soar", now, [about]);
  await tell(uniqueName("copy"), "Shares soar", now, [about]);
  await tell(uniqueName("neither"), "A committee meets", now, [about]);
  await producer.send({ topic: "news.linked.v1", messages: [{ key: null, value: "no article" }] });
  const last = uniqueName("LAST");
  await tell(uniqueName("end"), "Shares soar", now, [last]);
  const heard = async () => {
    await eventually(async () => expect((await newsSentiment(last)).data._entities[0].newsSentiment).not.toBeNull(), {
      deadlineMs: 30_000,
    });
    return (await newsSentiment(about)).data._entities[0].newsSentiment;
  };
  const before = await heard();
  expect(before).toMatchObject({ articles: 2, asOf: expect.any(String) });
  // 0.429 now and -0.429 a day ago.
  expect(before.score).toBeCloseTo((0.429 - 0.429 / 2) / 1.5, 6);
  await analytics.kill();
  await analytics.start();
  expect(await heard()).toEqual(before);
});

test.each([0, -1, 1e9])("a half-life of %s hours gets BAD_USER_INPUT", async (hours) => {
  expect((await newsSentiment("A", hours)).errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
});

test.each([
  [
    "a period of nothing",
    '{ _entities(representations: [{__typename: "Instrument", symbol: "X"}]) { ... on Instrument { indicators(interval: M1) { sma(period: 0) } } } }',
  ],
  ["a page too large", "{ topMovers(first: 100000) { symbol } }"],
  ["a cursor from elsewhere", '{ signals(after: "nonsense") { nodes { id } } }'],
  ["a heat map of no bars", "{ heatMap(bars: 0) { price } }"],
  ["a heat map in groups of no bars", "{ heatMapGroups(by: SIZE, bars: 0) { tradedValue } }"],
  ["a correlation of one", '{ correlations(symbols: ["A"]) { matrix } }'],
  ["a correlation over too much", "{ correlations(bars: 100000) { matrix } }"],
  ["a lead over itself", '{ leadLag(first: "A", second: "A") { lag } }'],
  ["a lead of what has no bars", '{ leadLag(first: "A", second: "B") { lag } }'],
  ["a screen whose range is upside down", "{ screener(filter: {price: {min: 2, max: 1}}) { totalCount } }"],
  ["a screen sorted by nothing", "{ screener(sort: {by: INDICATOR}) { totalCount } }"],
  [
    "a line that an indicator does not have",
    '{ screener(filter: {indicators: [{indicator: {kind: RSI}, line: "k"}]}) { totalCount } }',
  ],
])("%s gets BAD_USER_INPUT", async (_, text) => {
  expect((await analytics.ask(text)).errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
});

test("it ends in an orderly way", async () => {
  expect(await analytics.stop()).toBe(0);
});

/** The event ids of a topic, from its beginning to its present end. */
async function readAll(topic: string): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  const end = (await admin.fetchTopicOffsets(topic)).reduce(
    (sum, { high, low }) => sum + Number(high) - Number(low),
    0,
  );
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: uniqueName("reader"), maxWaitTimeInMs: 50 });
  const ids: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void ids.push(String(message.headers?.["event-id"])) });
  await eventually(() => expect(ids.length).toBeGreaterThanOrEqual(end), { deadlineMs: 30_000 });
  await consumer.disconnect();
  return ids;
}

async function query<Row extends pg.QueryResultRow>(
  text: string,
  values: unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return await client.query<Row>(text, values);
  } finally {
    await client.end();
  }
}
