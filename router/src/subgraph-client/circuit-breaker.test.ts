import fc from "fast-check";
import { expect, test } from "vitest";
import { CircuitBreaker, REFUSED, type BreakerLimits, type Outcome } from "./circuit-breaker.ts";

const LIMITS: BreakerLimits = { failureRatio: 0.5, requestsMin: 4, windowMs: 1_000, openMs: 500, probesMax: 2 };

/** Asks once and settles at once; whether it was let pass. */
function ask(breaker: CircuitBreaker, outcome: Outcome, now: number): boolean {
  const ticket = breaker.admit(now);
  if (ticket !== REFUSED) breaker.settle(ticket, outcome, now);
  return ticket !== REFUSED;
}

function opened(): CircuitBreaker {
  const breaker = new CircuitBreaker(LIMITS);
  for (let i = 0; i < 4; i++) ask(breaker, "failure", 0);
  expect(breaker.state).toBe("open");
  return breaker;
}

test("it opens when enough of enough requests failed, and not before", () => {
  const breaker = new CircuitBreaker(LIMITS);
  for (const outcome of ["success", "success", "failure"] as const) ask(breaker, outcome, 0);
  expect(breaker.state).toBe("closed");
  ask(breaker, "failure", 0);
  expect([breaker.state, breaker.opened]).toEqual(["open", 1]);
  expect(ask(breaker, "success", 499)).toBe(false);
});

test("failures long ago say nothing about now", () => {
  const breaker = new CircuitBreaker(LIMITS);
  for (let i = 0; i < 3; i++) ask(breaker, "failure", 0);
  ask(breaker, "failure", 2_500);
  expect(breaker.state).toBe("closed");
});

test("after a while a few probes may pass: successes close it, a failure opens it for as long again", () => {
  const breaker = opened();
  const probes = [breaker.admit(500), breaker.admit(500)];
  expect(breaker.state).toBe("half-open");
  expect(breaker.admit(500)).toBe(REFUSED);
  breaker.settle(probes[0]!, "success", 510);
  expect(breaker.state).toBe("half-open");
  breaker.settle(probes[1]!, "success", 510);
  expect(breaker.state).toBe("closed");

  const again = opened();
  expect(ask(again, "failure", 600)).toBe(true);
  expect(again.state).toBe("open");
  expect([ask(again, "success", 1_099), ask(again, "success", 1_100)]).toEqual([false, true]);
});

test("a probe that was given up leaves its place to another", () => {
  const breaker = opened();
  const probes = [breaker.admit(500), breaker.admit(500)];
  breaker.settle(probes[0]!, "unknown", 500);
  expect(breaker.admit(500)).not.toBe(REFUSED);
});

test("what began before the circuit opened says nothing about the probes", () => {
  const breaker = new CircuitBreaker(LIMITS);
  const slow = breaker.admit(0);
  for (let i = 0; i < 4; i++) ask(breaker, "failure", 0);
  breaker.admit(500);
  breaker.settle(slow, "failure", 501);
  expect(breaker.state).toBe("half-open");
});

const outcome = fc.constantFrom<Outcome>("success", "failure", "unknown");
const step = fc.oneof(
  fc.record({ kind: fc.constant("ask" as const), wait: fc.nat({ max: 400 }) }),
  fc.record({ kind: fc.constant("settle" as const), wait: fc.nat({ max: 400 }), which: fc.nat(), outcome }),
);

test("whatever happens: open refuses for its time, half-open lets few pass, and it never stays shut for good", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const breaker = new CircuitBreaker(LIMITS);
      let now = 0;
      let openSince = 0;
      let underWay: { ticket: number; probe: boolean }[] = [];
      for (const each of steps) {
        now += each.wait;
        const before = breaker.state;
        if (each.kind === "ask") {
          const ticket = breaker.admit(now);
          if (before === "closed") expect(ticket).not.toBe(REFUSED);
          if (before === "open") expect(ticket === REFUSED).toBe(now - openSince < LIMITS.openMs);
          if (ticket !== REFUSED) underWay.push({ ticket, probe: breaker.state === "half-open" });
        } else if (underWay.length > 0) {
          const [settled] = underWay.splice(each.which % underWay.length, 1);
          breaker.settle(settled!.ticket, each.outcome, now);
        }
        if (before !== breaker.state) {
          if (breaker.state === "open") openSince = now;
          if (before === "half-open") underWay = underWay.map(({ ticket }) => ({ ticket, probe: false }));
        }
        const probes = underWay.filter(({ probe }) => probe).length;
        if (breaker.state === "half-open") expect(probes).toBeLessThanOrEqual(LIMITS.probesMax);
      }
      for (const { ticket } of underWay) breaker.settle(ticket, "unknown", now);
      for (let i = 0; i < LIMITS.probesMax; i++) expect(ask(breaker, "success", (now += LIMITS.openMs))).toBe(true);
      expect(breaker.state).toBe("closed");
    }),
    { numRuns: 500 },
  );
});
