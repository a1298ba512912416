import { createKafka } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import type { CallerIdentity } from "@mib/identity/caller-identity";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, servers, uniqueName, type TestDatabase } from "@mib/testkit/servers";
import { subgraphProcess, type SubgraphProcess } from "@mib/testkit/subgraph-process";
import kafkajs from "kafkajs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { INTERVAL_MS } from "./domain/interval-length.ts";
import type { BarInterval } from "./domain/market-memory.ts";
import { market, PER_DAY } from "./domain/forecasting/test-market.ts";

const [UP, DOWN, STILL] = ["UP", "DOWN", "STILL"].map((name) => uniqueName(name).toUpperCase()) as [
  string,
  string,
  string,
];
const DAYS = 400;
const TODAY_MS = Date.UTC(2024, 0, 20);
const FIRST_DAY_MS = TODAY_MS - DAYS * INTERVAL_MS.D1;
/** Bars of five minutes of the day before, and how many of the day that goes on. */
const [YESTERDAYS, TODAYS] = [200, 6];
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "briefs-test");
let database: TestDatabase;
let analytics: SubgraphProcess;
let producer: kafkajs.Producer;
let sequence = 0;

const analyst: CallerIdentity = {
  subject: "ada",
  roles: ["user", "analyst"],
  scopes: [],
  credential: "session",
  sessionId: "s1",
};

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  database = await createTestDatabase("analytics");
  producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  analytics = await subgraphProcess("analytics", new URL("main.ts", import.meta.url), {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: servers.kafkaBrokers.join(","),
    WINDOWS_SAVE_MS: "200",
  });
  await analytics.start();
  await forgetOtherMarkets();
});

afterAll(async () => {
  await analytics?.stop();
  await producer?.disconnect();
  await database?.drop();
});

/** Other tests' bars are in the topic: those are read, and what was made of them is thrown away. */
async function forgetOtherMarkets(): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets("market.bars.v1");
  await admin.disconnect();
  const written = ends.filter(({ low, high }) => low !== high);
  await eventually(
    async () => {
      const rows = await query<{ partition: number; next_offset: string }>(
        "SELECT partition, next_offset FROM consumer_positions WHERE consumer = 'bars'",
      );
      const at = new Map(rows.map(({ partition, next_offset }) => [partition, next_offset]));
      for (const { partition, high } of written) expect(at.get(partition)).toBe(high);
    },
    { deadlineMs: 60_000 },
  );
  await analytics.kill();
  for (const table of ["windows", "bars", "signals"]) await query(`DELETE FROM ${table}`);
  await analytics.start();
}

async function query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.url, options: "-c search_path=analytics" });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

interface Prices {
  open: number;
  high: number;
  low: number;
  close: number;
}

/** Sends bars one after another the way the engine publishes them. */
async function send(
  symbol: string,
  interval: BarInterval,
  { firstMs, backfill }: { firstMs: number; backfill: boolean },
  bars: readonly Prices[],
): Promise<void> {
  const text = (price: number) => String(Number(price.toFixed(6)));
  const messages = bars.map(({ open, high, low, close }, at) => ({
    key: symbol,
    value: JSON.stringify({
      instrument: { symbol },
      interval,
      openedAt: timeOf(firstMs + at * INTERVAL_MS[interval]),
      open: text(open),
      high: text(high),
      low: text(low),
      close: text(close),
      volume: "2",
      vwap: null,
      tradeCount: 1,
      final: true,
      revision: 0,
    }),
    headers: {
      channel: `${symbol}/${interval}`,
      epoch: "briefs-test",
      sequence: String(++sequence),
      ordinal: "0",
      "schema-version": "1",
      ...(backfill && { origin: "backfill" }),
    },
  }));
  await producer.send({ topic: "market.bars.v1", messages });
}

const flat = (close: number): Prices => ({ open: close, high: close, low: close, close });

/** Days of a market whose variance is known; the last of them closes at `close`. */
function days(seed: number, close: number): Prices[] {
  const { bars } = market(DAYS, { seed });
  const scale = close / bars.at(-1)!.close;
  return Array.from({ length: DAYS }, (_, day) => {
    const steps = bars.slice(day * PER_DAY, (day + 1) * PER_DAY);
    return {
      open: steps[0]!.open * scale,
      high: Math.max(...steps.map(({ high }) => high)) * scale,
      low: Math.min(...steps.map(({ low }) => low)) * scale,
      close: steps.at(-1)!.close * scale,
    };
  });
}

