/**
 * Which origins' pages may use the API: over HTTP by CORS, over WebSocket by the Origin header. A pattern is an origin,
 * with `*` as its port for any port, or `*` alone for all.
 */
export class OriginPolicy {
  readonly #all: boolean;
  readonly #origins: ReadonlySet<string>;
  readonly #anyPort: ReadonlySet<string>;

  constructor(patterns: readonly string[]) {
    this.#all = patterns.includes("*");
    this.#origins = new Set(
      patterns.filter((pattern) => !pattern.endsWith(":*")).map((pattern) => pattern.replace(/\/$/, "")),
    );
    this.#anyPort = new Set(
      patterns.filter((pattern) => pattern.endsWith(":*")).map((pattern) => pattern.slice(0, -2)),
    );
  }

  /** A request without an Origin is no page's. */
  allows(origin: string | undefined): boolean {
    if (origin === undefined || this.#all || this.#origins.has(origin)) return true;
    return this.#anyPort.size > 0 && this.#anyPort.has(origin.replace(/:\d+$/, ""));
  }
}
