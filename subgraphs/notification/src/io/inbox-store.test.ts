import type { Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deterministicUuid } from "../domain/deterministic-uuid.ts";
import type { Notification } from "../domain/notification.ts";
import { InboxStore } from "./inbox-store.ts";
import { createMigratedDatabase, type MigratedDatabase } from "./test-database.ts";

let database: MigratedDatabase;
let pool: Database;
let inbox: InboxStore;

beforeAll(async () => {
  database = await createMigratedDatabase("inbox");
  pool = database.pool;
  inbox = new InboxStore(pool);
});
afterAll(async () => {
  await database?.drop();
});

const notificationOf = (name: string): Notification => ({
  id: deterministicUuid(name),
  userId: "ada",
  ruleId: null,
  watchId: null,
  articleId: name,
  symbol: null,
  title: name,
  body: name,
  value: "1",
  at: "2024-08-08T12:00:00Z",
});

test("what comes twice in one batch, or again, is new once", async () => {
  const [a, b] = [notificationOf("a"), notificationOf("b")];
  const add = (given: Notification[]) => inTransaction(pool, (client) => inbox.add(client, given));
  expect((await add([a, b, a])).map(({ title }) => title)).toEqual(["a", "b"]);
  expect(await add([b, a])).toEqual([]);
  const { nodes } = await inbox.page("ada", { first: 10, after: null });
  expect(nodes.map(({ title }) => title)).toEqual(["b", "a"]);
});
