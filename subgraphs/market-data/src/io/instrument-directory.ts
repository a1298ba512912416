import type { Logger } from "@mib/service/log";
import type { Service } from "@mib/service/run";
import { sameInstrument, type Instrument } from "../domain/instrument.ts";
import { isEngineDown, type InstrumentStore, type Market } from "../domain/ports.ts";

const REFRESH_MS = 2_000;
const ASK_AGAIN_MS = 250;

/**
 * All instruments, in memory: as PostgreSQL had them at the start, then as the engine has them (of several each its own), asked every two seconds and
 * whenever somebody names one that is not known. What is new is written down, so that it is known without the engine.
 */
export class InstrumentDirectory {
  readonly #market: Market;
  readonly #store: InstrumentStore;
  readonly #log: Logger;
  readonly #known = new Map<string, Instrument>();
  readonly #unsaved = new Set<string>();
  #sorted: Instrument[] | null = null;
  #refreshing: Promise<void> | null = null;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #engineAnswers = false;

  private constructor(market: Market, store: InstrumentStore, log: Logger) {
    this.#market = market;
    this.#store = store;
    this.#log = log;
  }

  static async start(
    service: Service,
    market: Market,
    store: InstrumentStore,
    { refreshMs = REFRESH_MS } = {},
  ): Promise<InstrumentDirectory> {
    const directory = new InstrumentDirectory(market, store, service.log);
    for (const instrument of await store.all()) directory.#known.set(instrument.symbol, instrument);
    await directory.refresh();
    const timer = setInterval(() => void directory.refresh(), refreshMs);
    service.onShutdown("instruments", () => clearInterval(timer));
    // Not a failure: instruments and history are there without the engine.
    service.health.check("engine", () => ({ answers: directory.#engineAnswers, instruments: directory.#known.size }));
    return directory;
  }

  /** The instrument as far as it is known without asking. */
  known(symbol: string): Instrument | null {
    return this.#known.get(symbol) ?? null;
  }

  /** As `known`, but asks the engine before it answers null, in case the instrument is new. */
  async find(symbol: string): Promise<Instrument | null> {
    const known = this.known(symbol);
    if (known) return known;
    if (performance.now() - this.#refreshedAt > ASK_AGAIN_MS) await this.refresh();
    return this.known(symbol);
  }

  /** In the order of the symbols. */
  all(): readonly Instrument[] {
    this.#sorted ??= [...this.#known.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
    return this.#sorted;
  }

  /** Asks the engine, once for all who wait. Never fails: without the engine everything stays as it is. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
      this.#refreshedAt = performance.now();
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    try {
      const answers = await Promise.allSettled(this.#market.instruments());
      for (const answer of answers)
        if (answer.status === "fulfilled") answer.value.forEach((each) => this.#learn(each));
      // What those who answer have is known and written down all the same.
      await this.#save();
      for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
      if (!this.#engineAnswers) this.#log.info({ instruments: this.#known.size }, "the engine answers");
      this.#engineAnswers = true;
    } catch (error) {
      if (!isEngineDown(error)) this.#log.warn({ err: error }, "instruments could not be refreshed");
      else if (this.#engineAnswers) this.#log.warn({ err: error }, "the engine does not answer");
      if (isEngineDown(error)) this.#engineAnswers = false;
    }
  }

  #learn(instrument: Instrument): void {
    const before = this.#known.get(instrument.symbol);
    if (before && sameInstrument(before, instrument)) return;
    this.#known.set(instrument.symbol, instrument);
    this.#unsaved.add(instrument.symbol);
    this.#sorted = null;
  }

  async #save(): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const symbols = [...this.#unsaved];
    await this.#store.save(symbols.map((symbol) => this.#known.get(symbol) as Instrument));
    for (const symbol of symbols) this.#unsaved.delete(symbol);
  }
}
