import { auditEvent } from "@mib/events/audit";
import { enqueueEvent } from "@mib/events/outbox";
import type { Queryable } from "@mib/subgraph-server/database";
import { canonicalDateTime } from "@mib/subgraph-server/scalars";
import { canonicalUuid } from "@mib/subgraph-server/uuid";
import type { ApiKeyRecord, AuthTransaction, RefreshTokenRecord, SessionRecord, UserRecord } from "../domain/ports.ts";

export interface UserRow {
  id: string;
  email: string;
  password_hash: string;
  roles: string[];
}

export interface SessionRow {
  id: string;
  user_id: string;
  expires_at: Date;
  revoked_at: Date | null;
}

export interface ApiKeyRow {
  id: string;
  user_id: string;
  name: string;
  prefix: string;
  scopes: string[];
  created_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

export const API_KEY_COLUMNS = "id, user_id, name, prefix, scopes, created_at, last_used_at, revoked_at";

export function userOf(row: UserRow): UserRecord {
  return { id: row.id, email: row.email, passwordHash: row.password_hash, roles: row.roles };
}

export function sessionOf(row: SessionRow): SessionRecord {
  return { id: row.id, userId: row.user_id, expiresAt: row.expires_at, revokedAt: row.revoked_at };
}

export function apiKeyOf(row: ApiKeyRow): ApiKeyRecord {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}

/** The statements of one transaction; what is announced goes through the outbox of the same transaction. */
export function createTransaction(client: Queryable): AuthTransaction {
  return {
    async insertUser({ id, email, passwordHash, roles }, at) {
      const { rowCount } = await client.query(
        "INSERT INTO users (id, email, password_hash, roles, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING",
        [id, email, passwordHash, roles, at],
      );
      return rowCount === 1;
    },
    async userById(id) {
      const { rows } = await client.query<UserRow>(
        "SELECT id, email, password_hash, roles FROM users WHERE id = $1 FOR UPDATE",
        [canonicalUuid(id)],
      );
      return rows[0] ? userOf(rows[0]) : null;
    },
    async setPasswordHash(userId, hash) {
      await client.query("UPDATE users SET password_hash = $2 WHERE id = $1", [userId, hash]);
    },
    async setRoles(userId, roles) {
      await client.query("UPDATE users SET roles = $2 WHERE id = $1", [userId, roles]);
    },
    async deleteUser(userId, at) {
      const { rowCount } = await client.query("DELETE FROM users WHERE id = $1", [userId]);
      if (rowCount === 0) return;
      await enqueueEvent(client, {
        topic: "auth.deletions.v1",
        key: userId,
        channel: "*",
        eventId: userId,
        value: { user: userId, at: timeOf(at) },
      });
    },
    async insertSession({ id, userId, expiresAt }, at) {
      await client.query("INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)", [
        id,
        userId,
        at,
        expiresAt,
      ]);
    },
    async revokeSession(sessionId, at) {
      const { rowCount } = await client.query(
        "UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        [sessionId, at],
      );
      return rowCount === 1;
    },
    async lockRefreshToken(hash): Promise<RefreshTokenRecord | null> {
      const { rows } = await client.query<
        { token_expires_at: Date; used_at: Date | null; session: string } & SessionRow & Omit<UserRow, "id">
      >(
        `SELECT t.expires_at AS token_expires_at, t.used_at, s.id, s.user_id, s.expires_at, s.revoked_at, u.email, u.password_hash, u.roles
         FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
         WHERE t.hash = $1 FOR UPDATE`,
        [hash],
      );
      const row = rows[0];
      if (!row) return null;
      return {
        expiresAt: row.token_expires_at,
        usedAt: row.used_at,
        session: sessionOf(row),
        user: userOf({ ...row, id: row.user_id }),
      };
    },
    async insertRefreshToken({ hash, sessionId, expiresAt }) {
      await client.query("INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES ($1, $2, $3)", [
        hash,
        sessionId,
        expiresAt,
      ]);
    },
    async markRefreshTokenUsed(hash, at) {
      await client.query("UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1", [hash, at]);
    },
    async countActiveApiKeys(userId) {
      await client.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [userId]);
      const { rows } = await client.query<{ count: number }>(
        "SELECT count(*)::int AS count FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL",
        [userId],
      );
      return rows[0]?.count ?? 0;
    },
    async insertApiKey({ id, userId, name, prefix, scopes, createdAt }, hash) {
      await client.query(
        "INSERT INTO api_keys (id, user_id, name, prefix, hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [id, userId, name, prefix, hash, scopes, createdAt],
      );
    },
    async revokeApiKey(userId, keyId, at) {
      const { rows } = await client.query<ApiKeyRow>(
        `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE id = $1 AND user_id = $2 FOR UPDATE`,
        [keyId, userId],
      );
      const row = rows[0];
      if (!row) return null;
      if (row.revoked_at !== null) return { key: apiKeyOf(row), changed: false };
      await client.query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1", [keyId, at]);
      return { key: apiKeyOf({ ...row, revoked_at: at }), changed: true };
    },
    async lockLoginFailures(keys, at) {
      // A row that is not there can't be held: it is made first, and goes again with what the transaction decides.
      await client.query(
        "INSERT INTO login_failures (key, failures, last_failed_at) SELECT key, 0, $2 FROM unnest($1::bytea[]) AS key ORDER BY key ON CONFLICT DO NOTHING",
        [keys, at],
      );
      const { rows } = await client.query<{ key: Buffer; failures: number; last_failed_at: Date }>(
        "SELECT key, failures, last_failed_at FROM login_failures WHERE key = ANY($1) ORDER BY key FOR UPDATE",
        [keys],
      );
      return keys.map((key) => {
        const row = rows.find((candidate) => candidate.key.equals(key));
        return row && row.failures > 0 ? { failures: row.failures, lastFailedAt: row.last_failed_at } : null;
      });
    },
    async setLoginFailures(key, failures) {
      if (failures === null) await client.query("DELETE FROM login_failures WHERE key = $1", [key]);
      else
        await client.query("UPDATE login_failures SET failures = $2, last_failed_at = $3 WHERE key = $1", [
          key,
          failures.failures,
          failures.lastFailedAt,
        ]);
    },
    async announce({ kind, target, at }) {
      const time = timeOf(at);
      const id = `${kind}:${target}:${time}`;
      await enqueueEvent(client, {
        topic: "auth.revocations.v1",
        key: target,
        channel: "*",
        eventId: id,
        value: { id, kind, target, at: time },
      });
    },
    async audit({ at, ...entry }) {
      await auditEvent(client, { ...entry, at: timeOf(at) });
    },
  };
}

function timeOf(at: Date): string {
  return canonicalDateTime(at.toISOString()) as string;
}
