import type { CallerIdentity } from "@mib/identity/caller-identity";
import { createKafka } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, servers, uniqueName, type TestDatabase } from "@mib/testkit/servers";
import { subgraphProcess, type SubgraphProcess } from "@mib/testkit/subgraph-process";
import kafkajs from "kafkajs";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";

const epoch = uniqueName("epoch");
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "notification-test");
let database: TestDatabase;
let notification: SubgraphProcess;
let producer: kafkajs.Producer;
let sequence = 0;
const NEWS_PER_HOUR_MAX = 20;

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  database = await createTestDatabase("notification");
  producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  notification = await subgraphProcess("notification", new URL("main.ts", import.meta.url), {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: servers.kafkaBrokers.join(","),
    POSITIONS_SAVE_MS: "200",
    NEWS_PER_HOUR_MAX: String(NEWS_PER_HOUR_MAX),
  });
  await notification.start();
});

afterAll(async () => {
  await notification?.stop();
  await producer?.disconnect();
  await database?.drop();
});

function user(name = uniqueName("user")): CallerIdentity {
  return { subject: name, roles: ["user"], scopes: [], credential: "session", sessionId: "s1" };
}

const CREATE_RULE = "mutation ($input: AlertRuleInput!) { createAlertRule(input: $input) { id armed } }";

/** Waits until the instrument is known: by a bar of a day long ago, if by nothing else. */
async function createRule(
  owner: CallerIdentity,
  input: Record<string, unknown>,
  at = notification,
): Promise<{ id: string; armed: boolean }> {
  const day = { close: "1", interval: "D1", openedAt: "2020-01-01T00:00:00Z" };
  await sendBars("market.bars.current.v1", input["symbol"] as string, [day]);
  return eventually(async () => {
    const answer = await at.ask(CREATE_RULE, { input }, owner);
    expect(answer.errors).toBeUndefined();
    return answer.data.createAlertRule as { id: string; armed: boolean };
  });
}

async function inbox(
  owner: CallerIdentity,
): Promise<{ id: string; value: string; readAt: string | null; rule: { id: string } | null }[]> {
  const text = `query ($id: ID!) { _entities(representations: [{__typename: "User", id: $id}]) { ... on User { notifications(first: 200) { nodes { id value readAt rule { id } } } } } }`;
  const answer = await notification.ask(text, { id: owner.subject }, owner);
  expect(answer.errors).toBeUndefined();
  return answer.data._entities[0].notifications.nodes;
}

/** Trades as the engine publishes them. */
async function sendTrades(symbol: string, prices: readonly string[]): Promise<void> {
  await producer.send({
    topic: "market.trades.v1",
    messages: prices.map((price) => {
      sequence += 1;
      const value = {
        instrument: { symbol },
        id: String(sequence),
        price,
        size: "1",
        side: "BUY",
        at: "2024-08-08T12:00:00Z",
      };
      return {
        key: symbol,
        value: JSON.stringify(value),
        headers: { channel: symbol, epoch, sequence: String(sequence), ordinal: "0", "schema-version": "1" },
      };
    }),
  });
}

interface BarFields {
  open?: string;
  close: string;
  volume?: string;
  interval?: string;
  openedAt: string;
}

/** Bars as the engine publishes them. */
async function sendBars(
  topic: "market.bars.v1" | "market.bars.current.v1",
  symbol: string,
  bars: readonly BarFields[],
  more: Record<string, string> = {},
): Promise<void> {
  await producer.send({
    topic,
    messages: bars.map(({ open = "1", close, volume = "1", interval = "M1", openedAt }) => {
      sequence += 1;
      const value = {
        instrument: { symbol },
        interval,
        openedAt,
        open,
        high: close,
        low: open,
        close,
        volume,
        vwap: null,
        tradeCount: 1,
        final: topic === "market.bars.v1",
        revision: 0,
      };
      const headers = {
        channel: `${symbol}/${interval}`,
        epoch,
        sequence: String(sequence),
        ordinal: "0",
        "schema-version": "1",
        ...more,
      };
      return { key: symbol, value: JSON.stringify(value), headers };
    }),
  });
}

const minute = (n: number) => new Date(Date.UTC(2024, 7, 8, 12, n)).toISOString().replace(".000Z", "Z");

