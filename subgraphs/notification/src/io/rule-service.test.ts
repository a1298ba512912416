import { CodedError } from "@mib/service/coded-error";
import type { Database } from "@mib/subgraph-server/database";
import { eventually } from "@mib/testkit/eventually";
import { uniqueName } from "@mib/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RuleBook } from "../domain/rule-book.ts";
import type { RuleDefinition } from "../domain/rule.ts";
import { Watch } from "../domain/watch.ts";
import { InboxStore } from "./inbox-store.ts";
import { followRuleChanges } from "./rule-changes.ts";
import { RuleService } from "./rule-service.ts";
import { RuleStore } from "./rule-store.ts";
import { createMigratedDatabase, type MigratedDatabase } from "./test-database.ts";

let database: MigratedDatabase;
let pool: Database;
let store: RuleStore;
let rules: RuleService;
const book = new RuleBook();

beforeAll(async () => {
  database = await createMigratedDatabase("rules", 30);
  pool = database.pool;
  store = new RuleStore(pool);
  rules = new RuleService({ pool, store, inbox: new InboxStore(pool), book, watch: new Watch(book) });
  await followRuleChanges(database.service, { databaseUrl: database.url, store, book });
});
afterAll(async () => {
  await database?.drop();
});

const actor = () => ({ userId: uniqueName("user"), clientAddress: null });
const definition: RuleDefinition = {
  symbol: "X",
  metric: "PRICE",
  comparison: "CROSSES_ABOVE",
  thresholdE9: 1n,
  interval: null,
  note: null,
};

test("a rule that was deleted by its id in capitals is watched no more", async () => {
  const owner = actor();
  const { id } = await rules.create(owner, definition);
  await rules.delete(owner, id.toUpperCase());
  expect(book.get(id)).toBeUndefined();
});

test("200 rules are the most, also for those who ask for many at the same moment", async () => {
  const owner = actor();
  await pool.query(
    `INSERT INTO rules (id, user_id, symbol, metric, comparison, threshold_e9, primed)
     SELECT gen_random_uuid(), $1, 'X', 'PRICE', 'ABOVE', 1, true FROM generate_series(1, 195)`,
    [owner.userId],
  );
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => rules.create(owner, definition)));
  const refused = answers.filter((answer) => answer.status === "rejected").map(({ reason }) => reason as CodedError);
  expect(refused.map(({ code }) => code)).toEqual(new Array(15).fill("TOO_MANY_ALERT_RULES"));
});

test("what a rule has seen since it was read is kept when its making is heard of again", async () => {
  const created = await rules.create(actor(), definition);
  const seen = { ...created, primed: true };
  book.put(seen);
  book.putNewer(created);
  expect(book.get(created.id)).toEqual(seen);
  book.putNewer({ ...created, version: 2 });
  expect(book.get(created.id)).toMatchObject({ version: 2, primed: false });
});

test("rules that were made and deleted while nobody listened are known after that", async () => {
  const [gone, made] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
  book.put({ ...(await rules.create(actor(), definition)), id: gone });
  await pool.query(
    `INSERT INTO rules (id, user_id, symbol, metric, comparison, threshold_e9, primed) VALUES ($1, 'u', 'X', 'PRICE', 'ABOVE', 1, true)`,
    [made],
  );
  expect([book.get(gone)?.id, book.get(made)?.id]).toEqual([gone, undefined]);
  await pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'notification-rules' AND datname = current_database()",
  );
  await eventually(() => expect([book.get(gone)?.id, book.get(made)?.id]).toEqual([undefined, made]));
});
