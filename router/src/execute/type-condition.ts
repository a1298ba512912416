import { isAbstractType, isInterfaceType, isObjectType, type GraphQLSchema } from "graphql";

/** Whether an object of this `__typename` (the name of an interface, for a subgraph that knows no more) is meant by a type condition. */
export function matchesTypeCondition(schema: GraphQLSchema, typename: string, condition: string): boolean {
  if (condition === typename || condition === "") return true;
  const [type, conditionType] = [schema.getType(typename), schema.getType(condition)];
  if (!isAbstractType(conditionType)) return false;
  return (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(conditionType, type);
}

const FRAGMENT_STEP = "... on ";

/** The type of a step `"... on Type"` in a path of Apollo's planner; null for a field. */
export function typeOfStep(step: string): string | null {
  return step.startsWith(FRAGMENT_STEP) ? step.slice(FRAGMENT_STEP.length) : null;
}
