/** The failed log-ins that are remembered for an account or an address. */
export interface LoginFailures {
  failures: number;
  lastFailedAt: Date;
}

export interface ThrottlePolicy {
  /** So many failures cost nothing. */
  freeFailures: number;
  /** The wait after the first one more; each further failure doubles it. */
  firstWaitMs: number;
  waitMsMax: number;
  /** After so long without a failure all is forgotten. */
  memoryMs: number;
}

const MINUTE_MS = 60_000;
/** Against guessing one account's password. */
export const ACCOUNT_POLICY: ThrottlePolicy = {
  freeFailures: 5,
  firstWaitMs: 1_000,
  waitMsMax: 15 * MINUTE_MS,
  memoryMs: 60 * MINUTE_MS,
};
/** Against trying many accounts from one place; many people may share an address. */
export const ADDRESS_POLICY: ThrottlePolicy = {
  freeFailures: 30,
  firstWaitMs: 1_000,
  waitMsMax: 5 * MINUTE_MS,
  memoryMs: 60 * MINUTE_MS,
};

/** How long the next try has to wait. */
export function waitMs(known: LoginFailures | null, policy: ThrottlePolicy, now: Date): number {
  if (!known || known.failures < policy.freeFailures) return 0;
  const sinceMs = now.getTime() - known.lastFailedAt.getTime();
  if (sinceMs >= policy.memoryMs) return 0;
  const doublings = Math.min(known.failures - policy.freeFailures, 30);
  return Math.max(0, Math.min(policy.firstWaitMs * 2 ** doublings, policy.waitMsMax) - sinceMs);
}

/** What is remembered once a try is counted as failed. */
export function afterTry(known: LoginFailures | null, policy: ThrottlePolicy, at: Date): LoginFailures {
  const remembered = known !== null && at.getTime() - known.lastFailedAt.getTime() <= policy.memoryMs;
  return { failures: remembered ? known.failures + 1 : 1, lastFailedAt: at };
}

/** What is remembered once a try of `at` is counted no more, of which `before` was known: others may have come since. */
export function withoutTry(
  known: LoginFailures | null,
  { before, at }: { before: LoginFailures | null; at: Date },
): LoginFailures | null {
  if (known === null || known.failures <= 1) return null;
  const isLast = known.lastFailedAt.getTime() === at.getTime();
  return { failures: known.failures - 1, lastFailedAt: isLast && before ? before.lastFailedAt : known.lastFailedAt };
}
