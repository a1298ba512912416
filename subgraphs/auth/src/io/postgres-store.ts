import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Database } from "@mib/subgraph-server/database";
import { canonicalUuid, canonicalUuids } from "@mib/subgraph-server/uuid";
import type { ApiKeyRecord, AuthStore, AuthTransaction, SessionRecord, UserRecord } from "../domain/ports.ts";
import {
  API_KEY_COLUMNS,
  apiKeyOf,
  createTransaction,
  sessionOf,
  userOf,
  type ApiKeyRow,
  type SessionRow,
  type UserRow,
} from "./postgres-transaction.ts";

const LAST_USED_RESOLUTION_SECONDS = 60;

/** Accounts in PostgreSQL. */
export class PostgresStore implements AuthStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  transaction<Result>(work: (transaction: AuthTransaction) => Promise<Result>): Promise<Result> {
    return inTransaction(this.#database, (client) => work(createTransaction(client)));
  }

  async userByEmail(email: string): Promise<UserRecord | null> {
    const { rows } = await this.#database.query<UserRow>(
      "SELECT id, email, password_hash, roles FROM users WHERE email = $1",
      [email],
    );
    return rows[0] ? userOf(rows[0]) : null;
  }

  async usersById(ids: readonly string[]): Promise<ReadonlyMap<string, UserRecord>> {
    const { rows } = await this.#database.query<UserRow>(
      "SELECT id, email, password_hash, roles FROM users WHERE id = ANY($1::uuid[])",
      [canonicalUuids(ids)],
    );
    return new Map(rows.map((row) => [row.id, userOf(row)]));
  }

  async sessionById(id: string): Promise<SessionRecord | null> {
    const { rows } = await this.#database.query<SessionRow>(
      "SELECT id, user_id, expires_at, revoked_at FROM sessions WHERE id = $1",
      [canonicalUuid(id)],
    );
    return rows[0] ? sessionOf(rows[0]) : null;
  }

  async apiKeysOfUsers(userIds: readonly string[]): Promise<ReadonlyMap<string, ApiKeyRecord[]>> {
    const { rows } = await this.#database.query<ApiKeyRow>(
      `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE user_id = ANY($1::uuid[]) ORDER BY created_at, id`,
      [canonicalUuids(userIds)],
    );
    return Map.groupBy(rows.map(apiKeyOf), ({ userId }) => userId);
  }

  async activeApiKey(id: string): Promise<{ key: ApiKeyRecord; hash: Buffer; owner: UserRecord } | null> {
    const { rows } = await this.#database.query<ApiKeyRow & { hash: Buffer; owner: Omit<UserRow, "password_hash"> }>(
      `SELECT ${API_KEY_COLUMNS}, hash, (SELECT jsonb_build_object('id', id, 'email', email, 'roles', roles) FROM users WHERE users.id = user_id) AS owner
       FROM api_keys WHERE id = $1 AND revoked_at IS NULL`,
      [id],
    );
    const row = rows[0];
    return row ? { key: apiKeyOf(row), hash: row.hash, owner: userOf({ ...row.owner, password_hash: "" }) } : null;
  }

  async noteApiKeyUse(id: string, at: Date): Promise<void> {
    // Once a minute is often enough to see whether a key is used, and spares a write for each request.
    await this.#database.query(
      `UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - make_interval(secs => ${LAST_USED_RESOLUTION_SECONDS}))`,
      [id, at],
    );
  }
}
