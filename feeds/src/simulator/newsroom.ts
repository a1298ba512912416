import { formatNanos } from "@mib/protocol/instant";
import { articleId, type Article } from "../news/article.ts";
import type { SimulatedInstrument, Universe } from "./instruments.ts";
import type { Jump } from "./jumps.ts";
import type { PriceProcess } from "./price-process.ts";
import type { Random } from "./random.ts";
import { CALM_STORIES, PUBLISHERS, SECTOR_STORIES, STORIES, type Story } from "./stories.ts";

/** An article and when it is published. */
export interface DatedArticle {
  atMicros: number;
  article: Article;
}

const DELAY_S = { min: 4, max: 40 } as const;
const CALM_INTERVAL_S = 150;
const SYMBOLS_MAX = 6;

/** Writes about what moved, some seconds after it did, and about this and that in between. */
export class Newsroom {
  readonly #universe: Universe;
  readonly #process: PriceProcess;
  readonly #random: Random;
  readonly #bySymbol: ReadonlyMap<string, SimulatedInstrument>;
  #pending: DatedArticle[] = [];
  #calmAtSeconds: number;

  constructor(universe: Universe, process: PriceProcess, random: Random, fromSeconds: number) {
    this.#universe = universe;
    this.#process = process;
    this.#random = random;
    this.#bySymbol = new Map(universe.instruments.map((instrument) => [instrument.definition.symbol, instrument]));
    this.#calmAtSeconds = fromSeconds + random.exponential(CALM_INTERVAL_S);
  }

  /** An article about a jump. Ask for it while prices are as the jump left them. */
  about(jump: Jump): DatedArticle {
    const direction = jump.logSize > 0 ? "up" : "down";
    const stories = (jump.scope === "sector" ? SECTOR_STORIES : STORIES)[jump.market][direction];
    const delaySeconds = this.#random.between(DELAY_S.min, DELAY_S.max);
    const subject = this.#bySymbol.get(jump.symbols[0]!)!;
    return this.#write(
      jump.atMicros + Math.round(delaySeconds * 1e6),
      subject,
      jump.symbols,
      this.#random.pick(stories),
      Math.abs(Math.expm1(jump.logSize)),
      jump.id,
    );
  }

  /** An article on a day when nothing happens; the more an instrument is traded, the more is written about it. */
  calm(atMicros: number): DatedArticle {
    const subject = this.#instrumentOfInterest();
    return this.#write(
      atMicros,
      subject,
      [subject.definition.symbol],
      this.#random.pick(CALM_STORIES[subject.market]),
      null,
      `calm-${Math.round(atMicros / 1e3)}`,
    );
  }

  #instrumentOfInterest(): SimulatedInstrument {
    const { instruments } = this.#universe;
    let left = this.#random.next() * instruments.reduce((sum, { weight }) => sum + weight, 0);
    return instruments.find(({ weight }) => (left -= weight) < 0) ?? instruments[0]!;
  }

  /** Takes note of a jump that just happened. */
  report(jump: Jump): void {
    this.#pending.push(this.about(jump));
    this.#pending.sort((a, b) => a.atMicros - b.atMicros);
  }

  /** Articles that have been published by now and were not returned before. */
  due(nowMicros: number): DatedArticle[] {
    const due: DatedArticle[] = [];
    while (this.#calmAtSeconds * 1e6 <= nowMicros) {
      due.push(this.calm(Math.round(this.#calmAtSeconds * 1e6)));
      this.#calmAtSeconds += this.#random.exponential(CALM_INTERVAL_S);
    }
    due.push(...this.#pending.filter(({ atMicros }) => atMicros <= nowMicros));
    this.#pending = this.#pending.filter(({ atMicros }) => atMicros > nowMicros);
    return due.sort((a, b) => a.atMicros - b.atMicros);
  }

  #write(
    atMicros: number,
    subject: SimulatedInstrument,
    symbols: readonly string[],
    story: Story,
    move: number | null,
    slugEnd: string,
  ): DatedArticle {
    const words = this.#words(subject, symbols, move);
    const fill = (text: string) => capitalized(text.replace(/\{(\w+)\}/g, (_, word: string) => words[word] ?? ""));
    const title = fill(story.headline);
    const summary = [
      fill(story.cause),
      move === null ? "" : fill(this.#random.pick(MOVES)),
      fill(this.#random.pick(OUTLOOKS)),
    ]
      .filter(Boolean)
      .join(" ");
    const [source, domain] = this.#random.pick(PUBLISHERS);
    const publishedAt = formatNanos(BigInt(Math.round(atMicros / 1e3)) * 1_000_000n);
    const url = `https://${domain}/${publishedAt.slice(0, 10).replaceAll("-", "/")}/${slug(title)}-${slugEnd}`;
    const instruments = symbols.slice(0, SYMBOLS_MAX).map((symbol) => ({ symbol }));
    return {
      atMicros,
      article: { id: articleId({ url, title, summary }), title, summary, url, source, publishedAt, instruments },
    };
  }

  #words(subject: SimulatedInstrument, symbols: readonly string[], move: number | null): Record<string, string> {
    const asset = this.#universe.assets[subject.base < 0 ? subject.quoted : subject.base]!;
    const second = this.#bySymbol.get(symbols[1] ?? "");
    const others = this.#universe.assets.filter(({ market, name }) => market === asset.market && name !== asset.name);
    const peer =
      second && second.market !== "fx" ? second.definition.name.split(" / ")[0]! : this.#random.pick(others).name;
    const price = Math.exp(this.#process.logPrice(subject));
    return {
      name: asset.name,
      symbol: subject.definition.symbol,
      sector: asset.sector,
      peer,
      move: `${((move ?? 0) * 100).toFixed(1)} percent`,
      price: price.toLocaleString("en-US", { maximumSignificantDigits: 5 }),
    };
  }
}

const MOVES = [
  "{symbol} moved {move} within minutes and last traded near {price}.",
  "The move of {move} took {symbol} to about {price} on volume well above average.",
  "{symbol} changed hands at {price} after a move of {move}.",
  "Traders reported busy order books around {price} after {symbol} moved {move}.",
] as const;

const OUTLOOKS = [
  "Analysts were divided about how long it would last.",
  "Options imply that the coming days will stay lively.",
  "Traders will watch {peer} for confirmation.",
  "A spokesperson declined to comment.",
  "Liquidity returned quickly, market makers said.",
  "More details are expected before the end of the week.",
] as const;

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const slug = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 60);
