import { BREAK, isCompositeType, Kind, visit, type SelectionSetNode } from "graphql";
import { collectFields, deferLabelOf, type Guard, type GuardedSelection } from "../shape/collect-fields.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";
import type { NormalizedOperation } from "./normalize-operation.ts";
import { requiredFields } from "./verify/required-fields.ts";

/** Why a field is needed. */
export interface Need {
  guard: Guard;
  /** The label of the `@defer` under which it is selected; null: what comes at once needs it, or a fetch. */
  deferredTo: string | null;
}

/** What is selected on objects, and the label of the `@defer` around it. */
interface Selected {
  selectionSet: SelectionSetNode;
  deferredTo: string | null;
}

/** What is needed of the objects at a path: by the client, and as inputs of fetches. */
export class NeededFields {
  readonly #supergraph: RouterSupergraph;
  readonly #normalized: NormalizedOperation;
  readonly #fetches: readonly PlannedFetch[];
  readonly #known = new Map<string, ReadonlyMap<string, readonly Need[]>>();
  #isInParts: boolean | null = null;

  constructor(supergraph: RouterSupergraph, normalized: NormalizedOperation, fetches: readonly PlannedFetch[]) {
    this.#supergraph = supergraph;
    this.#normalized = normalized;
    this.#fetches = fetches;
  }

  /** Whether anything is deferred. */
  isInParts(): boolean {
    if (this.#isInParts !== null) return this.#isInParts;
    this.#isInParts = false;
    visit(this.#normalized.document, {
      Directive: ({ name }) => {
        if (name.value !== "defer") return undefined;
        this.#isInParts = true;
        return BREAK;
      },
    });
    return this.#isInParts;
  }

  /** The needs of each field of objects of a type, by response name. */
  of(path: readonly string[], typeName: string): ReadonlyMap<string, readonly Need[]> {
    const key = [typeName, ...path].join();
    const known = this.#known.get(key);
    if (known) return known;
    const needed = this.#askedFor(path, typeName);
    for (const fetch of this.#fetches)
      for (const required of inputsAt(fetch, path))
        for (const { reads } of requiredFields(this.#supergraph.fullSchema, required, typeName).values())
          for (const read of reads) needed.set(read, [{ guard: [], deferredTo: null }]);
    this.#known.set(key, needed);
    return needed;
  }

  /** What is selected on the objects at a path, each with the part of the answer that they are in. */
  objectsAt(path: readonly string[]): Selected[] {
    let selected: Selected[] = [{ selectionSet: this.#normalized.operation.selectionSet, deferredTo: null }];
    for (const step of path) if (step !== "@") selected = selected.flatMap((each) => this.#inside(each, step));
    return selected;
  }

  #askedFor(path: readonly string[], typeName: string): Map<string, Need[]> {
    const { apiSchema } = this.#supergraph;
    const needs = new Map<string, Need[]>();
    const type = apiSchema.getType(typeName);
    if (!isCompositeType(type)) return needs;
    const collect = (selection: GuardedSelection, deferredTo: string | null): void => {
      const onDefer = (label: string, deferred: GuardedSelection) => collect(deferred, label);
      const fields = collectFields(apiSchema, this.#normalized.fragments, type, [selection], onDefer);
      for (const { responseName, guards } of fields) {
        const added = guards.map((guard) => ({ guard, deferredTo }));
        needs.set(responseName, [...(needs.get(responseName) ?? []), ...added]);
      }
    };
    for (const { selectionSet, deferredTo } of this.objectsAt(path)) collect({ selectionSet, guard: [] }, deferredTo);
    return needs;
  }

  /** What is selected in a field, whichever type of object it is selected on. */
  #inside({ selectionSet, deferredTo }: Selected, responseName: string): Selected[] {
    return selectionSet.selections.flatMap((selection): Selected[] => {
      if (selection.kind === Kind.FIELD) {
        const isIt = (selection.alias ?? selection.name).value === responseName;
        return isIt && selection.selectionSet ? [{ selectionSet: selection.selectionSet, deferredTo }] : [];
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const label = deferLabelOf(selection) ?? deferredTo;
        return this.#inside({ selectionSet: selection.selectionSet, deferredTo: label }, responseName);
      }
      const fragment = this.#normalized.fragments.get(selection.name.value);
      return fragment ? this.#inside({ selectionSet: fragment.selectionSet, deferredTo }, responseName) : [];
    });
  }
}

/** What a fetch reads of the objects at a path, its own entities or what is inside them. */
function inputsAt({ path, requires }: PlannedFetch, objects: readonly string[]): (readonly RequiredSelection[])[] {
  const [own, other] = [path, objects].map((each) => each.filter((step) => step !== "@")) as [string[], string[]];
  if (requires === null || own.some((step, index) => step !== other[index])) return [];
  let required: (readonly RequiredSelection[])[] = [requires];
  for (const step of other.slice(own.length)) required = required.flatMap((each) => readInside(each, step));
  return required;
}

function readInside(selections: readonly RequiredSelection[], name: string): (readonly RequiredSelection[])[] {
  return selections.flatMap((selection) => {
    if (selection.kind === "fragment") return readInside(selection.selections, name);
    return selection.read === name && selection.selections ? [selection.selections] : [];
  });
}
