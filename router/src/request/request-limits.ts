import type { CallerIdentity } from "@mib/identity/caller-identity";
import { networkOf } from "@mib/service/network-of";
import type { RouterConfig } from "../config/router-config.ts";
import type { RateLimiter, RateLimitPolicy, RateLimitVerdict } from "./rate-limiter.ts";

/** Chooses what a request is counted by: the caller where one is known, else the address. */
export class RequestLimits {
  readonly #limiter: RateLimiter;
  readonly #address: RateLimitPolicy | null;
  readonly #identity: RateLimitPolicy | null;

  constructor(limiter: RateLimiter, { address, identity }: RouterConfig["rate_limits"]) {
    const policy = (name: string, limit: { requests_max: number; window_seconds: number } | null) =>
      limit && { name, requestsMax: limit.requests_max, windowSeconds: limit.window_seconds };
    this.#limiter = limiter;
    this.#address = policy("address", address);
    this.#identity = policy("identity", identity);
  }

  /** Counts one operation; null when callers of this kind are not limited. */
  take(identity: CallerIdentity, address: string): RateLimitVerdict | null | Promise<RateLimitVerdict> {
    if (identity.subject !== null) return this.#identity && this.#limiter.take(identity.subject, this.#identity);
    return this.#address && this.#limiter.take(networkOf(address), this.#address);
  }
}
