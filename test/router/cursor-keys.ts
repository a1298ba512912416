import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A file of keys for cursors, newest first; it goes with the test. */
export function cursorKeysFile(...ids: string[]): { file: string; keys: { id: string; secret: string }[] } {
  const folder = mkdtempSync(join(tmpdir(), "cursor-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const keys = ids.map((id) => ({ id, secret: randomBytes(32).toString("base64") }));
  const file = join(folder, "keys.json");
  writeFileSync(file, JSON.stringify(keys));
  return { file, keys };
}
