import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PLANTED_BUGS } from "./planted-bugs.ts";

const SOURCE = join(import.meta.dirname, "../../router/src");

test.each(PLANTED_BUGS)("the place of the planted bug is in the source: $name", ({ file, find, replace }) => {
  const source = readFileSync(join(SOURCE, file), "utf8");
  expect(source.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});
