import { expect, test } from "vitest";
import { readRequest, UsageError } from "./request.ts";

test("filters, pages and ids are read from the command line", () => {
  expect(readRequest(["list"])).toEqual({
    command: "list",
    ids: [],
    topics: [],
    filter: { reason: null, fromMs: null, toMs: null, withSentAgain: false },
    page: { after: null, limit: 50 },
    valueFile: null,
    dryRun: false,
    json: false,
  });
  expect(
    readRequest(
      "resend --topic market.trades.v1 --reason price --from 2026-01-01T00:00:00Z --to 2026-01-02T00:00:00Z --limit 7 --dry-run --json".split(
        " ",
      ),
    ),
  ).toMatchObject({
    command: "resend",
    topics: ["market.trades.v1"],
    filter: { reason: "price", fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 2) },
    page: { limit: 7 },
    dryRun: true,
    json: true,
  });
  expect(readRequest(["show", "a/0/1", "a/0/2"]).ids).toEqual(["a/0/1", "a/0/2"]);
});

test.each([
  ["", "a command is missing"],
  ["send", "send is no command"],
  ["list --topic nope", "there is no topic nope"],
  ["list a/0/1", "show takes ids"],
  ["show", "show needs ids"],
  ["resend", "resend needs ids or a filter"],
  ["resend a/0/1 --reason x", "not both"],
  ["resend --reason x --value-file y", "--value-file goes with resend of one id"],
  ["list --from yesterday", "--from is no time"],
  ["list --limit 0", "--limit is a whole number from 1 to 1000"],
  ["list --limit 1001", "--limit is a whole number from 1 to 1000"],
  ["list --all", "--all"],
])("`%s` is refused with what is wrong", (line, reason) => {
  const read = () => readRequest(line.split(" ").filter((word) => word !== ""));
  expect(read).toThrow(UsageError);
  expect(read).toThrow(reason);
});
