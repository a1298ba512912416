import type { EngineShards } from "@mib/protocol/engine-shards";
import { INSTRUMENT_CLASS_NAMES, type InstrumentClassName } from "@mib/protocol/messages.generated";
import type { Service } from "@mib/service/run";

/** A class never changes, instruments are added: what is known is at most so old. */
const FRESH_MS = 10_000;
const ASK_AGAIN_MS = 1_000;

/** Of which class each instrument is, as the engine defines it. While the engine can't be asked, what was known stays. */
export class InstrumentClasses {
  readonly #service: Service;
  readonly #ask: () => Promise<ReadonlyMap<string, InstrumentClassName>>;
  #known: ReadonlyMap<string, InstrumentClassName> = new Map();
  #askAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(service: Service, ask: () => Promise<ReadonlyMap<string, InstrumentClassName>>) {
    this.#service = service;
    this.#ask = ask;
  }

  /** By symbol; asks the engine, once for all who want to know, where what is known is not fresh. */
  async known(): Promise<ReadonlyMap<string, InstrumentClassName>> {
    if (performance.now() > this.#askAtMs) await (this.#asking ??= this.#refresh());
    return this.#known;
  }

  async #refresh(): Promise<void> {
    try {
      this.#known = await this.#ask();
      this.#askAtMs = performance.now() + FRESH_MS;
    } catch (error) {
      this.#service.log.warn({ err: error }, "the engine does not say of which class instruments are");
      this.#askAtMs = performance.now() + ASK_AGAIN_MS;
    } finally {
      this.#asking = null;
    }
  }
}

/** The class of every instrument that the engines know, by symbol; fails when one of them does. */
export async function definedClasses(engines: EngineShards): Promise<Map<string, InstrumentClassName>> {
  const answers = await Promise.all(engines.all.map((engine) => engine.instruments()));
  const defined = answers.flatMap(({ value }) => value);
  return new Map(
    defined.flatMap(({ symbol, class: number }) => {
      const name = INSTRUMENT_CLASS_NAMES[number];
      return name === undefined ? [] : [[symbol, name] as const];
    }),
  );
}
