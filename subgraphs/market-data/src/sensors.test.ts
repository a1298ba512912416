import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createKafka } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { createService, type Service } from "@mib/service/run";
import { openDatabase, type Database } from "@mib/subgraph-server/database";
import { startTestSubgraph, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { eventually } from "@mib/testkit/eventually";
import {
  createTestDatabase,
  createTestTopics,
  servers,
  type TestDatabase,
  type TestTopics,
} from "@mib/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PostgresInstruments } from "./io/postgres-instruments.ts";
import { PostgresReadings } from "./io/postgres-readings.ts";
import { PostgresSensors } from "./io/postgres-sensors.ts";
import { startSensorWriter } from "./io/sensor-writer.ts";
import { marketDataSubgraph } from "./subgraph.ts";

const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "sensors-test");
const migrations = new URL("../migrations/", import.meta.url);
const DEADLINE = { deadlineMs: 60_000 };

let server: TestDatabase;
let database: Database;
let subgraph: TestSubgraph;
let producer: EventProducer;
let topics: TestTopics;

function define(metric: string, symbols: string[], rest: object = {}): Promise<void> {
  const sensor = `pipeline/${metric}`;
  const definedAt = "2026-03-01T00:00:00Z";
  const value = {
    id: `${sensor} ${JSON.stringify([symbols, rest])}`,
    sensor,
    source: "pipeline",
    metric,
    name: `The ${metric}`,
    kind: "FLOW",
    unit: "m3/s",
    instruments: symbols.map((symbol) => ({ symbol })),
    definedAt,
    ...rest,
  };
  return send(topics.names.definitions!, sensor, value);
}

function read(metric: string, at: string, value: string, rest: object = {}): Promise<void> {
  const id = `${metric} ${at}`;
  return send(topics.names.readings!, "pipeline", { id, source: "pipeline", metric, value, at, ...rest });
}

function send(topic: string, key: string, value: { id: string } & Record<string, unknown>): Promise<void> {
  return producer.send({ topic, key, channel: "*", eventId: value.id, value: JSON.stringify(value) });
}

const own = () => ({ definitions: topics.names.definitions!, readings: topics.names.readings! });

async function startWriter(service: Service, retentionDays = 365) {
  const sensors = new PostgresSensors(database);
  const readings = new PostgresReadings(database);
  await startSensorWriter(service, { kafka, database, sensors, readings, retentionDays, topics: own() });
  return { sensors, readings };
}

const count = async () =>
  Number((await database.query<{ n: string }>("SELECT count(*) AS n FROM sensor_readings")).rows[0]!.n);

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  topics = await createTestTopics({ definitions: 1, readings: 1 });
  producer = createEventProducer({ kafka, log: { warn() {} } as never });
  server = await createTestDatabase("sensors");
  subgraph = await startTestSubgraph("market-data", async (service) => {
    database = await openDatabase(service, { url: server.url, schema: "market_data", migrations });
    await new PostgresInstruments(database).save(
      ["NG", "CL"].map((symbol) => ({
        symbol,
        name: `Name of ${symbol}`,
        venue: "SIM",
        venueSymbol: symbol,
        class: "COMMODITY",
        source: "SIMULATED",
      })),
    );
    const { options } = await marketDataSubgraph(service, {
      database,
      engine: { addresses: ["unix:/nowhere/engine.sock"], connections: 1, timeoutMs: 500 },
      answerRowsMax: 100,
    });
    await startWriter(service);
    return options;
  });
  await define("flow", ["NG", "UNTRADED"]);
  await define("heat", ["NG", "CL"], { kind: "SOMETHING_NEW", unit: "K" });
  await define("loose", []);
  await producer.sendRecord(topics.names.readings!, {
    value: "no JSON",
    headers: { channel: "*", "event-id": "bad", "schema-version": "1" },
  });
  await read("flow", "2026-03-01T00:00:00Z", "10");
  await read("flow", "2026-03-01T00:00:00.000000001Z", "12345678901234567890.000000000000000001", { unit: "m3/s" });
  await read("flow", "2026-02-01T00:00:00Z", "-0.5");
  await read("heat", "2026-03-01T00:00:00Z", "300");
  await read("heat", "2026-03-02T00:00:00Z", "301");
  await read("undefined", "2026-03-01T00:00:00Z", "7");
  // What nobody can keep.
  await read("flow", "2026-02-31T00:00:00Z", "1");
  await read("flow", "2999-01-01T00:00:00Z", "1");
  await read("flow", "2026-03-01T00:00:01Z", "1".repeat(65));
  await read("flow", "2026-03-01T00:00:02Z", "1", { unit: "a\u0000b" });
  await eventually(async () => expect(await count()).toBe(6), DEADLINE);
  await eventually(async () => expect(await metric("refused")).toBe(5), DEADLINE);
});

