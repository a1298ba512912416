import { BAD_QUANTITIES, DOWNS, ENDINGS, GOOD_QUANTITIES, PHRASES, SYNONYMS, UPS } from "./market-grammar.ts";
import { weightOf } from "./word-weight.ts";

/** Words of a text, in UTF-16 code units, and what they weigh where they stand. */
export interface WeighedWords {
  start: number;
  end: number;
  weight: number;
}

const NEGATIONS = new Set(
  "not no never without neither nor cannot hardly barely fails failed lack lacks none unlikely anything".split(" "),
);
const STRENGTHENERS = new Set(
  "very sharply strongly heavily massively significantly deeply extremely steeply".split(" "),
);
const WEAKENERS = new Set(["slightly", "somewhat", "marginally", "modestly", "little", "partly"]);
/** A negation reaches this many words ahead, and not beyond the end of its clause. */
const NEGATION_REACH = 5;
/** A negated word counts against its meaning, but less than its opposite would. */
const NEGATED = -0.75;
/** What rising sales or falling costs weigh, and a rise of nothing in particular. */
const MOVED_QUANTITY = 2;
const MOVED = 1;
/** Between a quantity and what moves it there are so many words at most. */
const APART_MAX = 6;

/** Words of a clause by their numbers, from `first` to `last`; `at` is the one that counts as their place. */
interface Part {
  at: number;
  first: number;
  last: number;
  weight: number;
}

/**
 * Weighs a clause, whose places are counted from its beginning: words by the lexicon; a rise or fall by what rises or falls (costs or sales); all of it the other way round
 * where it ends ("the strike was averted", "hopes faded"); and what a negation reaches.
 */
export function weighClause(clause: string): WeighedWords[] {
  const words = withoutPhrases(clause);
  const placed = ({ first, last }: Pick<Part, "first" | "last">, weight: number): WeighedWords => ({
    start: words.places[first]!.start,
    end: words.places[last]!.end,
    weight,
  });
  const parts: Part[] = words.phrases.map(({ at, weight }) => ({ at, first: at, last: at, weight }));
  const used = new Set<number>();
  for (const [at, word] of words.list.entries()) {
    const direction = UPS.has(word) ? 1 : DOWNS.has(word) ? -1 : 0;
    if (direction === 0) continue;
    used.add(at);
    const quantity = nearestQuantity(words.list, at);
    if (quantity === null) parts.push({ at, first: at, last: at, weight: direction * MOVED });
    else {
      used.add(quantity.at);
      // What is lifted is higher, or gone.
      const sign = word === "lifted" ? 1 : direction * quantity.sign;
      const [first, last] = [Math.min(at, quantity.at), Math.max(at, quantity.at)];
      parts.push({ at, first, last, weight: sign * MOVED_QUANTITY });
    }
  }
  const endings = words.list.flatMap((word, at) => (ENDINGS.has(word) ? [at] : []));
  for (const [at, word] of words.list.entries()) {
    if (used.has(at) || ENDINGS.has(word) || NEGATIONS.has(word)) continue;
    const weight = weightOf(word);
    if (weight !== 0) parts.push({ at, first: at, last: at, weight });
  }
  const [ending] = endings;
  if (ending !== undefined) {
    const own = ENDINGS.get(words.list[ending]!)!;
    if (parts.length === 0) {
      const good = words.list.some((word) => GOOD_QUANTITIES.has(word));
      const bad = words.list.some((word) => BAD_QUANTITIES.has(word));
      const weight = bad ? MOVED_QUANTITY : good ? -MOVED_QUANTITY : own;
      return weight === 0 ? [] : [placed({ first: ending, last: ending }, weight * negatedBefore(words.list, ending))];
    }
    // "Refused to dismiss": of two the one undoes the other.
    const undone = NEGATED ** endings.length * negatedBefore(words.list, ending);
    return parts.map((part) => placed(part, part.weight * undone));
  }
  // "The rally could not be sustained": a negation that reaches nothing is of what came before it.
  const negation = words.list.findLastIndex(isNegation);
  const isOfAll = negation >= 0 && parts.length > 0 && parts.every(({ at }) => at < negation);
  const ofAll = isOfAll ? NEGATED : 1;
  return parts.map((part) => placed(part, part.weight * factorBefore(words.list, part.at) * ofAll));
}

interface ClauseWords {
  list: string[];
  places: { start: number; end: number }[];
  phrases: { at: number; weight: number }[];
}

/** The words of a clause in lower case, with their places; a phrase is one of them, and weighs what it weighs. */
function withoutPhrases(clause: string): ClauseWords {
  const phrases: ClauseWords["phrases"] = [];
  const words: string[] = [];
  const starts: number[] = [];
  for (const { 0: word, index } of clause.matchAll(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu)) {
    words.push(word);
    starts.push(index);
  }
  const list: string[] = [];
  const places: ClauseWords["places"] = [];
  const place = (first: number, last: number) =>
    places.push({ start: starts[first]!, end: starts[last]! + words[last]!.length });
  for (let at = 0; at < words.length; at += 1) {
    const phrase = [4, 3, 2]
      .filter((length) => at + length <= words.length)
      .map((length) => words.slice(at, at + length))
      .find((some) => PHRASES.has(some.join(" ")) || SYNONYMS.has(some.join(" ")));
    if (phrase === undefined) {
      list.push(words[at]!);
      place(at, at);
      continue;
    }
    const weight = PHRASES.get(phrase.join(" ")) ?? 0;
    if (weight !== 0) phrases.push({ at: list.length, weight });
    list.push(SYNONYMS.get(phrase.join(" ")) ?? "");
    place(at, at + phrase.length - 1);
    at += phrase.length - 1;
  }
  return { list, places, phrases };
}

function nearestQuantity(words: readonly string[], at: number): { at: number; sign: number } | null {
  for (let apart = 1; apart <= APART_MAX; apart += 1) {
    for (const place of [at - apart, at + apart]) {
      const word = words[place];
      if (word === undefined) continue;
      if (GOOD_QUANTITIES.has(word)) return { at: place, sign: 1 };
      if (BAD_QUANTITIES.has(word)) return { at: place, sign: -1 };
    }
  }
  return null;
}

const isNegation = (word: string): boolean => NEGATIONS.has(word) || word.endsWith("n't");

function negatedBefore(words: readonly string[], at: number): number {
  return words.slice(Math.max(0, at - NEGATION_REACH), at).some(isNegation) ? NEGATED : 1;
}

function factorBefore(words: readonly string[], at: number): number {
  const before = words[at - 1] ?? "";
  const strength = STRENGTHENERS.has(before) ? 1.5 : WEAKENERS.has(before) ? 0.5 : 1;
  return strength * negatedBefore(words, at);
}
