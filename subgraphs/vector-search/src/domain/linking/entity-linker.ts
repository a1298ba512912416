import { CurrencyPairs } from "./currency-pairs.ts";
import { type Definition, entitiesOf, type Entity, type Name } from "./entity.ts";
import { actsAsCompany, isPartOfSomethingElse, isTheThing, Sentences, type Span } from "./evidence.ts";
import { isCapitalised, type Token, tokensOf } from "./token.ts";

/** SYMBOL: a symbol or a cash tag. NAME: a name that means nothing else. CONTEXT: a common word, and what is around it. */
export type MentionKind = "SYMBOL" | "NAME" | "CONTEXT";

/** Where a text speaks of instruments, in UTF-16 code units. */
export interface Mention {
  symbols: readonly string[];
  kind: MentionKind;
  start: number;
  end: number;
}

interface Candidate extends Span {
  entity: Entity;
  /** How it was named. */
  how: "TAG" | "PAIR" | "CODE" | "NAME";
  /** Null for a code. */
  name: Name | null;
}

/** A text, and what names it has. */
interface Reading {
  text: string;
  tokens: readonly Token[];
  sentences: Sentences;
  /** How often each is named. */
  named: ReadonlyMap<Entity, number>;
  sure: ReadonlySet<Candidate>;
  /** Of the sure ones. */
  kinds: ReadonlySet<Entity["kind"]>;
}

/** Of an article; what comes after is not looked at. */
const CHARACTERS_MAX = 20_000;
const MENTIONS_MAX = 100;
/** Characters of a symbol that is taken for one wherever it stands. */
const LONG = 5;
const SYMBOL = /[A-Z0-9]+(?:[-./][A-Z0-9]+)*/gu;
const QUOTED_IN = /^(?:USDT|USDC|FDUSD|USD|EUR|GBP|BTC|ETH)$/u;

/**
 * Links texts to instruments by what the platform calls them. A name that is also a word of the language counts where its
 * sentence speaks of what such a name would be: "Target cut its forecast" is about the company, "missed its target" is not.
 */
export class EntityLinker {
  readonly #byFirstWord = new Map<string, { entity: Entity; name: Name }[]>();
  readonly #byCode = new Map<string, Entity>();
  /** Those that are no words: BTCUSDT, BTC-USD.COINBASE. */
  readonly #symbolsLong: ReadonlySet<string>;
  readonly #pairs: CurrencyPairs;
  readonly #common: ReadonlySet<string>;

