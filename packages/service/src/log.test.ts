import { afterEach, expect, test, vi } from "vitest";
import { createLogger } from "./log.ts";

afterEach(() => vi.unstubAllEnvs());

/** What is written by `work`, a line each. */
function written(level: string, work: (log: ReturnType<typeof createLogger>) => void): Record<string, any>[] {
  vi.stubEnv("LOG_LEVEL", level);
  const lines: string[] = [];
  work(createLogger("test", { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, any>);
}

test("an error of Redis is written with the name of its command, without the arguments", () => {
  const error = Object.assign(new Error("WRONGPASS"), { code: "X", command: { name: "auth", args: ["hunter2"] } });
  const [line] = written("info", (log) => log.warn({ err: error }, "no connection"));
  expect(line!.err).toMatchObject({ type: "Error", message: "WRONGPASS", code: "X", command: "auth" });
  expect(line!.err.stack).toContain("log.test.ts");
  expect(JSON.stringify(line)).not.toContain("hunter2");
});

test("other errors are written as they are", () => {
  const [line] = written("info", (log) => log.warn({ err: Object.assign(new Error("gone"), { command: "SELECT" }) }));
  expect(line!.err).toMatchObject({ message: "gone", command: "SELECT" });
  expect(written("info", (log) => log.warn({ err: new Error("gone") }))[0]!.err).not.toHaveProperty("command");
});

test.each([
  ["debug", ["debug", "info"]],
  ["info", ["info"]],
  ["", ["info"]],
  ["silent", []],
])("with LOG_LEVEL %j is written what is of that level or above", (level, expected) => {
  const lines = written(level, (log) => {
    log.debug("x");
    log.info("x");
  });
  expect(lines.map((line) => line.level)).toEqual(expected);
});

test.each(["verbose", "constructor"])("a LOG_LEVEL that is none, %s, is said and info is used", (level) => {
  const lines = written(level, (log) => {
    log.debug("x");
    log.info("x");
  });
  expect(lines.map((line) => line.level)).toEqual(["warn", "info"]);
  expect(lines[0]).toMatchObject({ LOG_LEVEL: level, levels: expect.arrayContaining(["debug", "silent"]) });
});
