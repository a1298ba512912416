import { isCompositeType, Kind, type SelectionNode, type SelectionSetNode } from "graphql";
import { collectFields, type Guard } from "../shape/collect-fields.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";
import type { NormalizedOperation } from "./normalize-operation.ts";
import { requiredFields } from "./verify/required-fields.ts";

/** What is needed of the objects at a path: by the client, and as inputs of fetches. */
export class NeededFields {
  readonly #supergraph: RouterSupergraph;
  readonly #normalized: NormalizedOperation;
  readonly #fetches: readonly PlannedFetch[];

  constructor(supergraph: RouterSupergraph, normalized: NormalizedOperation, fetches: readonly PlannedFetch[]) {
    this.#supergraph = supergraph;
    this.#normalized = normalized;
    this.#fetches = fetches;
  }

  /** By response name, when each field is needed of objects of a type. */
  of(path: readonly string[], typeName: string): Map<string, Guard[]> {
    const needed = this.#askedFor(path, typeName);
    for (const fetch of this.#fetches)
      for (const required of inputsAt(fetch, path))
        for (const { reads } of requiredFields(this.#supergraph.fullSchema, required, typeName).values())
          for (const read of reads) needed.set(read, [[]]);
    return needed;
  }

  #askedFor(path: readonly string[], typeName: string): Map<string, Guard[]> {
    const { apiSchema } = this.#supergraph;
    const { operation, fragments } = this.#normalized;
    const type = apiSchema.getType(typeName);
    if (!isCompositeType(type)) return new Map();
    let selections: SelectionSetNode[] = [operation.selectionSet];
    for (const step of path)
      if (step !== "@") selections = selections.flatMap((each) => this.#inside(each.selections, step));
    const guarded = selections.map((selectionSet) => ({ selectionSet, guard: [] }));
    const fields = collectFields(apiSchema, fragments, type, guarded);
    return new Map(fields.map(({ responseName, guards }) => [responseName, [...guards]]));
  }

  /** What is selected in a field, whichever type of object it is selected on. */
  #inside(selections: readonly SelectionNode[], responseName: string): SelectionSetNode[] {
    return selections.flatMap((selection): SelectionSetNode[] => {
      if (selection.kind === Kind.FIELD) {
        const isIt = (selection.alias ?? selection.name).value === responseName;
        return isIt && selection.selectionSet ? [selection.selectionSet] : [];
      }
      const selectionSet =
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : this.#normalized.fragments.get(selection.name.value)?.selectionSet;
      return selectionSet ? this.#inside(selectionSet.selections, responseName) : [];
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
