import { Kind, print, type SelectionNode, type SelectionSetNode } from "graphql";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { JoinedSchema } from "../../supergraph/joined-schemas.ts";
import type { PlannedFetch, RequiredSelection } from "../fetch-plan.ts";
import { hasFields } from "../verify/has-fields.ts";
import { requiredBy } from "./required-selections.ts";

/**
 * One entity fetch becomes several, each for the fields that require the same: so a field never waits for an input of
 * another one, which is not there when the variables skip that other.
 */
export function splitRequirements(supergraph: RouterSupergraph, fetch: PlannedFetch): PlannedFetch[] {
  const types = supergraph.joinedSchemas.get(fetch.subgraph);
  if (!fetch.requires || !types) return [fetch];
  const requirements = new Requirements(types, (typeName, fieldSet) =>
    hasFields(supergraph, fetch.requires!, typeName, fieldSet),
  );
  const texts = new Set(requirements.textsIn(fetch.selection.selections, ""));
  if (texts.size < 2) return [fetch];
  return [...texts].map((text) => {
    const selections = requirements.selectionsFor(text, fetch.selection.selections, "");
    return {
      ...fetch,
      selection: { ...fetch.selection, selections },
      requires: [
        ...requirements.others(fetch.requires!, ""),
        ...requirements.fieldSetsOf(selections, "").map(([typeName, fieldSet]): RequiredSelection => ({
          kind: "fragment",
          on: typeName,
          selections: requiredBy(supergraph, [fieldSet], typeName),
        })),
      ],
    };
  });
}

class Requirements {
  readonly #types: JoinedSchema;
  readonly #isSent: (typeName: string, fieldSet: SelectionSetNode) => boolean;

  constructor(types: JoinedSchema, isSent: (typeName: string, fieldSet: SelectionSetNode) => boolean) {
    this.#types = types;
    this.#isSent = isSent;
  }

  /** What is sent of what each field requires, as text; empty for nothing. */
  textsIn(selections: readonly SelectionNode[], typeName: string): string[] {
    return selections.flatMap((selection): string[] => {
      if (selection.kind === Kind.FIELD) return [this.#textOf(typeName, selection.name.value)];
      if (selection.kind !== Kind.INLINE_FRAGMENT) return [];
      return this.textsIn(selection.selectionSet.selections, selection.typeCondition?.name.value ?? typeName);
    });
  }

  /** The fields that require just that. */
  selectionsFor(text: string, selections: readonly SelectionNode[], typeName: string): SelectionNode[] {
    return selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FIELD)
        return this.#textOf(typeName, selection.name.value) === text ? [selection] : [];
      if (selection.kind !== Kind.INLINE_FRAGMENT) return text === "" ? [selection] : [];
      const { selectionSet, typeCondition } = selection;
      const inner = this.selectionsFor(text, selectionSet.selections, typeCondition?.name.value ?? typeName);
      return inner.length > 0 ? [{ ...selection, selectionSet: { ...selectionSet, selections: inner } }] : [];
    });
  }

  fieldSetsOf(selections: readonly SelectionNode[], typeName: string): [string, SelectionSetNode][] {
    return selections.flatMap((selection): [string, SelectionSetNode][] => {
      if (selection.kind === Kind.FIELD) {
        const fieldSet = this.#fieldSetOf(typeName, selection.name.value);
        return fieldSet ? [[typeName, fieldSet]] : [];
      }
      if (selection.kind !== Kind.INLINE_FRAGMENT) return [];
      return this.fieldSetsOf(selection.selectionSet.selections, selection.typeCondition?.name.value ?? typeName);
    });
  }

  /** What is sent by which the subgraph can tell the entities: all that no field requires, and the keys. */
  others(required: readonly RequiredSelection[], typeName: string): RequiredSelection[] {
    return required.flatMap((selection): RequiredSelection[] => {
      if (selection.kind === "field") return this.#isOnlyRequired(typeName, selection.write) ? [] : [selection];
      const inner = this.others(selection.selections, selection.on);
      // Without more than its type an entity is not sent.
      return inner.every(isTypename) ? [] : [{ ...selection, selections: inner }];
    });
  }

  #isOnlyRequired(typeName: string, name: string): boolean {
    const type = this.#types.get(typeName);
    if (!type || name === "__typename" || type.keys.some(({ fields }) => isIn(fields, name))) return false;
    return [...type.fields.values()].some(({ requires }) => requires && isIn(requires, name));
  }

  #textOf(typeName: string, fieldName: string): string {
    const fieldSet = this.#fieldSetOf(typeName, fieldName);
    return fieldSet ? print(fieldSet) : "";
  }

  #fieldSetOf(typeName: string, fieldName: string): SelectionSetNode | null {
    const fieldSet = this.#types.get(typeName)?.fields.get(fieldName)?.requires;
    return fieldSet && this.#isSent(typeName, fieldSet) ? fieldSet : null;
  }
}

function isTypename(selection: RequiredSelection): boolean {
  return selection.kind === "field" && selection.write === "__typename";
}

function isIn({ selections }: SelectionSetNode, name: string): boolean {
  return selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === name;
    return selection.kind === Kind.INLINE_FRAGMENT && isIn(selection.selectionSet, name);
  });
}