const quiet = Array.from({ length: YESTERDAYS }, (_, at) => flat(100 + Math.sin(at * 1.7) * 0.3));

async function sendMarket(): Promise<void> {
  for (const [at, symbol] of [UP, DOWN].entries())
    await send(symbol, "D1", { firstMs: FIRST_DAY_MS, backfill: true }, days(at + 1, 100));
  await send(STILL, "D1", { firstMs: TODAY_MS - INTERVAL_MS.D1, backfill: true }, [flat(50)]);
  const yesterday = { firstMs: TODAY_MS - YESTERDAYS * INTERVAL_MS.M5, backfill: true };
  for (const symbol of [UP, DOWN, STILL]) await send(symbol, "M5", yesterday, quiet);
  const today = { firstMs: TODAY_MS, backfill: false };
  const fill = (close: number) => new Array<Prices>(TODAYS - 1).fill(flat(close));
  // The jump is the last bar, beside which nothing else is unusual.
  await send(UP, "M5", today, [...fill(100), flat(120)]);
  await send(DOWN, "M5", today, [...fill(100), flat(90)]);
  await send(STILL, "M5", today, [...fill(100), flat(50)]);
}

async function asked(selection: string, variables: Record<string, unknown> = {}): Promise<any> {
  const answer = await analytics.ask(`query ($date: Date) { marketBrief(date: $date) { ${selection} } }`, variables);
  expect(answer.errors).toBeUndefined();
  return answer.data.marketBrief;
}

/** A day of an instrument, beside what else is asked of it. */
async function ofInstrument(symbol: string, selection: string, date: string | null = null, beside = ""): Promise<any> {
  const answer = await analytics.ask(
    `query ($symbol: ID!, $date: Date) { _entities(representations: [{__typename: "Instrument", symbol: $symbol, source: "SIMULATED"}]) {
       ... on Instrument { brief(date: $date) { ${selection} } ${beside} } } }`,
    { symbol, date },
  );
  expect(answer.errors).toBeUndefined();
  const { brief, ...rest } = answer.data._entities[0];
  return brief && { ...brief, ...rest };
}

const TRACK = `model { id instrument { symbol } } coverage judged inside loss baselineLoss
  points { at until value baseline lower upper actual inSample }`;

test("before the first bar there is no brief, not an empty one", async () => {
  expect(await asked("date")).toBeNull();
  expect(await ofInstrument(UP, "date")).toBeNull();
});

test("a day that goes on is told up to its newest bar, what moved most first", async () => {
  await sendMarket();
  await eventually(async () => expect((await asked("to"))?.to).toBe(timeOf(TODAY_MS + TODAYS * INTERVAL_MS.M5)), {
    deadlineMs: 60_000,
  });
  await eventually(
    async () => {
      const brief = await asked(`date from to final
        movers { symbol rank date final instrument { symbol } standing { price changePercent asOf } }
        fallers: movers(direction: DOWN) { symbol rank }
        breadth { asOf instruments advancing declining unchanged aboveAverageShare }
        regimes { unknown }`);
      const last = timeOf(TODAY_MS + (TODAYS - 1) * INTERVAL_MS.M5);
      const mover = (symbol: string, rank: number, price: number, changePercent: number) => ({
        symbol,
        rank,
        date: "2024-01-20",
        final: false,
        instrument: { symbol },
        standing: { price, changePercent: expect.closeTo(changePercent, 6), asOf: last },
      });
      expect(brief).toEqual({
        date: "2024-01-20",
        from: "2024-01-20T00:00:00Z",
        to: timeOf(TODAY_MS + TODAYS * INTERVAL_MS.M5),
        final: false,
        movers: [mover(UP, 1, 120, 20), mover(DOWN, 2, 90, -10), mover(STILL, 3, 50, 0)],
        fallers: [{ symbol: DOWN, rank: 2 }],
        breadth: {
          asOf: last,
          instruments: 3,
          advancing: 1,
          declining: 1,
          unchanged: 1,
          aboveAverageShare: expect.any(Number),
        },
        regimes: { unknown: 1 },
      });
    },
    { deadlineMs: 60_000 },
  );
});

