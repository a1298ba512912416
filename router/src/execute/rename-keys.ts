import type { GraphQLSchema } from "graphql";
import type { Rewrite } from "../plan/fetch-plan.ts";
import { isDataObject, type DataObject } from "./execution.ts";
import { matchesTypeCondition, typeOfStep } from "./type-condition.ts";

type Rename = Extract<Rewrite, { kind: "rename" }>;

/** Gives the keys of fetched data the names that the operation uses: the planner fetches some under an alias of its own. */
export function renameKeys(
  schema: GraphQLSchema,
  renames: readonly Rename[],
  data: DataObject,
  typename: unknown,
): void {
  for (const rename of renames) walk(schema, rename, 0, data, typename);
}

function walk(schema: GraphQLSchema, rename: Rename, depth: number, value: unknown, outerTypename: unknown): void {
  if (Array.isArray(value)) {
    for (const element of value) walk(schema, rename, depth, element, undefined);
    return;
  }
  if (!isDataObject(value)) return;
  const step = rename.path[depth];
  if (step === undefined) {
    const moved = value[rename.from];
    if (moved === undefined) return;
    value[rename.to] = moved;
    delete value[rename.from];
    return;
  }
  const condition = typeOfStep(step);
  if (condition === null) {
    walk(schema, rename, depth + 1, value[step], undefined);
    return;
  }
  const typename = value["__typename"] ?? outerTypename;
  // An object that does not say what it is was selected under this condition only.
  if (typeof typename !== "string" || matchesTypeCondition(schema, typename, condition)) {
    walk(schema, rename, depth + 1, value, typename);
  }
}
