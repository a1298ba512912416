import { setTimeout as delay } from "node:timers/promises";
import type { Service } from "@mib/service/run";
import pg from "pg";
import type { RuleBook } from "../domain/rule-book.ts";
import type { RuleStore } from "./rule-store.ts";

const RETRY_MS = 500;

/**
 * Keeps the rule book in step with changes that other processes make, and reads all rules again whenever it may have missed
 * some. A rule in memory is replaced only by a newer definition: its state here may be ahead of what is saved.
 */
export async function followRuleChanges(
  service: Service,
  { databaseUrl, store, book }: { databaseUrl: string; store: RuleStore; book: RuleBook },
): Promise<void> {
  const connected = Promise.withResolvers<void>();
  // One after another: what was read before a rule was deleted must not come after the news of that.
  let reading: Promise<void> = Promise.resolve();
  const run = (async () => {
    while (!service.shutdownSignal.aborted) {
      const client = new pg.Client({
        connectionString: databaseUrl,
        options: "-c search_path=notification",
        application_name: "notification-rules",
        keepAlive: true,
      });
      const ended = new Promise<void>((resolve) => {
        client.on("end", resolve);
        client.on("error", () => resolve());
        service.shutdownSignal.addEventListener("abort", () => resolve(), { once: true });
      });
      try {
        await client.connect();
        client.on("notification", ({ payload }) => {
          if (payload)
            reading = reading
              .then(() => takeOver(payload))
              .catch((error: unknown) => service.log.warn({ err: error }, "a changed rule could not be read"));
        });
        await client.query("LISTEN rules_changed");
        const all = reading.then(takeOverAll);
        reading = all.catch(() => {});
        await all;
        connected.resolve();
        await ended;
      } catch (error) {
        if (!service.shutdownSignal.aborted) service.log.warn({ err: error }, "following rule changes broke off");
      } finally {
        await client.end().catch(() => {});
      }
      await delay(RETRY_MS, undefined, { signal: service.shutdownSignal }).catch(() => {});
    }
  })();
  service.onShutdown("rule changes", () => run);
  await connected.promise;

  async function takeOver(id: string): Promise<void> {
    const [rule] = await store.byIds([id]);
    if (rule === undefined) book.remove(id);
    else book.putNewer(rule);
  }

  /** Those that are not there any more were deleted while nobody listened. */
  async function takeOverAll(): Promise<void> {
    const known = book.ids();
    const rules = new Map((await store.all()).map((rule) => [rule.id, rule]));
    for (const id of known) if (!rules.has(id)) book.remove(id);
    for (const rule of rules.values()) book.putNewer(rule);
  }
}
