import { ANONYMOUS } from "@mib/identity/caller-identity";
import { expect, test } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";
import { RequestLimits } from "./request-limits.ts";

test("addresses of one IPv6 network are counted together, others and named callers by themselves", async () => {
  const limit = { requests_max: 2, window_seconds: 60 };
  const limits = new RequestLimits(new RateLimiter({ now: () => 0 }), { address: limit, identity: limit });
  const allowed = async (address: string, subject: string | null = null) =>
    (await limits.take({ ...ANONYMOUS, subject }, address))?.allowed;
  expect([await allowed("2001:db8::1"), await allowed("2001:db8::2"), await allowed("2001:db8::3")]).toEqual([
    true,
    true,
    false,
  ]);
  expect([await allowed("2001:db8:0:1::1"), await allowed("192.0.2.1"), await allowed("2001:db8::1", "ada")]).toEqual([
    true,
    true,
    true,
  ]);
});
