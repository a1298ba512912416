import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import { requireSubject } from "@mib/identity/require-subject";
import { requireSession, type Caller } from "./caller.ts";
import { normalisedEmail } from "./email.ts";
import { ACCOUNT_POLICY, ADDRESS_POLICY, waitMs } from "./login-throttle.ts";
import { passwordProblem } from "./password.ts";
import type { AuthStore, PasswordHasher, Surroundings, UserRecord } from "./ports.ts";
import { checkedRoles } from "./roles.ts";
import type { OpenSession, Sessions } from "./sessions.ts";

/** Accounts: signing up, logging in, what an administrator changes, and their end. */
export class Accounts {
  readonly #store: AuthStore;
  readonly #hasher: PasswordHasher;
  readonly #sessions: Sessions;
  readonly #surroundings: Surroundings;

  constructor(store: AuthStore, hasher: PasswordHasher, sessions: Sessions, surroundings: Surroundings) {
    this.#store = store;
    this.#hasher = hasher;
    this.#sessions = sessions;
    this.#surroundings = surroundings;
  }

  async signUp(given: { email: string; password: string }, origin: string | null): Promise<OpenSession> {
    const at = this.#surroundings.now();
    const user = await this.#newUser(given, ["user"]);
    const session = await this.#store.transaction(async (transaction) => {
      if (!(await transaction.insertUser(user, at))) return null;
      await transaction.audit({
        actor: user.id,
        action: "account.create",
        target: `user:${user.id}`,
        origin,
        outcome: "SUCCESS",
        at,
      });
      return this.#sessions.open(transaction, user, at);
    });
    if (!session) throw new CodedError("EMAIL_TAKEN");
    return session;
  }

  /** Refuses with CREDENTIALS_INVALID whether the address or the password is wrong, after the same work. */
  async logIn(given: { email: string; password: string }, origin: string | null): Promise<OpenSession> {
    const at = this.#surroundings.now();
    const email = normalisedEmail(given.email) ?? "";
    const keys = throttleKeys(email, origin);
    await this.#checkThrottle(keys, at);
    const user = await this.#store.userByEmail(email);
    const matches = await this.#hasher.matches(user?.passwordHash ?? null, given.password);
    if (!user || !matches) {
      await this.#noteFailure(keys, user, origin, at);
      throw new CodedError("CREDENTIALS_INVALID");
    }
    const newHash = this.#hasher.isOutdated(user.passwordHash) ? await this.#hasher.hash(given.password) : null;
    return this.#store.transaction(async (transaction) => {
      await transaction.forgetLoginFailures(keys[0]);
      if (newHash) await transaction.setPasswordHash(user.id, newHash);
      await transaction.audit({
        actor: user.id,
        action: "session.create",
        target: `user:${user.id}`,
        origin,
        outcome: "SUCCESS",
        at,
      });
      return this.#sessions.open(transaction, user, at);
    });
  }

  /** Deletes the caller's account and all that belongs to it here. The password is asked for again. */
  async delete(caller: Caller, password: string): Promise<true> {
    const at = this.#surroundings.now();
    const { userId } = await requireSession(caller, this.#store, at);
    const user = (await this.#store.usersById([userId])).get(userId);
    if (!user) throw new CodedError("CREDENTIAL_INVALID");
    const keys = throttleKeys(user.email, caller.origin);
    await this.#checkThrottle(keys, at);
    if (!(await this.#hasher.matches(user.passwordHash, password))) {
      await this.#noteFailure(keys, user, caller.origin, at);
      throw new CodedError("CREDENTIALS_INVALID");
    }
    await this.#store.transaction(async (transaction) => {
      await transaction.deleteUser(userId);
      await transaction.announce({ kind: "USER", target: userId, at });
      await transaction.audit({
        actor: userId,
        action: "account.delete",
        target: `user:${userId}`,
        origin: caller.origin,
        outcome: "SUCCESS",
        at,
      });
    });
    return true;
  }

  /** Gives a user other roles. For administrators; tokens with the old roles end at once. */
  async setRoles(caller: Caller, userId: string, wanted: readonly string[]): Promise<UserRecord> {
    const actor = requireSubject(caller.identity);
    if (!caller.identity.roles.includes("admin")) throw new CodedError("FORBIDDEN", "This needs the role admin.");
    const at = this.#surroundings.now();
    await requireSession(caller, this.#store, at);
    const roles = checkedRoles(wanted);
    return this.#store.transaction(async (transaction) => {
      const user = await transaction.userById(userId);
      if (!user) throw new CodedError("NOT_FOUND", "There is no such user.");
      await transaction.setRoles(userId, roles);
      await transaction.announce({ kind: "USER", target: userId, at });
      await transaction.audit({
        actor,
        action: "account.set-roles",
        target: `user:${userId}`,
        origin: caller.origin,
        outcome: "SUCCESS",
        at,
        details: { before: user.roles.join(" "), after: roles.join(" ") },
      });
      return { ...user, roles };
    });
  }

  /** Makes an account with these roles if there is none with this address: the first administrator. */
  async ensure(given: { email: string; password: string }, roles: readonly string[]): Promise<boolean> {
    const email = normalisedEmail(given.email);
    if (email !== null && (await this.#store.userByEmail(email))) return false;
    const at = this.#surroundings.now();
    const user = await this.#newUser(given, checkedRoles(roles));
    return this.#store.transaction(async (transaction) => {
      const made = await transaction.insertUser(user, at);
      if (made)
        await transaction.audit({
          actor: null,
          action: "account.create",
          target: `user:${user.id}`,
          origin: "configuration",
          outcome: "SUCCESS",
          at,
        });
      return made;
    });
  }

  async #newUser(given: { email: string; password: string }, roles: readonly string[]): Promise<UserRecord> {
    const email = normalisedEmail(given.email);
    if (email === null) throw new CodedError("EMAIL_INVALID");
    const problem = passwordProblem(given.password, email);
    if (problem !== null) throw new CodedError("PASSWORD_TOO_WEAK", problem);
    return { id: this.#surroundings.uuid(), email, passwordHash: await this.#hasher.hash(given.password), roles };
  }

  async #checkThrottle(keys: readonly [Buffer, Buffer?], at: Date): Promise<void> {
    const [account, address] = await this.#store.loginFailures(keys.filter((key) => key !== undefined));
    const wait = Math.max(waitMs(account ?? null, ACCOUNT_POLICY, at), waitMs(address ?? null, ADDRESS_POLICY, at));
    if (wait === 0) return;
    const retryAfterSeconds = Math.ceil(wait / 1000);
    throw new CodedError("RATE_LIMITED", `Too many failed attempts: wait ${retryAfterSeconds} s.`, {
      retryAfterSeconds,
    });
  }

  async #noteFailure(
    keys: readonly [Buffer, Buffer?],
    user: UserRecord | null,
    origin: string | null,
    at: Date,
  ): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      await transaction.noteLoginFailure(
        keys.filter((key) => key !== undefined),
        at,
        ACCOUNT_POLICY.memoryMs,
      );
      await transaction.audit({
        actor: user?.id ?? null,
        action: "session.create",
        target: user ? `user:${user.id}` : null,
        origin,
        outcome: "DENIED",
        at,
      });
    });
  }
}

/**
 * Under which failures are counted: the account first, then the address that it was tried from. An address that is not
 * known is not counted: it would be that of everybody.
 */
function throttleKeys(email: string, origin: string | null): readonly [Buffer, Buffer?] {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return origin === null ? [hash(`account ${email}`)] : [hash(`account ${email}`), hash(`address ${origin}`)];
}
