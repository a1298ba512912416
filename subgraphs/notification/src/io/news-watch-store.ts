import { randomUUID } from "node:crypto";
import { enqueueEvent } from "@mib/events/outbox";
import { canonicalDateTime } from "@mib/subgraph-server/scalars";
import { canonicalUuids } from "@mib/subgraph-server/uuid";
import type { Pool, PoolClient } from "pg";
import type { NewsWatch, NewsWatchDefinition } from "../domain/news-watch.ts";

/**
 * Watches in PostgreSQL. Every change is announced on `news.watches.v1` in the same transaction, without whose the watch is:
 * who looks for matching news knows texts, and no users.
 */
export class NewsWatchStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Those that there are; an id that is no UUID is no watch's. */
  async byIds(ids: readonly string[], client: Pool | PoolClient = this.#pool): Promise<NewsWatch[]> {
    const { rows } = await client.query<Row>(`SELECT ${COLUMNS} FROM news_watches WHERE id = ANY($1::uuid[])`, [
      canonicalUuids(ids),
    ]);
    return rows.map(watchOf);
  }

  /** The watches of these users, in the order they were made. */
  async ofUsers(userIds: readonly string[]): Promise<NewsWatch[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT ${COLUMNS} FROM news_watches WHERE user_id = ANY($1) ORDER BY created_at, id`,
      [userIds],
    );
    return rows.map(watchOf);
  }

  /** Nobody else counts the user's watches until the transaction ends, so a limit that is checked holds. */
  async countOf(client: PoolClient, userId: string): Promise<number> {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('news watches of ' || $1::text, 0))", [userId]);
    const { rows } = await client.query("SELECT count(*)::int AS count FROM news_watches WHERE user_id = $1", [userId]);
    return rows[0].count;
  }

  async create(client: PoolClient, userId: string, definition: NewsWatchDefinition): Promise<NewsWatch> {
    const { rows } = await client.query<Row>(
      `INSERT INTO news_watches (id, user_id, query, symbols, similarity_least)
       VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`,
      [randomUUID(), userId, ...valuesOf(definition)],
    );
    return announced(client, watchOf(rows[0]!));
  }

  /** Null when the user has no such watch. */
  async update(
    client: PoolClient,
    userId: string,
    id: string,
    definition: NewsWatchDefinition,
  ): Promise<NewsWatch | null> {
    const { rows } = await client.query<Row>(
      `UPDATE news_watches SET query = $3, symbols = $4, similarity_least = $5, version = version + 1
       WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
      [id, userId, ...valuesOf(definition)],
    );
    return rows[0] ? announced(client, watchOf(rows[0])) : null;
  }

  /** Returns whether the user had such a watch. */
  async delete(client: PoolClient, userId: string, id: string): Promise<boolean> {
    const { rowCount } = await client.query("DELETE FROM news_watches WHERE id = $1 AND user_id = $2", [id, userId]);
    if (rowCount === 1) await announceEnd(client, id);
    return rowCount === 1;
  }

  async deleteOf(client: PoolClient, userIds: readonly string[]): Promise<void> {
    const { rows } = await client.query<{ id: string }>(
      "DELETE FROM news_watches WHERE user_id = ANY($1) RETURNING id",
      [userIds],
    );
    for (const { id } of rows) await announceEnd(client, id);
  }

  async noteMatched(client: PoolClient, ids: readonly string[]): Promise<void> {
    await client.query("UPDATE news_watches SET last_matched_at = now() WHERE id = ANY($1::uuid[])", [ids]);
  }
}

const COLUMNS = "id, user_id, version, query, symbols, similarity_least, created_at, last_matched_at";

interface Row {
  id: string;
  user_id: string;
  version: number;
  query: string;
  symbols: string[];
  similarity_least: number;
  created_at: Date;
  last_matched_at: Date | null;
}

async function announced(client: PoolClient, watch: NewsWatch): Promise<NewsWatch> {
  const { id, version, query, symbols, similarityLeast } = watch;
  await announce(client, { id, version, wanted: { query, symbols, similarityLeast } });
  return watch;
}

const announceEnd = (client: PoolClient, id: string) => announce(client, { id, version: null, wanted: null });

async function announce(
  client: PoolClient,
  { id, version, wanted }: { id: string; version: number | null; wanted: NewsWatchDefinition | null },
): Promise<void> {
  await enqueueEvent(client, {
    topic: "news.watches.v1",
    key: id,
    channel: "*",
    eventId: `${id}/${version ?? "deleted"}`,
    // As every event writes a time, or it is refused: without zeros at the end.
    value: { id, version: version ?? 0, wanted, at: canonicalDateTime(new Date().toISOString()) },
  });
}

function valuesOf({ query, symbols, similarityLeast }: NewsWatchDefinition): unknown[] {
  return [query, symbols, similarityLeast];
}

function watchOf(row: Row): NewsWatch {
  return {
    id: row.id,
    userId: row.user_id,
    version: row.version,
    query: row.query,
    symbols: row.symbols,
    similarityLeast: row.similarity_least,
    createdAt: row.created_at.toISOString(),
    lastMatchedAt: row.last_matched_at?.toISOString() ?? null,
  };
}
