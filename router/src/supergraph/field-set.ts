import { Kind, parse, type SelectionSetNode } from "graphql";

/** Parses the field set of a `@key` or `@requires`: `"id owner { id }"`. */
export function parseFieldSet(text: string): SelectionSetNode {
  const definition = parse(`{${text}}`, { noLocation: true }).definitions[0];
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`"${text}" is not a field set`);
  return definition.selectionSet;
}

/** Every field name that occurs in a field set, at any depth. */
export function fieldNamesOf(fieldSet: SelectionSetNode, names: Set<string> = new Set()): Set<string> {
  for (const selection of fieldSet.selections) {
    if (selection.kind === Kind.FIELD) names.add(selection.name.value);
    if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet) fieldNamesOf(selection.selectionSet, names);
  }
  return names;
}
