import { validateValue } from "@mib/events/validate";
import type { Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NewsWatchStore } from "./news-watch-store.ts";
import { createMigratedDatabase, type MigratedDatabase } from "./test-database.ts";

let database: MigratedDatabase;
let pool: Database;
let store: NewsWatchStore;

beforeAll(async () => {
  database = await createMigratedDatabase("watches");
  pool = database.pool;
  store = new NewsWatchStore(pool);
});
afterAll(async () => {
  await database?.drop();
});

const definition = { query: "copper", symbols: [], similarityLeast: 0.6 };

test("every change is announced as the topic wants it, at whatever millisecond it is made", async () => {
  for (let round = 0; round < 100; round += 1) {
    const { id } = await inTransaction(pool, (client) => store.create(client, "u1", definition));
    await inTransaction(pool, (client) => store.delete(client, "u1", id));
  }
  const { rows } = await pool.query<{ value: string }>("SELECT value FROM outbox");
  expect(rows).toHaveLength(200);
  const refused = rows.map(({ value }) => validateValue("news.watches.v1", value)).filter(({ ok }) => !ok);
  expect(refused).toEqual([]);
});
