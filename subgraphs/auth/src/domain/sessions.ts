import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import { requireSession, type Caller } from "./caller.ts";
import type { AccessTokenIssuer, AuthStore, AuthTransaction, Surroundings, UserRecord } from "./ports.ts";

export interface OpenSession {
  accessToken: string;
  refreshToken: string;
  expiresAt: Date;
  user: UserRecord;
}

export interface SessionLifetimes {
  /** How long a refresh token may lie unused. */
  refreshMsMax: number;
  /** How long a session may be refreshed in all. */
  sessionMsMax: number;
}

/** Sessions: opened at log-in, carried on by refresh tokens that each work once, ended by log-out or by misuse. */
export class Sessions {
  readonly #store: AuthStore;
  readonly #tokens: AccessTokenIssuer;
  readonly #lifetimes: SessionLifetimes;
  readonly #surroundings: Surroundings;

  constructor(store: AuthStore, tokens: AccessTokenIssuer, lifetimes: SessionLifetimes, surroundings: Surroundings) {
    this.#store = store;
    this.#tokens = tokens;
    this.#lifetimes = lifetimes;
    this.#surroundings = surroundings;
  }

  /** Opens a session in the transaction that decided to. */
  async open(transaction: AuthTransaction, user: UserRecord, at: Date): Promise<OpenSession> {
    const session = {
      id: this.#surroundings.uuid(),
      userId: user.id,
      expiresAt: later(at, this.#lifetimes.sessionMsMax),
      revokedAt: null,
    };
    await transaction.insertSession(session, at);
    return this.#continue(transaction, user, session, at);
  }

  /** Exchanges a refresh token for new tokens. A token that was used before ends its session: one of its two users stole it. */
  async refresh(refreshToken: string, origin: string | null): Promise<OpenSession> {
    const hash = hashOfRefreshToken(refreshToken);
    const outcome = await this.#store.transaction(async (transaction) => {
      const token = await transaction.lockRefreshToken(hash);
      // Now that the user is held: what is issued is younger than the end of what was issued before (`Accounts.#endTokens`).
      const at = this.#surroundings.now();
      if (!token || token.session.revokedAt !== null || token.session.expiresAt <= at) return "INVALID";
      const { session, user } = token;
      const trace = { actor: user.id, target: `session:${session.id}`, origin, at };
      if (token.usedAt !== null) {
        await transaction.revokeSession(session.id, at);
        await transaction.announce({ kind: "SESSION", target: session.id, at });
        await transaction.audit({ ...trace, action: "session.reuse", outcome: "DENIED" });
        return "REUSED";
      }
      if (token.expiresAt <= at) return "INVALID";
      await transaction.markRefreshTokenUsed(hash, at);
      await transaction.audit({ ...trace, action: "session.refresh", outcome: "SUCCESS" });
      return this.#continue(transaction, user, session, at);
    });
    // Thrown out here, because what was done about a reused token has to be committed.
    if (outcome === "INVALID") throw new CodedError("REFRESH_TOKEN_INVALID");
    if (outcome === "REUSED") throw new CodedError("REFRESH_TOKEN_REUSED");
    return outcome;
  }

  /** Ends the caller's session. */
  async logOut(caller: Caller): Promise<boolean> {
    const at = this.#surroundings.now();
    const { userId, sessionId } = await requireSession(caller, this.#store, at);
    return this.#store.transaction(async (transaction) => {
      const ended = await transaction.revokeSession(sessionId, at);
      if (ended) {
        await transaction.announce({ kind: "SESSION", target: sessionId, at });
        await transaction.audit({
          actor: userId,
          action: "session.delete",
          target: `session:${sessionId}`,
          origin: caller.origin,
          outcome: "SUCCESS",
          at,
        });
      }
      return ended;
    });
  }

  async #continue(
    transaction: AuthTransaction,
    user: UserRecord,
    session: { id: string; expiresAt: Date },
    at: Date,
  ): Promise<OpenSession> {
    const refreshToken = `mib_refresh_${this.#surroundings.randomBytes(32).toString("base64url")}`;
    const unusedUntil = later(at, this.#lifetimes.refreshMsMax);
    await transaction.insertRefreshToken({
      hash: hashOfRefreshToken(refreshToken),
      sessionId: session.id,
      expiresAt: unusedUntil < session.expiresAt ? unusedUntil : session.expiresAt,
    });
    const access = await this.#tokens.issue(user, session.id, at);
    return { accessToken: access.token, refreshToken, expiresAt: access.expiresAt, user };
  }
}

function hashOfRefreshToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}