afterAll(async () => {
  await subgraph?.stop();
  await producer?.stop();
  await server?.drop();
  await topics?.drop();
});

async function metric(name: "written" | "refused", topic = "sensor.readings.v1"): Promise<number> {
  const text = await (await fetch(`${subgraph.url}/metrics`)).text();
  const line = new RegExp(`^market_data_sensor_records_${name}_total\\{.*topic="${topic}".*\\} (\\d+)$`, "m");
  return Number(line.exec(text)?.[1] ?? 0);
}

async function ask(query: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await subgraph.ask(query, variables);
  expect(errors).toBeUndefined();
  return data;
}

const NG = (fields: string) => `{ instrument(symbol: "NG") { ${fields} } }`;

describe("a sensor", () => {
  test("says what it is, what it is bound to and what it measured last", async () => {
    const { sensor } = await ask(
      `{ sensor(id: "pipeline/flow") { id source metric name kind unit definedAt instruments { symbol name } latest { value unit at sensor { id } instruments { symbol } } } }`,
    );
    expect(sensor).toEqual({
      id: "pipeline/flow",
      source: "pipeline",
      metric: "flow",
      name: "The flow",
      kind: "FLOW",
      unit: "m3/s",
      definedAt: "2026-03-01T00:00:00Z",
      instruments: [{ symbol: "NG", name: "Name of NG" }],
      latest: {
        value: "12345678901234567890.000000000000000001",
        unit: "m3/s",
        at: "2026-03-01T00:00:00.000000001Z",
        sensor: { id: "pipeline/flow" },
        instruments: [{ symbol: "NG" }],
      },
    });
  });

  test("of a kind that is not known here is another, one without readings has no latest", async () => {
    expect((await ask(`{ sensor(id: "pipeline/heat") { kind } }`)).sensor).toEqual({ kind: "OTHER" });
    expect((await ask(`{ sensor(id: "pipeline/loose") { latest { value } instruments { symbol } } }`)).sensor).toEqual({
      latest: null,
      instruments: [],
    });
  });

  test("that is not defined is null with its code", async () => {
    const { data, errors } = await subgraph.ask(`{ sensor(id: "pipeline/none") { id } }`);
    expect([data, errors?.[0]?.extensions.code]).toEqual([{ sensor: null }, "SENSOR_NOT_FOUND"]);
  });

  test("is an entity", async () => {
    const query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Sensor { name } } }";
    const r = ["pipeline/heat", "pipeline/none", "a\u0000b"].map((id) => ({ __typename: "Sensor", id }));
    expect((await subgraph.ask(query, { r })).data._entities).toEqual([{ name: "The heat" }, null, null]);
  });
});

test("sensors come in pages that a filter narrows", async () => {
  const page = `query ($after: String) { sensors(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`;
  const { sensors: first } = await ask(page);
  const { sensors: second } = await ask(page, { after: first.pageInfo.endCursor });
  expect(
    [first, second].map(({ nodes, pageInfo }) => [nodes.map((node: any) => node.id), pageInfo.hasNextPage]),
  ).toEqual([
    [["pipeline/flow", "pipeline/heat"], true],
    [["pipeline/loose"], false],
  ]);
  const filtered = async (filter: string) =>
    (await ask(`{ sensors(filter: ${filter}) { nodes { id } } }`)).sensors.nodes.map(({ id }: any) => id);
  expect(await filtered(`{ symbols: ["CL"] }`)).toEqual(["pipeline/heat"]);
  expect(await filtered(`{ kind: FLOW, symbols: ["NG"] }`)).toEqual(["pipeline/flow"]);
  expect(await filtered(`{ source: "pipe" }`)).toEqual([]);
});

