import type { MarketSink } from "../market-sink.ts";
import { ActivityTable } from "./activity-table.ts";
import { backfill } from "./backfill.ts";
import type { Universe } from "./instruments.ts";
import { JumpSource, type Jump } from "./jumps.ts";
import { LiveMarket } from "./live-market.ts";
import { Newsroom, type DatedArticle } from "./newsroom.ts";
import { PriceProcess } from "./price-process.ts";
import { Random } from "./random.ts";

/** What an engine knows of the market already, in the order of the instruments; nothing where it is new. */
export interface KnownMarket {
  /** End of the newest bar. */
  untilSeconds: readonly (number | null)[];
  /** Last price, in the instrument's own unit. */
  price: readonly (number | null)[];
  lastTradeId: readonly bigint[];
}

export interface SimulationOptions {
  seed: string;
  startMicros: number;
  /** Records per second over all instruments. */
  rate: number;
  universe: Universe;
  known?: KnownMarket;
}

const ARTICLES = 200;
const JUMP_ARTICLES = 140;
const ARTICLE_DAYS_S = 2 * 86_400;

/**
 * A market of its own: the past up to the start, then what happens from there on. It reads no clock; the same options give
 * the same records and articles, however the calls are spread over time.
 */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #process: PriceProcess;
  readonly #activity: ActivityTable;
  readonly #jumps: JumpSource;
  readonly #newsroom: Newsroom;
  #live: LiveMarket | null = null;

  constructor(options: SimulationOptions) {
    const { seed, universe, known, startMicros } = options;
    this.#options = options;
    this.#process = new PriceProcess(universe, new Random(seed, "prices"));
    this.#activity = new ActivityTable(universe);
    this.#jumps = new JumpSource(universe, new Random(seed, "jumps"), startMicros / 1e6);
    this.#newsroom = new Newsroom(universe, this.#process, new Random(seed, "news"), startMicros / 1e6);
    for (const [number, instrument] of universe.instruments.entries()) {
      const price = known?.price[number];
      // Crosses follow from their legs against the dollar.
      if (price != null && (instrument.base < 0 || instrument.quoted < 0))
        this.#process.setLogPrice(instrument, Math.log(price));
    }
  }

  define(sink: MarketSink): void {
    for (const { definition } of this.#options.universe.instruments) sink.defineInstrument(definition);
  }

  /** Writes the bars of the past; pauses between slices so that the writer can wait. Returns the news of that time, oldest first. */
  *backfill(sink: MarketSink): Generator<void, DatedArticle[], undefined> {
    const { universe, known, startMicros, rate, seed } = this.#options;
    const startSeconds = startMicros / 1e6;
    const articlesFrom = Math.max(
      startSeconds - ARTICLE_DAYS_S,
      ...(known?.untilSeconds.map((until) => until ?? 0) ?? []),
    );
    const stories: { weight: number; article: DatedArticle }[] = [];
    const slices = backfill({
      universe,
      process: this.#process,
      jumps: this.#jumps,
      random: new Random(seed, "bars"),
      activity: this.#activity,
      rate,
      startSeconds,
      knownUntilSeconds: known?.untilSeconds ?? [],
    });
    for (const { bars, jumps, atSeconds } of slices) {
      for (const bar of bars) sink.bar(bar);
      if (atSeconds > articlesFrom) {
        for (const jump of jumps) {
          const article = this.#newsroom.about(jump);
          const { weight } = universe.instruments.find(({ definition }) => definition.symbol === jump.symbols[0])!;
          if (article.atMicros < startMicros) stories.push({ weight: jump.deviations * Math.sqrt(weight), article });
        }
      }
      yield;
    }
    const share = (startSeconds - articlesFrom) / ARTICLE_DAYS_S;
    stories.sort((a, b) => b.weight - a.weight);
    const articles = stories.slice(0, Math.round(JUMP_ARTICLES * share)).map(({ article }) => article);
    const calm = new Random(seed, "calm news");
    while (articles.length < Math.round(ARTICLES * share)) {
      articles.push(this.#newsroom.calm(Math.round(calm.between(articlesFrom, startSeconds) * 1e6)));
    }
    return articles.sort((a, b) => a.atMicros - b.atMicros);
  }

  /** Opens the market at the start. Call it after the backfill. */
  open(sink: MarketSink): void {
    const { universe, startMicros, rate, seed, known } = this.#options;
    this.#jumps.skipTo(startMicros / 1e6);
    this.#activity.update(startMicros / 1e6);
    this.#live = new LiveMarket({
      universe,
      process: this.#process,
      jumps: this.#jumps,
      random: new Random(seed, "market"),
      activity: this.#activity,
      rate,
      startMicros,
      lastTradeIds: known?.lastTradeId ?? [],
    });
    this.#live.open(sink);
  }

  /** Writes what happens up to a time, and returns the jumps and the articles of that time. */
  advance(toMicros: number, sink: MarketSink): { jumps: Jump[]; articles: DatedArticle[] } {
    if (!this.#live) throw new Error("open the market before it advances");
    const jumps: Jump[] = [];
    this.#live.advance(toMicros, sink, (jump) => {
      jumps.push(jump);
      this.#newsroom.report(jump);
    });
    return { jumps, articles: this.#newsroom.due(this.#live.atMicros) };
  }

  /** Simulated time up to which everything has been written. */
  get atMicros(): number {
    return this.#live?.atMicros ?? this.#options.startMicros;
  }
}
