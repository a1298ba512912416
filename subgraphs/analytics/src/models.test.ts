import { createKafka } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import type { CallerIdentity } from "@mib/identity/caller-identity";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, servers, uniqueName, type TestDatabase } from "@mib/testkit/servers";
import { subgraphProcess, type SubgraphProcess } from "@mib/testkit/subgraph-process";
import kafkajs from "kafkajs";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { market, PER_DAY } from "./domain/forecasting/test-market.ts";

const symbol = uniqueName("MODELS").toUpperCase();
const DAY_MS = 86_400_000;
const DAYS = 400;
const FIRST_DAY_MS = Date.UTC(2024, 0, 1);
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "models-test");
let database: TestDatabase;
let analytics: SubgraphProcess;

const caller = (subject: string, rest: Partial<CallerIdentity> = {}): CallerIdentity => ({
  subject,
  roles: ["user", "analyst"],
  scopes: [],
  credential: "session",
  sessionId: "s1",
  ...rest,
});
const ada = caller("ada");

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  database = await createTestDatabase("analytics");
  analytics = await subgraphProcess("analytics", new URL("main.ts", import.meta.url), {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: servers.kafkaBrokers.join(","),
    WINDOWS_SAVE_MS: "200",
  });
  await analytics.start();
  await sendDays();
  await eventually(async () => expect(await storedBars("D1")).toBe(DAYS), { deadlineMs: 60_000 });
});

afterAll(async () => {
  await analytics?.stop();
  await database?.drop();
});

/** Bars of days of a market whose variance is known, as the engine publishes history. */
async function sendDays(): Promise<void> {
  const { bars } = market(DAYS);
  const epoch = uniqueName("epoch");
  const text = (price: number) => String(Number(price.toFixed(6)));
  const messages = Array.from({ length: DAYS }, (_, day) => {
    const steps = bars.slice(day * PER_DAY, (day + 1) * PER_DAY);
    const value = {
      instrument: { symbol },
      interval: "D1",
      openedAt: timeOf(FIRST_DAY_MS + day * DAY_MS),
      open: text(steps[0]!.open),
      high: text(Math.max(...steps.map(({ high }) => high))),
      low: text(Math.min(...steps.map(({ low }) => low))),
      close: text(steps.at(-1)!.close),
      volume: "1",
      vwap: null,
      tradeCount: 1,
      final: true,
      revision: 0,
    };
    const headers = {
      channel: `${symbol}/D1`,
      epoch,
      sequence: String(day + 1),
      ordinal: "0",
      "schema-version": "1",
      origin: "backfill",
    };
    return { key: symbol, value: JSON.stringify(value), headers };
  });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: "market.bars.v1", messages });
  await producer.disconnect();
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");

async function query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.url, options: "-c search_path=analytics" });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const storedBars = async (interval: string): Promise<number> =>
  (
    await query<{ count: number }>("SELECT count(*)::int AS count FROM bars WHERE symbol = $1 AND interval = $2", [
      symbol,
      interval,
    ])
  )[0]!.count;

/** The answer to a field of a mutation, or the code of its error. */
async function change(field: string, identity: CallerIdentity | undefined = ada): Promise<any> {
  const answer = await analytics.ask(`mutation { changed: ${field} }`, {}, identity);
  return answer.errors ? answer.errors[0]!.extensions?.code : answer.data.changed;
}

const trainField = (rest: string, of = symbol) =>
  `trainModel(input: {symbol: "${of}", measure: RANGE, ${rest}}) { id state }`;

async function job(id: string, selection = "state errorCode model { id } backtest { bars }"): Promise<any> {
  const answer = await analytics.ask("query ($id: ID!) { modelJob(id: $id) { " + selection + " } }", { id });
  expect(answer.errors).toBeUndefined();
  return answer.data.modelJob;
}

async function ended(id: string): Promise<any> {
  return eventually(
    async () => {
      const found = await job(id);
      expect(["QUEUED", "RUNNING"]).not.toContain(found.state);
      return found;
    },
    { deadlineMs: 90_000 },
  );
}

/** Trains a model and returns its id. */
async function trained(rest: string): Promise<string> {
  const { id } = await change(trainField(rest));
  expect(await job(id, "instrument { symbol } kind")).toEqual({ instrument: { symbol }, kind: "TRAINING" });
  const end = await ended(id);
  expect(end).toMatchObject({ state: "DONE", errorCode: null });
  return end.model.id;
}

