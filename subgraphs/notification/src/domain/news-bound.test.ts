import fc from "fast-check";
import { expect, test } from "vitest";
import { admitNews, hourOf, leftOutNotice, type NewsHour } from "./news-bound.ts";
import type { Notification } from "./notification.ts";

const NOW_MS = Date.UTC(2024, 7, 8, 14, 20);
const article = (userId: string, name: string): Notification => ({
  id: name,
  userId,
  ruleId: null,
  watchId: "w",
  articleId: name,
  symbol: null,
  title: name,
  body: name,
  value: "0.7",
  at: "2024-08-08T12:00:00Z",
});

/** What comes of batches of news one after another within an hour: each item is whose it is. */
function ofBatches(batches: readonly (readonly string[])[], perHourMax: number) {
  const hours = new Map<string, NewsHour>();
  const admitted: Notification[] = [];
  let number = 0;
  for (const batch of batches) {
    const news = batch.map((userId) => article(userId, String((number += 1))));
    const outcome = admitNews(news, hours, { nowMs: NOW_MS, perHourMax });
    admitted.push(...outcome.admitted);
    for (const hour of outcome.hours) hours.set(hour.userId, hour);
  }
  return { hours, admitted };
}

test("the first articles of an hour come, then one notice, and nobody's are counted for another", () => {
  const { hours, admitted } = ofBatches([["ada", "ada", "bob"], ["ada", "ada"], ["ada"]], 2);
  expect(admitted.map(({ userId, title }) => `${userId} ${title}`)).toEqual([
    "ada 1",
    "ada 2",
    "bob 3",
    "ada News is left out until 15:00 UTC",
  ]);
  expect(admitted.at(-1)?.value).toBeNull();
  expect(hours.get("ada")).toEqual({ userId: "ada", hourMs: hourOf(NOW_MS), told: 2, leftOut: 3 });
  expect(leftOutNotice(hours.get("ada")!)).toMatchObject({
    userId: "ada",
    title: "3 articles were left out",
    body: "Between 14:00 and 15:00 UTC your news watches found 5 articles. 2 of them are here. A higher least similarity finds fewer.",
    value: "3",
    at: "2024-08-08T15:00:00Z",
  });
  expect(leftOutNotice(hours.get("bob")!)).toBeNull();
});

test("however they come, each article is told or counted, and an inbox gets a bounded number", () => {
  const batches = fc.array(fc.array(fc.constantFrom("ada", "bob", "eve"), { maxLength: 20 }), { maxLength: 10 });
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 12 }), (given, perHourMax) => {
      const { hours, admitted } = ofBatches(given, perHourMax);
      for (const userId of ["ada", "bob", "eve"]) {
        const came = given.flat().filter((each) => each === userId).length;
        const { told = 0, leftOut = 0 } = hours.get(userId) ?? {};
        expect(told).toBe(Math.min(came, perHourMax));
        expect(told + leftOut).toBe(came);
        const own = admitted.filter((each) => each.userId === userId);
        expect(own.filter(({ articleId }) => articleId !== null)).toHaveLength(told);
        expect(own.filter(({ articleId }) => articleId === null)).toHaveLength(leftOut > 0 ? 1 : 0);
      }
      expect(new Set(admitted.map(({ id }) => id)).size).toBe(admitted.length);
    }),
  );
});
