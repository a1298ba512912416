import type { Metric, Rule } from "./rule.ts";

/** All rules, found by what a value concerns: an event costs nothing for rules that it does not concern. */
export class RuleBook {
  readonly #byId = new Map<string, Rule>();
  readonly #bySubject = new Map<string, Set<Rule>>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Rule | undefined {
    return this.#byId.get(id);
  }

  ids(): string[] {
    return [...this.#byId.keys()];
  }

  put(rule: Rule): void {
    this.remove(rule.id);
    this.#byId.set(rule.id, rule);
    const key = subjectOf(rule.metric, rule.symbol);
    let rules = this.#bySubject.get(key);
    if (!rules) this.#bySubject.set(key, (rules = new Set()));
    rules.add(rule);
  }

  /** Takes over a definition unless one as new is known: of two readers of the database the slower one may tell older news. */
  putNewer(rule: Rule): void {
    const known = this.#byId.get(rule.id);
    // The same definition is known with its state, which may be ahead of what is saved.
    if (known === undefined || known.version < rule.version) this.put(rule);
  }

  remove(id: string): void {
    const rule = this.#byId.get(id);
    if (!rule) return;
    this.#byId.delete(id);
    const key = subjectOf(rule.metric, rule.symbol);
    const rules = this.#bySubject.get(key)!;
    rules.delete(rule);
    if (rules.size === 0) this.#bySubject.delete(key);
  }

  removeOf(userId: string): void {
    for (const rule of Array.from(this.#byId.values())) if (rule.userId === userId) this.remove(rule.id);
  }

  /** The rules on this metric of this instrument. */
  concerned(metric: Metric, symbol: string): Iterable<Rule> {
    return this.#bySubject.get(subjectOf(metric, symbol)) ?? [];
  }

  replaceAll(rules: readonly Rule[]): void {
    this.#byId.clear();
    this.#bySubject.clear();
    for (const rule of rules) this.put(rule);
  }
}

function subjectOf(metric: Metric, symbol: string): string {
  return `${metric}/${symbol}`;
}
