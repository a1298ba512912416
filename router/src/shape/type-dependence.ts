import {
  isUnionType,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLSchema,
} from "graphql";
import { collectFields, type Guard, type GuardedSelection } from "./collect-fields.ts";

/** When something is selected on objects of a type that is not selected on everything behind the abstract type. */
export function dependentOnType(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  abstract: GraphQLAbstractType,
  type: GraphQLCompositeType,
  selections: readonly GuardedSelection[],
  onDefer?: (label: string, deferred: GuardedSelection) => void,
): Guard[] {
  const onAll = isUnionType(abstract) ? [] : collectFields(schema, fragments, abstract, selections, onDefer);
  const common = new Set(onAll.flatMap(({ nodes }) => nodes));
  return collectFields(schema, fragments, type, selections, onDefer).flatMap(({ nodes, guards }) =>
    guards.filter((_, index) => !common.has(nodes[index]!)),
  );
}

/** When a part is deferred on objects of a type that is not deferred on everything behind the abstract type, or differs there. */
export function partsDependentOnType(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  abstract: GraphQLAbstractType,
  type: GraphQLCompositeType,
  selections: readonly GuardedSelection[],
): Guard[] {
  const parts: { label: string; selection: GuardedSelection }[] = [];
  collectFields(schema, fragments, type, selections, (label, selection) => void parts.push({ label, selection }));
  if (parts.length === 0) return [];
  const onAll = new Set<string>();
  collectFields(schema, fragments, abstract, selections, (label) => void onAll.add(label));
  return parts
    .filter(
      ({ label, selection }) =>
        !onAll.has(label) || dependentOnType(schema, fragments, abstract, type, [selection]).length > 0,
    )
    .map(({ selection }) => selection.guard);
}
