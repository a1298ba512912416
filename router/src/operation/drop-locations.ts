import { visit, type DocumentNode, type Location } from "graphql";

/**
 * Takes the places in the text off a document's nodes, in place: with them each node holds the tokens of the whole text.
 * Variables keep theirs, without the tokens, for errors about their values.
 */
export function dropLocations(document: DocumentNode): void {
  let variables = 0;
  visit(document, {
    enter(node) {
      if (node.kind === "VariableDefinition") variables += 1;
      const holder = node as { loc?: Pick<Location, "start" | "end" | "source"> };
      if (variables === 0 || !holder.loc) {
        delete holder.loc;
        return;
      }
      const { start, end, source } = holder.loc;
      holder.loc = { start, end, source };
    },
    leave(node) {
      if (node.kind === "VariableDefinition") variables -= 1;
    },
  });
}
