import { createService, type Service } from "@mib/service/run";
import { openDatabase, type Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { createTestDatabase, type TestDatabase } from "@mib/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BarWindow } from "../domain/bar-window.ts";
import { MarketMemory } from "../domain/market-memory.ts";
import { PostgresBarHistory, writeBars } from "./postgres-bar-history.ts";
import { SignalStore } from "./signal-store.ts";
import { WindowStore, writeWindows } from "./window-store.ts";

let server: TestDatabase;
let service: Service;
let pool: Database;

beforeAll(async () => {
  server = await createTestDatabase("analytics");
  service = createService("analytics");
  pool = await openDatabase(service, {
    url: server.url,
    schema: "analytics",
    migrations: new URL("../../migrations/", import.meta.url),
  });
});
afterAll(async () => {
  await service?.shutdown("end of the test");
  await server?.drop();
});

async function kept(nowMs: number, openedAt: readonly string[]): Promise<string[]> {
  await pool.query("DELETE FROM bars");
  await pool.query(
    "INSERT INTO bars (symbol, interval, opened_at, open, high, low, close, volume, revision) SELECT 'X', 'M1', t, 1, 1, 1, 1, 1, 0 FROM unnest($1::timestamptz[]) t",
    [openedAt],
  );
  await new PostgresBarHistory(pool, new MarketMemory()).prune(nowMs);
  const { rows } = await pool.query<{ day: string }>(
    "SELECT opened_at::date::text AS day FROM bars ORDER BY opened_at",
  );
  return rows.map(({ day }) => day);
}

test.each([
  ["a capture of long ago", "2026-01-01", ["2024-07-01", "2024-07-20", "2024-08-08"], ["2024-07-20", "2024-08-08"]],
  ["a live feed", "2026-01-31", ["2025-12-31", "2026-01-02", "2026-01-31"], ["2026-01-02", "2026-01-31"]],
  [
    "a bar of the future",
    "2026-01-31",
    ["2026-01-02", "2026-01-31", "2100-01-01"],
    ["2026-01-02", "2026-01-31", "2100-01-01"],
  ],
])("bars older than 30 days before the newest go: %s", async (_, now, given, left) => {
  expect(await kept(Date.parse(now), given)).toEqual(left);
});

test("a signal that is found twice in one batch, or again, is new once", async () => {
  const signal = {
    id: "same",
    symbol: "X",
    interval: "M1" as const,
    kind: "BREAKOUT" as const,
    direction: "UP" as const,
    score: 1,
    at: "2024-08-08T12:00:00Z",
    explanation: "first",
  };
  const store = new SignalStore(pool);
  const add = () => inTransaction(pool, (client) => store.add(client, [signal, { ...signal, explanation: "revised" }]));
  expect((await add()).map(({ explanation }) => explanation)).toEqual(["first"]);
  expect(await add()).toEqual([]);
});

test.each(["2024-99-99T00:00:00Z 5", "0000-01-01T00:00:00Z 5", "2024-01-01TZ 5", "nonsense"])(
  "%j is no cursor of signals",
  async (text) => {
    const after = Buffer.from(text).toString("base64url");
    const page = new SignalStore(pool).page({ symbols: null, kinds: null, first: 1, after });
    await expect(page).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
  },
);

test("a window that can't be read is made of the stored bars, and the others are as they were", async () => {
  await pool.query("DELETE FROM bars");
  const bar = (minute: number) => ({
    openedAtMs: minute * 60_000,
    open: 1,
    high: 2,
    low: 1,
    close: 2,
    volume: 3,
    revision: 0,
  });
  const sound = new BarWindow(10);
  sound.add(bar(7));
  const packed = sound.pack();
  await writeBars(
    pool,
    [1, 2].map((minute) => ({ symbol: "X", interval: "M1", bar: bar(minute) })),
  );
  await writeWindows(pool, [
    { symbol: "X", interval: "M1", packed: packed.subarray(0, 21) },
    { symbol: "X", interval: "S1", packed: packed.subarray(0, 8) },
    { symbol: "Y", interval: "M1", packed },
  ]);
  const memory = new MarketMemory();
  const unreadable = await new WindowStore(pool).restore(memory);
  expect(unreadable.sort()).toEqual(["X/M1", "X/S1"]);
  expect(memory.bars("X", "M1")).toEqual([bar(1), bar(2)]);
  expect(memory.bars("X", "S1")).toEqual([]);
  expect(memory.bars("Y", "M1")).toEqual([bar(7)]);
});
