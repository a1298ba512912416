/** How many requests one key may make in a window of time. */
export interface RateLimitPolicy {
  name: string;
  requestsMax: number;
  windowSeconds: number;
}

export interface RateLimitVerdict {
  allowed: boolean;
  policy: RateLimitPolicy;
  remaining: number;
  resetSeconds: number;
}

/** Counts that several processes share. Adds `amount` to a key that ends with its window, and returns the sum. */
export interface SharedCounters {
  add(key: string, amount: number, windowSeconds: number): Promise<number>;
}

interface Count {
  window: number;
  /** Requests that this process may still let pass without asking. */
  granted: number;
  used: number;
  /** Set when the shared count says that the window is used up. */
  exhausted: boolean;
  asking: Promise<void> | null;
}

const KEYS_MAX = 50_000;
/** A process takes this part of a window's requests at a time, so that most requests ask nobody. */
const GRANT_PARTS = 20;

/**
 * Limits requests per key in fixed windows. With shared counters the limit holds for all processes together: each takes
 * requests in portions, and never lets more pass than it took. While the counters are away each process counts alone.
 */
export class RateLimiter {
  readonly #counters: SharedCounters | null;
  readonly #now: () => number;
  readonly #counts = new Map<string, Count>();

  constructor({ counters = null, now = Date.now }: { counters?: SharedCounters | null; now?: () => number } = {}) {
    this.#counters = counters;
    this.#now = now;
  }

  /** Counts one request. Answers at once unless a new portion has to be taken. */
  take(key: string, policy: RateLimitPolicy): RateLimitVerdict | Promise<RateLimitVerdict> {
    const windowMs = policy.windowSeconds * 1_000;
    const now = this.#now();
    const window = Math.floor(now / windowMs);
    const resetSeconds = Math.max(1, Math.ceil(((window + 1) * windowMs - now) / 1_000));
    const countKey = `${policy.name}:${key}`;
    let count = this.#counts.get(countKey);
    if (!count || count.window !== window) {
      if (!count && this.#counts.size >= KEYS_MAX) this.#counts.delete(this.#counts.keys().next().value as string);
      count = { window, granted: this.#counters ? 0 : policy.requestsMax, used: 0, exhausted: false, asking: null };
      this.#counts.set(countKey, count);
    }
    if (count.granted > 0 || count.exhausted || this.#counters === null) return spend(count, policy, resetSeconds);
    const counted = count;
    counted.asking ??= this.#grant(counted, countKey, policy).finally(() => (counted.asking = null));
    return counted.asking.then(() =>
      counted.granted > 0 || counted.exhausted ? spend(counted, policy, resetSeconds) : this.take(key, policy),
    );
  }

  async #grant(count: Count, countKey: string, policy: RateLimitPolicy): Promise<void> {
    const portion = Math.max(1, Math.ceil(policy.requestsMax / GRANT_PARTS));
    try {
      const sum = await this.#counters!.add(`${countKey}:${count.window}`, portion, policy.windowSeconds);
      count.granted += Math.max(0, Math.min(portion, policy.requestsMax - (sum - portion)));
      count.exhausted = sum - portion >= policy.requestsMax;
      count.used = Math.max(count.used, Math.min(sum - portion, policy.requestsMax));
    } catch {
      count.granted += Math.max(0, policy.requestsMax - count.used);
      count.exhausted = count.granted === 0;
    }
  }
}

function spend(count: Count, policy: RateLimitPolicy, resetSeconds: number): RateLimitVerdict {
  const allowed = count.granted > 0;
  if (allowed) {
    count.granted -= 1;
    count.used += 1;
  }
  return { allowed, policy, remaining: Math.max(0, policy.requestsMax - count.used), resetSeconds };
}

/** The header fields of draft-ietf-httpapi-ratelimit-headers. */
export function rateLimitHeaders({
  allowed,
  policy,
  remaining,
  resetSeconds,
}: RateLimitVerdict): Record<string, string> {
  return {
    "ratelimit-policy": `"${policy.name}";q=${policy.requestsMax};w=${policy.windowSeconds}`,
    ratelimit: `"${policy.name}";r=${allowed ? remaining : 0};t=${resetSeconds}`,
    ...(!allowed && { "retry-after": String(resetSeconds) }),
  };
}
