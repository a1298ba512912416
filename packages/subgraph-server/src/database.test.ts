import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createService, type Service } from "@mib/service/run";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isDatabaseDown } from "./database-down.ts";
import { openDatabase, type Database } from "./database.ts";
import { migrate, pendingMigrations } from "./migrations.ts";
import { createTestDatabase, type TestDatabase } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { inTransaction } from "./transaction.ts";

const folder = new URL("../test-fixture/migrations/", import.meta.url);
let server: TestDatabase;
let service: Service;
let database: Database;

beforeAll(async () => {
  server = await createTestDatabase();
  service = createService("test");
  database = await openDatabase(service, { url: server.url, schema: "one", migrations: folder });
});
afterAll(async () => {
  await service.shutdown("end of the test");
  await server.drop();
});

const open = (schema: string, migrations = folder) =>
  migrate({ url: server.url, schema, folder: migrations, log: service.log });

test("a subgraph sees the tables of its own schema", async () => {
  expect(
    (await database.query("SELECT current_schema() AS schema, (SELECT count(*)::int FROM counters) AS rows")).rows,
  ).toEqual([{ schema: "one", rows: 2 }]);
  expect((await database.query("SELECT number, name FROM schema_migrations ORDER BY number")).rows).toEqual([
    { number: 1, name: "counters" },
    { number: 2, name: "notes" },
  ]);
});

test("a connection that nothing passes any more is given up, and the next query has another", async () => {
  await using proxy = await startTcpProxy(server.url);
  const far = createService("far");
  const pool = await openDatabase(far, {
    url: proxy.through(server.url),
    schema: "one",
    migrations: folder,
    queryMsMax: 500,
  });
  try {
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    proxy.silence();
    const failure = await pool.query("SELECT 1").catch((error: unknown) => error);
    expect(isDatabaseDown(failure)).toBe(true);
    expect((await pool.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
  } finally {
    proxy.cutSilenced();
    await far.shutdown("end of the test");
  }
});

test("many processes that start together apply each migration once", async () => {
  await Promise.all(Array.from({ length: 6 }, () => open("together")));
  const { rows } = await database.query("SELECT count(*)::int AS applied FROM together.schema_migrations");
  expect(rows).toEqual([{ applied: 2 }]);
});

test("a migration that fails leaves nothing of itself and names itself", async () => {
  const copy = await mkdtemp(join(tmpdir(), "mib-migrations-"));
  await cp(folder, copy, { recursive: true });
  await writeFile(join(copy, "0003-broken.sql"), "CREATE TABLE half (id integer); SELECT 1 / 0;");
  await expect(open("broken", pathToFileURL(`${copy}/`))).rejects.toThrow("migration 3-broken failed");
  const { rows } = await database.query(
    "SELECT to_regclass('broken.half') AS half, (SELECT count(*)::int FROM broken.schema_migrations) AS applied",
  );
  expect(rows).toEqual([{ half: null, applied: 2 }]);
  await rm(copy, { recursive: true });
});

test("files and schema that contradict each other are refused", () => {
  const file = (number: number, checksum = "x") => ({ number, name: "n", sql: "", checksum });
  expect(pendingMigrations([file(1), file(2)], [file(1)])).toEqual([file(2)]);
  expect(() => pendingMigrations([file(1, "y")], [file(1)])).toThrow("was applied with another content");
  expect(() => pendingMigrations([file(1)], [file(1), file(2)])).toThrow("of a newer version");
});

test("a transaction is all or nothing", async () => {
  await expect(
    inTransaction(database, async (client) => {
      await client.query("INSERT INTO notes VALUES (1)");
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  expect((await database.query("SELECT * FROM notes")).rows).toEqual([]);
});

test("transactions that collide are run again until both are done", async () => {
  const add = () =>
    inTransaction(
      database,
      async (client) => {
        const { rows } = await client.query<{ value: number }>("SELECT value FROM counters WHERE name = 'a'");
        await client.query("UPDATE counters SET value = $1 WHERE name = 'a'", [(rows[0]?.value ?? 0) + 1]);
      },
      { isolation: "SERIALIZABLE", attemptsMax: 50 },
    );
  await Promise.all(Array.from({ length: 8 }, add));
  expect((await database.query("SELECT value FROM counters WHERE name = 'a'")).rows).toEqual([{ value: 8 }]);
});

test("a connection that is cut inside a transaction fails that one, and does not end the process", async () => {
  await expect(
    inTransaction(database, async (client) => {
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await database.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
      // Nothing is being asked while it breaks.
      const broken = new Promise((resolve) => client.once("end", resolve));
      await broken;
      await client.query("SELECT 1");
    }),
  ).rejects.toThrow("not queryable");
  expect(await inTransaction(database, async () => "again")).toBe("again");
});

test("a connection that is cut while idle does not end the process", async () => {
  await database.query("SELECT 1");
  const other = new pg.Client({ connectionString: server.url });
  await other.connect();
  await other.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test' AND datname = current_database()",
  );
  await other.end();
  expect((await service.health.report()).checks).toHaveProperty("postgresql");
  await expect.poll(async () => (await service.health.report()).ready, { timeout: 10_000 }).toBe(true);
});

test("a connection that the server ends, or that is not to be had, means that the database is down; a wrong statement does not", async () => {
  const failure = (asked: Promise<unknown>) =>
    asked.then(
      () => null,
      (error: unknown) => error,
    );
  expect(isDatabaseDown(await failure(database.query("SELECT pg_terminate_backend(pg_backend_pid())")))).toBe(true);
  expect(isDatabaseDown(await failure(database.query("SELECT nothing FROM nowhere")))).toBe(false);
  const ended = new pg.Pool({ connectionString: "postgres://nobody@127.0.0.1:1/none" });
  expect(isDatabaseDown(await failure(ended.query("SELECT 1")))).toBe(true);
  await ended.end();
});
