import { isInterfaceType, isObjectType } from "graphql";
import type { JoinedField } from "../supergraph/joined-schemas.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";

type Schemas = Pick<RouterSupergraph, "apiSchema" | "joinedSchemas">;

/**
 * Whether an object may be taken along by a field that is fetched of it without need: where a subgraph leaves it no null, or
 * the field takes a context, which is not there for every object.
 */
export function isTakenAlong(supergraph: Schemas, typeName: string, fieldName: string): boolean {
  return declarations(supergraph, typeName, fieldName).some(
    ({ isRequired, contextArguments }) => isRequired || contextArguments.length > 0,
  );
}

/** Whether a field is computed from others, without which nothing is fetched along with it. */
export function isComputed(supergraph: Schemas, typeName: string, fieldName: string): boolean {
  return declarations(supergraph, typeName, fieldName).some(({ requires }) => requires !== null);
}

/** The field as each subgraph declares it, on the type or on an interface of it. */
function declarations({ apiSchema, joinedSchemas }: Schemas, typeName: string, fieldName: string): JoinedField[] {
  const type = apiSchema.getType(typeName);
  const interfaces = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().map(({ name }) => name) : [];
  return [...joinedSchemas.values()].flatMap((types) =>
    [typeName, ...interfaces].flatMap((name) => types.get(name)?.fields.get(fieldName) ?? []),
  );
}