test.each([
  ["a source", { filter: { source: "a\u0000" } }],
  ["a symbol", { filter: { symbols: ["a\u0000"] } }],
  ["a cursor", { after: Buffer.from(JSON.stringify(["a\u0000"])).toString("base64url") }],
])("%s that can't be stored is looked for in vain, and the answer says why", async (_, variables) => {
  const query =
    "query ($filter: SensorFilter, $after: String) { sensors(filter: $filter, after: $after) { nodes { id } } }";
  expect((await subgraph.ask(query, variables)).errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
});

describe("an instrument", () => {
  test("has its sensors, in pages", async () => {
    const sensors = async (page: string) =>
      (await ask(NG(`sensors(${page}) { nodes { id } edges { cursor } pageInfo { hasNextPage } }`))).instrument.sensors;
    const first = await sensors("first: 1");
    const second = await sensors(`first: 1, after: "${first.edges[0].cursor}"`);
    expect([first.nodes, second.nodes, first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([
      [{ id: "pipeline/flow" }],
      [{ id: "pipeline/heat" }],
      true,
      false,
    ]);
  });

  const MEASURED = ["301", "12345678901234567890.000000000000000001", "300", "10", "-0.5"];
  const values = async (page: string) =>
    (await ask(NG(`sensorReadings(${page}) { nodes { value } }`))).instrument.sensorReadings.nodes.map(
      ({ value }: any) => value,
    );

  test("has what they measured, newest first, digit for digit", async () => {
    expect(await values("first: 100")).toEqual(MEASURED);
    expect(await values(`sensors: ["pipeline/heat", "pipeline/undefined"]`)).toEqual(["301", "300"]);
    expect(await values("sensors: []")).toEqual([]);
    expect(await values("first: 0")).toEqual([]);
  });

  test("within [from, to), to the nanosecond", async () => {
    expect(await values(`from: "2026-03-01T00:00:00.000000001Z"`)).toEqual(MEASURED.slice(0, 2));
    expect(await values(`to: "2026-03-01T00:00:00.000000001Z"`)).toEqual(MEASURED.slice(2));
    expect(await values(`from: "1900-01-01T00:00:00Z", to: "9999-01-01T00:00:00Z"`)).toEqual(MEASURED);
  });

  test.each([1, 2, 3, 4, 5])("in pages of %i without hole or repeat", async (first) => {
    const seen: string[] = [];
    for (let after = ""; ;) {
      const { instrument } = await ask(
        NG(`sensorReadings(first: ${first}${after}) { nodes { value } pageInfo { hasNextPage endCursor } }`),
      );
      const { nodes, pageInfo } = instrument.sensorReadings;
      seen.push(...nodes.map(({ value }: any) => value));
      after = `, after: "${pageInfo.endCursor}"`;
      if (!pageInfo.hasNextPage) break;
    }
    expect(seen).toEqual(MEASURED);
  });

  test.each([
    ["sensorReadings(first: 1001) { nodes { id } }", "BAD_USER_INPUT"],
    [`sensorReadings(after: "x") { nodes { id } }`, "BAD_USER_INPUT"],
    [`sensorReadings(after: "${Buffer.from('["-1","a"]').toString("base64url")}") { nodes { id } }`, "BAD_USER_INPUT"],
    [
      `sensorReadings(after: "${Buffer.from('["99999999999999999999","a"]').toString("base64url")}") { nodes { id } }`,
      "BAD_USER_INPUT",
    ],
    ["sensors(first: 201) { nodes { id } }", "BAD_USER_INPUT"],
  ])("%s answers %s", async (field, code) => {
    expect((await subgraph.ask(NG(field))).errors?.[0]?.extensions.code).toBe(code);
  });
});

test("readings of before their sensor was defined are there once it is, and a new definition binds anew", async () => {
  await define("undefined", ["CL"], { unit: "1" });
  const values = async () =>
    (
      await ask(`{ instrument(symbol: "CL") { sensorReadings { nodes { value } } } }`)
    ).instrument.sensorReadings.nodes.map(({ value }: any) => value);
  await eventually(async () => expect(await values()).toEqual(["301", "7", "300"]), DEADLINE);
  await define("heat", ["NG"], { unit: "K", name: "Bound anew" });
  await eventually(async () => expect(await values()).toEqual(["7"]), DEADLINE);
});

test("a reading that comes again is not written again, also by a writer that begins anew", async () => {
  const before = await metric("written");
  await read("flow", "2026-03-01T00:00:00Z", "11");
  await read("flow", "2026-03-03T00:00:00Z", "13");
  await eventually(async () => expect(await metric("written")).toBe(before + 1), DEADLINE);
  await database.query("DELETE FROM sensor_readings");
  const again = createService("market-data");
  await startWriter(again);
  await read("flow", "2026-03-01T00:00:00Z", "12");
  await read("flow", "2026-03-04T00:00:00Z", "14");
  // Both writers take it, and it is there once.
  await eventually(async () => expect(await count()).toBe(1), DEADLINE);
  await again.shutdown("end of the test");
  expect(await count()).toBe(1);
});

test("readings wait for a database that does not take them, and none is lost", async () => {
  await database.query("ALTER TABLE sensor_readings RENAME TO hidden");
  await read("flow", "2026-03-05T00:00:00Z", "15");
  await read("flow", "2026-03-05T00:00:01Z", "16");
  await eventually(async () => {
    const { checks }: any = await (await fetch(`${subgraph.url}/ready`)).json();
    expect(checks.sensors.detail.lag[topics.names.readings!]).toBeGreaterThan(0);
  }, DEADLINE);
  await database.query("ALTER TABLE hidden RENAME TO sensor_readings");
  await eventually(async () => expect(await count()).toBe(3), DEADLINE);
});

test("months that are older than readings are kept go, counted from the newest that is not of the future", async () => {
  await read("flow", "2020-01-01T00:00:00Z", "1");
  await read("flow", "2199-01-01T00:00:00Z", "1");
  await eventually(async () => expect(await count()).toBe(5), DEADLINE);
  const readings = new PostgresReadings(database);
  expect(await readings.dropExpired(36_500)).toEqual([]);
  expect(await readings.dropExpired(1)).toEqual(["sensor_readings_202001"]);
  expect(await count()).toBe(4);
});

test("a record that nobody can keep stops none behind it", async () => {
  const [readings, definitions] = [await metric("refused"), await metric("refused", "sensor.definitions.v1")];
  const random = (characters: number) =>
    Array.from({ length: characters }, () => String.fromCharCode(0x4e00 + Math.floor(Math.random() * 20_000))).join("");
  // More than a row of an index takes, half a character, and a year that PostgreSQL has not.
  await define(random(101), []);
  await define("half", ["\ud83d"]);
  await define("ancient", [], { definedAt: "0000-01-01T00:00:00Z" });
  await define(
    "crowded",
    Array.from({ length: 101 }, (_, at) => `S${at}`),
  );
  await define("behind", ["NG"]);
  await read(random(900), "2026-03-06T00:00:00Z", "1");
  await read("flow", "2026-03-06T00:00:00Z", "1", { unit: "\ud83d" });
  await read("behind", "2026-03-06T00:00:01Z", "2");
  const latest = async () => (await ask(`{ sensor(id: "pipeline/behind") { latest { value } } }`)).sensor;
  await eventually(async () => expect(await latest()).toEqual({ latest: { value: "2" } }), DEADLINE);
  expect(await metric("refused")).toBe(readings + 2);
  expect(await metric("refused", "sensor.definitions.v1")).toBe(definitions + 4);
});

test("a record that PostgreSQL alone refuses is left out, and its neighbours are written", async () => {
  const [refused, written] = [await metric("refused"), await metric("written")];
  await database.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.value = 666 THEN RAISE numeric_value_out_of_range; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON sensor_readings FOR EACH ROW EXECUTE FUNCTION refuse()`);
  const values = ["17", "666", "18"];
  await Promise.all(values.map((value, second) => read("behind", `2026-03-07T00:00:0${second}Z`, value)));
  await eventually(async () => expect(await metric("written")).toBe(written + 2), DEADLINE);
  expect(await metric("refused")).toBe(refused + 1);
  const query = `{ sensor(id: "pipeline/behind") { readings(first: 2) { nodes { value } } } }`;
  expect((await ask(query)).sensor.readings.nodes).toEqual([{ value: "18" }, { value: "17" }]);
  await database.query("DROP TRIGGER refuse ON sensor_readings");
});

test("readings of more sensors than are read at once are refused, unless some are named", async () => {
  await database.query(`
    INSERT INTO sensors (id, source, metric, name, kind, unit, symbols, defined_at)
    SELECT 'many/' || n, 'many', n, 'M', 'FLOW', '1', ARRAY['CL'], now() FROM generate_series(1, 1001) AS n`);
  const readings = (given: string) =>
    subgraph.ask(`{ instrument(symbol: "CL") { sensorReadings(${given}) { nodes { value } } } }`);
  expect((await readings("first: 1")).errors?.[0]?.extensions).toMatchObject({
    code: "BAD_USER_INPUT",
    argument: "sensors",
  });
  expect((await readings(`sensors: ["many/1", "pipeline/undefined"]`)).errors).toBeUndefined();
  await database.query("DELETE FROM sensors WHERE source = 'many'");
});

test("a writer whose Kafka does not answer ends when it is told to", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const service = createService("market-data");
  const away = createKafka({ KAFKA_BROKERS: [`127.0.0.1:${(silent.address() as AddressInfo).port}`] }, "sensors-test");
  const [sensors, readings] = [new PostgresSensors(database), new PostgresReadings(database)];
  const asked = once(silent, "connection");
  await startSensorWriter(service, { kafka: away, database, sensors, readings, retentionDays: 365, topics: own() });
  const [socket] = await asked;
  let ended = false;
  void service.shutdown("end of the test").then(() => (ended = true));
  // A question to Kafka takes 15 s until it is given up.
  await eventually(() => expect(ended).toBe(true), { deadlineMs: 5_000 });
  (socket as Socket).destroy();
  silent.close();
});
