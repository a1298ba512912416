import { Kind, type SelectionNode, type SelectionSetNode } from "graphql";
import type { ContextVariable } from "../plan/fetch-plan.ts";
import { variablesIn } from "../plan/variables-in.ts";
import type { ToldContexts } from "./request-part.ts";

const TYPENAME: SelectionNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } };

/** What entities are asked for that are told only some contexts. */
export interface ToldSelection {
  /** All that takes none of the others; null where nothing is left. */
  selection: SelectionSetNode | null;
  /** The response names of the fields that are left out, or of which something inside is. */
  untold: readonly string[];
}

export function selectTold(
  contexts: readonly ContextVariable[],
  selectionSet: SelectionSetNode,
  told: ToldContexts,
): ToldSelection {
  const missing = contexts.filter((_, index) => !told[index]!);
  if (missing.length === 0) return { selection: selectionSet, untold: [] };
  const untold = new Set<string>();
  const variables = new Set(missing.map(({ definition }) => definition.variable.name.value));
  const selection = leftOf(selectionSet, variables, untold);
  return { selection: isEmpty(selection) ? null : selection, untold: [...untold] };
}

function leftOf(
  selectionSet: SelectionSetNode,
  variables: ReadonlySet<string>,
  untold: Set<string> | null,
): SelectionSetNode {
  const selections = selectionSet.selections.flatMap((selection): SelectionNode[] => {
    if (selection.kind === Kind.FRAGMENT_SPREAD || !takesAny(selection, variables)) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const inner = leftOf(selection.selectionSet, variables, untold);
      return inner.selections.length > 0 ? [{ ...selection, selectionSet: inner }] : [];
    }
    untold?.add((selection.alias ?? selection.name).value);
    const { selectionSet: inside, ...field } = selection;
    if (!inside || takesAny(field, variables)) return [];
    const inner = leftOf(inside, variables, null);
    // The object is there all the same.
    return [{ ...field, selectionSet: isEmpty(inner) ? { ...inner, selections: [TYPENAME] } : inner }];
  });
  return { ...selectionSet, selections };
}

function takesAny(selection: SelectionNode, variables: ReadonlySet<string>): boolean {
  const used = variablesIn(selection);
  return [...variables].some((name) => used.has(name));
}

function isEmpty({ selections }: SelectionSetNode): boolean {
  return selections.every((each) => each.kind === Kind.INLINE_FRAGMENT && isEmpty(each.selectionSet));
}
