import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerBytes } from "./answer-bytes.ts";

const headFor = (bytes: number) => `length: ${bytes}\r\n\r\n`;

test("head and body are the bytes of their texts, one answer after another", () => {
  const answers = new AnswerBytes();
  const text = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constant("\ud800"), fc.constant("x".repeat(5_000))));
  fc.assert(
    fc.property(text, (pieces) => {
      const body = pieces.reduce((whole, piece) => whole + piece, "");
      expect(answers.write(body, headFor)).toEqual(Buffer.from(headFor(Buffer.byteLength(body)) + body));
    }),
  );
});

test("what was given away is not written over", () => {
  const answers = new AnswerBytes();
  const first = answers.write("first", headFor)!;
  answers.giveAway();
  answers.write("second", headFor);
  expect(first.toString()).toBe("length: 5\r\n\r\nfirst");
});

test.each([
  ["a body that is too long", "x".repeat(1_048_577), headFor],
  ["a body whose bytes are too many", "€".repeat(400_000), headFor],
  ["a head that is too long", "x", () => "x".repeat(3_000)],
])("%s is not written", (_, body, head) => {
  expect(new AnswerBytes().write(body, head)).toBeNull();
});
