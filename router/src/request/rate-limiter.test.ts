import fc from "fast-check";
import { expect, test } from "vitest";
import { rateLimitHeaders, RateLimiter, type RateLimitPolicy, type SharedCounters } from "./rate-limiter.ts";

const policy: RateLimitPolicy = { name: "address", requestsMax: 10, windowSeconds: 60 };

class Counters implements SharedCounters {
  readonly sums = new Map<string, number>();
  asked = 0;
  away = false;
  add(key: string, amount: number): Promise<number> {
    this.asked += 1;
    if (this.away) return Promise.reject(new Error("away"));
    this.sums.set(key, (this.sums.get(key) ?? 0) + amount);
    return Promise.resolve(this.sums.get(key)!);
  }
}

async function allowed(limiter: RateLimiter, requests: number, key = "k"): Promise<number> {
  let count = 0;
  for (let i = 0; i < requests; i++) if ((await limiter.take(key, policy)).allowed) count += 1;
  return count;
}

test("a key may make its requests in each window, and no more", async () => {
  let now = 120_000;
  const limiter = new RateLimiter({ now: () => now });
  expect(await allowed(limiter, 15)).toBe(10);
  expect(await allowed(limiter, 15, "other")).toBe(10);
  now += 60_000;
  expect(await allowed(limiter, 15)).toBe(10);
});

test("processes that share counters let no more pass together than one alone, whatever the order", () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 3 }), { maxLength: 60 }), async (turns) => {
      const counters = new Counters();
      const limiters = [0, 1, 2, 3].map(() => new RateLimiter({ counters, now: () => 0 }));
      const verdicts = await Promise.all(turns.map(async (turn) => limiters[turn]!.take("k", policy)));
      const passed = verdicts.filter((verdict) => verdict.allowed).length;
      expect(passed).toBeLessThanOrEqual(10);
      // A process takes one request at a time here (a twentieth of ten), so none is left over unused.
      expect(passed).toBe(Math.min(10, turns.length));
    }),
  ));

test("most requests ask nobody", async () => {
  const counters = new Counters();
  const limiter = new RateLimiter({ counters, now: () => 0 });
  const wide = { name: "wide", requestsMax: 1_000, windowSeconds: 60 };
  for (let i = 0; i < 1_000; i++) expect((await limiter.take("k", wide)).allowed).toBe(true);
  expect((await limiter.take("k", wide)).allowed).toBe(false);
  expect(counters.asked).toBeLessThanOrEqual(21);
});

test("while the counters are away a process counts alone", async () => {
  const counters = new Counters();
  counters.away = true;
  expect(await allowed(new RateLimiter({ counters, now: () => 0 }), 15)).toBe(10);
});

test("the headers name the policy, what is left and when it begins anew", async () => {
  const limiter = new RateLimiter({ now: () => 30_000 });
  expect(rateLimitHeaders(await limiter.take("k", policy))).toEqual({
    "ratelimit-policy": `"address";q=10;w=60`,
    ratelimit: `"address";r=9;t=30`,
  });
  await allowed(limiter, 10);
  expect(rateLimitHeaders(await limiter.take("k", policy))).toMatchObject({
    ratelimit: `"address";r=0;t=30`,
    "retry-after": "30",
  });
});
