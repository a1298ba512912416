import type { DirectiveNode } from "graphql";
import type { DeferredObject } from "./deferred-execution.ts";

/** A `@defer` of the client's, in one of the places where its fragment is spread. */
export interface ClientDefer {
  /** Null where the client gave none. */
  label: string | null;
  directive: DirectiveNode;
}

/**
 * Which deferred parts were told of in one execution: a fragment may be spread several times at one place, and then its
 * `@defer` is planned several times and answered once.
 */
export class ToldParts {
  /** The directives that stand in several places, by our labels. */
  readonly #repeated = new Map<string, DirectiveNode>();
  readonly #told = new Map<DirectiveNode, Set<string>>();

  constructor(defers: ReadonlyMap<string, ClientDefer>) {
    const first = new Map<DirectiveNode, string>();
    for (const [label, { directive }] of defers) {
      const other = first.get(directive);
      if (other === undefined) first.set(directive, label);
      else this.#repeated.set(label, directive).set(other, directive);
    }
  }

  /** Whether this part of the object was not told of before. */
  isNew({ part, indexes }: DeferredObject): boolean {
    const directive = this.#repeated.get(part.label);
    if (directive === undefined) return true;
    const told = this.#told.get(directive) ?? new Set();
    const path = JSON.stringify(part.pathOf(indexes));
    if (told.has(path)) return false;
    this.#told.set(directive, told.add(path));
    return true;
  }
}
