import { isInterfaceType, isObjectType } from "graphql";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";

/**
 * Whether an object may be taken along by a field that is fetched of it without need: where a subgraph leaves it no null, or
 * the field takes a context, which is not there for every object.
 */
export function isTakenAlong(
  { apiSchema, joinedSchemas }: Pick<RouterSupergraph, "apiSchema" | "joinedSchemas">,
  typeName: string,
  fieldName: string,
): boolean {
  const type = apiSchema.getType(typeName);
  const interfaces = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().map(({ name }) => name) : [];
  return [...joinedSchemas.values()].some((types) =>
    [typeName, ...interfaces].some((name) => {
      const field = types.get(name)?.fields.get(fieldName);
      return field !== undefined && (field.isRequired || field.contextArguments.length > 0);
    }),
  );
}
