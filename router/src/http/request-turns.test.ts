import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { RequestTurns } from "./request-turns.ts";

/** How many of so many requests have begun after each turn of so many milliseconds. */
async function begunByTurn({
  requests,
  turnMs,
  answerBytes,
}: {
  requests: number;
  turnMs: number;
  answerBytes?: number;
}): Promise<number[]> {
  let now = 0;
  const turns = new RequestTurns(() => now);
  if (answerBytes !== undefined) for (let earlier = 0; earlier < 1_000; earlier++) turns.answered(answerBytes);
  const begun: number[] = [];
  for (let request = 0; request < requests; request++) turns.begin(() => begun.push(request));
  const seen = [begun.length];
  while (begun.length < requests) {
    now += turnMs;
    const before = begun.length;
    while (begun.length === before) await turn();
    seen.push(begun.length);
  }
  expect(begun).toEqual(Array.from({ length: requests }, (_, request) => request));
  return seen;
}

test("two requests begin in a turn, the others in the turns after it, in their order", async () => {
  expect(await begunByTurn({ requests: 7, turnMs: 0.1 })).toEqual([2, 4, 6, 7]);
});

test("after a long turn more of them begin", async () => {
  expect(await begunByTurn({ requests: 30, turnMs: 5 })).toEqual([2, 7, 12, 17, 22, 27, 30]);
});

test("of those with small answers more of them begin, and no more than that of large ones again", async () => {
  expect(await begunByTurn({ requests: 150, turnMs: 0.1, answerBytes: 100 })).toEqual([64, 128, 150]);
  expect(await begunByTurn({ requests: 24, turnMs: 0.1, answerBytes: 7_000 })).toEqual([9, 18, 24]);
  expect(await begunByTurn({ requests: 3, turnMs: 0.1, answerBytes: 1_000_000 })).toEqual([2, 3]);
});

test("a request that comes while others wait does not overtake them", async () => {
  const turns = new RequestTurns();
  const begun: string[] = [];
  for (const request of ["a", "b", "c"]) turns.begin(() => begun.push(request));
  await new Promise<void>((resolve) => {
    turns.begin(() => {
      begun.push("d");
      resolve();
    });
  });
  expect(begun).toEqual(["a", "b", "c", "d"]);
});
