import { join, resolve } from "node:path";
import type { StackEnvironment } from "./fault-stack.ts";
import { StackProcess } from "./stack-process.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/**
 * A process of ours with admin paths. It counts as started when it answers: whether it is ready depends on parts that may be
 * away on purpose.
 */
export function adminProcess(
  name: string,
  adminUrl: string,
  { folder, reaper }: StackEnvironment,
  { args, env }: { args: readonly string[]; env: Record<string, string> },
): StackProcess {
  return new StackProcess({
    name,
    program: () => ({
      command: process.execPath,
      args: [...args],
      cwd: ROOT,
      env: { LOG_LEVEL: "warn", ...env },
    }),
    async ready() {
      const response = await fetch(`${adminUrl}/health`, { signal: AbortSignal.timeout(5_000) });
      if (response.status !== 200) throw new Error(await response.text());
    },
    folder: join(folder, "logs"),
    reaper,
  });
}

/** Throws with what is missing until the process can do its work. */
export async function isReady(adminUrl: string): Promise<void> {
  const response = await fetch(`${adminUrl}/ready`, { signal: AbortSignal.timeout(5_000) });
  if (response.status !== 200) throw new Error(await response.text());
}

/** The value of a counter or gauge, summed over its labels. */
export async function metricOf(adminUrl: string, name: string): Promise<number> {
  const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const values = [...(await response.text()).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
