import fc from "fast-check";
import type { CodedError } from "@mib/service/coded-error";
import { expect, test } from "vitest";
import type { SharedCounters } from "./rate-limiter.ts";
import { StreamBudgets, type Spender } from "./stream-budgets.ts";

const POLICY = { unitsPerSecond: 100, windowSeconds: 10 };

class Counters implements SharedCounters {
  readonly sums = new Map<string, number>();
  away = false;
  add(key: string, amount: number): Promise<number> {
    if (this.away) return Promise.reject(new Error("away"));
    this.sums.set(key, (this.sums.get(key) ?? 0) + amount);
    return Promise.resolve(this.sums.get(key)!);
  }
}

class Stream implements Spender {
  delivered = 0;
  error: CodedError | null = null;
  fail(error: CodedError): void {
    this.error = error;
  }
}

const refused = expect.objectContaining({ code: "STREAM_BUDGET_EXCEEDED" });

function budgets({ counters = null, now = () => 0 }: { counters?: Counters | null; now?: () => number } = {}) {
  const all = new StreamBudgets(POLICY, { counters, now });
  const open = (key: string, cost: number, eventsPerSecond = 0) => {
    const stream = new Stream();
    return { stream, leave: all.open(key, cost, eventsPerSecond, stream) };
  };
  return { all, open };
}

test("a subscription whose channels are too busy for what is left of the budget is refused", () => {
  const { open } = budgets();
  open("ada", 5, 10);
  open("ada", 5, 10);
  expect(() => open("ada", 5, 1)).toThrow(refused);
  open("bob", 5, 10);
});

test("what ended leaves its part of the budget", () => {
  const { open } = budgets();
  const { leave } = open("ada", 5, 20);
  expect(() => open("ada", 1, 1)).toThrow(refused);
  leave();
  open("ada", 5, 20);
});

test("of running subscriptions that outgrow the budget the costliest ends, one in each window, with how long to wait", async () => {
  let now = 0;
  const { all, open } = budgets({ now: () => now });
  const [small, big] = [open("ada", 1).stream, open("ada", 10).stream];
  const [bob] = [open("bob", 10).stream];
  small.delivered = bob.delivered = 90;
  big.delivered = 100;
  now = 4_000;
  await all.measure();
  expect(big.error).toMatchObject({
    code: "STREAM_BUDGET_EXCEEDED",
    details: { retryAfterSeconds: 6, unitsPerSecond: 100 },
  });
  small.delivered = 5_000;
  await all.measure();
  expect([small.error, bob.error]).toEqual([null, null]);
  expect(() => open("ada", 1)).toThrow(refused);
});

test("in the next window a caller has its budget again, at the rates that were measured", async () => {
  let now = 0;
  const { all, open } = budgets({ now: () => now });
  const { stream } = open("ada", 1);
  stream.delivered = 900;
  now = 10_000;
  await all.measure();
  open("ada", 1, 10);
  expect(() => open("ada", 1, 1)).toThrow(refused);
  now = 30_000;
  await all.measure();
  open("ada", 1, 90);
});

test("processes that share counters have one budget, and one each while the counters are away", async () => {
  const counters = new Counters();
  const processes = [budgets({ counters }), budgets({ counters })];
  const streams = processes.map(({ open }) => open("ada", 1).stream);
  for (const stream of streams) stream.delivered = 600;
  counters.away = true;
  for (const { all } of processes) await all.measure();
  expect(streams.map(({ error }) => error)).toEqual([null, null]);
  counters.away = false;
  for (const { all } of processes) await all.measure();
  expect(streams.map(({ error }) => error?.code)).toEqual([undefined, "STREAM_BUDGET_EXCEEDED"]);
});

test("nothing is kept of callers that are gone", async () => {
  let now = 0;
  const { all, open } = budgets({ now: () => now });
  const { stream, leave } = open("ada", 1);
  stream.delivered = 10;
  leave();
  for (now of [10_000, 20_000]) await all.measure();
  expect(all.accountCount).toBe(0);
});

test("who stays within the budget is never ended, whatever the order of things", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ stream: fc.nat({ max: 3 }), events: fc.nat({ max: 20 }) }), { maxLength: 50 }),
      async (steps) => {
        const { all, open } = budgets();
        const streams = [1, 2, 3, 4].map((cost) => open("ada", cost).stream);
        let units = 0;
        for (const { stream, events } of steps) {
          const more = events * (stream + 1);
          if (units + more > POLICY.unitsPerSecond * POLICY.windowSeconds) break;
          units += more;
          streams[stream]!.delivered += events;
          await all.measure();
        }
        expect(streams.map(({ error }) => error)).toEqual([null, null, null, null]);
      },
    ),
  ));
