import { setTimeout as delay } from "node:timers/promises";
import type { EngineClient } from "@mib/protocol/engine-client";
import { INSTRUMENT_CLASS_NAMES } from "@mib/protocol/messages.generated";
import type { Service } from "@mib/service/run";
import type { Definition } from "../domain/linking/entity.ts";
import { EntityLinker } from "../domain/linking/entity-linker.ts";
import { commonWords } from "./common-words.ts";

/** An article may name an instrument that was defined just before it: what is known is at most so old. */
const FRESH_MS = 2_000;
/** So long the first articles wait for an engine that does not answer yet; then they are linked by nothing. */
const FIRST_ANSWER_MS_MAX = 20_000;
const ASK_AGAIN_MS = 250;

/**
 * The instruments as the engine defines them, and what links texts to them. While the engine can't be asked, what was known
 * stays.
 */
export class InstrumentDirectory {
  readonly #ask: () => Promise<readonly Definition[]>;
  readonly #service: Service;
  #linker = new EntityLinker([], commonWords());
  #definitions: readonly Definition[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  #answers = false;
  #asking: Promise<void> | null = null;

  constructor(service: Service, ask: () => Promise<readonly Definition[]>) {
    this.#service = service;
    this.#ask = ask;
    // Not a failure: news is found without the engine.
    service.health.check("instruments", () => ({ answers: this.#answers, instruments: this.#definitions.length }));
  }

  /** For what is known now, the engine asked if that is not fresh. */
  async linker(): Promise<EntityLinker> {
    if (performance.now() - this.#askedAt > FRESH_MS) await this.#refresh();
    if (this.#answers || this.#definitions.length > 0) return this.#linker;
    const end = performance.now() + FIRST_ANSWER_MS_MAX;
    while (!this.#answers && performance.now() < end && !this.#service.shutdownSignal.aborted) {
      await delay(ASK_AGAIN_MS, undefined, { signal: this.#service.shutdownSignal }).catch(() => {});
      await this.#refresh();
    }
    return this.#linker;
  }

  #refresh(): Promise<void> {
    this.#asking ??= this.#refreshed().finally(() => {
      this.#asking = null;
      this.#askedAt = performance.now();
    });
    return this.#asking;
  }

  async #refreshed(): Promise<void> {
    try {
      const definitions = await this.#ask();
      this.#answers = true;
      if (JSON.stringify(definitions) === JSON.stringify(this.#definitions)) return;
      this.#definitions = definitions;
      this.#linker = new EntityLinker(definitions, commonWords());
    } catch (error) {
      if (this.#answers) this.#service.log.warn({ err: error }, "the engine does not say which instruments there are");
      this.#answers = false;
    }
  }
}

/** Every instrument that the engine knows. */
export async function definedInstruments(engine: EngineClient): Promise<Definition[]> {
  const { value } = await engine.instruments();
  return value.map(({ symbol, name, venueSymbol, class: kind }) => ({
    symbol,
    name,
    venueSymbol,
    class: INSTRUMENT_CLASS_NAMES[kind] as Definition["class"],
  }));
}
