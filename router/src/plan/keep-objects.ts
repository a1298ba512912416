import { Kind, visit, type DocumentNode, type FieldNode, type SelectionNode } from "graphql";

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } };

/**
 * Asks for `__typename` wherever variables decide about everything that is selected on an object. Apollo's planner makes
 * the conditions of what is inside those of the object itself: where all of it is skipped, it would leave out the object
 * too, which the answer has with nothing in it. And wherever an object's type decides about a part that is deferred: which
 * parts will come has to be known before they are fetched.
 */
export function keepObjects(document: DocumentNode): DocumentNode {
  return visit(document, {
    Field: {
      leave(field) {
        const { selectionSet } = field;
        if (!selectionSet) return undefined;
        const { selections } = selectionSet;
        if (selections.some(isAlwaysThere) && !selections.some((each) => defersByType(each, false))) return undefined;
        return { ...field, selectionSet: { ...selectionSet, selections: [...selections, TYPENAME] } };
      },
    },
  });
}

function isAlwaysThere(selection: SelectionNode): boolean {
  if (selection.directives?.some(({ name }) => name.value === "skip" || name.value === "include")) return false;
  return selection.kind === Kind.FIELD;
}

/** Whether there is a deferred fragment that stands under a condition on the type, or has one in it. */
function defersByType(selection: SelectionNode, isConditional: boolean): boolean {
  if (selection.kind !== Kind.INLINE_FRAGMENT) return false;
  const onType = isConditional || selection.typeCondition !== undefined;
  const isDeferred = selection.directives?.some(({ name }) => name.value === "defer") === true;
  if (isDeferred && (onType || selection.selectionSet.selections.some(hasTypeCondition))) return true;
  return selection.selectionSet.selections.some((each) => defersByType(each, onType));
}

function hasTypeCondition(selection: SelectionNode): boolean {
  if (selection.kind !== Kind.INLINE_FRAGMENT) return false;
  return selection.typeCondition !== undefined || selection.selectionSet.selections.some(hasTypeCondition);
}
