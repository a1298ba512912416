import { describe, expect, test } from "vitest";
import { variablesOf } from "./config.ts";
import { startFeed } from "./test-feed.ts";

describe("the command line", () => {
  test.each([
    ["an unknown feed", ["--feed", "nonsense"], 78, "FEED: must be one of simulator, replay"],
    ["a replay of nothing", ["--feed", "replay"], 64, "a replay needs --file FILE"],
    ["news of nowhere", ["--feed", "news"], 64, "news need --sources FILE"],
    ["sources that are none", ["--feed", "news", "--sources", "package.json"], 64, "sources package.json are not as"],
    ["ingest without keys", ["--feed", "ingest"], 64, "ingest needs --keys FILE"],
    ["items of nothing", ["--feed", "items"], 64, "items need --file FILE"],
    ["items that are not there", ["--feed", "items", "--file", "/nowhere"], 64, "there is no file /nowhere"],
    ["a file that is not there", ["--feed", "replay", "--file", "/nowhere.gz"], 64, "there is no file /nowhere.gz"],
    [
      "a speed that is none",
      ["--feed", "replay", "--file", "x", "--speed", "fast"],
      78,
      "FEED_SPEED: must be a number above 0, or max",
    ],
    ["a start time that is none", ["--start-time", "tomorrow"], 78, "FEED_START_TIME: must be a time"],
    [
      "a time without its zone",
      ["--feed", "replay", "--file", "x", "--from", "2024-08-09T00:00:00"],
      78,
      "FEED_FROM: must be a time with its zone",
    ],
    [
      "a symbol that the market does not have",
      ["--symbols", "BTCUSDT,NOPE"],
      64,
      "INSTRUMENT_NOT_FOUND: the simulated market has no NOPE",
    ],
    ["an option that does not exist", ["--fast"], 64, "'--fast'"],
    ["no feed", ["--feed", "none"], 0, "no feed was asked for"],
  ])("%s", async (_, args, code, text) => {
    const feed = startFeed(args, {});
    expect([await feed.ended, feed.output()]).toEqual([code, expect.stringContaining(text)]);
  });

  test("several mistakes are told at once", async () => {
    const feed = startFeed(["--feed", "nonsense", "--speed", "0"], { ADMIN_PORT: "x" });
    expect(await feed.ended).toBe(78);
    expect(feed.output()).toContain("3 problem(s)");
  });

  test("options stand for variables", () => {
    expect(variablesOf(["--feed", "replay", "--again", "--start-time", "2026-01-01T00:00:00Z"])).toEqual({
      FEED: "replay",
      FEED_AGAIN: "true",
      FEED_START_TIME: "2026-01-01T00:00:00Z",
    });
  });
});
