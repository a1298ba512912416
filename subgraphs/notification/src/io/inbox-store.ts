import { CodedError } from "@mib/service/coded-error";
import { connectionOf, type Connection } from "@mib/subgraph-server/connection";
import { canonicalUuids } from "@mib/subgraph-server/uuid";
import type { Pool, PoolClient } from "pg";
import type { Notification } from "../domain/notification.ts";

/** A notification as its owner sees it. */
export interface InboxItem {
  id: string;
  ruleId: string | null;
  watchId: string | null;
  articleId: string | null;
  symbol: string | null;
  title: string;
  body: string;
  value: string | null;
  at: string;
  readAt: string | null;
}

/** Everybody's notifications in PostgreSQL, newest first. */
export class InboxStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Those that are not there yet, each once. */
  async unknown(client: PoolClient, notifications: readonly Notification[]): Promise<Notification[]> {
    if (notifications.length === 0) return [];
    const unique = new Map(notifications.map((each) => [each.id, each]));
    const { rows } = await client.query<{ id: string }>("SELECT id FROM notifications WHERE id = ANY($1::uuid[])", [
      [...unique.keys()],
    ]);
    for (const { id } of rows) unique.delete(id);
    return [...unique.values()];
  }

  /** Adds those that are not there yet and returns them, each once: a firing that was computed again adds nothing. */
  async add(client: PoolClient, notifications: readonly Notification[]): Promise<Notification[]> {
    const { rows } = await client.query(
      `INSERT INTO notifications (id, user_id, rule_id, watch_id, article_id, symbol, title, body, value, at)
       SELECT n.id, n.user_id, r.id, w.id, n.article_id, n.symbol, n.title, n.body, n.value, n.at
       FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::uuid[], $10::text[])
         WITH ORDINALITY AS n(id, user_id, rule_id, symbol, title, body, value, at, watch_id, article_id, place)
       LEFT JOIN rules r ON r.id = n.rule_id
       LEFT JOIN news_watches w ON w.id = n.watch_id
       ORDER BY n.place
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [
        notifications.map((each) => each.id),
        notifications.map((each) => each.userId),
        notifications.map((each) => each.ruleId),
        notifications.map((each) => each.symbol),
        notifications.map((each) => each.title),
        notifications.map((each) => each.body),
        notifications.map((each) => each.value),
        notifications.map((each) => each.at),
        notifications.map((each) => each.watchId),
        notifications.map((each) => each.articleId),
      ],
    );
    const added = new Set(rows.map((row) => row.id));
    // Deleted from it: the same one may have been given twice.
    return notifications.filter((each) => added.delete(each.id));
  }

  async page(
    userId: string,
    { first, after }: { first: number; after: string | null },
  ): Promise<Connection<InboxItem>> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT id, rule_id, watch_id, article_id, symbol, title, body, value, at, read_at, number FROM notifications
       WHERE user_id = $1 AND ($2::bigint IS NULL OR number < $2) ORDER BY number DESC LIMIT $3`,
      [userId, after === null ? null : decodeCursor(after), first + 1],
    );
    return connectionOf(rows, first, cursorOf, itemOf);
  }

  /** Returns how many of them were unread. Ids of others are passed over. */
  async markRead(client: PoolClient, userId: string, ids: readonly string[]): Promise<number> {
    const { rowCount } = await client.query(
      "UPDATE notifications SET read_at = now() WHERE user_id = $1 AND id = ANY($2::uuid[]) AND read_at IS NULL",
      [userId, canonicalUuids(ids)],
    );
    return rowCount ?? 0;
  }

  async deleteOf(client: PoolClient, userIds: readonly string[]): Promise<void> {
    await client.query("DELETE FROM notifications WHERE user_id = ANY($1)", [userIds]);
  }
}

interface Row {
  id: string;
  rule_id: string | null;
  watch_id: string | null;
  article_id: string | null;
  symbol: string | null;
  title: string;
  body: string;
  value: string | null;
  at: Date;
  read_at: Date | null;
  number: string;
}

function itemOf(row: Row): InboxItem {
  return {
    id: row.id,
    ruleId: row.rule_id,
    watchId: row.watch_id,
    articleId: row.article_id,
    symbol: row.symbol,
    title: row.title,
    body: row.body,
    value: row.value,
    at: row.at.toISOString(),
    readAt: row.read_at?.toISOString() ?? null,
  };
}

function cursorOf({ number }: Row): string {
  return Buffer.from(number).toString("base64url");
}

function decodeCursor(cursor: string): string {
  const number = Buffer.from(cursor, "base64url").toString();
  if (!/^\d{1,18}$/.test(number)) throw new CodedError("BAD_USER_INPUT", "`after` is not a cursor of this list.");
  return number;
}
