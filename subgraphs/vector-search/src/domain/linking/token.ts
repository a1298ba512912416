/** A word of a text, as entity linking sees it. */
export interface Token {
  text: string;
  lower: string;
  /** In UTF-16 code units of the text. `end` leaves out a possessive. */
  start: number;
  end: number;
  /** Whether it begins a sentence: a capital says nothing there. */
  opens: boolean;
  /** Its sentence, counted from 0. */
  sentence: number;
}

/** A word, its hyphen and its dots with it; of a pair of codes (BTC-USD) each by itself. */
const WORD = /[A-Z0-9]{2,10}(?=-[A-Z]{3,5}(?![\p{L}\p{N}-]))|[\p{L}\p{N}]+(?:[-'’.](?=[\p{L}\p{N}])[\p{L}\p{N}]+)*|&/gu;
const POSSESSIVE = /['’]s?$/u;
const ENDS_SENTENCE = /[.!?:;\n]["'”’)]*\s|\n/u;

/** The words of a text, in order. A text that is read has a bound of its own. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let sentence = 0;
  let before = 0;
  for (const match of text.matchAll(WORD)) {
    const word = match[0].replace(POSSESSIVE, "");
    const opens = tokens.length === 0 || ENDS_SENTENCE.test(text.slice(before, match.index));
    if (opens && tokens.length > 0) sentence += 1;
    before = match.index + match[0].length;
    const end = match.index + word.length;
    tokens.push({ text: word, lower: word.toLowerCase(), start: match.index, end, opens, sentence });
  }
  return tokens;
}

export const isCapitalised = (word: string): boolean => /^\p{Lu}/u.test(word);
export const isUpper = (word: string): boolean => /\p{Lu}/u.test(word) && word === word.toUpperCase();
