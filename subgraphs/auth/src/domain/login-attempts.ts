import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import { networkOf } from "@mib/service/network-of";
import {
  ACCOUNT_POLICY,
  ADDRESS_POLICY,
  afterTry,
  withoutTry,
  waitMs,
  type LoginFailures,
  type ThrottlePolicy,
} from "./login-throttle.ts";
import type { AuthStore, AuthTransaction } from "./ports.ts";

interface Counted {
  key: Buffer;
  policy: ThrottlePolicy;
}

/** A try whose password was right. */
export interface GoodAttempt {
  /** Forgets the failures of the account, and this try at its address, in the transaction that it led to. */
  succeeded(transaction: AuthTransaction): Promise<void>;
}

/**
 * Tries of passwords, by account and by the address that they came from. Each is counted as failed before the password is
 * looked at, so that many made at once are worth no more than as many one after another.
 */
export class LoginAttempts {
  readonly #store: AuthStore;

  constructor(store: AuthStore) {
    this.#store = store;
  }

  /** Null when the password is wrong. Throws RATE_LIMITED while one has to wait. A check that fails itself is no try. */
  async make(
    { email, origin, at }: { email: string; origin: string | null; at: Date },
    check: () => Promise<boolean>,
  ): Promise<GoodAttempt | null> {
    const counted = countedFor(email, origin);
    const keys = counted.map(({ key }) => key);
    const before = await this.#store.transaction(async (transaction) => {
      const known = await transaction.lockLoginFailures(keys, at);
      refuseWhileWaiting(counted, known, at);
      for (const [index, { key, policy }] of counted.entries())
        await transaction.setLoginFailures(key, afterTry(known[index] ?? null, policy, at));
      return known;
    });
    const takeBack = async (transaction: AuthTransaction, { ofAccount }: { ofAccount: "FORGET" | "TAKE_BACK" }) => {
      const known = await transaction.lockLoginFailures(keys, at);
      for (const [index, { key, policy }] of counted.entries()) {
        const forgotten = policy === ACCOUNT_POLICY && ofAccount === "FORGET";
        await transaction.setLoginFailures(
          key,
          forgotten ? null : withoutTry(known[index] ?? null, { before: before[index] ?? null, at }),
        );
      }
    };
    try {
      if (!(await check())) return null;
    } catch (error) {
      await this.#store.transaction((transaction) => takeBack(transaction, { ofAccount: "TAKE_BACK" }));
      throw error;
    }
    return { succeeded: (transaction) => takeBack(transaction, { ofAccount: "FORGET" }) };
  }
}

function refuseWhileWaiting(counted: readonly Counted[], known: readonly (LoginFailures | null)[], at: Date): void {
  const wait = Math.max(...counted.map(({ policy }, index) => waitMs(known[index] ?? null, policy, at)));
  if (wait === 0) return;
  const retryAfterSeconds = Math.ceil(wait / 1000);
  throw new CodedError("RATE_LIMITED", `Too many failed attempts: wait ${retryAfterSeconds} s.`, { retryAfterSeconds });
}

/** Under an address that is not known nothing is counted: it would be that of everybody. */
function countedFor(email: string, origin: string | null): readonly Counted[] {
  const key = (text: string) => createHash("sha256").update(text).digest();
  const account = { key: key(`account ${email}`), policy: ACCOUNT_POLICY };
  return origin === null ? [account] : [account, { key: key(`address ${networkOf(origin)}`), policy: ADDRESS_POLICY }];
}