async function sendArticle(symbol: string, title: string): Promise<void> {
  const id = uniqueName("article");
  const value = {
    id,
    title,
    summary: null,
    url: null,
    source: "test",
    publishedAt: "2024-08-08T12:00:00Z",
    instruments: [],
    about: [{ symbol }],
  };
  await producer.send({
    topic: "news.linked.v1",
    messages: [
      { key: null, value: JSON.stringify(value), headers: { channel: "*", "event-id": id, "schema-version": "1" } },
    ],
  });
}

/** The events of the topic that belong to a user: event ids as they were sent, repeats included. */
async function announcedTo(owner: CallerIdentity): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  const end = (await admin.fetchTopicOffsets("notifications.v1")).reduce(
    (sum, { high, low }) => sum + Number(high) - Number(low),
    0,
  );
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: uniqueName("reader"), maxWaitTimeInMs: 50 });
  const ids: string[] = [];
  let read = 0;
  await consumer.connect();
  await consumer.subscribe({ topic: "notifications.v1", fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      read += 1;
      if (message.key?.toString() === owner.subject) ids.push(String(message.headers?.["event-id"]));
    },
  });
  await eventually(() => expect(read).toBeGreaterThanOrEqual(end), { deadlineMs: 30_000 });
  await consumer.disconnect();
  return ids;
}

test("a rule fires once per crossing, into its owner's inbox only", async () => {
  const [owner, other] = [user(), user()];
  const symbol = uniqueName("X");
  const rule = await createRule(owner, { symbol, metric: "PRICE", comparison: "CROSSES_ABOVE", threshold: "100.5" });
  expect(rule.armed).toBe(true);
  await sendTrades(symbol, ["101", "100", "100.500000001", "102", "99", "103"]);
  await eventually(
    async () =>
      expect(await inbox(owner)).toMatchObject([{ value: "103", rule: { id: rule.id } }, { value: "100.500000001" }]),
    { deadlineMs: 30_000 },
  );
  expect(await inbox(other)).toEqual([]);
  await eventually(
    async () => expect(new Set(await announcedTo(owner))).toEqual(new Set((await inbox(owner)).map(({ id }) => id))),
    { deadlineMs: 30_000 },
  );
});

test("a change is measured from the day's open by every trade", async () => {
  const owner = user();
  const symbol = uniqueName("X");
  await createRule(owner, { symbol, metric: "CHANGE_PERCENT", comparison: "CROSSES_ABOVE", threshold: "2.5" });
  await sendTrades(symbol, ["200", "204.999999999", "205.000000002", "204"]);
  await eventually(async () => expect((await inbox(owner)).map(({ value }) => value)).toEqual(["2.500000001"]), {
    deadlineMs: 30_000,
  });
  // The day's bar knows of trades before the first one that was seen here.
  await sendBars("market.bars.current.v1", symbol, [
    { interval: "D1", open: "100", close: "205", openedAt: "2024-08-08T00:00:00Z" },
  ]);
  await eventually(
    async () => {
      await sendTrades(symbol, ["101", "110"]);
      expect((await inbox(owner))[0]?.value).toBe("10");
    },
    { deadlineMs: 30_000 },
  );
});

test("volume and RSI are held against final bars of the rule's interval, and loaded history fires nothing", async () => {
  const owner = user();
  const symbol = uniqueName("X");
  await createRule(owner, { symbol, metric: "VOLUME", comparison: "ABOVE", threshold: "50" });
  await createRule(owner, { symbol, metric: "RSI", comparison: "ABOVE", threshold: "70", interval: "M1" });
  const history = Array.from({ length: 20 }, (_, n) => ({
    close: String(100 + (n % 2)),
    volume: "99",
    openedAt: minute(n),
  }));
  await sendBars("market.bars.v1", symbol, history, { origin: "backfill" });
  await sendBars("market.bars.v1", symbol, [
    { close: "1", volume: "500", interval: "M5", openedAt: minute(20) },
    { close: "100", volume: "51.5", openedAt: minute(20) },
  ]);
  await eventually(async () => expect((await inbox(owner)).map(({ value }) => value)).toEqual(["51.5"]), {
    deadlineMs: 30_000,
  });
  await sendBars("market.bars.v1", symbol, [{ close: "130", openedAt: minute(21) }]);
  await eventually(async () => expect(await inbox(owner)).toHaveLength(2), { deadlineMs: 30_000 });
  expect(Number((await inbox(owner))[0]!.value)).toBeGreaterThan(70);
});

