import { expect, test } from "vitest";
import { Sentences } from "./evidence.ts";
import { type Token, tokensOf } from "./token.ts";

test.each([
  ["Norva rose. Its shares gained", ["PLAIN", "PLAIN"]],
  ["Norva Semiconductors Raises Dividend Again", ["TITLE"]],
  ["NORVA ROSE AGAIN", ["UPPER"]],
  ["", []],
])("the style of each sentence: %s", (text, styles) => {
  const tokens = tokensOf(text);
  const sentences = new Sentences(tokens);
  expect([...new Set(tokens.map(({ sentence }) => sentence))].map((each) => sentences.style(each))).toEqual(styles);
});

test.each([
  ["OP rose", 0, false],
  ["the OP token rose", 1, true],
  ["OP rose. The token fell", 0, false],
  // What is spoken of by its own name alone is not.
  ["miners rose", 0, false],
  ["miners sell to miners", 0, true],
])("what a sentence speaks of: %s", (text, from, expected) => {
  expect(new Sentences(tokensOf(text)).speaksOf("COIN", { from, to: from + 1 })).toBe(expected);
});

test("a sentence of a thousand names is read as often as one of ten", () => {
  const readsPerWord = (count: number) => {
    let reads = 0;
    const counted = (token: Token) =>
      new Proxy(token, {
        get(target, name) {
          reads += 1;
          return Reflect.get(target, name);
        },
      });
    const tokens = tokensOf("OP ".repeat(count)).map(counted);
    const sentences = new Sentences(tokens);
    for (let from = 0; from < count; from += 1) {
      sentences.style(0);
      sentences.speaksOf("COIN", { from, to: from + 1 });
    }
    return reads / count;
  };
  expect(readsPerWord(1_000)).toBe(readsPerWord(10));
});
