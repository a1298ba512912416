import type { ResponseError, ResponsePath } from "./execution.ts";

/** The places for which the errors of subgraphs explain a null: where an error is, below it and above it. */
export class ExplainedPaths {
  /** An error without a path may explain anything. */
  readonly #everywhere: boolean;
  readonly #paths = new Set<string>();
  readonly #prefixes = new Set<string>();

  constructor(errors: readonly ResponseError[]) {
    this.#everywhere = errors.some(({ path }) => path === undefined);
    for (const { path } of errors) {
      const keys = prefixKeys(path ?? []);
      this.#paths.add(keys.at(-1)!);
      for (const key of keys) this.#prefixes.add(key);
    }
  }

  has(path: ResponsePath): boolean {
    if (this.#everywhere) return true;
    if (this.#paths.size === 0) return false;
    const keys = prefixKeys(path);
    return this.#prefixes.has(keys.at(-1)!) || keys.some((key) => this.#paths.has(key));
  }
}

/** A key for each beginning of the path, the empty one first. No name has a slash in it. */
function prefixKeys(path: ResponsePath): string[] {
  const keys = [""];
  for (const step of path) keys.push(`${keys.at(-1)}/${step}`);
  return keys;
}
