import { Kind, print, type FieldNode, type SelectionNode, type SelectionSetNode } from "graphql";
import { matchesTypeCondition } from "../../execute/type-condition.ts";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { RequiredSelection } from "../fetch-plan.ts";

type Context = Pick<RouterSupergraph, "fullSchema" | "syntheticFields">;

export const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: "__typename" } };
const REQUIRED_TYPENAME: RequiredSelection = {
  kind: "field",
  read: "__typename",
  write: "__typename",
  selections: null,
};

/** What a representation of a type needs to have the fields of some field sets, with its type. */
export function requiredBy(
  context: Context,
  fieldSets: readonly SelectionSetNode[],
  typeName: string,
): RequiredSelection[] {
  const required = new Map([[JSON.stringify(REQUIRED_TYPENAME), REQUIRED_TYPENAME]]);
  const enter = (selections: readonly SelectionNode[]) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const field = requiredField(context, selection);
        required.set(JSON.stringify(field), field);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value ?? "";
        if (matchesTypeCondition(context.fullSchema, typeName, condition)) enter(selection.selectionSet.selections);
      }
    }
  };
  for (const { selections } of fieldSets) enter(selections);
  return [...required.values()];
}

/** The selection that brings a field of a field set into the data, under the name that it is read by. */
export function readNode(context: Context, field: FieldNode): FieldNode {
  const { selectionSet } = field;
  const name = readName(context, field);
  return {
    kind: Kind.FIELD,
    name: field.name,
    ...(name !== field.name.value && { alias: { kind: Kind.NAME, value: name } }),
    ...(field.arguments && { arguments: field.arguments }),
    ...(selectionSet && { selectionSet: readSelection(context, selectionSet) }),
  };
}

function readSelection(context: Context, selectionSet: SelectionSetNode): SelectionSetNode {
  const selections = selectionSet.selections.map((selection): SelectionNode => {
    if (selection.kind === Kind.FIELD) return readNode(context, selection);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
    return { ...selection, selectionSet: readSelection(context, selection.selectionSet) };
  });
  return { ...selectionSet, selections: hasFragments(selectionSet) ? [TYPENAME, ...selections] : selections };
}

function requiredField(context: Context, field: FieldNode): RequiredSelection {
  return {
    kind: "field",
    read: readName(context, field),
    write: field.name.value,
    selections: field.selectionSet ? requiredInside(context, field.selectionSet) : null,
  };
}

function requiredInside(context: Context, selectionSet: SelectionSetNode): RequiredSelection[] {
  const required = selectionSet.selections.flatMap((selection): RequiredSelection[] => {
    if (selection.kind === Kind.FIELD) return [requiredField(context, selection)];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const selections = requiredInside(context, selection.selectionSet);
    return [{ kind: "fragment", on: selection.typeCondition?.name.value ?? "", selections }];
  });
  return hasFragments(selectionSet) ? [REQUIRED_TYPENAME, ...required] : required;
}

function hasFragments({ selections }: SelectionSetNode): boolean {
  return selections.some(({ kind }) => kind === Kind.INLINE_FRAGMENT);
}

/** A field that is required with arguments is read by the name of its synthetic field. */
function readName({ syntheticFields }: Context, { name, arguments: given }: FieldNode): string {
  if (!given?.length) return name.value;
  const text = print({ kind: Kind.FIELD, name, arguments: given });
  for (const synthetic of syntheticFields.values()) if (print(synthetic.field) === text) return synthetic.name;
  return name.value;
}
