import { visit, type ASTNode } from "graphql";

/** The names of the variables that a selection uses, at any depth. */
export function variablesIn(selection: ASTNode): Set<string> {
  const names = new Set<string>();
  visit(selection, { Variable: ({ name }) => void names.add(name.value) });
  return names;
}
