import { Kind, type FieldNode, type SelectionNode } from "graphql";
import { guardOf, type Guard } from "../shape/collect-fields.ts";

/** A field of entities themselves. */
export interface SelectedField {
  node: FieldNode;
  /** The type that it is selected on. */
  on: string;
  guard: Guard;
}

/** The fields that a fetch selects on its entities, the type of the fragment around them, and when. */
export function selectedFields(selections: readonly SelectionNode[], typeName: string, outer: Guard): SelectedField[] {
  return selections.flatMap((selection): SelectedField[] => {
    const guard = guardOf(selection.directives, outer);
    if (guard === null || selection.kind === Kind.FRAGMENT_SPREAD) return [];
    if (selection.kind === Kind.FIELD) return [{ node: selection, on: typeName, guard }];
    const condition = selection.typeCondition?.name.value ?? typeName;
    return selectedFields(selection.selectionSet.selections, condition, guard);
  });
}
