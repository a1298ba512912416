import type { Entity } from "./entity.ts";
import { isCapitalised, isUpper, type Token } from "./token.ts";

/** What a text says about a coin, a company or a commodity when it speaks of one: stems of words of its sentence. */
const TALK: Readonly<Record<Entity["kind"], RegExp>> = {
  COIN: /^(?:tokens?|coins?|crypto\w*|blockchains?|networks?|protocols?|defi|staking|staked|stake|validators?|on-chain|chain|mainnet|testnet|subnets?|layer|layer-two|layer-one|rollup|sequencer|airdrop|wallets?|holders|governance|unlock|unlocks|altcoins?|stablecoins?|memes?|smart|dapps?|nft|nfts|bridge|hub|forks?|miners?|halving|ecosystem|liquidated|foundation)$/u,
  COMPANY:
    /^(?:shares?|stocks?|shareholders?|investors?|profits?|revenues?|earnings|dividends?|buybacks?|ceo|cfo|executive|sales|stores?|forecasts?|guidance|outlook|results|quarter|quarterly|margins?|customers|brokers?|analysts?|regulators?|deliveries|retailer|carmaker|chipmaker|acquisition|takeover|merger|headquarters|valuable|company)$/u,
  COMMODITY:
    /^(?:ounces?|spot|futures|bullion|yields?|traded|trades|prices?|rall(?:y|ied|ies)|record|metals?|safe-haven|haven|hedge|inflation|miners)$/u,
};

/** What a company does in the news: the verb after its name. */
const DOES =
  /^(?:says?|said|will|would|plans?|planned|unveil(?:s|ed)|launch(?:es|ed)|cuts?|raise[sd]|hires?|hired|names?|named|sells?|sold|buys?|bought|bids?|sees?|saw|adds?|added|adopts?|adopted|pays?|paid|signs?|signed|reports?|reported|process(?:es|ed)|recall(?:s|ed)|delays?|delayed|beats?|missed|misses|posts?|posted|wins?|won|lost|loses|faces?|faced|expects?|expected|warns?|warned|rose|rises|fell|falls|gain(?:s|ed)|drop(?:s|ped)|jump(?:s|ed)|surge[sd]|slid|slides|slip(?:s|ped)|slump(?:s|ed)|plunge[sd]|tumble[sd]|climb(?:s|ed)|rall(?:ies|ied)|shares?|stock|stores?|shareholders?|investors?|executives?|was|has|is|and|agree[sd]|acquire[sd]|invests?|invested|opens?|opened|closes?|closed|suspend(?:s|ed)|files?|filed|settle[sd]|appoint(?:s|ed)|announce[sd]|overtook|passed|delivered|makes?|made)$/u;

const TITLES = /^(?:mr|mrs|ms|dr|sir|president|coach|judge|senator|minister|professor|saint|king|queen|captain)$/u;
const DETERMINERS = /^(?:a|an|each|every|any|some|no|this|that|his|her|my|your|our|their)$/u;
const CODE_HEADS =
  /^(?:tokens?|coins?|network|blockchain|airdrop|pair|price|ecosystem|stock|shares|chain|protocol|usdt|usdc|usd|eur)$/u;
const MORE_OF_A_NAME = /^(?:medals?|rush|standard|card|rings?|mine|age)$/u;

/** Words in a row of a text, as places of tokens: from `from` up to and without `to`. */
export interface Span {
  from: number;
  to: number;
}

type SentenceStyle = "PLAIN" | "TITLE" | "UPPER";

interface Sentence extends Span {
  style: SentenceStyle | null;
  /** Places of the first and the last word that speaks of a kind; null where none does. */
  talk: Partial<Record<Entity["kind"], { first: number; last: number } | null>>;
}

/** What the sentences of a text say as a whole. Each is read once for each question, however many names it has. */
export class Sentences {
  readonly #tokens: readonly Token[];
  readonly #sentences: Sentence[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    for (const [place, { sentence }] of tokens.entries())
      (this.#sentences[sentence] ??= { from: place, to: place, style: null, talk: {} }).to = place + 1;
  }

  /** Whether a sentence is written with capitals throughout, so that they say nothing: a headline of that style, or shouting. */
  style(sentence: number): SentenceStyle {
    const known = this.#sentences[sentence]!;
    return (known.style ??= styleOf(this.#tokens.slice(known.from, known.to)));
  }

  /** Whether the words around say that an entity of this kind is spoken of: the name itself left out. */
  speaksOf(kind: Entity["kind"], span: Span): boolean {
    const known = this.#sentences[this.#tokens[span.from]!.sentence]!;
    let talk = known.talk[kind];
    if (talk === undefined) talk = known.talk[kind] = this.#talkOf(kind, known);
    return talk !== null && (talk.first < span.from || talk.last >= span.to);
  }

  #talkOf(kind: Entity["kind"], { from, to }: Span): { first: number; last: number } | null {
    const places = this.#tokens.slice(from, to).flatMap(({ lower }, at) => (TALK[kind].test(lower) ? [from + at] : []));
    return places.length === 0 ? null : { first: places[0]!, last: places.at(-1)! };
  }
}

function styleOf(sentence: readonly Token[]): SentenceStyle {
  const words = sentence.filter(({ text }) => /\p{L}{2}/u.test(text));
  if (words.length >= 3 && words.every(({ text }) => isUpper(text))) return "UPPER";
  const long = words.filter(({ text }) => text.length > 3);
  return long.length >= 4 && long.every(({ text }) => isCapitalised(text)) ? "TITLE" : "PLAIN";
}

/** Whether what is named does what companies do: "Target cut its forecast", "Apple's services". */
export function actsAsCompany(tokens: readonly Token[], span: Span, text: string): boolean {
  const last = tokens[span.to - 1]!;
  if (/^['’]s?\b/u.test(text.slice(last.end, last.end + 2))) return true;
  const next = tokens[span.to];
  return next !== undefined && next.sentence === last.sentence && DOES.test(next.lower);
}

/** Whether the words beside it make something else of it: a person's name, a thing among many, a longer name. */
export function isPartOfSomethingElse(tokens: readonly Token[], span: Span, text: string): boolean {
  const before = tokens[span.from - 1];
  const next = tokens[span.to];
  const { sentence, end } = tokens[span.to - 1]!;
  if (isTheThing(tokens, span)) return true;
  if (before && before.sentence === sentence && (TITLES.test(before.lower) || DETERMINERS.test(before.lower)))
    return true;
  if (!next || next.sentence !== sentence) return false;
  const isJoined = text.slice(end, next.start) === " ";
  return isJoined && (MORE_OF_A_NAME.test(next.lower) || (isCapitalised(next.text) && !isUpper(next.text)));
}

/** Whether "the" before a name makes it something else: "the ADA", "the Amazon", but not "the ADA token". */
export function isTheThing(tokens: readonly Token[], span: Span): boolean {
  return tokens[span.from - 1]?.lower === "the" && !CODE_HEADS.test(tokens[span.to]?.lower ?? "");
}
