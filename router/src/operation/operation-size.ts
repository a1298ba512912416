import { Kind, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode } from "graphql";

/** Fields of an operation with every fragment written out, counted without writing them out; Infinity beyond `most`. */
export function countSelections(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  most: number,
): number {
  const ofFragment = new Map<string, number>();
  const count = (selectionSet: SelectionSetNode): number => {
    let total = 0;
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const name = selection.name.value;
        if (!ofFragment.has(name)) {
          ofFragment.set(name, 0); // a fragment that contains itself was refused before; this only keeps us from following it
          const fragment = fragments.get(name);
          if (fragment) ofFragment.set(name, count(fragment.selectionSet));
        }
        total += ofFragment.get(name)!;
      } else {
        if (selection.kind === Kind.FIELD) total++;
        if (selection.selectionSet) total += count(selection.selectionSet);
      }
      if (total > most) return Infinity;
    }
    return total;
  };
  return count(operation.selectionSet);
}
