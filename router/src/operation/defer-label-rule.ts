import { GraphQLError, Kind, type ASTVisitor, type ValidationContext } from "graphql";

/** A client tells deferred parts apart by their labels: each is a text, and given once in a document. */
export function DeferLabelRule(context: ValidationContext): ASTVisitor {
  const known = new Set<string>();
  return {
    Directive(node) {
      if (node.name.value !== "defer") return;
      const label = node.arguments?.find(({ name }) => name.value === "label")?.value;
      if (!label || label.kind === Kind.NULL) return;
      if (label.kind !== Kind.STRING)
        context.reportError(new GraphQLError("The label of @defer must be a text in the document", { nodes: node }));
      else if (known.has(label.value))
        context.reportError(new GraphQLError(`Two @defer have the label "${label.value}"`, { nodes: node }));
      else known.add(label.value);
    },
  };
}
