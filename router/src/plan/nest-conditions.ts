import {
  Kind,
  print,
  visit,
  type DirectiveNode,
  type FieldNode,
  type InlineFragmentNode,
  type SelectionSetNode,
} from "graphql";

/**
 * The same selection with each directive once at most in a place. The planner puts the conditions of nested fragments into
 * one place, where a subgraph refuses a second `@include`: it stands in a fragment around it instead.
 */
export function nestConditions(selectionSet: SelectionSetNode): SelectionSetNode {
  return visit(selectionSet, { Field: { leave: nested }, InlineFragment: { leave: nested } });
}

function nested(node: FieldNode | InlineFragmentNode): FieldNode | InlineFragmentNode | undefined {
  const directives = node.directives ?? [];
  const distinct = directives.filter(
    (directive, index) => directives.findIndex((other) => print(other) === print(directive)) === index,
  );
  const isFirst = (directive: DirectiveNode) =>
    distinct.find(({ name }) => name.value === directive.name.value) === directive;
  if (distinct.length === directives.length && directives.every(isFirst)) return undefined;
  let inner: FieldNode | InlineFragmentNode = { ...node, directives: distinct.filter(isFirst) };
  for (const directive of distinct) if (!isFirst(directive)) inner = around(inner, directive);
  return inner;
}

function around(selection: FieldNode | InlineFragmentNode, directive: DirectiveNode): InlineFragmentNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    directives: [directive],
    selectionSet: { kind: Kind.SELECTION_SET, selections: [selection] },
  };
}
