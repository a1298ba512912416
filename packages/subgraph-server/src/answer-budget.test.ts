import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { AnswerBudget } from "./answer-budget.ts";

test("lists are read a few at a time, and none any more once they hold too much", async () => {
  const budget = new AnswerBudget({ rowsMax: 100, readsMax: 2 });
  let [reading, most, reads] = [0, 0, 0];
  const list = () =>
    budget.read(
      async () => {
        reads += 1;
        most = Math.max(most, (reading += 1));
        await nextTurn();
        reading -= 1;
        return new Array<string>(40).fill("row");
      },
      (rows) => rows.length,
    );
  const answers = await Promise.allSettled(Array.from({ length: 10 }, list));
  expect(answers.map(({ status }) => status)).toEqual([
    ...new Array<string>(2).fill("fulfilled"),
    ...new Array<string>(8).fill("rejected"),
  ]);
  expect((answers[9] as PromiseRejectedResult).reason).toMatchObject({
    code: "RANGE_TOO_LARGE",
    details: { rowsMax: 100 },
  });
  expect({ most, reads }).toEqual({ most: 2, reads: 4 });
});

test("a read that fails gives its place to the next, and takes nothing", async () => {
  const budget = new AnswerBudget({ rowsMax: 1, readsMax: 1 });
  const failing = budget.read(() => Promise.reject(new Error("no")), Number);
  const good = budget.read(() => Promise.resolve(1), Number);
  await expect(failing).rejects.toThrow("no");
  expect(await good).toBe(1);
});