test("its anomalies come with what they were held against, the furthest beyond its threshold first", async () => {
  const { anomalies, signalCounts } = await eventually(
    async () => {
      const brief = await asked(
        "anomalies { instrument { symbol } score at evidence { metric threshold interval } } signalCounts { kind count }",
      );
      expect(new Set(brief.anomalies.map((each: any) => each.instrument.symbol))).toEqual(new Set([UP, DOWN, STILL]));
      return brief;
    },
    { deadlineMs: 60_000 },
  );
  const excess = anomalies.map(({ score, evidence }: any) => score / evidence.threshold);
  expect(excess).toEqual([...excess].sort((a, b) => b - a));
  expect(excess.at(-1)).toBeGreaterThanOrEqual(1);
  expect(signalCounts.find(({ kind }: any) => kind === "ANOMALY").count).toBe(anomalies.length);
  expect(await asked("anomalies(first: 1) { score }")).toEqual({ anomalies: [{ score: anomalies[0].score }] });
});

test("what a day lacks is said, and nothing is made up in its place", async () => {
  const yesterday = dateOf(TODAY_MS - INTERVAL_MS.D1);
  expect(
    await asked(
      "final to movers { symbol } anomalies { id } signalCounts { kind } forecasts { coverage } gaps { part }",
      {
        date: yesterday,
      },
    ),
  ).toMatchObject({
    final: true,
    to: timeOf(TODAY_MS),
    anomalies: [],
    signalCounts: [],
    forecasts: [],
    gaps: [{ part: "STANDINGS" }, { part: "REGIMES" }, { part: "SIGNALS" }, { part: "FORECASTS" }],
  });
  const unseen = await ofInstrument(
    STILL,
    "standing { price } rank regime { kind } bars { interval } signals { id } forecasts { coverage } gaps { part reason }",
    dateOf(FIRST_DAY_MS + INTERVAL_MS.D1),
  );
  expect(unseen).toMatchObject({ standing: null, rank: null, regime: null, bars: null, signals: [], forecasts: [] });
  expect(unseen.gaps.map(({ part }: any) => part)).toEqual(["STANDINGS", "REGIMES", "BARS", "SIGNALS", "FORECASTS"]);
});

test("an instrument's day has its place, its bars as fine as they are kept, and its regime", async () => {
  const selection =
    "symbol rank standing { changePercent } regime { kind asOf } bars { interval nodes { openedAt close volume } } signals(first: 1) { at }";
  const today = await ofInstrument(UP, selection);
  expect(today).toMatchObject({
    symbol: UP,
    rank: 1,
    regime: { asOf: timeOf(TODAY_MS - INTERVAL_MS.D1) },
    bars: { interval: "M5" },
    signals: [{ at: timeOf(TODAY_MS + (TODAYS - 1) * INTERVAL_MS.M5) }],
  });
  expect(today.bars.nodes).toHaveLength(TODAYS);
  expect(today.bars.nodes.at(-1)).toMatchObject({ close: 120, volume: 2 });
  const long = FIRST_DAY_MS + 200 * INTERVAL_MS.D1;
  const then = await ofInstrument(UP, selection, dateOf(long));
  expect(then).toMatchObject({
    regime: { asOf: timeOf(long) },
    bars: { interval: "D1", nodes: [{ openedAt: timeOf(long) }] },
    signals: [],
  });
});

