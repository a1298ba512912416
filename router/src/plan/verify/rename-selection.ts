import { Kind, type FieldNode, type SelectionNode, type SelectionSetNode } from "graphql";
import { typeOfStep } from "../../execute/type-condition.ts";
import type { Rewrite } from "../fetch-plan.ts";

type Rename = Extract<Rewrite, { kind: "rename" }>;

/** The selection as its answer looks once the planner's own aliases have been given back. */
export function renameSelection(selectionSet: SelectionSetNode, rewrites: readonly Rewrite[]): SelectionSetNode {
  const renames = rewrites.filter((rewrite): rewrite is Rename => rewrite.kind === "rename");
  if (renames.length === 0) return selectionSet;
  // The planner makes each alias for one field of one type, so the conditions on types along the path add nothing.
  const flat = renames.map((rename) => ({ ...rename, path: rename.path.filter((step) => typeOfStep(step) === null) }));
  return renameIn(selectionSet, flat);
}

function renameIn(selectionSet: SelectionSetNode, renames: readonly Rename[]): SelectionSetNode {
  if (renames.length === 0) return selectionSet;
  return {
    ...selectionSet,
    selections: selectionSet.selections.map((selection): SelectionNode => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return { ...selection, selectionSet: renameIn(selection.selectionSet, renames) };
      return renameField(selection, renames);
    }),
  };
}

function renameField(field: FieldNode, renames: readonly Rename[]): FieldNode {
  const name = (field.alias ?? field.name).value;
  const to = renames.find((rename) => rename.path.length === 0 && rename.from === name)?.to ?? name;
  const inner = renames
    .filter(({ path }) => path.length > 0 && (path[0] === name || path[0] === to))
    .map((rename) => ({ ...rename, path: rename.path.slice(1) }));
  return {
    ...field,
    ...(to !== name && { alias: { kind: Kind.NAME, value: to } as const }),
    ...(field.selectionSet && { selectionSet: renameIn(field.selectionSet, inner) }),
  };
}
