import { auditEvent } from "@mib/events/audit";
import { CodedError } from "@mib/service/coded-error";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { canonicalUuid } from "@mib/subgraph-server/uuid";
import type { Pool, PoolClient } from "pg";
import type { RuleBook } from "../domain/rule-book.ts";
import type { Watch } from "../domain/watch.ts";
import type { Rule, RuleDefinition } from "../domain/rule.ts";
import type { InboxStore } from "./inbox-store.ts";
import type { RuleStore } from "./rule-store.ts";

const RULES_PER_USER_MAX = 200;

/** Who acts, for the audit trail. */
export interface Actor {
  userId: string;
  clientAddress: string | null;
}

/** What users do to their rules and inbox: each with its line in the audit trail, in one transaction. */
export class RuleService {
  readonly #pool: Pool;
  readonly #store: RuleStore;
  readonly #inbox: InboxStore;
  readonly #book: RuleBook;
  readonly #watch: Watch;

  constructor(parts: { pool: Pool; store: RuleStore; inbox: InboxStore; book: RuleBook; watch: Watch }) {
    this.#pool = parts.pool;
    this.#store = parts.store;
    this.#inbox = parts.inbox;
    this.#book = parts.book;
    this.#watch = parts.watch;
  }

  /** From when this returns, the rule is watched. */
  async create(actor: Actor, definition: RuleDefinition): Promise<Rule> {
    this.#checkInstrument(definition.symbol);
    const rule = await inTransaction(this.#pool, async (client) => {
      if ((await this.#store.countOf(client, actor.userId)) >= RULES_PER_USER_MAX) {
        throw new CodedError(
          "TOO_MANY_ALERT_RULES",
          `You have ${RULES_PER_USER_MAX} alert rules, which is the most. Delete one first.`,
        );
      }
      const created = await this.#store.create(client, actor.userId, definition);
      await audit(client, actor, "alert-rule.create", created.id);
      return created;
    });
    this.#book.putNewer(rule);
    return rule;
  }

  async update(actor: Actor, given: string, definition: RuleDefinition): Promise<Rule> {
    this.#checkInstrument(definition.symbol);
    const id = checkedId(given);
    const rule = await inTransaction(this.#pool, async (client) => {
      const updated = await this.#store.update(client, actor.userId, id, definition);
      if (updated === null) throw notFound(id);
      await audit(client, actor, "alert-rule.update", id);
      return updated;
    });
    this.#book.putNewer(rule);
    return rule;
  }

  async delete(actor: Actor, given: string): Promise<void> {
    const id = checkedId(given);
    await inTransaction(this.#pool, async (client) => {
      if (!(await this.#store.delete(client, actor.userId, id))) throw notFound(id);
      await audit(client, actor, "alert-rule.delete", id);
    });
    this.#book.remove(id);
  }

  #checkInstrument(symbol: string): void {
    if (!this.#watch.knows(symbol))
      throw new CodedError("INSTRUMENT_NOT_FOUND", `Nothing was ever heard of an instrument ${symbol}.`, { symbol });
  }

  markRead(actor: Actor, ids: readonly string[]): Promise<number> {
    return inTransaction(this.#pool, async (client) => {
      const read = await this.#inbox.markRead(client, actor.userId, ids);
      if (read > 0)
        await auditEvent(client, {
          ...auditBase(actor),
          action: "notification.read",
          target: null,
          details: { count: String(read) },
        });
      return read;
    });
  }
}

/** The id as the rule book knows it. One that is no UUID can't be a rule's. */
function checkedId(given: string): string {
  const id = canonicalUuid(given);
  if (id === null) throw notFound(given);
  return id;
}

function notFound(id: string): CodedError {
  return new CodedError("ALERT_RULE_NOT_FOUND", "You have no alert rule with this id.", { id });
}

function auditBase({ userId, clientAddress }: Actor) {
  return { actor: userId, origin: clientAddress, outcome: "SUCCESS" as const, at: new Date().toISOString() };
}

function audit(client: PoolClient, actor: Actor, action: string, id: string): Promise<void> {
  return auditEvent(client, { ...auditBase(actor), action, target: `alert-rule:${id}` });
}
