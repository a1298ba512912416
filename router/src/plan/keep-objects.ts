import { Kind, visit, type DocumentNode, type FieldNode, type SelectionNode } from "graphql";

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } };

/**
 * Asks for `__typename` wherever variables decide about everything that is selected on an object. Apollo's planner makes
 * the conditions of what is inside those of the object itself: where all of it is skipped, it would leave out the object
 * too, which the answer has with nothing in it.
 */
export function keepObjects(document: DocumentNode): DocumentNode {
  return visit(document, {
    Field: {
      leave(field) {
        const { selectionSet } = field;
        if (!selectionSet || selectionSet.selections.some(isAlwaysThere)) return undefined;
        return { ...field, selectionSet: { ...selectionSet, selections: [...selectionSet.selections, TYPENAME] } };
      },
    },
  });
}

function isAlwaysThere(selection: SelectionNode): boolean {
  if (selection.directives?.some(({ name }) => name.value === "skip" || name.value === "include")) return false;
  return selection.kind === Kind.FIELD;
}
