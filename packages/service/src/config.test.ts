import { expect, test } from "vitest";
import { field, parseConfig } from "./config.ts";

const shape = {
  PORT: field.port(4001),
  DATABASE_URL: field.url(),
  LIMIT_MS: field.milliseconds(5),
  BROKERS: field.list("a,b"),
  MODE: field.oneOf(["ON", "OFF"], "ON"),
};

test("defaults fill what is unset, and an empty variable counts as unset", () => {
  expect(parseConfig(shape, { DATABASE_URL: "postgres://x/y", PORT: "" })).toEqual({
    config: { PORT: 4001, DATABASE_URL: "postgres://x/y", LIMIT_MS: 5, BROKERS: ["a", "b"], MODE: "ON" },
  });
});

test("every problem is reported at once, by the variable's name", () => {
  const result = parseConfig(shape, { PORT: "70000", LIMIT_MS: "soon", MODE: "MAYBE" });
  expect("problems" in result && result.problems.map((problem) => problem.split(":")[0])).toEqual([
    "PORT",
    "DATABASE_URL",
    "LIMIT_MS",
    "MODE",
  ]);
});
