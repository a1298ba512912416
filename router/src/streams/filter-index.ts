/** A filter with its argument's values filled in; null lets every event pass. */
export interface ResolvedFilter {
  path: readonly string[];
  values: ReadonlySet<string> | null;
}

/**
 * Finds the members whose filters an event passes without asking those it does not concern: members are found by the values
 * of their first real filter, and only those found are asked for the rest.
 */
export class FilterIndex<Member> {
  readonly #unfiltered = new Set<Member>();
  readonly #byPath = new Map<string, { path: readonly string[]; members: Map<string, Set<Member>> }>();
  readonly #filters = new Map<Member, readonly ResolvedFilter[]>();

  get size(): number {
    return this.#filters.size;
  }

  add(member: Member, filters: readonly ResolvedFilter[]): void {
    const active = filters.filter((filter) => filter.values !== null);
    this.#filters.set(member, active);
    const first = active[0];
    if (first === undefined) {
      this.#unfiltered.add(member);
      return;
    }
    const pathKey = first.path.join(".");
    let index = this.#byPath.get(pathKey);
    if (!index) this.#byPath.set(pathKey, (index = { path: first.path, members: new Map() }));
    for (const value of first.values!) {
      let members = index.members.get(value);
      if (!members) index.members.set(value, (members = new Set()));
      members.add(member);
    }
  }

  delete(member: Member): void {
    const first = this.#filters.get(member)?.[0];
    this.#filters.delete(member);
    this.#unfiltered.delete(member);
    if (first === undefined) return;
    const pathKey = first.path.join(".");
    const index = this.#byPath.get(pathKey);
    for (const value of first.values!) {
      const members = index?.members.get(value);
      members?.delete(member);
      if (members?.size === 0) index!.members.delete(value);
    }
    if (index?.members.size === 0) this.#byPath.delete(pathKey);
  }

  /** Every member that the payload passes, each once. The payload is only asked for when a filter needs it. */
  match(payload: () => unknown): Iterable<Member> {
    if (this.#byPath.size === 0) return this.#unfiltered;
    const found = new Set(this.#unfiltered);
    for (const { path, members } of this.#byPath.values()) {
      for (const value of valuesAt(payload(), path)) {
        for (const member of members.get(value) ?? []) {
          const rest = this.#filters.get(member)!;
          if (rest.length === 1 || passes(rest, payload())) found.add(member);
        }
      }
    }
    return found;
  }

  members(): Iterable<Member> {
    return this.#filters.keys();
  }
}

/** Whether an event with this payload passes all the filters. */
export function passes(filters: readonly ResolvedFilter[], payload: unknown): boolean {
  return filters.every(
    ({ path, values }) => values === null || valuesAt(payload, path).some((value) => values.has(value)),
  );
}

/** The values at a path as text; a list on the way stands for each of its elements. */
function valuesAt(payload: unknown, path: readonly string[]): string[] {
  let values: unknown[] = Array.isArray(payload) ? payload : [payload];
  for (const name of path) {
    values = values.flatMap((value) => {
      const next = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
      return Array.isArray(next) ? next : [next];
    });
  }
  return values.filter((value) => value !== undefined && value !== null).map(String);
}
