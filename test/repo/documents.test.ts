import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  encoding: "utf8",
})
  .trim()
  .split("\n");
const scripts = Object.keys(JSON.parse(readFileSync("package.json", "utf8")).scripts);

test.each(documents)("every relative link in %s leads somewhere", (document) => {
  const links = [...readFileSync(document, "utf8").matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
    ([, target]) => target!,
  );
  expect(links.filter((target) => !existsSync(join(dirname(document), target)))).toEqual([]);
});

test.each(documents)("every npm script that %s names exists", (document) => {
  const named = [...readFileSync(document, "utf8").matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, script]) => script!);
  expect([...new Set(named)].filter((script) => !scripts.includes(script))).toEqual([]);
});

test("README and ARCHITECTURE keep their length", () => {
  expect(readFileSync("README.md", "utf8").split("\n").length).toBeLessThanOrEqual(150);
  expect(readFileSync("ARCHITECTURE.md", "utf8").split("\n").length).toBeLessThanOrEqual(250);
});

test("every folder of the tree says what it is for", () => {
  const files = execFileSync("git", ["ls-files"], { encoding: "utf8" }).trim().split("\n");
  const workspaces = files
    .filter((file) =>
      /^(packages|subgraphs)\/[^/]+\/package\.json$|^(router|relay|feeds|web)\/package\.json$/.test(file),
    )
    .map((file) => dirname(file));
  expect(
    [...workspaces, "engine", "scripts", "deploy/local", "test/e2e", "test/federation", "test/repo"].filter(
      (folder) => !existsSync(join(folder, "README.md")),
    ),
  ).toEqual([]);
});
