import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { CONSUMER_POSITIONS_SQL } from "@mib/events/consumer-state";
import { OUTBOX_SQL } from "@mib/events/outbox";
import { expect, test } from "vitest";

const migrations = execFileSync("git", ["ls-files", "subgraphs/*/migrations/*.sql"], { encoding: "utf8" })
  .trim()
  .split("\n")
  .map((path) => ({ path, text: readFileSync(path, "utf8") }));

test.each([
  ["outbox", OUTBOX_SQL],
  ["consumer_positions", CONSUMER_POSITIONS_SQL],
])("every migration that makes the table %s makes it as @mib/events reads it", (table, statement) => {
  const making = migrations.filter(({ text }) => text.includes(`CREATE TABLE ${table} (`));
  expect(making.length).toBeGreaterThan(1);
  for (const { path, text } of making) expect(text, path).toContain(statement.trim());
});
