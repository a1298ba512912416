import { Kind, type ConstDirectiveNode, type DocumentNode } from "graphql";

/** A label of some `@override`: while it holds, fields are resolved by the subgraph that takes them over. */
export interface OverrideLabel {
  name: string;
  /** Of `percent(N)`: the share of requests for which it holds. Null for a name of choice. */
  percent: number | null;
  /** Names of the fields that it decides about. */
  fieldNames: ReadonlySet<string>;
}

const PERCENT = /^percent\((\d{1,2}(?:\.\d{1,8})?|100)\)$/;

/** Reads the labels of a supergraph, in the order of their names. */
export function readOverrideLabels(supergraph: DocumentNode): OverrideLabel[] {
  const fieldNames = new Map<string, Set<string>>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const field of definition.fields ?? []) {
      for (const directive of field.directives ?? []) {
        const label = labelOf(directive);
        if (label !== null) fieldNames.set(label, (fieldNames.get(label) ?? new Set()).add(field.name.value));
      }
    }
  }
  return [...fieldNames]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, names]) => ({ name, percent: percentOf(name), fieldNames: names }));
}

function labelOf({ name, arguments: given }: ConstDirectiveNode): string | null {
  const value =
    name.value === "join__field" ? given?.find((each) => each.name.value === "overrideLabel")?.value : undefined;
  return value?.kind === Kind.STRING ? value.value : null;
}

function percentOf(label: string): number | null {
  const percent = PERCENT.exec(label)?.[1];
  return percent === undefined ? null : Number(percent);
}
