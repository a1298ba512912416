import { OPERATIONS, type SeedResult } from "./fuzz-case.ts";

/** Counts the operations that were refused, by reason. */
export class RefusalTable {
  readonly #counts = new Map<string, number>();
  readonly #firstSeeds = new Map<string, number>();
  #operations = 0;

  count({ world, refused }: SeedResult): void {
    this.#operations += OPERATIONS;
    for (const message of refused) {
      const reason = reasonOf(message);
      this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
      if (!this.#firstSeeds.has(reason)) this.#firstSeeds.set(reason, world.dataSeed);
    }
  }

  /** In percent of all operations. */
  share(): number {
    const all = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    return (100 * all) / Math.max(1, this.#operations);
  }

  /** The most frequent reason first, each with the first seed that had it. */
  print(): string {
    const lines = [...this.#counts]
      .sort(([, one], [, other]) => other - one)
      .map(([reason, count]) => {
        const share = ((100 * count) / this.#operations).toFixed(3).padStart(7);
        return `${share} %  ${reason} (first: seed ${this.#firstSeeds.get(reason)})`;
      });
    return [...lines, `${this.share().toFixed(3).padStart(7)} %  of ${this.#operations} operations refused`].join("\n");
  }
}

/** The message without the names of this one case. */
function reasonOf(message: string): string {
  return message.replaceAll(/"[^"]*"/g, '"…"');
}
