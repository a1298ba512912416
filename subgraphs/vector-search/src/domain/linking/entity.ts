import { COIN_ALIASES, COMPANY_ALIASES } from "./known-aliases.ts";
import { tokensOf } from "./token.ts";

/** What the platform says of an instrument. */
export interface Definition {
  symbol: string;
  name: string;
  venueSymbol: string;
  class: "CRYPTO" | "EQUITY" | "FX" | "COMMODITY" | "INDEX" | "DERIVATIVE";
}

/** What texts speak of: a coin, a company, a commodity. It is traded as one instrument or as several. */
export interface Entity {
  kind: "COIN" | "COMPANY" | "COMMODITY";
  /** Sorted, without repetition. */
  symbols: string[];
  /** Its ticker or the coin's code, in upper case. */
  code: string;
  names: Name[];
}

/** A way to name an entity. */
export interface Name {
  words: string[];
  /** Whether it counts however it is written. */
  caseless: boolean;
  /** Whether all its words mean something else, too: then something around it has to say that it is meant. */
  common: boolean;
}

const PAIR = /^(.+?) \/ (.+?)( Perpetual)?$/u;
const QUOTES = /[-/_.]?(?:USDT|USDC|FDUSD|TUSD|BUSD|USD|EUR|GBP|TRY|JPY|BTC|ETH|BNB)$/u;
const LEGAL_FORM =
  /(?:,? (?:inc\.?|incorporated|corporation|corp\.?|company|co\.?|plc|ltd\.?|limited|llc|ag|se|sa|s\.a\.|nv|n\.v\.|asa|ab|oyj|holdings?|group|class [a-c]|common stock|adr))+$/iu;
/** The symbols of an entity, at most: an article about a coin is not an article about a hundred of its pairs. */
const SYMBOLS_MAX = 20;
const DISTINCT_LETTERS_MIN = 4;

/** The entities behind instruments. Pairs of currencies are none: `currency-pairs` knows them. `common`: words of the language. */
export function entitiesOf(definitions: readonly Definition[], common: ReadonlySet<string>): Entity[] {
  const entities = new Map<string, Entity>();
  const firstWords = Map.groupBy(definitions.filter(isCompany), ({ name }) => companyCore(name).split(" ")[0]!);
  for (const definition of definitions) {
    if (definition.class === "FX") continue;
    const draft = isCompany(definition)
      ? companyOf(definition, common, (word) => firstWords.get(word)!.length > 1)
      : assetOf(definition, common);
    const key = `${draft.kind} ${draft.code}`;
    const known = entities.get(key);
    if (!known) entities.set(key, draft);
    else {
      known.symbols = [...new Set([...known.symbols, ...draft.symbols])].toSorted().slice(0, SYMBOLS_MAX);
      known.names = distinct([...known.names, ...draft.names]);
    }
  }
  return [...entities.values()];
}

const isCompany = (definition: Definition): boolean => definition.class === "EQUITY" || definition.class === "INDEX";

function assetOf({ symbol, name, venueSymbol, class: kind }: Definition, common: ReadonlySet<string>): Entity {
  const base = PAIR.exec(name)?.[1] ?? name;
  const coded = /^[A-Z0-9]{2,10}$/u.test(base) && base !== "XRP";
  const code = coded
    ? base
    : venueSymbol
        .replace(/-PERP$/u, "")
        .replace(QUOTES, "")
        .toUpperCase();
  const names = [...(coded ? [] : [base]), ...(COIN_ALIASES[code] ?? [])];
  return {
    kind: kind === "COMMODITY" ? "COMMODITY" : "COIN",
    symbols: [symbol],
    code,
    names: distinct(names.map((each) => nameOf(each, common))),
  };
}

function companyOf(
  { symbol, name }: Definition,
  common: ReadonlySet<string>,
  isShared: (word: string) => boolean,
): Entity {
  const core = companyCore(name);
  const [first = "", ...rest] = core.split(" ");
  const aliases = COMPANY_ALIASES[core.toLowerCase()] ?? [];
  // "Norva" for Norva Semiconductors, but not "Regional" for Regional Trust.
  const isDistinct =
    rest.length > 0 && first.length >= DISTINCT_LETTERS_MIN && !common.has(first.toLowerCase()) && !isShared(first);
  const names = [core, ...aliases, ...(isDistinct ? [first] : [])].map((each) => nameOf(each, common));
  return { kind: "COMPANY", symbols: [symbol], code: symbol.split(".")[0]!.toUpperCase(), names: distinct(names) };
}

function companyCore(name: string): string {
  return name
    .replace(/^The (?=\S+ )/u, "")
    .replace(/\.com\b/iu, "")
    .replace(LEGAL_FORM, "")
    .replace(/[,\s]+$/u, "");
}

function nameOf(text: string, common: ReadonlySet<string>): Name {
  const words = tokensOf(text).map((token) => token.text);
  const caseless = text === text.toLowerCase();
  return {
    words,
    caseless,
    common: !caseless && words.every((word) => common.has(word.toLowerCase()) || word === "&"),
  };
}

function distinct(names: readonly Name[]): Name[] {
  const byWords = new Map<string, Name>();
  for (const name of names) {
    const key = name.words.join(" ").toLowerCase();
    const known = byWords.get(key);
    byWords.set(key, known && known.caseless ? known : name);
  }
  return [...byWords.values()];
}
