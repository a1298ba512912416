import { auditEvent } from "@mib/events/audit";
import { CodedError } from "@mib/service/coded-error";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { canonicalUuid } from "@mib/subgraph-server/uuid";
import type { Pool, PoolClient } from "pg";
import type { NewsWatch, NewsWatchDefinition } from "../domain/news-watch.ts";
import type { Watch } from "../domain/watch.ts";
import type { NewsWatchStore } from "./news-watch-store.ts";
import type { Actor } from "./rule-service.ts";

const WATCHES_PER_USER_MAX = 50;

/** What users do to their watches: each with its line in the audit trail, in one transaction. */
export class NewsWatchService {
  readonly #pool: Pool;
  readonly #store: NewsWatchStore;
  readonly #market: Pick<Watch, "knows">;

  constructor(parts: { pool: Pool; store: NewsWatchStore; market: Pick<Watch, "knows"> }) {
    this.#pool = parts.pool;
    this.#store = parts.store;
    this.#market = parts.market;
  }

  create(actor: Actor, definition: NewsWatchDefinition): Promise<NewsWatch> {
    this.#checkInstruments(definition);
    return inTransaction(this.#pool, async (client) => {
      if ((await this.#store.countOf(client, actor.userId)) >= WATCHES_PER_USER_MAX) {
        throw new CodedError(
          "TOO_MANY_NEWS_WATCHES",
          `You have ${WATCHES_PER_USER_MAX} news watches, which is the most. Delete one first.`,
        );
      }
      const created = await this.#store.create(client, actor.userId, definition);
      await audit(client, actor, "news-watch.create", created.id);
      return created;
    });
  }

  update(actor: Actor, given: string, definition: NewsWatchDefinition): Promise<NewsWatch> {
    this.#checkInstruments(definition);
    const id = checkedId(given);
    return inTransaction(this.#pool, async (client) => {
      const updated = await this.#store.update(client, actor.userId, id, definition);
      if (updated === null) throw notFound(id);
      await audit(client, actor, "news-watch.update", id);
      return updated;
    });
  }

  async delete(actor: Actor, given: string): Promise<void> {
    const id = checkedId(given);
    await inTransaction(this.#pool, async (client) => {
      if (!(await this.#store.delete(client, actor.userId, id))) throw notFound(id);
      await audit(client, actor, "news-watch.delete", id);
    });
  }

  #checkInstruments({ symbols }: NewsWatchDefinition): void {
    for (const symbol of symbols) {
      if (!this.#market.knows(symbol))
        throw new CodedError("INSTRUMENT_NOT_FOUND", `Nothing was ever heard of an instrument ${symbol}.`, { symbol });
    }
  }
}

/** The id as the database writes it. One that is no UUID can't be a watch's. */
function checkedId(given: string): string {
  const id = canonicalUuid(given);
  if (id === null) throw notFound(given);
  return id;
}

function notFound(id: string): CodedError {
  return new CodedError("NEWS_WATCH_NOT_FOUND", "You have no news watch with this id.", { id });
}

function audit(client: PoolClient, { userId, clientAddress }: Actor, action: string, id: string): Promise<void> {
  return auditEvent(client, {
    actor: userId,
    origin: clientAddress,
    outcome: "SUCCESS",
    at: new Date().toISOString(),
    action,
    target: `news-watch:${id}`,
  });
}
