import { timingSafeEqual } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import { API_KEY_RANDOM_BYTES, hashOfApiKey, makeApiKey, parseApiKey, type ApiKeyEnvironment } from "./api-key.ts";
import { requireSession, type Caller } from "./caller.ts";
import type { ApiKeyRecord, AuthStore, Surroundings } from "./ports.ts";
import { checkedScopes, scopesOf } from "./roles.ts";

const KEYS_MAX = 20;
const NAME_LENGTH_MAX = 100;

/** What a key stands for, as the router needs it. */
export interface VerifiedApiKey {
  subject: string;
  roles: readonly string[];
  scopes: readonly string[];
  keyId: string;
}

/** API keys: the secret is shown when it is made and never again, only its hash is kept. */
export class ApiKeys {
  readonly #store: AuthStore;
  readonly #environment: ApiKeyEnvironment;
  readonly #surroundings: Surroundings;

  constructor(store: AuthStore, environment: ApiKeyEnvironment, surroundings: Surroundings) {
    this.#store = store;
    this.#environment = environment;
    this.#surroundings = surroundings;
  }

  async create(
    caller: Caller,
    given: { name: string; scopes: readonly string[] },
  ): Promise<{ apiKey: ApiKeyRecord; secret: string }> {
    const at = this.#surroundings.now();
    const { userId } = await requireSession(caller, this.#store, at);
    const name = given.name.trim();
    if (name === "" || name.length > NAME_LENGTH_MAX)
      throw new CodedError("BAD_USER_INPUT", `name has 1 to ${NAME_LENGTH_MAX} characters.`, { argument: "name" });
    return this.#store.transaction(async (transaction) => {
      if ((await transaction.countActiveApiKeys(userId)) >= KEYS_MAX)
        throw new CodedError("API_KEY_LIMIT_EXCEEDED", undefined, { keysMax: KEYS_MAX });
      const owner = await transaction.userById(userId);
      if (!owner) throw new CodedError("CREDENTIAL_INVALID");
      const scopes = checkedScopes(given.scopes, owner.roles);
      const { id, key, prefix } = makeApiKey(this.#environment, this.#surroundings.randomBytes(API_KEY_RANDOM_BYTES));
      const apiKey: ApiKeyRecord = {
        id,
        userId,
        name,
        prefix,
        scopes,
        createdAt: at,
        lastUsedAt: null,
        revokedAt: null,
      };
      await transaction.insertApiKey(apiKey, hashOfApiKey(key));
      await transaction.audit({
        actor: userId,
        action: "api-key.create",
        target: `api-key:${id}`,
        origin: caller.origin,
        outcome: "SUCCESS",
        at,
        details: { scopes: scopes.join(" ") },
      });
      return { apiKey, secret: key };
    });
  }

  /** Ends a key of the caller. A key that ended before stays as it was. */
  async revoke(caller: Caller, keyId: string): Promise<ApiKeyRecord> {
    const at = this.#surroundings.now();
    const { userId } = await requireSession(caller, this.#store, at);
    return this.#store.transaction(async (transaction) => {
      const revoked = await transaction.revokeApiKey(userId, keyId, at);
      if (!revoked) throw new CodedError("API_KEY_NOT_FOUND");
      if (revoked.changed) {
        await transaction.announce({ kind: "API_KEY", target: keyId, at });
        await transaction.audit({
          actor: userId,
          action: "api-key.delete",
          target: `api-key:${keyId}`,
          origin: caller.origin,
          outcome: "SUCCESS",
          at,
        });
      }
      return revoked.key;
    });
  }

  /** Who a key belongs to and what it may do now; null when it is not, or no longer, a key. */
  async verify(key: string): Promise<VerifiedApiKey | null> {
    const parts = parseApiKey(key);
    if (!parts || parts.environment !== this.#environment) return null;
    const known = await this.#store.activeApiKey(parts.id);
    if (!known || !timingSafeEqual(known.hash, hashOfApiKey(key))) return null;
    await this.#store.noteApiKeyUse(parts.id, this.#surroundings.now());
    // What the owner may no longer do, the key may not either.
    const held = scopesOf(known.owner.roles);
    return {
      subject: known.owner.id,
      roles: known.owner.roles,
      scopes: known.key.scopes.filter((scope) => held.includes(scope)),
      keyId: parts.id,
    };
  }
}
