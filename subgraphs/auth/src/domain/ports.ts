import type { LoginFailures } from "./login-throttle.ts";

export interface UserRecord {
  id: string;
  email: string;
  passwordHash: string;
  roles: readonly string[];
}

export interface SessionRecord {
  id: string;
  userId: string;
  expiresAt: Date;
  revokedAt: Date | null;
}

export interface RefreshTokenRecord {
  expiresAt: Date;
  usedAt: Date | null;
  session: SessionRecord;
  user: UserRecord;
}

export interface ApiKeyRecord {
  id: string;
  userId: string;
  name: string;
  prefix: string;
  scopes: readonly string[];
  createdAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** A credential that ends before its time; it is announced to everybody who verifies credentials. */
interface Revocation {
  kind: "SESSION" | "API_KEY" | "USER";
  target: string;
  at: Date;
}

/** Who did what, for the audit trail. `origin` is the client's address. */
interface AuditEntry {
  actor: string | null;
  action: string;
  target: string | null;
  origin: string | null;
  outcome: "SUCCESS" | "DENIED";
  at: Date;
  details?: Record<string, string>;
}

/** Everything in one transaction: the change, what is announced of it, and its trace. */
export interface AuthTransaction {
  /** False when the address is taken. */
  insertUser(user: UserRecord, at: Date): Promise<boolean>;
  /** Holds the user's row until the transaction ends: what is decided by it is not changed meanwhile. */
  userById(id: string): Promise<UserRecord | null>;
  setPasswordHash(userId: string, hash: string): Promise<void>;
  setRoles(userId: string, roles: readonly string[]): Promise<void>;
  /** With sessions, tokens and keys, and announces it to whoever else keeps something of the user. */
  deleteUser(userId: string, at: Date): Promise<void>;
  insertSession(session: SessionRecord, at: Date): Promise<void>;
  /** False when it had ended already. */
  revokeSession(sessionId: string, at: Date): Promise<boolean>;
  /** Holds the token until the transaction ends, so that two uses can't both be the first, and the user as `userById` does. */
  lockRefreshToken(hash: Buffer): Promise<RefreshTokenRecord | null>;
  insertRefreshToken(token: { hash: Buffer; sessionId: string; expiresAt: Date }): Promise<void>;
  markRefreshTokenUsed(hash: Buffer, at: Date): Promise<void>;
  /** Holds the user's row, so that a limit that is checked holds. */
  countActiveApiKeys(userId: string): Promise<number>;
  insertApiKey(key: ApiKeyRecord, hash: Buffer): Promise<void>;
  /** Null when the user has no such key. */
  revokeApiKey(userId: string, keyId: string, at: Date): Promise<{ key: ApiKeyRecord; changed: boolean } | null>;
  /** What is remembered, null where nothing is. Holds it until the transaction ends, so that each try sees those before it. */
  lockLoginFailures(keys: readonly Buffer[], at: Date): Promise<readonly (LoginFailures | null)[]>;
  /** Null forgets. */
  setLoginFailures(key: Buffer, failures: LoginFailures | null): Promise<void>;
  announce(revocation: Revocation): Promise<void>;
  audit(entry: AuditEntry): Promise<void>;
}

export interface AuthStore {
  transaction<Result>(work: (transaction: AuthTransaction) => Promise<Result>): Promise<Result>;
  userByEmail(email: string): Promise<UserRecord | null>;
  usersById(ids: readonly string[]): Promise<ReadonlyMap<string, UserRecord>>;
  sessionById(id: string): Promise<SessionRecord | null>;
  apiKeysOfUsers(userIds: readonly string[]): Promise<ReadonlyMap<string, ApiKeyRecord[]>>;
  /** The key with its owner, if the key is not revoked. */
  activeApiKey(id: string): Promise<{ key: ApiKeyRecord; hash: Buffer; owner: UserRecord } | null>;
  noteApiKeyUse(id: string, at: Date): Promise<void>;
}

export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** Takes as long for a null hash (no such user) as for a wrong password. */
  matches(hash: string | null, password: string): Promise<boolean>;
  /** Whether the hash was made with weaker parameters than today's. */
  isOutdated(hash: string): boolean;
}

export interface AccessTokenIssuer {
  issue(user: UserRecord, sessionId: string, at: Date): Promise<{ token: string; expiresAt: Date }>;
}

/** What is not decided but given. */
export interface Surroundings {
  now(): Date;
  uuid(): string;
  randomBytes(count: number): Buffer;
}
