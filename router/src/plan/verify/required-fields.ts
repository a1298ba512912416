import type { GraphQLSchema } from "graphql";
import { matchesTypeCondition } from "../../execute/type-condition.ts";
import type { PlannedFetch, RequiredSelection } from "../fetch-plan.ts";
import { typeOfStep } from "../../execute/type-condition.ts";

/** A field of a representation: where it is read, and what it is made of in turn. */
export interface RequiredField {
  reads: Set<string>;
  selections: RequiredSelection[] | null;
}

/** What the representation of an object of a type has, by the name that it is sent under. */
export function requiredFields(
  schema: GraphQLSchema,
  selections: readonly RequiredSelection[],
  typeName: string,
): Map<string, RequiredField> {
  const fields = new Map<string, RequiredField>();
  const collect = (level: readonly RequiredSelection[]) => {
    for (const selection of level) {
      if (selection.kind === "fragment") {
        if (matchesTypeCondition(schema, typeName, selection.on)) collect(selection.selections);
        continue;
      }
      const field = fields.get(selection.write) ?? { reads: new Set(), selections: null };
      field.reads.add(selection.read);
      if (selection.selections) field.selections = [...(field.selections ?? []), ...selection.selections];
      fields.set(selection.write, field);
    }
  };
  collect(selections);
  return fields;
}

/** Whether a fetch sends objects of this type to its subgraph. */
export function sends(schema: GraphQLSchema, fetch: PlannedFetch, typeName: string): boolean {
  return fetch.requires !== null && requiredFields(schema, fetch.requires, typeName).has("__typename");
}

/** The type that a fetch calls an object of `typeName`: an interface, for a subgraph that knows it as no more. */
export function sentTypeName(schema: GraphQLSchema, { inputRewrites }: PlannedFetch, typeName: string): string {
  for (const rewrite of inputRewrites) {
    if (rewrite.kind !== "set" || rewrite.field !== "__typename") continue;
    const conditions = rewrite.path.map(typeOfStep);
    if (conditions.every((each) => each !== null && matchesTypeCondition(schema, typeName, each)))
      return String(rewrite.value);
  }
  return typeName;
}
