import { BAD_QUANTITIES, DOWNS, ENDINGS, GOOD_QUANTITIES, PHRASES, SYNONYMS, UPS } from "./market-grammar.ts";
import { weightOf } from "./word-weight.ts";

/** What the words of a clause weigh together, and how many of them weigh something. */
export interface ClauseScore {
  sum: number;
  found: number;
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

interface Part {
  at: number;
  weight: number;
}

/**
 * Weighs a clause: words by the lexicon; a rise or fall by what rises or falls (costs or sales); all of it the other way round
 * where it ends ("the strike was averted", "hopes faded"); and what a negation reaches.
 */
export function clauseScore(clause: string): ClauseScore {
  const words = withoutPhrases(clause);
  const parts: Part[] = [...words.phrases];
  const used = new Set<number>();
  for (const [at, word] of words.list.entries()) {
    const direction = UPS.has(word) ? 1 : DOWNS.has(word) ? -1 : 0;
    if (direction === 0) continue;
    used.add(at);
    const quantity = nearestQuantity(words.list, at);
    if (quantity === null) parts.push({ at, weight: direction * MOVED });
    else {
      used.add(quantity.at);
      // What is lifted is higher, or gone.
      const sign = word === "lifted" ? 1 : direction * quantity.sign;
      parts.push({ at, weight: sign * MOVED_QUANTITY });
    }
  }
  const endings = words.list.flatMap((word, at) => (ENDINGS.has(word) ? [at] : []));
  for (const [at, word] of words.list.entries()) {
    if (used.has(at) || ENDINGS.has(word) || NEGATIONS.has(word)) continue;
    const weight = weightOf(word);
    if (weight !== 0) parts.push({ at, weight });
  }
  const [ending] = endings;
  if (ending !== undefined) {
    const own = ENDINGS.get(words.list[ending]!)!;
    if (parts.length === 0) {
      const good = words.list.some((word) => GOOD_QUANTITIES.has(word));
      const bad = words.list.some((word) => BAD_QUANTITIES.has(word));
      const weight = bad ? MOVED_QUANTITY : good ? -MOVED_QUANTITY : own;
      return weight === 0 ? { sum: 0, found: 0 } : { sum: weight * negatedBefore(words.list, ending), found: 1 };
    }
    const sum = parts.reduce((total, { weight }) => total + weight, 0);
    // "Refused to dismiss": of two the one undoes the other.
    return { sum: sum * NEGATED ** endings.length * negatedBefore(words.list, ending), found: parts.length };
  }
  // "The rally could not be sustained": a negation that reaches nothing is of what came before it.
  const negation = words.list.findLastIndex(isNegation);
  const isOfAll = negation >= 0 && parts.length > 0 && parts.every(({ at }) => at < negation);
  const sum = parts.reduce((total, { at, weight }) => total + weight * factorBefore(words.list, at), 0);
  return { sum: isOfAll ? sum * NEGATED : sum, found: parts.length };
}

/** The words of a clause in lower case; a phrase is one of them, and weighs what it weighs. */
function withoutPhrases(clause: string): { list: string[]; phrases: Part[] } {
  const phrases: Part[] = [];
  const words = clause.match(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu) ?? [];
  const list: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const phrase = [4, 3, 2]
      .filter((length) => at + length <= words.length)
      .map((length) => words.slice(at, at + length))
      .find((some) => PHRASES.has(some.join(" ")) || SYNONYMS.has(some.join(" ")));
    if (phrase === undefined) {
      list.push(words[at]!);
      continue;
    }
    const weight = PHRASES.get(phrase.join(" ")) ?? 0;
    if (weight !== 0) phrases.push({ at: list.length, weight });
    list.push(SYNONYMS.get(phrase.join(" ")) ?? "");
    at += phrase.length - 1;
  }
  return { list, phrases };
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
