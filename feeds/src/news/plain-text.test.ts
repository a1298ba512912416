import { expect, test } from "vitest";
import { plainText } from "./plain-text.ts";

test.each([
  ["a <b>bold</b> word", "a bold word"],
  ["before<script src=x>hidden()</script>between<STYLE>p {}</Style>after", "before between after"],
  ["a < b <script>hidden()</script> c", "a < b c"],
  ["<script>without an end", "without an end"],
  ["<style>p</style>one<script>two", "one two"],
  ["1 < 2 and <b", "1 < 2 and <b"],
  ["a\u0000b\u001b\u0085c", "a b c"],
  ["<p>AT&amp;T&nbsp;&unknown;</p>", "AT&T &unknown;"],
])("%s is %s", (html, text) => {
  expect(plainText(html)).toBe(text);
});

// Each took the square of its length: minutes, where this is milliseconds.
test.each(["<", "<script>", "<script", "<style><script></style>", "&a", " "])(
  "half a million times %j is read in the time of its length",
  (part) => {
    expect(plainText(part.repeat(500_000)).length).toBeLessThanOrEqual(part.length * 500_000);
  },
);