async function forecast(args = "interval: D1"): Promise<any> {
  const answer = await analytics.ask(
    `query ($symbol: ID!) { _entities(representations: [{__typename: "Instrument", symbol: $symbol, source: "SIMULATED"}]) { ... on Instrument {
       forecast(${args}) { model { id version } modelVersion source asOf until value lower upper coverage directions beatsBaseline assessment
         trainedOn { from to examples bars barInterval measure } } } } }`,
    { symbol },
  );
  expect(answer.errors).toBeUndefined();
  return answer.data._entities[0].forecast;
}

test.each([
  ["nobody", undefined, "UNAUTHENTICATED"],
  ["a user who is no analyst", caller("eve", { roles: ["user"] }), "FORBIDDEN"],
  ["a key without the scope", caller("ada", { credential: "api_key", scopes: ["market:read"] }), "FORBIDDEN"],
])("%s may not train, test, cancel, promote or roll back", async (_, identity, code) => {
  const id = "00000000-0000-4000-8000-000000000000";
  const by = identity ?? caller("", { subject: null, roles: [], credential: "none", sessionId: null });
  expect(await change(trainField("kind: EWMA"), by)).toBe(code);
  for (const field of ["cancelModelJob", "promoteModel", "rollBackModel"])
    expect(await change(`${field}(id: "${id}") { id }`, by), field).toBe(code);
  expect(await query("SELECT FROM model_jobs")).toEqual([]);
});

test.each([
  ["an unknown instrument", trainField("kind: EWMA", "NOTHING"), "INSTRUMENT_NOT_FOUND"],
  [
    "an empty range",
    trainField('kind: EWMA, range: {from: "2024-01-01T00:00:00Z", to: "2024-01-01T00:00:00Z"}'),
    "BAD_USER_INPUT",
  ],
  ["a horizon out of range", trainField("kind: EWMA, horizon: 0"), "BAD_USER_INPUT"],
  [
    "an unknown model",
    'backtest(model: "x", range: {from: "2014-01-01T00:00:00Z", to: "2024-01-01T00:00:00Z"}) { id }',
    "MODEL_NOT_FOUND",
  ],
  [
    "an unknown model's promotion",
    'promoteModel(id: "00000000-0000-4000-8000-000000000000") { id }',
    "MODEL_NOT_FOUND",
  ],
  ["an unknown job", 'cancelModelJob(id: "x") { id }', "MODEL_JOB_NOT_FOUND"],
])("%s is refused", async (_, field, code) => {
  expect(await change(field)).toBe(code);
});

test("a range without bars fails with a code, and makes no model", async () => {
  const range = 'range: {from: "1999-01-01T00:00:00Z", to: "2009-01-01T00:00:00Z"}';
  const { id } = await change(trainField(`kind: HAR_RV, ${range}`));
  expect(await ended(id)).toEqual({ state: "FAILED", errorCode: "TOO_FEW_BARS", model: null, backtest: null });
  expect(await forecast()).toBeNull();
});

let first: string;

test("a model that is better becomes champion when that was asked for, and forecasts with all that it has to say", async () => {
  first = await trained("kind: HAR_RV, promoteIfBetter: true");
  const made = await forecast();
  expect(made).toMatchObject({
    model: { id: first, version: 1 },
    modelVersion: 1,
    source: "SIMULATED",
    asOf: timeOf(FIRST_DAY_MS + DAYS * DAY_MS),
    until: timeOf(FIRST_DAY_MS + (DAYS + 1) * DAY_MS),
    coverage: 0.9,
    directions: null,
    beatsBaseline: true,
    trainedOn: { examples: DAYS - 22, bars: DAYS, barInterval: "D1", measure: "RANGE" },
  });
  expect(made.assessment).toMatch(/^Better than its naive baseline: QLIKE /);
  expect(made.lower).toBeLessThan(made.value);
  expect(made.value).toBeLessThan(made.upper);
  const wider = await forecast("coverage: 0.98");
  expect(wider.upper - wider.lower).toBeGreaterThan(made.upper - made.lower);
  expect(await forecast("horizon: 2")).toBeNull();
});

