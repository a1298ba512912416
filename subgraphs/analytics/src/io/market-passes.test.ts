import { expect, test } from "vitest";
import { MarketPasses } from "./market-passes.ts";
import { Turns } from "./turns.ts";

const NEVER = new AbortController().signal;

test("requests take turns, however many passes each asks for, and others are let in between", async () => {
  const shared = new Turns(1);
  const made: string[] = [];
  const request = (name: string, passes: number) => {
    const own = new MarketPasses(shared, NEVER);
    return Array.from({ length: passes }, (_, at) => own.make(1, () => made.push(`${name}${at}`)));
  };
  const all = [...request("a", 4), ...request("b", 2)];
  setImmediate(() => made.push("other"));
  await Promise.all(all);
  expect(made.filter((each) => each !== "other")).toEqual(["a0", "b0", "a1", "b1", "a2", "a3"]);
  expect(made.slice(0, 4)).toContain("other");
});

test("for who is gone nothing is made, and those behind go on", async () => {
  const shared = new Turns(1);
  const client = new AbortController();
  const gone = new MarketPasses(shared, client.signal);
  const passes = [
    gone.make(1, () => client.abort(new Error("gone"))),
    gone.make(1, () => "made"),
    new MarketPasses(shared, NEVER).make(1, () => "made"),
  ];
  const ended = await Promise.allSettled(passes);
  expect(ended.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a pass that fails is its own failure", async () => {
  const passes = new MarketPasses(new Turns(1), NEVER);
  const failing = passes.make(1, () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await passes.make(1, () => 2)).toBe(2);
});

test("what one request looks at is bounded", async () => {
  const passes = new MarketPasses(new Turns(1), NEVER);
  await passes.make(40_000_000, () => {});
  await expect(passes.make(1, () => {})).rejects.toMatchObject({ code: "RANGE_TOO_LARGE" });
});
