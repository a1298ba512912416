import type { Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Notification } from "../domain/notification.ts";
import { NewsHourStore } from "./news-hour-store.ts";
import { createMigratedDatabase, type MigratedDatabase } from "./test-database.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2024, 7, 8, 14, 59);
let database: MigratedDatabase;
let pool: Database;

beforeAll(async () => {
  database = await createMigratedDatabase("news-hours");
  pool = database.pool;
});
afterAll(async () => {
  await database?.drop();
});

const news = (...titles: string[]): Notification[] =>
  titles.map((title) => ({
    id: title,
    userId: "ada",
    ruleId: null,
    watchId: null,
    articleId: title,
    symbol: null,
    title,
    body: title,
    value: "1",
    at: "2024-08-08T12:00:00Z",
  }));

/** The titles of what goes into inboxes, with a process that begins anew each time. */
async function admitted(given: Notification[], nowMs: number): Promise<string[]> {
  const store = new NewsHourStore({ perHourMax: 2 });
  const found = await inTransaction(pool, (client) => store.admit(client, given, nowMs));
  return found.map(({ title }) => title);
}

test("an hour is bounded across batches and processes, and what it left out is told once when it is over", async () => {
  expect(await admitted(news("a"), NOW_MS)).toEqual(["a"]);
  expect(await admitted(news("b", "c"), NOW_MS)).toEqual(["b", "News is left out until 15:00 UTC"]);
  expect(await admitted(news("d"), NOW_MS)).toEqual([]);
  expect(await admitted([], NOW_MS)).toEqual([]);
  expect(await admitted(news("e"), NOW_MS + HOUR_MS)).toEqual(["2 articles were left out", "e"]);
  expect(await admitted([], NOW_MS + HOUR_MS)).toEqual([]);
  // Nothing was left out in the second hour, and nothing of hours that are over stays.
  expect(await admitted([], NOW_MS + 2 * HOUR_MS)).toEqual([]);
  expect((await pool.query("SELECT FROM news_hours")).rowCount).toBe(0);
});

test("what is not written is not counted", async () => {
  const store = new NewsHourStore({ perHourMax: 2 });
  const failing = inTransaction(pool, async (client) => {
    await store.admit(client, news("x", "y", "z"), NOW_MS);
    throw new Error("the inbox can't be written");
  });
  await expect(failing).rejects.toThrow("the inbox can't be written");
  expect(await admitted(news("x", "y"), NOW_MS)).toEqual(["x", "y"]);
});