test("sentiment is held against every article about the instrument", async () => {
  const owner = user();
  const symbol = uniqueName("X");
  await createRule(owner, { symbol, metric: "SENTIMENT", comparison: "BELOW", threshold: "0" });
  await sendArticle(symbol, "Shares surge to a record after excellent profit growth");
  await sendArticle(symbol, "Shares plunge after fraud, losses and bankruptcy");
  await eventually(async () => expect(await inbox(owner)).toHaveLength(1), { deadlineMs: 30_000 });
  expect(Number((await inbox(owner))[0]!.value)).toBeLessThan(0);
});

test("killed at any moment, it makes each notification exactly once", async () => {
  const owner = user();
  const symbol = uniqueName("KILLED");
  await createRule(owner, { symbol, metric: "PRICE", comparison: "CROSSES_ABOVE", threshold: "100" });
  const crossings = 8;
  for (let round = 0; round < crossings; round++) {
    await sendTrades(symbol, ["99", String(101 + round)]);
    // From at once to long after it was written: somewhere in between lies each step.
    await eventually(async () => (await inbox(owner)).length > round - (round % 4), { deadlineMs: 30_000 }).catch(
      () => {},
    );
    await notification.kill();
    await notification.start();
  }
  await eventually(
    async () =>
      expect((await inbox(owner)).map(({ value }) => value)).toEqual(
        Array.from({ length: crossings }, (_, round) => String(101 + round)).reverse(),
      ),
    { deadlineMs: 60_000 },
  );
  const ids = (await inbox(owner)).map(({ id }) => id).sort();
  await eventually(async () => expect([...new Set(await announcedTo(owner))].sort()).toEqual(ids), {
    deadlineMs: 30_000,
  });
});

test("killed before it ever read an event, it misses none of those that came meanwhile", async () => {
  const fresh = await createTestDatabase("notification");
  const other = await subgraphProcess("notification", new URL("main.ts", import.meta.url), {
    DATABASE_URL: fresh.url,
    KAFKA_BROKERS: servers.kafkaBrokers.join(","),
  });
  try {
    await other.start();
    const owner = user();
    const symbol = uniqueName("X");
    const input = { symbol, metric: "PRICE", comparison: "ABOVE", threshold: "10" };
    await createRule(owner, input, other);
    await other.kill();
    await sendTrades(symbol, ["11"]);
    await other.start();
    const text = `query ($id: ID!) { _entities(representations: [{__typename: "User", id: $id}]) { ... on User { notifications { nodes { value } } } } }`;
    await eventually(
      async () =>
        expect((await other.ask(text, { id: owner.subject }, owner)).data._entities[0].notifications.nodes).toEqual([
          { value: "11" },
        ]),
      { deadlineMs: 30_000 },
    );
  } finally {
    await other.stop();
    await fresh.drop();
  }
});

const CREATE_WATCH =
  "mutation ($input: NewsWatchInput!) { createNewsWatch(input: $input) { id query similarityLeast instruments { symbol } } }";

async function createWatch(owner: CallerIdentity, input: Record<string, unknown>): Promise<{ id: string }> {
  const answer = await notification.ask(CREATE_WATCH, { input }, owner);
  expect(answer.errors).toBeUndefined();
  return answer.data.createNewsWatch;
}

/** Matches as vector-search tells them. */
async function sendMatches(
  watch: string,
  articles: readonly string[],
  { version = 1, symbols = ["FCX"] } = {},
): Promise<void> {
  await producer.send({
    topic: "news.matches.v1",
    messages: articles.map((id) => {
      const article = { id, title: `Title of ${id}`, source: "wire", publishedAt: "2024-08-08T12:00:00Z", symbols };
      return {
        key: watch,
        value: JSON.stringify({ watch, version, similarity: 0.61049, article }),
        headers: { channel: "*", "event-id": uniqueName("match"), "schema-version": "1" },
      };
    }),
  });
}

