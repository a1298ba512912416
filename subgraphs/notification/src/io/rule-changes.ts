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
            void takeOver([payload]).catch((error: unknown) =>
              service.log.warn({ err: error }, "a changed rule could not be read"),
            );
        });
        await client.query("LISTEN rules_changed");
        for (const rule of await store.all()) takeNewer(rule);
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

  async function takeOver(ids: readonly string[]): Promise<void> {
    const found = await store.byIds(ids);
    for (const id of ids) if (!found.some((rule) => rule.id === id)) book.remove(id);
    for (const rule of found) takeNewer(rule);
  }

  function takeNewer(rule: Awaited<ReturnType<RuleStore["all"]>>[number]): void {
    const known = book.get(rule.id);
    if (known === undefined || known.version < rule.version) book.put(rule);
  }
}
