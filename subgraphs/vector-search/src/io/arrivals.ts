/** Lets a reader wait for an article that is announced elsewhere before it is stored here. */
export class Arrivals {
  readonly #waiting = new Map<string, Set<() => void>>();

  announce(ids: readonly string[]): void {
    for (const id of ids) for (const wake of this.#waiting.get(id) ?? []) wake();
  }

  /** Begins to listen at once; resolves when all have come or the time is over. */
  async wait(ids: readonly string[], timeoutMs: number): Promise<void> {
    const missing = new Set(ids);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    const wakes = [...missing].map((id) => {
      const wake = () => {
        missing.delete(id);
        if (missing.size === 0) resolve();
      };
      const others = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, others.add(wake));
      return { id, wake };
    });
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      for (const { id, wake } of wakes) {
        const others = this.#waiting.get(id);
        others?.delete(wake);
        if (others?.size === 0) this.#waiting.delete(id);
      }
    }
  }
}
