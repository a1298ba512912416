import { setTimeout as delay } from "node:timers/promises";
import type { EngineShards } from "@mib/protocol/engine-shards";
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
  readonly #firstAnswerMsMax: number;
  #firstAnswerBy: number | null = null;
  #linker = new EntityLinker([], commonWords());
  #definitions: readonly Definition[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  #answers = false;
  #asking: Promise<void> | null = null;

  constructor(
    service: Service,
    ask: () => Promise<readonly Definition[]>,
    { firstAnswerMsMax = FIRST_ANSWER_MS_MAX } = {},
  ) {
    this.#firstAnswerMsMax = firstAnswerMsMax;
    this.#service = service;
    this.#ask = ask;
    // Not a failure: news is found without the engine.
    service.health.check("instruments", () => ({ answers: this.#answers, instruments: this.#definitions.length }));
  }

  /** For what is known now, the engine asked if that is not fresh. One that did not answer last time is not waited for. */
  async linker(): Promise<EntityLinker> {
    const isFresh = performance.now() - this.#askedAt <= FRESH_MS;
    const asking = isFresh ? null : this.#refresh();
    if (this.#answers) await asking;
    else if (this.#definitions.length === 0) await this.#firstAnswer();
    return this.#linker;
  }

  /** Once in the life of the process, however many wait. */
  async #firstAnswer(): Promise<void> {
    this.#firstAnswerBy ??= performance.now() + this.#firstAnswerMsMax;
    const { shutdownSignal } = this.#service;
    while (!this.#answers && performance.now() < this.#firstAnswerBy && !shutdownSignal.aborted) {
      await this.#refresh();
      if (!this.#answers) await delay(ASK_AGAIN_MS, undefined, { signal: shutdownSignal }).catch(() => {});
    }
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

/** Every instrument that the engines know; fails when one of them does. */
export async function definedInstruments(engines: EngineShards): Promise<Definition[]> {
  const answers = await Promise.all(engines.all.map((engine) => engine.instruments()));
  const defined = answers.flatMap(({ value }) => value);
  return defined.map(({ symbol, name, venueSymbol, class: kind }) => ({
    symbol,
    name,
    venueSymbol,
    class: INSTRUMENT_CLASS_NAMES[kind] as Definition["class"],
  }));
}
