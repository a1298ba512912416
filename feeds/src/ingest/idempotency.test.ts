import fc from "fast-check";
import { expect, test } from "vitest";
import { Idempotency } from "./idempotency.ts";

const unbounded = { sizeOf: () => 0, sizeMax: 0 };

test("a request has one answer, however often it comes, until it is too old or too many came after it", () => {
  let nowMs = 0;
  const requests = new Idempotency<string>({ ...unbounded, entriesMax: 2, ageMsMax: 100, now: () => nowMs });
  expect(requests.claim("a", "body")).toEqual({ kind: "NEW" });
  expect(requests.claim("a", "body")).toMatchObject({ kind: "CONFLICT" });
  requests.settle("a", "answer");
  expect(requests.claim("a", "body")).toEqual({ kind: "REPEATED", answer: "answer" });
  expect(requests.claim("a", "other")).toMatchObject({ kind: "CONFLICT" });
  nowMs = 100;
  expect(requests.claim("a", "other")).toEqual({ kind: "NEW" });
  requests.release("a");
  expect(requests.claim("a", "body")).toEqual({ kind: "NEW" });
  requests.settle("a", "again");
  for (const key of ["b", "c"]) expect(requests.claim(key, "body")).toEqual({ kind: "NEW" });
  expect(requests.claim("a", "body")).toEqual({ kind: "NEW" });
});

test("what was answered before is known again while it is not too old, and what is known here stands", () => {
  const requests = new Idempotency<string>({ ...unbounded, entriesMax: 2, ageMsMax: 100, now: () => 1_000 });
  requests.restore("old", "body", 900, "answer");
  requests.restore("a", "body", 950, "answer");
  requests.restore("a", "other", 990, "another");
  requests.claim("b", "body");
  requests.restore("b", "body", 990, "answer");
  expect(requests.claim("a", "body")).toEqual({ kind: "REPEATED", answer: "answer" });
  expect(requests.claim("b", "body")).toMatchObject({ kind: "CONFLICT" });
  requests.restore("c", "body", 990, "answer");
  expect(requests.claim("c", "body")).toMatchObject({ kind: "REPEATED" });
  expect(requests.claim("old", "body")).toEqual({ kind: "NEW" });
});

test("answers are kept while all of them together are no larger than they may be", () => {
  const requests = new Idempotency<string>({
    entriesMax: 10,
    sizeOf: ({ length }) => length,
    sizeMax: 5,
    ageMsMax: 100,
  });
  const answered = (key: string, answer: string) => {
    requests.claim(key, "body");
    requests.settle(key, answer);
  };
  const isKept = (key: string) => {
    const { kind } = requests.claim(key, "body");
    if (kind === "NEW") requests.release(key);
    return kind === "REPEATED";
  };
  answered("a", "123");
  answered("b", "12");
  expect(["a", "b"].map(isKept)).toEqual([true, true]);
  answered("c", "1");
  expect(["a", "b", "c"].map(isKept)).toEqual([false, true, true]);
  answered("d", "12");
  expect(["b", "c", "d"].map(isKept)).toEqual([true, true, true]);
  answered("e", "123456");
  expect(["b", "c", "d", "e"].map(isKept)).toEqual([false, false, false, false]);
});

test("work is done once for a key, whatever order claims and ends come in", () => {
  const anyStep = fc.record({ key: fc.constantFrom("a", "b"), end: fc.constantFrom("settle", "release", "none") });
  fc.assert(
    fc.property(fc.array(anyStep), (steps) => {
      const requests = new Idempotency<number>({ ...unbounded, entriesMax: 10, ageMsMax: 1_000, now: () => 0 });
      const model = new Map<string, "WORKING" | number>();
      for (const [at, { key, end }] of steps.entries()) {
        const claim = requests.claim(key, "body");
        const known = model.get(key);
        if (known === undefined) expect(claim.kind).toBe("NEW");
        else if (known === "WORKING") expect(claim.kind).toBe("CONFLICT");
        else expect(claim).toEqual({ kind: "REPEATED", answer: known });
        if (known === undefined) model.set(key, "WORKING");
        if (model.get(key) !== "WORKING" || end === "none") continue;
        if (end === "settle") {
          requests.settle(key, at);
          model.set(key, at);
        } else {
          requests.release(key);
          model.delete(key);
        }
      }
    }),
  );
});
