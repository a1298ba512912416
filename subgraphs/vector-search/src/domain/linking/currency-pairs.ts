import { CURRENCY_ALIASES } from "./known-aliases.ts";
import type { Definition } from "./entity.ts";
import type { Span } from "./evidence.ts";
import { isUpper, type Token } from "./token.ts";

interface Currency extends Span {
  code: string;
}

/** What is found of a pair: its symbols, and the words that say so. */
export interface PairMention extends Span {
  symbols: readonly string[];
}

const AMOUNT = /^(?:\d[\d.,]*|hundreds?|thousands?|millions?|billions?|trillions?|a|an|one|two|three|ten|per|in|of)$/u;
const AREA = /^(?:zone|area|bloc|crossrates?|cup|championship|note|notes|coin|coins|(?:19|20)\d\d)$/u;
const AGAINST = /^(?:against|versus|vs|per|to|and)$/u;
/** Between two currencies of a pair there are so many words at most. */
const APART_MAX = 8;

/**
 * Finds pairs of currencies by what texts call them: "the euro fell against the yen" is their pair, a currency by itself stands
 * for its pair with the US dollar, and an amount of money for none.
 */
export class CurrencyPairs {
  /** By both codes in either order. */
  readonly #symbols = new Map<string, string[]>();
  readonly #names = new Map<string, { words: readonly string[]; code: string }[]>();

  constructor(definitions: readonly Definition[]) {
    const codes = new Set<string>();
    for (const { symbol, venueSymbol, class: kind } of definitions) {
      const [, base, quoted] = /^([A-Z]{3})[-/_.]?([A-Z]{3})\b/u.exec(kind === "FX" ? venueSymbol : "") ?? [];
      if (!base || !quoted) continue;
      codes.add(base).add(quoted);
      for (const key of [base + quoted, quoted + base])
        this.#symbols.set(key, [...(this.#symbols.get(key) ?? []), symbol]);
    }
    for (const code of codes) {
      for (const name of CURRENCY_ALIASES[code] ?? []) {
        const words = name.toLowerCase().split(" ");
        this.#names.set(words[0]!, [...(this.#names.get(words[0]!) ?? []), { words, code }]);
      }
      this.#names.set(code.toLowerCase(), [...(this.#names.get(code.toLowerCase()) ?? []), { words: [code], code }]);
    }
    for (const names of this.#names.values()) names.sort((left, right) => right.words.length - left.words.length);
  }

  mentions(tokens: readonly Token[], text: string): PairMention[] {
    const found = this.#currencies(tokens);
    const mentions: PairMention[] = [];
    for (const sentence of Map.groupBy(found, ({ from }) => tokens[from]!.sentence).values()) {
      const dollars = new Map(sentence.filter(({ code }) => code === "USD").map((each) => [each.from, each]));
      const others = sentence.filter(({ code }) => code !== "USD");
      for (let at = 0; at < others.length; at += 1) {
        const one = others[at]!;
        const next = others[at + 1];
        const pair = next && next.code !== one.code && this.#areAgainst(tokens, text, one, next) ? next : null;
        const counter = pair?.code ?? "USD";
        const symbols = this.#symbols.get(one.code + counter);
        const last = pair ?? dollars.get(one.to - 1) ?? dollars.get(one.to) ?? dollars.get(one.to + 1) ?? one;
        if (symbols) mentions.push({ symbols, from: Math.min(one.from, last.from), to: Math.max(one.to, last.to) });
        if (pair) at += 1;
      }
    }
    return mentions;
  }

  #areAgainst(tokens: readonly Token[], text: string, one: Currency, next: Currency): boolean {
    const between = tokens.slice(one.to, next.from);
    if (between.length === 0) return /^[/-]$/u.test(text.slice(tokens[one.to - 1]!.end, tokens[next.from]!.start));
    return between.length <= APART_MAX && between.some(({ lower }) => AGAINST.test(lower) && lower !== "and");
  }

  #currencies(tokens: readonly Token[]): Currency[] {
    const found: Currency[] = [];
    for (let from = 0; from < tokens.length; from += 1) {
      const name = (this.#names.get(tokens[from]!.lower) ?? []).find(({ words }) =>
        words.every((word, place) => {
          const token = tokens[from + place];
          return token !== undefined && (isUpper(word) ? token.text === word : token.lower === word);
        }),
      );
      if (!name) continue;
      const to = from + name.words.length;
      // "USD/EUR" and "per dollar" are no amounts: the dollar is only what others are held against.
      if (name.code === "USD" || !isAmount(tokens, { from, to })) found.push({ code: name.code, from, to });
      from = to - 1;
    }
    return found;
  }
}

function isAmount(tokens: readonly Token[], { from, to }: Span): boolean {
  const before = tokens[from - 1];
  const next = tokens[to];
  const { sentence } = tokens[from]!;
  if (before && before.sentence === sentence && AMOUNT.test(before.lower)) return true;
  return next !== undefined && next.sentence === sentence && AREA.test(next.lower);
}
