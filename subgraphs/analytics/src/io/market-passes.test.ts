import { expect, test } from "vitest";
import { FairTurns } from "./fair-turns.ts";
import { MarketPasses } from "./market-passes.ts";
import { RequestTurns } from "./request-turns.ts";

const NEVER = new AbortController().signal;

const passesOf = (turns: FairTurns, caller = "a", signal = NEVER) =>
  new MarketPasses(new RequestTurns(turns, { caller, signal }));

test("requests take turns, however many passes each asks for, and others are let in between", async () => {
  const turns = new FairTurns({ atOnceMax: 1 });
  const made: string[] = [];
  const request = (name: string, passes: number) => {
    const own = passesOf(turns);
    return Array.from({ length: passes }, (_, at) => own.make(1, () => made.push(`${name}${at}`)));
  };
  const all = [...request("a", 4), ...request("b", 2)];
  setImmediate(() => made.push("other"));
  await Promise.all(all);
  expect(made.filter((each) => each !== "other")).toEqual(["a0", "b0", "a1", "b1", "a2", "a3"]);
  expect(made.slice(0, 4)).toContain("other");
});

test("for who is gone nothing is made, and those behind go on", async () => {
  const turns = new FairTurns({ atOnceMax: 1 });
  const client = new AbortController();
  const gone = passesOf(turns, "a", client.signal);
  const passes = [
    gone.make(1, () => client.abort(new Error("gone"))),
    gone.make(1, () => "made"),
    passesOf(turns).make(1, () => "made"),
  ];
  const ended = await Promise.allSettled(passes);
  expect(ended.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("what one request looks at is bounded, whether in passes, in looks or in what is read", async () => {
  const passes = passesOf(new FairTurns({ atOnceMax: 1 }));
  await passes.make(39_999_998, () => {});
  await passes.look({}, 1, () => {});
  passes.count(1);
  const refusal = { code: "RANGE_TOO_LARGE" };
  await expect(passes.make(1, () => {})).rejects.toMatchObject(refusal);
  await expect(passes.look({}, 1, () => {})).rejects.toMatchObject(refusal);
});

test("what many objects of a list ask for is made in a few passes, each object's in one", async () => {
  const turns = new FairTurns({ atOnceMax: 1 });
  const passes = passesOf(turns);
  let loops = 0;
  const count = (): void => {
    loops += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const objects = Array.from({ length: 1_000 }, () => ({}));
  const seen = await Promise.all(objects.flatMap((of) => [1, 2].map(() => passes.look(of, 600, () => loops))));
  clearImmediate(next);
  // A pass is made within one turn of the event loop, the next one in a later one.
  expect(new Set(seen).size).toBe(3);
  for (const at of objects.keys()) expect(seen[2 * at]).toBe(seen[2 * at + 1]);
});

test("a look that fails is the failure of its own field", async () => {
  const passes = passesOf(new FairTurns({ atOnceMax: 1 }));
  const looks = [
    passes.look({}, 1, () => {
      throw new Error("no");
    }),
    passes.look({}, 1, () => null),
  ];
  expect(await Promise.allSettled(looks)).toMatchObject([{ reason: { message: "no" } }, { value: null }]);
});
