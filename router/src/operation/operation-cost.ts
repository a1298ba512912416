import { Kind, type FragmentDefinitionNode, type SelectionSetNode } from "graphql";

/** What a request to a subgraph weighs beside a field of the answer. */
const REQUEST_COST = 10;

/** What an event of a subscription costs, in units: 1 for each field that is selected, and 10 for each request to a subgraph. */
export function operationCost(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  requests: number,
): number {
  return fieldsIn(selectionSet, fragments) + REQUEST_COST * requests;
}

function fieldsIn({ selections }: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): number {
  let fields = 0;
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) fields += 1;
    const inner =
      selection.kind === Kind.FRAGMENT_SPREAD
        ? fragments.get(selection.name.value)?.selectionSet
        : selection.selectionSet;
    if (inner) fields += fieldsIn(inner, fragments);
  }
  return fields;
}