const NEWS_INBOX = `query ($id: ID!) { _entities(representations: [{__typename: "User", id: $id}]) { ... on User {
  newsWatches { id query lastMatchedAt }
  notifications(first: 200) { nodes { id title body value rule { id } watch { id } article { id } instrument { symbol } } }
} } }`;
const newsInbox = async (owner: CallerIdentity) =>
  (await notification.ask(NEWS_INBOX, { id: owner.subject }, owner)).data._entities[0];

test("an article that is like a watch is told once, to the watch's owner, also when it is found again", async () => {
  const [owner, other] = [user(), user()];
  const watch = await createWatch(owner, { query: "  supply disruptions\n in copper " });
  expect(watch).toMatchObject({ query: "supply disruptions in copper", similarityLeast: 0.6, instruments: [] });
  await sendMatches(watch.id, ["a1", "a2", "a1"]);
  await eventually(async () => expect((await newsInbox(owner)).notifications.nodes).toHaveLength(2), {
    deadlineMs: 30_000,
  });
  const { newsWatches, notifications } = await newsInbox(owner);
  expect(newsWatches).toEqual([{ ...newsWatches[0], id: watch.id, lastMatchedAt: expect.any(String) }]);
  expect(notifications.nodes[0]).toEqual({
    id: expect.any(String),
    title: "Title of a2",
    body: "News by wire on “supply disruptions in copper” (similarity 0.61).",
    value: "0.61",
    rule: null,
    watch: { id: watch.id },
    article: { id: "a2" },
    instrument: { symbol: "FCX" },
  });
  expect((await newsInbox(other)).notifications.nodes).toEqual([]);
  const ids = notifications.nodes.map(({ id }: { id: string }) => id).sort();
  await eventually(async () => expect([...new Set(await announcedTo(owner))].sort()).toEqual(ids), {
    deadlineMs: 30_000,
  });
});

test("an article that the database can't hold is passed over, and what comes behind it is told", async () => {
  const owner = user();
  const watch = await createWatch(owner, { query: "copper" });
  await sendMatches(watch.id, ["n\u0000ul", "behind"]);
  await eventually(async () => expect((await newsInbox(owner)).notifications.nodes).toHaveLength(1), {
    deadlineMs: 30_000,
  });
  expect((await newsInbox(owner)).notifications.nodes[0].article).toEqual({ id: "behind" });
});

/** As if an hour were over. */
async function endHours(): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("UPDATE notification.news_hours SET hour = hour - interval '1 hour'");
  await client.end();
}

test("an inbox gets so many articles an hour, a notice, and how many were left out when the hour is over", async () => {
  const owner = user();
  const watch = await createWatch(owner, { query: "everything" });
  const count = 3 * NEWS_PER_HOUR_MAX;
  await sendMatches(
    watch.id,
    Array.from({ length: count }, (_, at) => `many${at}`),
  );
  const told = async () => {
    const { nodes } = (await newsInbox(owner)).notifications as {
      nodes: { id: string; title: string; value: string; article: { id: string } | null }[];
    };
    const notices = nodes.filter(({ article }) => article === null);
    return { ids: nodes.map(({ id }) => id), articles: nodes.length - notices.length, notices };
  };
  const first = await eventually(
    async () => {
      const found = await told();
      expect(found.notices.map(({ title }) => title)).toContainEqual(expect.stringMatching(/^News is left out until /));
      return found;
    },
    { deadlineMs: 30_000 },
  );
  // Twice as many where an hour ends in between.
  expect(first.articles).toBeLessThanOrEqual(2 * NEWS_PER_HOUR_MAX);
  await endHours();
  const last = await eventually(
    async () => {
      const found = await told();
      const leftOut = found.notices.filter(({ title }) => title.endsWith("left out"));
      expect(leftOut.reduce((sum, { value }) => sum + Number(value), found.articles)).toBe(count);
      return found;
    },
    { deadlineMs: 30_000 },
  );
  await eventually(async () => expect([...new Set(await announcedTo(owner))].sort()).toEqual(last.ids.sort()), {
    deadlineMs: 30_000,
  });
});

