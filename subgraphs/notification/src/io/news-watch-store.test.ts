import { validateValue } from "@mib/events/validate";
import { createService, type Service } from "@mib/service/run";
import { type Database, openDatabase } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { createTestDatabase, type TestDatabase } from "@mib/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NewsWatchStore } from "./news-watch-store.ts";

let server: TestDatabase;
let service: Service;
let pool: Database;
let store: NewsWatchStore;

beforeAll(async () => {
  server = await createTestDatabase("watches");
  service = createService("notification");
  pool = await openDatabase(service, {
    url: server.url,
    schema: "notification",
    migrations: new URL("../../migrations/", import.meta.url),
    connectionsMax: 5,
  });
  store = new NewsWatchStore(pool);
});
afterAll(async () => {
  await service?.shutdown("end of the test");
  await server?.drop();
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
