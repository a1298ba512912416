import fc from "fast-check";
import { expect, test } from "vitest";
import { snippetOf } from "./snippet.ts";

const article = {
  title: "Copper jumps",
  summary: "Markets were calm on Monday. Miners are striking at the largest copper mine in Chile! Output may fall.",
};

/** The marked words. */
const marked = (query: string, of = article) => {
  const { text, highlights } = snippetOf(of, query);
  return [text, ...highlights.map(({ start, end }) => text.slice(start, end))];
};

test.each([
  [
    "strikes at a Chilean copper mine",
    ["Miners are striking at the largest copper mine in Chile!", "striking", "copper", "mine"],
  ],
  ["COPPER", ["Copper jumps", "Copper"]],
  ["output falls", ["Output may fall.", "Output", "fall"]],
  ["the and of", ["Copper jumps"]],
  ["wheat", ["Copper jumps"]],
])("%s", (query, expected) => {
  expect(marked(query)).toEqual(expected);
});

test("an article without a summary shows its title", () => {
  expect(marked("jump", { title: "Copper jumps", summary: null } as never)).toEqual(["Copper jumps", "jumps"]);
});

test("places count in UTF-16 code units", () => {
  expect(marked("gold", { title: "💥 gold", summary: "" })).toEqual(["💥 gold", "gold"]);
});

test("whatever is asked of whatever text, each place is a word of a short passage", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 2_000 });
  fc.assert(
    fc.property(text, text, text, (title, summary, query) => {
      const { text: passage, highlights } = snippetOf({ title, summary }, query);
      let last = 0;
      for (const { start, end } of highlights) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(passage.slice(start, end)).toMatch(/^[\p{L}\p{N}]+$/u);
        last = end;
      }
      if (passage !== title) expect(passage.length).toBeLessThanOrEqual(320);
    }),
  );
});