test("what an old definition of a watch found is not told, and a deleted watch tells nothing", async () => {
  const owner = user();
  const changed = await createWatch(owner, { query: "copper" });
  const deleted = await createWatch(owner, { query: "wheat" });
  const update = "mutation ($id: ID!, $input: NewsWatchInput!) { updateNewsWatch(id: $id, input: $input) { query } }";
  expect((await notification.ask(update, { id: changed.id, input: { query: "zinc" } }, owner)).data).toEqual({
    updateNewsWatch: { query: "zinc" },
  });
  const remove = "mutation ($id: ID!) { deleteNewsWatch(id: $id) }";
  expect((await notification.ask(remove, { id: deleted.id }, user())).errors?.[0]?.extensions?.code).toBe(
    "NEWS_WATCH_NOT_FOUND",
  );
  expect((await notification.ask(remove, { id: deleted.id }, owner)).data).toEqual({ deleteNewsWatch: deleted.id });
  await sendMatches(deleted.id, ["b1"]);
  await sendMatches(changed.id, ["b2"]);
  await sendMatches(changed.id, ["b3"], { version: 2 });
  await eventually(
    async () =>
      expect((await newsInbox(owner)).notifications.nodes.map(({ article }: { article: unknown }) => article)).toEqual([
        { id: "b3" },
      ]),
    { deadlineMs: 30_000 },
  );
});

test("killed at any moment, each article is told exactly once", async () => {
  const owner = user();
  const watch = await createWatch(owner, { query: "copper" });
  const articles = Array.from({ length: 6 }, (_, round) => `k${round}`);
  for (const [round, article] of articles.entries()) {
    await sendMatches(watch.id, [article]);
    await eventually(
      async () => expect((await newsInbox(owner)).notifications.nodes.length).toBeGreaterThan(round - (round % 3)),
      {
        deadlineMs: 5_000,
      },
    ).catch(() => {});
    await notification.kill();
    await notification.start();
  }
  const told = async () =>
    (await newsInbox(owner)).notifications.nodes.map(({ article }: { article: { id: string } }) => article.id);
  await eventually(async () => expect(await told()).toEqual(articles.toReversed()), { deadlineMs: 60_000 });
});

test.each([
  [{ query: "  " }, "SEARCH_QUERY_INVALID"],
  [{ query: "copper ".repeat(50) }, "SEARCH_QUERY_INVALID"],
  [{ query: "cop\u0000per" }, "SEARCH_QUERY_INVALID"],
  [{ query: "copper", similarityLeast: 0.2 }, "BAD_USER_INPUT"],
  [{ query: "copper", similarityLeast: 1.1 }, "BAD_USER_INPUT"],
  [{ query: "copper", symbols: Array.from({ length: 51 }, (_, at) => `S${at}`) }, "BAD_USER_INPUT"],
  [{ query: "copper", symbols: ["NOBODY-EVER-HEARD-OF-IT"] }, "INSTRUMENT_NOT_FOUND"],
])("a watch is refused: %j", async (input, code) => {
  await createRule(user(), { symbol: uniqueName("KNOWN"), metric: "PRICE", comparison: "ABOVE", threshold: "1" });
  expect((await notification.ask(CREATE_WATCH, { input }, user())).errors?.[0]?.extensions?.code).toBe(code);
});

test("50 watches are the most, also for those who ask for many at the same moment, and others do not see them", async () => {
  const [owner, other] = [user(), user()];
  const answers = await Promise.all(
    Array.from({ length: 55 }, (_, at) => notification.ask(CREATE_WATCH, { input: { query: `text ${at}` } }, owner)),
  );
  const codes = answers.flatMap(({ errors }) => errors?.[0]?.extensions?.code ?? []);
  expect(codes).toEqual(new Array(5).fill("TOO_MANY_NEWS_WATCHES"));
  expect((await notification.ask(NEWS_INBOX, { id: owner.subject }, other)).errors?.[0]?.extensions?.code).toBe(
    "FORBIDDEN",
  );
  expect((await notification.ask(CREATE_WATCH, { input: { query: "copper" } })).errors?.[0]?.extensions?.code).toBe(
    "UNAUTHENTICATED",
  );
});

