import fc from "fast-check";
import { expect, test } from "vitest";
import { NewsMemory, type HeardArticle } from "./news-memory.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2024, 7, 8, 12);

const article = (id: string, ageHours: number, sentiment: number, textHash = id): HeardArticle => {
  const publishedMs = NOW_MS - ageHours * HOUR_MS;
  return { id, publishedMs, toldMs: publishedMs, textHash, sentiment };
};

function memoryOf(articles: readonly HeardArticle[]): NewsMemory {
  const memory = new NewsMemory();
  memory.heard({ publishedMs: NOW_MS, toldMs: NOW_MS });
  for (const each of articles) memory.add("A", each);
  return memory;
}

test("nothing told is null", () => {
  expect(new NewsMemory().sentiment("A", 24)).toBeNull();
  expect(memoryOf([article("a", 0, 1)]).sentiment("B", 24)).toBeNull();
});

test("after a half-life an article counts half", () => {
  const memory = memoryOf([article("old", 24, -0.8), article("new", 0, 0.4)]);
  expect(memory.sentiment("A", 24)).toEqual({
    asOfMs: NOW_MS,
    score: 0,
    confidence: 0,
    articles: 2,
    weight: 1.5,
  });
  expect(memory.sentiment("A", 1)!.score).toBeCloseTo(0.4, 6);
});

test("articles that agree are surer than one, and than those that do not", () => {
  const confidence = (...sentiments: number[]) =>
    memoryOf(sentiments.map((sentiment, at) => article(String(at), 0, sentiment))).sentiment("A", 24)!.confidence;
  expect(confidence(0.5)).toBe(0.5);
  expect(confidence(0.5, 0.2)).toBeCloseTo(2 / 3, 9);
  expect(confidence(0.5, -0.25)).toBeCloseTo(2 / 9, 9);
});

test("an article that is told twice, and one that has the text of another, count once", () => {
  const memory = memoryOf([article("a", 1, 0.5), article("a", 1, 0.5), article("copy", 0, 0.5, "a")]);
  expect(memory.sentiment("A", 24)!.articles).toBe(1);
});

test("the newest hundred of thirty days count", () => {
  const many = Array.from({ length: 150 }, (_, at) => article(String(at), at, at < 100 ? 1 : -1));
  for (const articles of [many, many.toReversed()])
    expect(memoryOf(articles).sentiment("A", 24)).toMatchObject({ articles: 100, score: 1 });
  expect(memoryOf([article("old", 24 * 30 + 1, 1)]).sentiment("A", 24)).toBeNull();
});

test("an article from the future does not make the others old", () => {
  const memory = memoryOf([article("a", 0, 1)]);
  memory.heard({ publishedMs: NOW_MS + 100 * HOUR_MS, toldMs: NOW_MS });
  expect(memory.sentiment("A", 24)).toMatchObject({ asOfMs: NOW_MS, weight: 1 });
});

test("whatever is told, the score is from -1 to 1 and the confidence from 0 to 1", () => {
  const anyArticle = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.double({ min: -1, max: 1, noNaN: true }));
  fc.assert(
    fc.property(fc.array(anyArticle), fc.double({ min: 0.01, max: 720, noNaN: true }), (told, halfLifeHours) => {
      const articles = told.map(([ageHours, sentiment], at) => article(String(at), ageHours, sentiment));
      const found = memoryOf(articles).sentiment("A", halfLifeHours);
      if (found === null) return;
      expect(Math.abs(found.score)).toBeLessThanOrEqual(1 + 1e-9);
      expect(found.confidence).toBeGreaterThanOrEqual(0);
      expect(found.confidence).toBeLessThan(1);
    }),
  );
});
