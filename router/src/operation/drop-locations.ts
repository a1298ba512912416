import type { ASTNode, DocumentNode, Location } from "graphql";

/**
 * Takes the places in the text off a document's nodes, in place: with them each node holds the tokens of the whole text.
 * Variables keep theirs, without the tokens, for errors about their values.
 */
export function dropLocations(document: DocumentNode): void {
  drop(document, false);
}

function drop(node: ASTNode, isVariable: boolean): void {
  const holder = node as { loc?: Pick<Location, "start" | "end" | "source"> };
  isVariable ||= node.kind === "VariableDefinition";
  if (!isVariable || !holder.loc) delete holder.loc;
  else {
    const { start, end, source } = holder.loc;
    holder.loc = { start, end, source };
  }
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const inner of value) drop(inner as ASTNode, isVariable);
    else if (isNode(value)) drop(value, isVariable);
  }
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}
