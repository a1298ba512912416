import { readFileSync } from "node:fs";
import { ERROR_CATALOGUE } from "@mib/service/error-catalogue";
import { expect, test } from "vitest";

const documented = new Map(
  [...readFileSync("docs/errors.md", "utf8").matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (.*?) \| (.*?) \|$/gm)].map(
    ([, code, status, meaning, remedy]) => [code, { status: Number(status), meaning, remedy }],
  ),
);

test("docs/errors.md lists exactly the codes of the catalogue, with the same words", () => {
  expect(Object.fromEntries(documented)).toEqual(ERROR_CATALOGUE);
});
