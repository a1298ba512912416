import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";

test("a condition is asked again until it answers, and its answer is returned", async () => {
  let asked = 0;
  const answer = await eventually(() => {
    asked += 1;
    return asked < 3 ? (false as const) : "ready";
  });
  expect([answer, asked]).toEqual(["ready", 3]);
});

test("a failure is waited out, and an answer of undefined counts as holding", async () => {
  let asked = 0;
  await eventually(async () => {
    asked += 1;
    expect(asked).toBe(4);
  });
  expect(asked).toBe(4);
});

test("past the deadline the last failure says what was missing", async () => {
  let asked = 0;
  const wait = eventually(
    () => {
      asked += 1;
      throw new Error(`try ${asked}`);
    },
    { deadlineMs: 30 },
  );
  await expect(wait).rejects.toThrow(/^not within \d+ ms: try \d+$/);
  await expect(wait).rejects.toHaveProperty("cause.message", `try ${asked}`);
});

test("a failure that waiting can't mend ends the wait at once", async () => {
  class Gone extends Error {}
  let asked = 0;
  const wait = eventually(
    () => {
      asked += 1;
      throw new Gone("the process has ended");
    },
    { deadlineMs: 60_000, giveUpOn: Gone },
  );
  await expect(wait).rejects.toThrow("the process has ended");
  expect(asked).toBe(1);
});
