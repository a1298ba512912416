import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readRuns } from "../../scripts/local/run-file.mjs";
import { startStack } from "../e2e/stack.ts";
import type { BenchOptions, BenchResult } from "./bench-result.ts";
import { copyRows } from "./history/copy-rate.ts";
import { exportRows } from "./history/export-rate.ts";

export const name = "history";

/**
 * How fast trades are written down and how fast history is read again as files, on a stack of its own, beside PostgreSQL's COPY
 * with nothing around it.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  // On the disk of the project: a memory file system would measure no fdatasync.
  mkdirSync(".data/bench", { recursive: true });
  const dataDir = mkdtempSync(join(resolve(".data/bench"), "history-"));
  const analyst = { email: "analyst@example.com", password: randomBytes(15).toString("base64url") };
  const passwordFile = join(dataDir, "password");
  writeFileSync(passwordFile, analyst.password, { mode: 0o600 });
  const stack = await startStack({
    args: ["--feed", "none"],
    dataDir,
    env: { AUTH_ADMIN_EMAIL: analyst.email, AUTH_ADMIN_PASSWORD_FILE: passwordFile },
  });
  try {
    const [run] = readRuns(dataDir);
    const databaseUrl = run!.parts["postgres"]!.url!;
    return {
      rows: [
        ...(await copyRows({ databaseUrl, trades: quick ? 100_000 : 500_000, rounds: quick ? 1 : 3 })),
        ...(await exportRows({
          databaseUrl,
          engineAddress: run!.feedEnvironment["ENGINE_ADDRESS"]!,
          routerUrl: stack.routerUrl,
          exportsUrl: `${stack.adminUrl("exports")}/exports`,
          analyst,
          trades: quick ? 20_000 : 100_000,
          rounds: quick ? 1 : 3,
        })),
      ],
      notes: ["The stack is idle otherwise; all of it, the client included, shares the machine's cores."],
    };
  } finally {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
