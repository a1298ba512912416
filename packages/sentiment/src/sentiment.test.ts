import fc from "fast-check";
import { expect, test } from "vitest";
import { explainSentiment, HeardText, sentimentAbout, sentimentOf } from "./sentiment.ts";

const sign = (text: string) => Math.sign(sentimentOf(text) ?? Number.NaN);

test.each([
  ["Apple beats estimates on strong iPhone demand", 1],
  ["Copper prices surged to a record", 1],
  ["Bitcoin plunges as exchange halts withdrawals", -1],
  ["Carmaker issues profit warning, shares slump", -1],
  ["Lender files for bankruptcy", -1],
  ["Results were not good", -1],
  ["The merger did not fail", 1],
  ["No losses are expected", 1],
])("%s", (text, expected) => expect(sign(text)).toBe(expected));

test.each([
  ["Costs fell", 1],
  ["Sales fell", -1],
  ["Debt is growing", -1],
  ["The strike was averted", 1],
  ["Hopes of a takeover faded", -1],
  ["The court refused to dismiss the lawsuit", -1],
  ["The rally could not be sustained", -1],
  ["The plant is no longer in trouble", 1],
])("what moves, ends or is denied: %s", (text, expected) => expect(sign(text)).toBe(expected));

test.each([
  ["Norva gained 5 percent while Quiltec lost ground", 1, -1],
  ["Norva wins its appeal against Quiltec", 1, -1],
  ["Quiltec beat Norva in fees", -1, 1],
  ["NORVA slumped, QUILTEC rallied", -1, 1],
])("for each of two: %s", (text, norva, quiltec) => {
  const placeOf = (name: RegExp) => ({ start: text.search(name), end: text.search(name) + name.source.length });
  const [one, other] = [placeOf(/norva/i), placeOf(/quiltec/i)];
  expect(Math.sign(sentimentAbout(text, one, [other])!)).toBe(norva);
  expect(Math.sign(sentimentAbout(text, other, [one])!)).toBe(quiltec);
});

test("a text that is heard for many is read once, and says of each what it says of it alone", () => {
  const names = Array.from({ length: 50 }, (_, at) => `Name${at}x`);
  const text = names.map((name, at) => `${name} ${at % 2 === 0 ? "gained" : "slumped"}`).join(", ");
  const places = names.map((name) => ({ start: text.indexOf(name), end: text.indexOf(name) + name.length }));
  const others = (at: number) => places.filter((_, other) => other !== at);
  const heard = new HeardText(text);
  const signs = places.map((place, at) => Math.sign(heard.about(place, others(at))!));
  expect(signs).toEqual(names.map((_, at) => (at % 2 === 0 ? 1 : -1)));
  expect(places.map((place, at) => heard.about(place, others(at)))).toEqual(
    places.map((place, at) => sentimentAbout(text, place, others(at))),
  );
});

test.each<[text: string, score: number, confidence: number, words: [text: string, weight: number][]]>([
  ["Shares soared", 0.429, 0.5, [["soared", 3]]],
  ["Results were not good", -0.36, 0.5, [["good", -2.25]]],
  ["The strike was averted", 0.273, 0.5, [["strike", 1.5]]],
  ["Costs sharply fell", 0.429, 0.5, [["Costs sharply fell", 3]]],
  [
    "Sales were down, and the firm’s PROFIT WARNING shocked",
    -0.6,
    0.75,
    [
      ["down", -1],
      ["PROFIT WARNING", -3],
      ["shocked", -2],
    ],
  ],
  [
    "Shares plunge. A buyer soars",
    0,
    0,
    [
      ["plunge", -3],
      ["soars", 3],
    ],
  ],
])("why it sounds so: %s", (text, score, confidence, words) => {
  const explained = explainSentiment(text)!;
  expect(explained.words.map(({ start, end, weight }) => [text.slice(start, end), weight])).toEqual(words);
  expect(explained).toMatchObject({ score, confidence });
});

test("what explains a text is in it, in order, and makes its sentiment", () => {
  const said = fc.array(
    fc.constantFrom(
      "Not",
      "good",
      "CRASH",
      "very",
      "profit",
      "fell",
      "is over",
      "record high",
      ".",
      "but",
      "İ",
      "averted",
    ),
  );
  fc.assert(
    fc.property(fc.string(), said, (noise, words) => {
      const text = `${words.join(" ")}\n${noise}`;
      const explained = explainSentiment(text);
      expect(explained?.score ?? null).toBe(sentimentOf(text));
      if (explained === null) return;
      expect(explained.confidence).toBeGreaterThanOrEqual(0);
      expect(explained.confidence).toBeLessThan(1);
      const sum = explained.words.reduce((total, { weight }) => total + weight, 0);
      expect(explained.score).toBeCloseTo(sum / (Math.abs(sum) + 4), 3);
      const starts = explained.words.map(({ start }) => start);
      expect(starts).toEqual(starts.toSorted((one, other) => one - other));
      for (const { start, end } of explained.words) expect(text.slice(start, end).trim()).toHaveLength(end - start);
    }),
  );
});

test("a text without any word of the lexicon has no sentiment", () => {
  expect(sentimentOf("The committee meets on Tuesday")).toBeNull();
  expect(sentimentOf("")).toBeNull();
});

test("a negation ends with its clause", () => {
  expect(sign("There was no vote, and profits rose")).toBe(1);
});

test("a strengthened word weighs more, a weakened one less", () => {
  const [plain, strong, weak] = ["shares fell", "shares sharply fell", "shares slightly fell"].map(
    (text) => sentimentOf(text) as number,
  );
  expect(strong).toBeLessThan(plain as number);
  expect(weak).toBeGreaterThan(plain as number);
});

test("inflections count as their base", () => {
  expect(sentimentOf("stocks soared")).toBe(sentimentOf("stocks soar"));
  expect(sentimentOf("shares slumping")).toBe(sentimentOf("shares slump"));
});

test("any text gets a value from -1 to 1, or none", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.array(fc.constantFrom("not", "good", "crash", "very", "profit", ".", "but")),
      (noise, words) => {
        const value = sentimentOf(`${words.join(" ")} ${noise}`);
        return value === null || (value >= -1 && value <= 1);
      },
    ),
  );
});
