import { randomUUID } from "node:crypto";
import { enqueueEvent } from "./outbox.ts";

/** Who did what to what, from where, with what result: the payload of `audit.events.v1`. */
export interface AuditEvent {
  /** The subject that acted; null when nobody was logged in. */
  actor: string | null;
  /** `<noun>.<verb>`, for instance `session.create`, `alert-rule.delete`. */
  action: string;
  /** What it was done to: `<kind>:<id>`. */
  target: string | null;
  /** The address it came from, when it is known. */
  origin: string | null;
  outcome: "SUCCESS" | "DENIED" | "FAILED";
  /** RFC 3339. */
  at: string;
  details?: Record<string, string>;
}

/** Writes to the audit trail in the transaction that `client` is in: what is not done is not recorded, and the reverse. */
export function auditEvent(client: Parameters<typeof enqueueEvent>[0], event: AuditEvent): Promise<void> {
  const id = randomUUID();
  const details = Object.entries(event.details ?? {}).map(([name, value]) => ({ name, value }));
  return enqueueEvent(client, {
    topic: "audit.events.v1",
    key: event.actor,
    channel: "*",
    eventId: id,
    value: { id, ...event, details },
  });
}