test.each(["coverage: 0.2", "coverage: 1", "horizon: 0", "horizon: 23"])(
  "a forecast with %s is refused",
  async (args) => {
    const answer = await analytics.ask(
      `query ($symbol: ID!) { _entities(representations: [{__typename: "Instrument", symbol: $symbol, source: "SIMULATED"}]) { ... on Instrument { forecast(${args}) { value } } } }`,
      { symbol },
    );
    expect(answer.errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
  },
);

test("a model says what it was made of and what it was worth", async () => {
  const answer = await analytics.ask(
    `query ($id: ID!) { model(id: $id) { kind target version features isChampion instrument { symbol } parameters { name values }
       metrics { forecasts loss value baselineValue verdict beatsBaseline intervals coverage challenge { verdict } }
       lineage { job dataset firstBarAt lastBarAt code } promotions { kind replaced { id } } }
     models(symbols: ["${symbol}"]) { nodes { id } } }`,
    { id: first },
  );
  expect(answer.errors).toBeUndefined();
  const { model, models } = answer.data;
  expect(models.nodes).toEqual([{ id: first }]);
  expect(model).toMatchObject({
    kind: "HAR_RV",
    target: "VOLATILITY",
    features: ["logMeanVariance1", "logMeanVariance5", "logMeanVariance22"],
    isChampion: true,
    metrics: { forecasts: DAYS - 22 - 60, loss: "QLIKE", verdict: "BETTER", beatsBaseline: true, challenge: null },
    lineage: { firstBarAt: timeOf(FIRST_DAY_MS), lastBarAt: timeOf(FIRST_DAY_MS + (DAYS - 1) * DAY_MS) },
    promotions: [{ kind: "PROMOTION", replaced: null }],
  });
  expect(model.metrics.value).toBeLessThan(model.metrics.baselineValue);
  expect(model.lineage.dataset).toMatch(/^[0-9a-f]{64}$/);
  expect(model.parameters.map(({ name }: { name: string }) => name)).toEqual([
    "lags",
    "coefficients",
    "residualVariance",
  ]);
});

test("a challenger is held against the champion; promotion and roll back change who forecasts", async () => {
  const second = await trained("kind: HAR_RV, lags: [1, 7, 28]");
  expect((await forecast()).model.id).toBe(first);
  expect(
    await change(
      `promoteModel(id: "${second}", note: "weeks of seven days") { kind model { version } replaced { id } }`,
    ),
  ).toEqual({
    kind: "PROMOTION",
    model: { version: 2 },
    replaced: { id: first },
  });
  expect((await forecast()).model.id).toBe(second);
  expect(await change(`rollBackModel(id: "${first}") { id }`)).toBe("MODEL_NOT_CHAMPION");
  // It was never held against the one that is champion now.
  expect(await change(`promoteModel(id: "${first}") { id }`)).toBe("MODEL_NOT_BETTER");
  expect(await change(`rollBackModel(id: "${second}") { kind model { id } replaced { id } }`)).toEqual({
    kind: "ROLLBACK",
    model: { id: first },
    replaced: null,
  });
  expect((await forecast()).model.id).toBe(first);
  expect(await change(`rollBackModel(id: "${first}") { id }`)).toBe("NO_EARLIER_CHAMPION");
  const answer = await analytics.ask(
    "query ($id: ID!) { model(id: $id) { isChampion metrics { challenge { champion { id } } } } }",
    {
      id: second,
    },
  );
  expect(answer.data.model).toEqual({ isChampion: false, metrics: { challenge: { champion: { id: first } } } });
});

test("a direction that nobody can foretell is not promoted without force, and its forecast says what it is worth", async () => {
  const id = await trained("kind: LOGISTIC, promoteIfBetter: true");
  expect(await forecast("target: DIRECTION")).toBeNull();
  expect(await change(`promoteModel(id: "${id}") { id }`)).toBe("MODEL_NOT_BETTER");
  expect(await change(`promoteModel(id: "${id}", force: true, note: "to look at it") { model { id } }`)).toEqual({
    model: { id },
  });
  const made = await forecast("target: DIRECTION");
  expect(made).toMatchObject({ beatsBaseline: false, source: "SIMULATED", directions: ["UP", "DOWN"] });
  expect(made.assessment).toMatch(/^Does not beat its naive baseline/);
});

test("a backtest over ten years judges the days that there are", async () => {
  const range = '{from: "2016-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z"}';
  const { id } = await change(`backtest(model: "${first}", range: ${range}) { id }`);
  expect(await ended(id)).toMatchObject({ state: "DONE", backtest: { bars: DAYS } });
  const { backtest } = await job(
    id,
    "backtest { metrics { forecasts verdict coverage challenge { verdict } } points { at value baseline lower upper actual } }",
  );
  expect(backtest.metrics).toMatchObject({ forecasts: DAYS - 22 - 60, verdict: "BETTER", challenge: null });
  expect(backtest.points).toHaveLength(DAYS - 22 - 60 + 1);
  expect(backtest.points[0]).toMatchObject({ lower: null, upper: null });
  expect(backtest.points.at(-1)).toMatchObject({ actual: null });
});

test("each step of a job is in the stream, in order and once", async () => {
  const { id } = await change(trainField("kind: EWMA"));
  await ended(id);
  const states = await eventually(
    async () => {
      const events = (await readAll("analytics.jobs.v1")).filter((event) => event.id === id);
      expect(events.at(-1)?.state).toBe("DONE");
      return events;
    },
    { deadlineMs: 60_000 },
  );
  expect([...new Set(states.map(({ state }) => state))]).toEqual(["QUEUED", "RUNNING", "DONE"]);
  expect(states.map(({ progress }) => progress)).toEqual(states.map(({ progress }) => progress).sort((a, b) => a - b));
  expect(states.at(-1)).toMatchObject({ progress: 1, instrument: { symbol }, errorCode: null });
});

test("who has many jobs keeps nobody waiting, and a running one can be cancelled", async () => {
  await addMinutes();
  const bob = caller("bob");
  const slow = (await change(trainField("kind: LOGISTIC, interval: M1"))).id;
  await eventually(async () => expect((await job(slow)).state).toBe("RUNNING"), { deadlineMs: 30_000 });
  const quick: string[] = [];
  for (let number = 0; number < 4; number += 1) quick.push((await change(trainField("kind: EWMA"))).id);
  expect(await change(trainField("kind: EWMA"))).toBe("TOO_MANY_MODEL_JOBS");
  const bobs = (await change(trainField("kind: EWMA"), bob)).id;
  // Answered while a thread computes.
  expect((await job(slow)).state).toBe("RUNNING");
  expect(await change(`cancelModelJob(id: "${slow}") { id }`, bob)).toBe("MODEL_JOB_NOT_FOUND");
  expect(await change(`cancelModelJob(id: "${quick[3]}") { state }`)).toEqual({ state: "CANCELLED" });
  expect(await change(`cancelModelJob(id: "${slow}") { state }`)).toEqual({ state: "CANCELLED" });
  for (const id of [...quick.slice(0, 3), bobs]) expect((await ended(id)).state).toBe("DONE");
  expect((await job(slow)).state).toBe("CANCELLED");
  const started = await query<{ id: string }>(
    "SELECT id FROM model_jobs WHERE id = ANY($1::uuid[]) AND started_at IS NOT NULL ORDER BY started_at",
    [[slow, ...quick, bobs]],
  );
  expect(started.map(({ id }) => id)).toEqual([slow, bobs, ...quick.slice(0, 3)]);
});

test("what analysts did is in the audit trail", async () => {
  const actions = (await readAll("audit.events.v1")).filter(({ actor }) => actor === "ada" || actor === "bob");
  expect(new Set(actions.map(({ action }) => action))).toEqual(
    new Set(["model.train", "model.backtest", "model.promote", "model.roll-back", "model-job.cancel"]),
  );
});

test("a job whose process was killed is done by the next one", async () => {
  const { id } = await change(trainField("kind: LOGISTIC, interval: M1"));
  await eventually(async () => expect((await job(id)).state).toBe("RUNNING"), { deadlineMs: 30_000 });
  await analytics.kill();
  await analytics.start();
  await eventually(
    async () => {
      const rows = await query<{ attempts: number; state: string }>(
        "SELECT attempts, state FROM model_jobs WHERE id = $1",
        [id],
      );
      expect(rows).toEqual([{ attempts: 2, state: "RUNNING" }]);
    },
    { deadlineMs: 60_000 },
  );
  // A process that ends in an orderly way gives it back at once.
  expect(await analytics.stop()).toBe(0);
  expect(await query("SELECT attempts, state FROM model_jobs WHERE id = $1", [id])).toEqual([
    { attempts: 1, state: "QUEUED" },
  ]);
});

/** Minutes for a month, more than a thread gets through in a moment. */
async function addMinutes(): Promise<void> {
  await query(
    `INSERT INTO bars (symbol, interval, opened_at, open, high, low, close, volume, revision)
     SELECT $1, 'M1', timestamptz '2025-02-01' + minute * interval '1 minute', price, price * 1.001, price * 0.999, price * (1 + 0.0005 * sin(minute * 12.9898)), 1, 0
     FROM generate_series(1, 40000) AS minute, LATERAL (SELECT 100 + 5 * sin(minute / 700.0) + sin(minute * 78.233) AS price) AS walk`,
    [symbol],
  );
}

/** The values in a topic, from its beginning to its present end. */
async function readAll(topic: string): Promise<any[]> {
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const end = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const consumer = kafka.consumer({ groupId: uniqueName("reader"), maxWaitTimeInMs: 50 });
  const values: any[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void values.push(JSON.parse(String(message.value))) });
  await eventually(() => expect(values.length).toBeGreaterThanOrEqual(end), { deadlineMs: 30_000 });
  await consumer.disconnect();
  return values;
}
