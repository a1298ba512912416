import type { OverrideLabel } from "../supergraph/override-labels.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";

/** What decides whether the label of an override holds. */
export interface OverrideSettings {
  /** Whether labels hold, by name. Of those that are not in it, `percent(N)` is drawn, and any other does not hold. */
  labels: Readonly<Record<string, boolean>>;
  /** From 0 up to but not including 1. */
  random(): number;
}

/** Says whether a label holds for one request; null leaves it to the supergraph. May throw a CodedError, to refuse. */
export type OverrideDecision = (label: string) => boolean | null;

/** Says for each request which overrides hold. */
export class OverrideChoice {
  /** Hold for every request. */
  readonly #held: readonly string[];
  /** Those that the settings do not name. */
  readonly #open: readonly ConcerningLabel[];
  /** Those of them that are drawn, for requests whose plan they can change. */
  readonly #drawn: readonly ConcerningLabel[];
  readonly #draw: (label: OverrideLabel) => boolean;

  constructor(
    { overrideLabels, requiredNames }: Pick<RouterSupergraph, "overrideLabels" | "requiredNames">,
    { labels, random }: OverrideSettings,
  ) {
    const isTold = ({ name }: OverrideLabel) => Object.hasOwn(labels, name);
    const isDrawn = (label: OverrideLabel) => label.percent !== null && label.percent > 0 && label.percent < 100;
    this.#held = overrideLabels
      .filter((label) => (isTold(label) ? labels[label.name] : label.percent === 100))
      .map(({ name }) => name);
    this.#open = overrideLabels
      .filter((label) => !isTold(label))
      .map((label) => ({ label, concerns: concernOf(label.fieldNames, requiredNames) }));
    this.#drawn = this.#open.filter(({ label }) => isDrawn(label));
    this.#draw = ({ percent }) => random() * 100 < percent!;
  }

  /** Whether a decision is asked for any label. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Whether a decision is asked for this label. */
  leavesOpen(name: string): boolean {
    return this.#open.some(({ label }) => label.name === name);
  }

  /** The names of the labels that hold for one request: equal lists for equal choices. */
  labelsFor(query: string): readonly string[] {
    if (this.#drawn.length === 0) return this.#held;
    const drawn = this.#drawn.filter(({ label, concerns }) => concerns(query) && this.#draw(label));
    return drawn.length === 0 ? this.#held : [...this.#held, ...drawn.map(({ label }) => label.name)];
  }

  /** As `labelsFor`, but what the settings do not name and can change the request's plan is decided first. */
  decidedLabelsFor(query: string, decide: OverrideDecision, draw = this.#draw): readonly string[] {
    const held = new Set(this.#held);
    const others: string[] = [];
    for (const each of this.#open) {
      const { label, concerns } = each;
      if (!concerns(query)) continue;
      const holds = decide(label.name) ?? (held.has(label.name) || (this.#drawn.includes(each) && draw(label)));
      if (!holds) held.delete(label.name);
      else if (!held.has(label.name)) others.push(label.name);
    }
    return [...held, ...others];
  }
}

interface ConcerningLabel {
  label: OverrideLabel;
  concerns(query: string): boolean;
}

/** A field has a place in a plan where the operation names it, or a key or a `@requires` does. */
function concernOf(fieldNames: ReadonlySet<string>, requiredNames: ReadonlySet<string>): (query: string) => boolean {
  const names = [...fieldNames];
  if (names.some((name) => requiredNames.has(name))) return () => true;
  const anyName = new RegExp(`\\b(?:${names.join("|")})\\b`);
  return (query) => anyName.test(query);
}
