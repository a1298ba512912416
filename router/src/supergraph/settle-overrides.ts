import type { JoinedField, JoinedSchema } from "./joined-schemas.ts";

/** What each subgraph resolves while just these labels of overrides hold. */
export function settleOverrides(
  schemas: ReadonlyMap<string, JoinedSchema>,
  held: readonly string[],
): ReadonlyMap<string, JoinedSchema> {
  return new Map([...schemas].map(([subgraph, types]) => [subgraph, hasLabels(types) ? settle(types, held) : types]));
}

function hasLabels(types: JoinedSchema): boolean {
  for (const { fields } of types.values()) for (const { override } of fields.values()) if (override) return true;
  return false;
}

function settle(types: JoinedSchema, held: readonly string[]): JoinedSchema {
  const settled = ({ override, ...field }: JoinedField): JoinedField => {
    if (override === null) return { ...field, override };
    return { ...field, override, isExternal: held.includes(override.label) !== override.resolvesWhileHeld };
  };
  return new Map(
    [...types].map(([name, type]) => [
      name,
      { ...type, fields: new Map([...type.fields].map(([fieldName, field]) => [fieldName, settled(field)])) },
    ]),
  );
}