test("rules and notifications belong to their owner", async () => {
  const [owner, other] = [user(), user()];
  const symbol = uniqueName("X");
  const rule = await createRule(owner, { symbol, metric: "RSI", comparison: "ABOVE", threshold: "70" });
  const alerts = `query ($symbol: ID!) { _entities(representations: [{__typename: "Instrument", symbol: $symbol}]) { ... on Instrument { alerts { id interval threshold } } } }`;
  expect((await notification.ask(alerts, { symbol }, owner)).data._entities[0].alerts).toEqual([
    { id: rule.id, interval: "M1", threshold: "70" },
  ]);
  expect((await notification.ask(alerts, { symbol }, other)).data._entities[0].alerts).toEqual([]);
  expect((await notification.ask(alerts, { symbol })).data._entities[0].alerts).toEqual([]);

  const of = `query ($id: ID!) { _entities(representations: [{__typename: "User", id: $id}]) { ... on User { alerts { id } } } }`;
  expect((await notification.ask(of, { id: owner.subject }, other)).errors?.[0]?.extensions?.code).toBe("FORBIDDEN");
  const remove = "mutation ($id: ID!) { deleteAlertRule(id: $id) }";
  expect((await notification.ask(remove, { id: rule.id }, other)).errors?.[0]?.extensions?.code).toBe(
    "ALERT_RULE_NOT_FOUND",
  );
  expect((await notification.ask(remove, { id: rule.id }, owner)).data).toEqual({ deleteAlertRule: rule.id });
  expect((await notification.ask(alerts, { symbol }, owner)).data._entities[0].alerts).toEqual([]);
});

test("a changed rule begins anew, and reading marks what was read", async () => {
  const owner = user();
  const symbol = uniqueName("X");
  const input = { symbol, metric: "PRICE", comparison: "ABOVE", threshold: "10" };
  const rule = await createRule(owner, input);
  await sendTrades(symbol, ["11"]);
  await eventually(async () => expect(await inbox(owner)).toHaveLength(1), { deadlineMs: 30_000 });
  const updated = await notification.ask(
    "mutation ($id: ID!, $input: AlertRuleInput!) { updateAlertRule(id: $id, input: $input) { armed threshold } }",
    { id: rule.id, input: { ...input, threshold: "20" } },
    owner,
  );
  expect(updated.data.updateAlertRule).toEqual({ armed: true, threshold: "20" });
  await sendTrades(symbol, ["15", "21"]);
  await eventually(async () => expect((await inbox(owner)).map(({ value }) => value)).toEqual(["21", "11"]), {
    deadlineMs: 30_000,
  });
  const ids = (await inbox(owner)).map(({ id }) => id);
  const read = "mutation ($ids: [ID!]!) { markNotificationsRead(ids: $ids) }";
  expect((await notification.ask(read, { ids: [...ids, "nonsense"] }, owner)).data).toEqual({
    markNotificationsRead: 2,
  });
  expect((await notification.ask(read, { ids }, owner)).data).toEqual({ markNotificationsRead: 0 });
});

test.each([
  [
    "without a credential",
    { symbol: "X", metric: "PRICE", comparison: "ABOVE", threshold: "1" },
    false,
    "UNAUTHENTICATED",
  ],
  [
    "with a threshold that is no number",
    { symbol: "X", metric: "PRICE", comparison: "ABOVE", threshold: "much" },
    true,
    "BAD_USER_INPUT",
  ],
  [
    "with a threshold that can't be reached",
    { symbol: "X", metric: "RSI", comparison: "ABOVE", threshold: "101" },
    true,
    "BAD_USER_INPUT",
  ],
  [
    "with an empty symbol",
    { symbol: "", metric: "PRICE", comparison: "ABOVE", threshold: "1" },
    true,
    "BAD_USER_INPUT",
  ],
])("a rule %s is refused", async (_, input, known, code) => {
  const answer = await notification.ask(
    "mutation ($input: AlertRuleInput!) { createAlertRule(input: $input) { id } }",
    { input },
    known ? user() : undefined,
  );
  expect(answer.errors?.[0]?.extensions?.code).toBe(code);
});

