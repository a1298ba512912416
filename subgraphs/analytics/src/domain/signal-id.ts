import { createHash } from "node:crypto";
import type { Signal } from "./signals.ts";

/**
 * The same for the same thing about the same bar, however often it is found: when a late trade revises the bar, or its
 * history is read again, nothing is told twice. `channel` names the instrument and the interval.
 */
export function signalId(
  { kind, direction, evidence }: Signal,
  { channel, openedAt }: { channel: string; openedAt: string },
): string {
  // One bar may be unusual in several ways.
  const way = evidence ? `${evidence.metric}/${evidence.method}` : "";
  return createHash("sha256")
    .update(JSON.stringify([kind, direction, way, channel, openedAt]))
    .digest("hex")
    .slice(0, 32);
}
