import type { OverrideLabel } from "../supergraph/override-labels.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";

/** What decides whether the label of an override holds. */
export interface OverrideSettings {
  /** Whether labels hold, by name. Of those that are not in it, `percent(N)` is drawn, and any other does not hold. */
  labels: Readonly<Record<string, boolean>>;
  /** From 0 up to but not including 1. */
  random(): number;
}

/** Says for each request which overrides hold. */
export class OverrideChoice {
  /** Hold for every request. */
  readonly #held: readonly string[];
  /** Are drawn, for requests whose plan they can change. */
  readonly #drawn: readonly { label: OverrideLabel; concerns(query: string): boolean }[];
  readonly #draw: (label: OverrideLabel) => boolean;

  constructor(
    { overrideLabels, requiredNames }: Pick<RouterSupergraph, "overrideLabels" | "requiredNames">,
    { labels, random }: OverrideSettings,
  ) {
    const isTold = ({ name }: OverrideLabel) => Object.hasOwn(labels, name);
    const isDrawn = (label: OverrideLabel) =>
      !isTold(label) && label.percent !== null && label.percent > 0 && label.percent < 100;
    this.#held = overrideLabels
      .filter((label) => (isTold(label) ? labels[label.name] : label.percent === 100))
      .map(({ name }) => name);
    this.#drawn = overrideLabels
      .filter(isDrawn)
      .map((label) => ({ label, concerns: concernOf(label.fieldNames, requiredNames) }));
    this.#draw = ({ percent }) => random() * 100 < percent!;
  }

  /** The names of the labels that hold for one request: equal lists for equal choices. `draw` decides what is open. */
  labelsFor(query: string, draw = this.#draw): readonly string[] {
    if (this.#drawn.length === 0) return this.#held;
    const drawn = this.#drawn.filter(({ label, concerns }) => concerns(query) && draw(label));
    return drawn.length === 0 ? this.#held : [...this.#held, ...drawn.map(({ label }) => label.name)];
  }
}

/** A field has a place in a plan where the operation names it, or a key or a `@requires` does. */
function concernOf(fieldNames: ReadonlySet<string>, requiredNames: ReadonlySet<string>): (query: string) => boolean {
  const names = [...fieldNames];
  if (names.some((name) => requiredNames.has(name))) return () => true;
  const anyName = new RegExp(`\\b(?:${names.join("|")})\\b`);
  return (query) => anyName.test(query);
}
