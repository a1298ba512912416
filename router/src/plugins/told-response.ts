import type { PluginResponse } from "./plugin.ts";

/** What whoever answers knows of the answer: getters where it takes work to know it, which is done if a plugin asks. */
export type ResponseFacts = Omit<PluginResponse, "errorCodes">;

/** What plugins are told of an answer. */
export class ToldResponse implements PluginResponse {
  readonly errorCodes: readonly string[];
  readonly #facts: ResponseFacts;

  constructor(facts: ResponseFacts, errorCodes: readonly string[]) {
    this.errorCodes = errorCodes;
    this.#facts = facts;
  }

  get status(): number {
    return this.#facts.status;
  }

  get bytes(): number {
    return this.#facts.bytes;
  }

  get setHeader(): PluginResponse["setHeader"] {
    return this.#facts.setHeader;
  }
}
