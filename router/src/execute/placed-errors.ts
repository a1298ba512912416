import type { ExplainingNames } from "../plan/explaining-names.ts";
import { askedErrors } from "../shape/asked-errors.ts";
import type { ResponseError, ResponsePath } from "./execution.ts";

/**
 * Tells each error with the part of an answer that has its place. What belongs to a deferred part may be fetched along with
 * what comes before it: its errors are held back until the part comes.
 */
export class PlacedErrors {
  readonly #explaining: ExplainingNames;
  #held: readonly ResponseError[] = [];

  constructor(explaining: ExplainingNames) {
    this.#explaining = explaining;
  }

  /** Those of a part, of its own fetches and of earlier ones; `data` is the part's, of the object at the path. */
  take(own: readonly ResponseError[], path: ResponsePath, data: string): readonly ResponseError[] {
    const isInside = ({ path: place = [] }: ResponseError) => path.every((step, index) => place[index] === step);
    const errors = this.#held.length === 0 ? own : [...own, ...this.#held.filter(isInside)];
    if (errors.length === 0) return errors;
    const inside = errors.map((error) => ({ ...error, path: error.path?.slice(path.length) ?? [] }));
    const asked = new Set(askedErrors(inside, data, this.#explaining));
    const taken = new Set(errors.filter((_, index) => asked.has(inside[index]!)));
    this.#held = [...this.#held, ...own].filter((each) => !taken.has(each));
    return [...taken];
  }
}
