import { Redis } from "ioredis";
import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase, createTestTopics, servers, uniqueName } from "./servers.ts";

test("each test database is new and empty, and dropping it ends its connections", async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  expect(one.url).not.toBe(two.url);
  const client = new pg.Client({ connectionString: one.url });
  const ended = new Promise<void>((resolve) => client.on("error", () => resolve()));
  await client.connect();
  expect(
    (await client.query("SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'public'")).rows,
  ).toEqual([{ tables: 0 }]);
  await Promise.all([one.drop(), two.drop(), ended]);
  await expect(new pg.Client({ connectionString: one.url }).connect()).rejects.toThrow(/does not exist/);
});

test("test topics exist under names of their own", async () => {
  await using topics = await createTestTopics({ trades: 2, bars: 1 });
  await using others = await createTestTopics({ trades: 1 });
  expect(topics.names.trades).toMatch(/^trades-/);
  expect(topics.names.trades).not.toBe(others.names.trades);
});

test("redis answers", async () => {
  const redis = new Redis(servers.redisUrl);
  const key = uniqueName("key");
  await redis.set(key, "value", "EX", 10);
  expect(await redis.get(key)).toBe("value");
  await redis.quit();
});

test("the vector store answers", async () => {
  const response = await fetch(new URL("/collections", servers.qdrantUrl));
  expect(response.status).toBe(200);
});
