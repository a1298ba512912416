import { expect, test } from "vitest";
import { followPlace, type LogPage, type LogPlace } from "./log-page.ts";

/** What Redis says of a stream to which one to `added` were added, of which these are left. */
function page(left: number[], { added = Math.max(0, ...left), deleted = 0, from = 0, limit = 100 } = {}): LogPage {
  const entries = left.map((n) => ({ id: `${n}-0`, fields: [] }));
  const read = entries.filter((_, i) => left[i]! >= from).slice(0, limit + 1);
  return {
    state: {
      length: left.length,
      firstId: entries[0]?.id ?? null,
      lastId: `${added}-0`,
      deletedId: `${deleted}-0`,
      added,
      last: entries.at(-1) ?? null,
    },
    entries: read,
    isCut: read.length > limit,
  };
}

const at = (n: number, count: number | null = n): LogPlace => ({ id: `${n}-0`, count });

const cases: [string, LogPlace, LogPage, string | [from: number, counts: number[], isComplete: boolean]][] = [
  ["all of it", at(0), page([1, 2, 3]), [1, [1, 2, 3], true]],
  ["what was added", at(2), page([1, 2, 3, 4], { from: 2 }), [3, [3, 4], true]],
  ["nothing", at(4), page([3, 4], { from: 4 }), [0, [], true]],
  ["what is left where the place itself was trimmed", at(2), page([3, 4], { from: 2 }), [3, [3, 4], true]],
  ["a hole where more was trimmed", at(2), page([5, 6], { from: 2 }), [5, [5, 6], false]],
  ["a hole where all was trimmed", at(2), page([], { added: 6 }), [0, [], false]],
  ["nothing where all up to it was trimmed", at(6), page([], { added: 6 }), [0, [], true]],
  ["a hole where one was deleted", at(2), page([1, 2, 4, 5], { deleted: 3, from: 2 }), [4, [4, 5], false]],
  ["what was added where it was deleted itself", at(2), page([1, 3], { deleted: 2, from: 2 }), [3, [3], true]],
  ["the first of more", at(1), page([1, 2, 3, 4], { from: 1, limit: 2 }), [2, [2, 3], true]],
  ["the first of more, after what was trimmed", at(1), page([4, 5, 6], { from: 1, limit: 1 }), [4, [4, 5], false]],
  ["what comes before a hole", at(1), page([1, 2, 4, 5], { deleted: 3, from: 1 }), [2, [2], true]],
  ["a hole of unknown size", at(2), page([2, 4, 5, 6], { deleted: 3, from: 2, limit: 1 }), [4, [Number.NaN], false]],
  ["what was added to a number that is not known", at(2, null), page([1, 2, 3], { from: 2 }), [3, [3], true]],
  ["another history, that has less", at(5), page([1, 2, 3], { from: 5 }), "OTHER_HISTORY"],
  ["another history, that has grown since", at(3, 9), page([4, 5], { added: 5, from: 3 }), "OTHER_HISTORY"],
  ["another history, that has less and whose number is not known", at(5, null), page([1, 2]), "OTHER_HISTORY"],
  ["another history, with other numbers", at(3, 2), page([2, 3, 4], { from: 3 }), "OTHER_HISTORY"],
  ["another history, that never had it", at(3, 2), page([1, 2, 4, 5], { from: 3, limit: 1 }), "OTHER_HISTORY"],
  ["another history, too short for its number", at(1, 5), page([1, 2, 3, 4], { from: 1, limit: 2 }), "OTHER_HISTORY"],
  ["another history where there is no stream", at(3), { state: null, entries: [], isCut: false }, "OTHER_HISTORY"],
  ["nothing where there is no stream yet", at(0), { state: null, entries: [], isCut: false }, [0, [], true]],
];
for (const [what, place, given, expected] of cases) {
  test(`after a place follows ${what}`, () => {
    const following = followPlace(place, given);
    if (following === "OTHER_HISTORY" || typeof expected === "string") return expect(following).toBe(expected);
    const { entries, isComplete } = following;
    expect([entries.map(({ count }) => count), isComplete]).toEqual(expected.slice(1));
    if (entries.length > 0) expect(entries[0]!.id).toBe(`${expected[0]}-0`);
  });
}
