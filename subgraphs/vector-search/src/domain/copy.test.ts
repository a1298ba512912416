import { expect, test } from "vitest";
import { type CopiedText, fingerprintOf, isCopyOf } from "./copy.ts";

const TITLE = "Workers strike at Voltara in Leipzig";
const SUMMARY = "Workers of Voltara walked out on Monday after talks about wages failed, said the union.";
const MORE = "The plant makes four hundred cars a day. Two suppliers send their people home, too.";

function check(earlier: Partial<CopiedText>, later: Partial<CopiedText>, isCopy: boolean): void {
  const texts = [earlier, later].map((text) =>
    fingerprintOf(
      {
        title: TITLE,
        summary: null,
        mentioned: [],
        source: "wire",
        publishedAt: "2024-01-01T09:00:00Z",
        ...text,
      },
      new Set(["workers", "strike", "the", "two"]),
    ),
  );
  expect(isCopyOf(texts[0]!, texts[1]!)).toBe(isCopy);
}

test("the shorter one repeats the longer one, and not the other way round", () => {
  check({ summary: SUMMARY }, { summary: null }, true);
  check({ summary: null }, { summary: SUMMARY }, false);
  check({ summary: `${SUMMARY} ${MORE}` }, { summary: SUMMARY }, true);
  check({ summary: SUMMARY }, { summary: `${SUMMARY} ${MORE}` }, false);
  check({ summary: SUMMARY }, { summary: `${SUMMARY} ${MORE} ${MORE.replaceAll("e", "a")}` }, false);
  check({ summary: SUMMARY }, { summary: `LEIPZIG - ${SUMMARY} Photo: archive.` }, true);
});

test("a headline alone that its publisher repeats the next day is that of a column", () => {
  const nextDay = "2024-01-02T09:00:00Z";
  check({}, { publishedAt: "2024-01-01T10:00:00Z" }, true);
  check({}, { publishedAt: nextDay }, false);
  check({ summary: SUMMARY }, { publishedAt: nextDay }, false);
  check({}, { publishedAt: nextDay, source: "gazette" }, true);
  check({ summary: SUMMARY }, { publishedAt: nextDay, summary: SUMMARY }, true);
});