describe("forecasts against outcome", () => {
  test("a champion's last days stand beside what happened, and those that it learned from are no test", async () => {
    // Of all but the last 30 days, so that there is something to judge by.
    const range = `{from: "${timeOf(FIRST_DAY_MS)}", to: "${timeOf(TODAY_MS - 30 * INTERVAL_MS.D1)}"}`;
    const answer = await analytics.ask(
      `mutation { trainModel(input: {symbol: "${UP}", kind: HAR_RV, measure: RANGE, promoteIfBetter: true, range: ${range}}) { id } }`,
      {},
      analyst,
    );
    expect(answer.errors).toBeUndefined();
    const brief = await eventually(
      async () => {
        const found = await asked(`forecasts(periods: 40) { ${TRACK} } gaps { part }`);
        expect(found.forecasts).toHaveLength(1);
        return found;
      },
      { deadlineMs: 90_000 },
    );
    expect(brief.gaps.map(({ part }: any) => part)).not.toContain("FORECASTS");
    const [track] = brief.forecasts;
    expect(track.model.instrument.symbol).toBe(UP);
    expect(track.points).toHaveLength(40);
    expect(track.points.filter(({ inSample }: any) => inSample)).toHaveLength(9);
    expect(track.judged).toBe(30);
    expect(track.inside).toBeGreaterThan(15);
    expect(track.loss).toBeGreaterThan(0);
    expect(track.points.at(-1)).toMatchObject({
      at: timeOf(TODAY_MS),
      until: timeOf(TODAY_MS + INTERVAL_MS.D1),
      actual: null,
    });
    expect(track.points.at(-2).actual).toBeGreaterThan(0);
  });

  test("its newest point is what the instrument's forecast says", async () => {
    const { forecast, forecasts } = await ofInstrument(
      UP,
      `forecasts(periods: 1) { ${TRACK} }`,
      null,
      "forecast { asOf until value lower upper coverage }",
    );
    const [{ coverage, points }] = forecasts;
    const { at, until, value, lower, upper } = points[0];
    expect({ asOf: at, until, value, lower, upper, coverage }).toEqual(forecast);
  });

  test("a day of the past knows nothing of what came after it", async () => {
    const date = TODAY_MS - 20 * INTERVAL_MS.D1;
    const { forecasts } = await ofInstrument(UP, `forecasts(periods: 5) { ${TRACK} }`, dateOf(date));
    const last = forecasts[0].points.at(-1);
    expect(last).toMatchObject({ at: timeOf(date + INTERVAL_MS.D1), actual: null });
    const now = await ofInstrument(UP, `forecasts(periods: 40) { ${TRACK} }`);
    const same = now.forecasts[0].points.find(({ at }: any) => at === last.at);
    expect({ ...same, actual: null }).toEqual(last);
    expect(same.actual).toBeGreaterThan(0);
  });
});

test("a request tells some days, not every day that is kept", async () => {
  const days = Array.from(
    { length: 11 },
    (_, at) => `d${at}: marketBrief(date: "${dateOf(TODAY_MS - at * INTERVAL_MS.D1)}")`,
  );
  const { data, errors } = await analytics.ask(`{ ${days.map((day) => `${day} { date movers { rank } }`).join(" ")} }`);
  expect(Object.values(data).filter((brief) => brief !== null)).toHaveLength(10);
  expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(["RANGE_TOO_LARGE"]);
});

describe("refused are", () => {
  test.each([
    ["a day that is still to come", "2024-01-21", "BAD_USER_INPUT", { newest: "2024-01-20" }],
    ["a day before what is kept", dateOf(FIRST_DAY_MS - 1), "DAY_NOT_KEPT", { oldest: dateOf(FIRST_DAY_MS) }],
    ["a day that there is not", "2024-02-30", "BAD_USER_INPUT", {}],
    ["what is no day", "yesterday", "BAD_USER_INPUT", {}],
  ])("%s", async (_, date, code, details) => {
    for (const text of [
      "query ($date: Date) { marketBrief(date: $date) { date } }",
      `query ($date: Date) { _entities(representations: [{__typename: "Instrument", symbol: "${UP}"}]) { ... on Instrument { brief(date: $date) { date } } } }`,
    ]) {
      const { errors } = await analytics.ask(text, { date });
      expect(errors?.[0]?.extensions).toMatchObject({ code, ...details });
    }
  });

  test.each([
    "movers(first: 0) { symbol }",
    "movers(first: 51) { symbol }",
    "anomalies(first: 51) { id }",
    "forecasts(first: 21) { coverage }",
    "forecasts(periods: 61) { coverage }",
  ])("%s", async (field) => {
    const { errors } = await analytics.ask(`{ marketBrief { ${field} } }`);
    expect(errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
  });

  test("forecasts that can't be had, and the rest is told", async () => {
    const { data, errors } = await analytics.ask("{ marketBrief { date forecasts(periods: 61) { coverage } } }");
    expect(data).toEqual({ marketBrief: { date: "2024-01-20", forecasts: null } });
    expect(errors).toHaveLength(1);
  });
});
