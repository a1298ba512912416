import { Kind, type ConstDirectiveNode, type DocumentNode } from "graphql";

/**
 * Puts the resolvable keys of each subgraph before those that are not. Apollo's planner takes the first key of a type
 * that it can satisfy, resolvable or not, and a representation made of the wrong one resolves to nothing.
 */
export function putResolvableKeysFirst(supergraph: DocumentNode): DocumentNode {
  return {
    ...supergraph,
    definitions: supergraph.definitions.map((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION
        ? { ...definition, directives: reorder(definition.directives ?? []) }
        : definition,
    ),
  };
}

/** Only within the places of one subgraph: the order of subgraphs is the planner's preference and stays. */
function reorder(directives: readonly ConstDirectiveNode[]): ConstDirectiveNode[] {
  const keysOf = new Map<string, ConstDirectiveNode[]>();
  for (const directive of directives) {
    if (directive.name.value !== "join__type") continue;
    const graph = argumentText(directive, "graph");
    keysOf.set(graph, [...(keysOf.get(graph) ?? []), directive]);
  }
  for (const keys of keysOf.values())
    keys.sort((left, right) => Number(isUnresolvable(left)) - Number(isUnresolvable(right)));
  return directives.map((directive) =>
    directive.name.value === "join__type" ? keysOf.get(argumentText(directive, "graph"))!.shift()! : directive,
  );
}

function isUnresolvable(directive: ConstDirectiveNode): boolean {
  return argumentText(directive, "resolvable") === "false";
}

function argumentText(directive: ConstDirectiveNode, name: string): string {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value && "value" in value ? String(value.value) : "";
}
