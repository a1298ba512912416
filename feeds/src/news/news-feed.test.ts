import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createService } from "@mib/service/run";
import { afterAll, expect, test } from "vitest";
import type { FeedContext } from "../feed.ts";
import { NewsFeed, readSources } from "./news-feed.ts";

const folder = mkdtempSync(join(tmpdir(), "mib-sources-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(url: string) {
  const path = join(folder, "sources.json");
  writeFileSync(path, JSON.stringify({ rss: [{ url, source: "Wire", everySeconds: 5, symbols: ["BTCUSDT"] }] }));
  return readSources(path);
}

test("a file of sources says where, how often, whose, and about what", () => {
  expect(read("https://wire.example/rss?key=1")).toEqual([
    { url: "https://wire.example/rss?key=1", name: "Wire", everyMs: 5_000, symbols: ["BTCUSDT"] },
  ]);
});

// Requests with them are refused by fetch each time, with the password in the message.
test.each(["https://me:hunter2@wire.example/rss", "https://me@wire.example/rss"])(
  "a link with a user's name, %s, is refused",
  (url) => {
    expect(() => read(url)).toThrow(/must have no user name or password/);
    expect(() => read(url)).not.toThrow(/hunter2/);
  },
);

test("a link that is none is refused with its place", () => {
  expect(() => read("wire")).toThrow(/rss\[0\].url/);
});

test("a feed that can't yet read in Kafka what was told is not ready, and ends when it is told to", async () => {
  const service = createService("news-test");
  const feed = new NewsFeed(read("https://wire.example/rss"), { KAFKA_BROKERS: ["127.0.0.1:1"] });
  const running = feed.run({ ...service, signal: service.shutdownSignal } as unknown as FeedContext);
  expect(await service.health.report()).toMatchObject({
    ready: false,
    checks: { sources: { ok: false, detail: expect.stringContaining("still being read") } },
  });
  await service.shutdown("end of the test");
  await running;
});
