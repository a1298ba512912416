import { CodedError } from "@mib/service/coded-error";
import { requireRole } from "@mib/identity/require-role";
import { requireSession, type Caller } from "./caller.ts";
import { normalisedEmail } from "./email.ts";
import { LoginAttempts } from "./login-attempts.ts";
import { passwordProblem } from "./password.ts";
import type { AuthStore, AuthTransaction, PasswordHasher, Surroundings, UserRecord } from "./ports.ts";
import { checkedRoles } from "./roles.ts";
import type { OpenSession, Sessions } from "./sessions.ts";

/** Accounts: signing up, logging in, what an administrator changes, and their end. */
export class Accounts {
  readonly #store: AuthStore;
  readonly #hasher: PasswordHasher;
  readonly #sessions: Sessions;
  readonly #surroundings: Surroundings;
  readonly #attempts: LoginAttempts;

  constructor(store: AuthStore, hasher: PasswordHasher, sessions: Sessions, surroundings: Surroundings) {
    this.#store = store;
    this.#hasher = hasher;
    this.#sessions = sessions;
    this.#surroundings = surroundings;
    this.#attempts = new LoginAttempts(store);
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
    const email = normalisedEmail(given.email) ?? "";
    const known = await this.#store.userByEmail(email);
    const attempt = await this.#attempts.make({ email, origin, at: this.#surroundings.now() }, () =>
      this.#hasher.matches(known?.passwordHash ?? null, given.password),
    );
    const newHash =
      known && attempt && this.#hasher.isOutdated(known.passwordHash) ? await this.#hasher.hash(given.password) : null;
    const session =
      known &&
      attempt &&
      (await this.#store.transaction(async (transaction) => {
        await attempt.succeeded(transaction);
        // As it is now: roles may have changed, and the account may have ended, while the password was looked at.
        const user = await transaction.userById(known.id);
        if (!user) return null;
        const at = this.#surroundings.now();
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
      }));
    if (!session) {
      await this.#noteDenied("session.create", known, origin);
      throw new CodedError("CREDENTIALS_INVALID");
    }
    return session;
  }

  /** Deletes the caller's account and all that belongs to it here, and announces that. The password is asked for again. */
  async delete(caller: Caller, password: string): Promise<true> {
    const at = this.#surroundings.now();
    const { userId } = await requireSession(caller, this.#store, at);
    const user = (await this.#store.usersById([userId])).get(userId);
    if (!user) throw new CodedError("CREDENTIAL_INVALID");
    const attempt = await this.#attempts.make({ email: user.email, origin: caller.origin, at }, () =>
      this.#hasher.matches(user.passwordHash, password),
    );
    if (!attempt) {
      await this.#noteDenied("account.delete", user, caller.origin);
      throw new CodedError("CREDENTIALS_INVALID");
    }
    await this.#store.transaction(async (transaction) => {
      await attempt.succeeded(transaction);
      const at = await this.#endTokens(transaction, userId);
      await transaction.deleteUser(userId, at);
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
    const actor = requireRole(caller.identity, "admin");
    await requireSession(caller, this.#store, this.#surroundings.now());
    const roles = checkedRoles(wanted);
    return this.#store.transaction(async (transaction) => {
      const user = await transaction.userById(userId);
      if (!user) throw new CodedError("NOT_FOUND", "There is no such user.");
      const at = await this.#endTokens(transaction, userId);
      await transaction.setRoles(userId, roles);
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

  /**
   * Ends all that was issued to the user until now, and says when that was. The user's row is held, by whoever issues tokens
   * too: one that was made from what this transaction changes is never younger than the end.
   */
  async #endTokens(transaction: AuthTransaction, userId: string): Promise<Date> {
    await transaction.userById(userId);
    const at = this.#surroundings.now();
    await transaction.announce({ kind: "USER", target: userId, at });
    return at;
  }

  async #noteDenied(action: string, user: UserRecord | null, origin: string | null): Promise<void> {
    const at = this.#surroundings.now();
    await this.#store.transaction((transaction) =>
      transaction.audit({
        actor: user?.id ?? null,
        action,
        target: user ? `user:${user.id}` : null,
        origin,
        outcome: "DENIED",
        at,
      }),
    );
  }
}
