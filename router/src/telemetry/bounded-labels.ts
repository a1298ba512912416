/** Values of a metric's label that others choose: the first `valuesMax` are told apart, the rest are "other". */
export class BoundedLabels {
  readonly #valuesMax: number;
  readonly #values: Set<string>;

  /** `known` are told apart in any case, and count for nothing. */
  constructor(valuesMax: number, known: Iterable<string> = []) {
    this.#values = new Set(known);
    this.#valuesMax = valuesMax + this.#values.size;
  }

  labelOf(value: string): string {
    if (this.#values.has(value)) return value;
    if (this.#values.size >= this.#valuesMax) return "other";
    this.#values.add(value);
    return value;
  }
}
