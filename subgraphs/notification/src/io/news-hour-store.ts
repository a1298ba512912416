import type { PoolClient } from "pg";
import { admitNews, hourOf, leftOutNotice, type NewsHour } from "../domain/news-bound.ts";
import type { Notification } from "../domain/notification.ts";

/** Bounds what news watches put into each inbox in an hour of this machine's clock. For one process at a time, which the leader is. */
export class NewsHourStore {
  readonly #perHourMax: number;

  constructor({ perHourMax }: { perHourMax: number }) {
    this.#perHourMax = perHourMax;
  }

  /** What of the news, none of which is in an inbox yet, goes into inboxes now, and notices of what does not. */
  async admit(client: PoolClient, news: readonly Notification[], nowMs: number): Promise<Notification[]> {
    const summaries = await this.#closed(client, nowMs);
    if (news.length === 0) return summaries;
    const userIds = [...new Set(news.map(({ userId }) => userId))];
    const { rows } = await client.query<Row>(
      `SELECT ${COLUMNS} FROM news_hours WHERE user_id = ANY($1) AND hour = $2`,
      [userIds, new Date(hourOf(nowMs))],
    );
    const known = new Map(rows.map((row) => [row.userId, hourFrom(row)]));
    const { admitted, hours } = admitNews(news, known, { nowMs, perHourMax: this.#perHourMax });
    await client.query(
      `INSERT INTO news_hours (user_id, hour, told, left_out) SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::int[], $4::int[])
       ON CONFLICT (user_id, hour) DO UPDATE SET told = excluded.told, left_out = excluded.left_out`,
      [
        hours.map(({ userId }) => userId),
        hours.map(({ hourMs }) => new Date(hourMs)),
        hours.map(({ told }) => told),
        hours.map(({ leftOut }) => leftOut),
      ],
    );
    return [...summaries, ...admitted];
  }

  async deleteOf(client: PoolClient, userIds: readonly string[]): Promise<void> {
    await client.query("DELETE FROM news_hours WHERE user_id = ANY($1)", [userIds]);
  }

  /** What hours that are over left out: told once, because their rows go with it. */
  async #closed(client: PoolClient, nowMs: number): Promise<Notification[]> {
    const { rows } = await client.query<Row>(`DELETE FROM news_hours WHERE hour < $1 RETURNING ${COLUMNS}`, [
      new Date(hourOf(nowMs)),
    ]);
    return rows.map((row) => leftOutNotice(hourFrom(row))).filter((notice) => notice !== null);
  }
}

const COLUMNS = `user_id AS "userId", hour, told, left_out AS "leftOut"`;

type Row = Omit<NewsHour, "hourMs"> & { hour: Date };

const hourFrom = ({ hour, ...rest }: Row): NewsHour => ({ ...rest, hourMs: hour.getTime() });