test("a rule on an instrument that nobody ever heard of is refused", async () => {
  const input = { symbol: uniqueName("KNOWN"), metric: "PRICE", comparison: "ABOVE", threshold: "1" };
  const { id } = await createRule(user("u-unknown"), input);
  const unknown = { ...input, symbol: "NOPE" };
  const created = await notification.ask(CREATE_RULE, { input: unknown }, user("u-unknown"));
  expect(created.errors?.[0]?.extensions?.code).toBe("INSTRUMENT_NOT_FOUND");
  const updated = await notification.ask(
    "mutation ($id: ID!, $input: AlertRuleInput!) { updateAlertRule(id: $id, input: $input) { id } }",
    { id, input: unknown },
    user("u-unknown"),
  );
  expect(updated.errors?.[0]?.extensions?.code).toBe("INSTRUMENT_NOT_FOUND");
});

test("an API key may do what its scopes say, and no more", async () => {
  const owner = user();
  const input = { symbol: uniqueName("SCOPED"), metric: "PRICE", comparison: "ABOVE", threshold: "1" };
  const rule = await createRule(owner, input);
  const key = (scopes: string[]): CallerIdentity => ({ ...owner, scopes, credential: "api_key", sessionId: null });
  const read = `query ($id: ID!) { _entities(representations: [{__typename: "User", id: $id}]) { ... on User { alerts { id } } } }`;
  const codeOf = async (text: string, variables: object, scopes: string[]) =>
    (await notification.ask(text, { ...variables }, key(scopes))).errors?.[0]?.extensions?.code;
  expect(await codeOf(CREATE_RULE, { input }, ["alerts:read"])).toBe("FORBIDDEN");
  expect(await codeOf(read, { id: owner.subject }, ["alerts:write"])).toBe("FORBIDDEN");
  // As a stream of notifications asks for the rules of its events.
  const reference = `query ($id: ID!) { _entities(representations: [{__typename: "AlertRule", id: $id}]) { ... on AlertRule { note } } }`;
  expect(await codeOf(reference, { id: rule.id }, ["alerts:write"])).toBe("FORBIDDEN");
  expect(await codeOf(reference, { id: rule.id }, ["alerts:read"])).toBeUndefined();
  expect(await codeOf(CREATE_RULE, { input }, ["alerts:write"])).toBeUndefined();
  expect(await codeOf(read, { id: owner.subject }, ["alerts:read"])).toBeUndefined();
});

/** How many rows of each table belong to the user. */
async function rowsOf({ subject }: CallerIdentity): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const tables = ["rules", "news_watches", "news_hours", "notifications"];
  const counts = tables.map(
    (table) => `(SELECT count(*)::int FROM notification.${table} WHERE user_id = $1) AS ${table}`,
  );
  const { rows } = await client.query(`SELECT ${counts.join(", ")}`, [subject]);
  await client.end();
  return rows[0];
}

test("of a deleted account nothing is left: no rule, no watch, no notification, and none comes", async () => {
  const [owner, other] = [user(), user()];
  const symbol = uniqueName("X");
  const input = { symbol, metric: "PRICE", comparison: "CROSSES_ABOVE", threshold: "10" };
  for (const each of [owner, other]) await createRule(each, input);
  const watch = await createWatch(owner, { query: "copper" });
  await sendTrades(symbol, ["9", "11"]);
  await sendMatches(watch.id, ["before"]);
  await eventually(async () => expect(await inbox(owner)).toHaveLength(2), { deadlineMs: 30_000 });

  const value = JSON.stringify({ user: owner.subject, at: "2024-08-08T12:00:00Z" });
  const headers = { channel: "*", "event-id": owner.subject!, "schema-version": "1" };
  await producer.send({ topic: "auth.deletions.v1", messages: [{ key: owner.subject, value, headers }] });
  await eventually(async () => expect(await inbox(owner)).toEqual([]), { deadlineMs: 30_000 });
  await sendMatches(watch.id, ["after"]);
  await sendTrades(symbol, ["9", "12"]);
  await eventually(async () => expect((await inbox(other)).map(({ value }) => value)).toEqual(["12", "11"]), {
    deadlineMs: 30_000,
  });
  expect(await rowsOf(owner)).toEqual({ rules: 0, news_watches: 0, news_hours: 0, notifications: 0 });
  expect(await rowsOf(other)).toMatchObject({ rules: 1, notifications: 2 });
});

test("it ends in an orderly way", async () => {
  expect(await notification.stop()).toBe(0);
});