  constructor(definitions: readonly Definition[], common: ReadonlySet<string>) {
    this.#common = common;
    this.#pairs = new CurrencyPairs(definitions);
    this.#symbolsLong = new Set(definitions.map(({ symbol }) => symbol).filter((symbol) => symbol.length >= LONG));
    for (const entity of entitiesOf(definitions, common)) {
      if (!this.#byCode.has(entity.code)) this.#byCode.set(entity.code, entity);
      for (const name of entity.names) {
        const first = name.words[0]!.toLowerCase();
        this.#byFirstWord.set(first, [...(this.#byFirstWord.get(first) ?? []), { entity, name }]);
      }
    }
    for (const names of this.#byFirstWord.values())
      names.sort((left, right) => right.name.words.length - left.name.words.length);
  }

  /** Mentions in the order of the text, none inside another. */
  mentions(wholeText: string): Mention[] {
    const text = wholeText.slice(0, CHARACTERS_MAX);
    const tokens = tokensOf(text);
    const candidates = this.#candidates(tokens, text);
    const sentences = new Sentences(tokens);
    const sure = new Set(candidates.filter((each) => this.#isSure(each, { tokens, text, sentences })));
    const kinds = new Set([...sure].map(({ entity }) => entity.kind));
    const named = new Map<Entity, number>();
    for (const { entity } of candidates) named.set(entity, (named.get(entity) ?? 0) + 1);
    const found: Mention[] = [];
    for (const candidate of candidates) {
      const kind = this.#kindOf(candidate, { tokens, text, sentences, named, sure, kinds });
      if (kind !== null) found.push({ symbols: candidate.entity.symbols, kind, ...placeOf(tokens, candidate) });
    }
    for (const pair of this.#pairs.mentions(tokens, text))
      found.push({ symbols: pair.symbols, kind: "NAME", ...placeOf(tokens, pair) });
    for (const symbol of this.#symbols(text)) found.push(symbol);
    return withoutOverlaps(found).slice(0, MENTIONS_MAX);
  }

  /** Every symbol that is mentioned, in the order of first mention. */
  symbolsIn(text: string): string[] {
    return [...new Set(this.mentions(text).flatMap(({ symbols }) => symbols))];
  }

  #candidates(tokens: readonly Token[], text: string): Candidate[] {
    const found: Candidate[] = [];
    for (let from = 0; from < tokens.length; from += 1) {
      const candidate = this.#candidateAt(tokens, from, text);
      if (!candidate) continue;
      found.push(candidate);
      from = candidate.to - 1;
    }
    return found;
  }

  #candidateAt(tokens: readonly Token[], from: number, text: string): Candidate | null {
    const token = tokens[from]!;
    const named = (this.#byFirstWord.get(token.lower) ?? []).find(({ name }) => isWritten(name, tokens, from));
    if (named && named.name.words.length > 1)
      return { ...named, how: "NAME", from, to: from + named.name.words.length };
    const coded = this.#byCode.get(token.text.toUpperCase());
    if (coded) {
      const span = { from, to: from + 1 };
      if (text[token.start - 1] === "$") return { entity: coded, how: "TAG", name: null, ...span };
      const quote = tokens[from + 1];
      const isPair = quote && /^[/-]$/u.test(text.slice(token.end, quote.start)) && QUOTED_IN.test(quote.text);
      if (isPair) return { entity: coded, how: "PAIR", name: null, from, to: from + 2 };
      if (token.text === coded.code) return { entity: coded, how: "CODE", name: null, ...span };
    }
    return named ? { ...named, how: "NAME", from, to: from + 1 } : null;
  }

  /** Whether it means nothing else, whatever is around it. */
  #isSure(
    { how, name, entity, from, to }: Candidate,
    { tokens, text, sentences }: Pick<Reading, "tokens" | "text" | "sentences">,
  ): boolean {
    if (how === "TAG" || how === "PAIR") return true;
    const token = tokens[from]!;
    const style = sentences.style(token.sentence);
    if (how === "CODE") {
      const around = text.slice(Math.max(0, token.start - 12), token.start) + text.slice(token.end, token.end + 1);
      if (/\((?:[A-Z]{2,8}: ?)?\)$/u.test(around)) return true;
      const isWord = entity.code.length < 3 || this.#common.has(entity.code.toLowerCase());
      return style !== "UPPER" && !isWord && !isTheThing(tokens, { from, to });
    }
    if (!name!.common) return !isPartOfAPerson(tokens, { from, to }) || name!.words.length > 1;
    // All its words in capitals, where others are not.
    return (
      name!.words.length > 1 &&
      style === "PLAIN" &&
      tokens.slice(from + 1, to).every(({ text: word }) => isCapitalised(word))
    );
  }

  #kindOf(candidate: Candidate, { tokens, text, sentences, named, sure, kinds }: Reading): MentionKind | null {
    if (sure.has(candidate)) return candidate.how === "NAME" ? "NAME" : "SYMBOL";
    const { entity, how, from, to } = candidate;
    const style = sentences.style(tokens[from]!.sentence);
    if (style === "UPPER" || isPartOfSomethingElse(tokens, candidate, text)) return null;
    // Beside itself, or one of its kind that means nothing else.
    if (named.get(entity)! > 1 || kinds.has(entity.kind)) return "CONTEXT";
    if (how === "CODE" || entity.kind !== "COMPANY")
      return sentences.speaksOf(entity.kind, candidate) ? "CONTEXT" : null;
    // A capital where none has to be says that it is a name.
    if (!tokens[from]!.opens && style === "PLAIN" && to - from === 1) return "CONTEXT";
    return actsAsCompany(tokens, candidate, text) ? "CONTEXT" : null;
  }

  #symbols(text: string): Mention[] {
    return [...text.matchAll(SYMBOL)].flatMap(({ 0: symbol, index }) =>
      this.#symbolsLong.has(symbol)
        ? [{ symbols: [symbol], kind: "SYMBOL" as const, start: index, end: index + symbol.length }]
        : [],
    );
  }
}

function isWritten({ words, caseless, common }: Name, tokens: readonly Token[], from: number): boolean {
  return words.every((word, place) => {
    const token = tokens[from + place];
    if (!token || token.lower !== word.toLowerCase()) return false;
    // Gold is written small.
    if (caseless || token.text === word || (words.length === 1 && common && word === "Gold")) return true;
    return isCapitalised(token.text) && !common;
  });
}

function isPartOfAPerson(tokens: readonly Token[], span: Span): boolean {
  const before = tokens[span.from - 1];
  return before !== undefined && /^(?:mr|mrs|ms|president|coach|judge|dr)$/u.test(before.lower);
}

function placeOf(tokens: readonly Token[], { from, to }: Span): { start: number; end: number } {
  return { start: tokens[from]!.start, end: tokens[to - 1]!.end };
}

/** The longest first; of those that begin alike, the one that was found first. */
function withoutOverlaps(mentions: readonly Mention[]): Mention[] {
  const kept: Mention[] = [];
  for (const mention of mentions.toSorted((left, right) => left.start - right.start || right.end - left.end))
    if (mention.start >= (kept.at(-1)?.end ?? 0)) kept.push(mention);
  return kept;
}
