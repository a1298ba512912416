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
