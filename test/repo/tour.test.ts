import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const STEP = /Tick (\d)\/8: ([^\n]*?)(?:\s*\*\/)?$/m;

/** README's table of the tour: step → path. */
const tour = [...readFileSync("README.md", "utf8").matchAll(/^\| (\d) \| \[[^\]]*\]\(([^)]+)\) \|/gm)].map(
  ([, step, path]) => ({ step, path: path! }),
);

test("the tour of a tick in README has eight steps, and each file says which it is", () => {
  expect(tour.map(({ step }) => step)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
  for (const { step, path } of tour) expect(readFileSync(path, "utf8").match(STEP)?.[1], path).toBe(step);
});

test("no other file claims a step of the tour", () => {
  const claimed = execFileSync("git", ["grep", "-lE", "Tick [1-8]/8: ", "--", "*.ts", "*.tsx", "*.rs"], {
    encoding: "utf8",
  })
    .trim()
    .split("\n");
  expect(claimed.sort()).toEqual(tour.map(({ path }) => path).sort());
});
