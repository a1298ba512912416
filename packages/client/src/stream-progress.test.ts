import { expect, test } from "vitest";
import { StreamProgress } from "./stream-progress.ts";

test.each([
  [
    "an event of a router that takes no notice of a cursor",
    undefined,
    { recovered: null, gap: { count: null, reason: "no_cursor" } },
    {},
  ],
  [
    "a gap that the router tells",
    { cursor: "c2", recovered: true, replayed: 1, gap: { count: 3, reason: "poison" } },
    { recovered: { replayed: 1 }, gap: { count: 3, reason: "poison" } },
    { after: "c2" },
  ],
  [
    "the first of what was missed",
    { cursor: "c2", recovered: true, replayed: 7 },
    { recovered: { replayed: 7 }, gap: null },
    { after: "c2" },
  ],
  [
    "the first of the current values",
    { cursor: "c2", recovered: true },
    { recovered: { replayed: null }, gap: null },
    { after: "c2" },
  ],
  [
    "the first of the current values, after a cursor that was not good",
    { cursor: "c2", recovered: false, reason: "expired" },
    { recovered: null, gap: { count: null, reason: "expired" } },
    { after: "c2" },
  ],
])("%s is read, and says where to go on", (_, stream, told, request) => {
  const progress = new StreamProgress("c1");
  progress.begin(true);
  expect(progress.take({ data: {}, ...(stream && { extensions: { stream } }) })).toEqual(told);
  expect(progress.begin(true).request).toEqual(request);
});

test("later messages give no verdict, and a source without cursors leaves none", () => {
  const progress = new StreamProgress("c1");
  progress.begin(true);
  progress.take({ data: {}, extensions: { stream: { cursor: "c2", recovered: true } } });
  expect(progress.take({ data: {}, extensions: { stream: { cursor: "c3" } } })).toEqual({ recovered: null, gap: null });
  expect(progress.cursor).toBe("c3");
  expect(progress.take({ data: {} })).toEqual({ recovered: null, gap: null });
  expect(progress.cursor).toBeNull();
});
