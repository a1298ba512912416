import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { RequestTurns } from "./request-turns.ts";

test("two requests begin in a turn, the others in the turns after it, in their order", async () => {
  const turns = new RequestTurns();
  const begun: number[] = [];
  for (let request = 1; request <= 5; request++) turns.begin(() => begun.push(request));
  const seen = [[...begun]];
  while (begun.length < 5) {
    await turn();
    seen.push([...begun]);
  }
  expect(seen[0]).toEqual([1, 2]);
  for (const [index, each] of seen.entries()) expect(each.length).toBeLessThanOrEqual(2 * (index + 1));
  expect(begun).toEqual([1, 2, 3, 4, 5]);
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
