import fc from "fast-check";
import { expect, test } from "vitest";
import { EventStreamParser } from "./event-stream-parser.ts";

const TEXT = [
  "retry: 100\n\n",
  ":\n\n",
  'event: next\nid: c1\ndata: {"data":1}\n\n',
  "event: next\r\ndata:two\r\ndata: lines\r\n\r\n",
  "data\r\r",
  ": a comment\revent: complete\rdata:\r\r",
  "event: of no data\n\n",
  "data: last\n\ndata: not yet",
].join("");
const EVENTS = [
  { name: "next", data: '{"data":1}' },
  { name: "next", data: "two\nlines" },
  { name: "message", data: "" },
  { name: "complete", data: "" },
  { name: "message", data: "last" },
];

test("events are the same however the stream is cut into pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: TEXT.length }), { maxLength: 20 }), (cuts) => {
      const stream = new EventStreamParser(1_000);
      const places = [0, ...cuts.toSorted((a, b) => a - b), TEXT.length];
      const events = places.slice(1).flatMap((end, i) => stream.push(TEXT.slice(places[i], end)));
      expect(events).toEqual(EVENTS);
    }),
  );
});

test("an event that is too long is refused, in one piece or many, and many short ones are not", () => {
  const stream = new EventStreamParser(20);
  for (let i = 0; i < 10; i++) expect(stream.push("data: 0123456789\n\n").length).toBe(1);
  expect(() => stream.push("data: 0123456789012345\n\n")).toThrow(RangeError);
  const other = new EventStreamParser(20);
  expect(() => {
    for (let i = 0; i < 3; i++) other.push("data: 123");
  }).toThrow(RangeError);
});
