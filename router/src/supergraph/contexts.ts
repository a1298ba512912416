import {
  isAbstractType,
  isCompositeType,
  Kind,
  parse,
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";

/** The types whose objects set each context: those that say so, and those behind an interface or union that does. */
export function readContexts(supergraph: DocumentNode, schema: GraphQLSchema): Map<string, Set<string>> {
  const contexts = new Map<string, Set<string>>();
  for (const definition of supergraph.definitions) {
    if (!("directives" in definition) || !("name" in definition) || !definition.name) continue;
    const type = schema.getType(definition.name.value);
    if (!isCompositeType(type)) continue;
    for (const directive of definition.directives ?? []) {
      const name = directive.arguments?.find((each) => each.name.value === "name")?.value;
      if (directive.name.value !== "context" || name?.kind !== Kind.STRING) continue;
      const types = contexts.get(name.value) ?? new Set();
      types.add(type.name);
      if (isAbstractType(type)) for (const possible of schema.getPossibleTypes(type)) types.add(possible.name);
      contexts.set(name.value, types);
    }
  }
  return contexts;
}

/** What the arguments of a field read of contexts, as its `@join__field` says. */
export function contextSelectionsOf(directive: ConstDirectiveNode): SelectionSetNode[] {
  const list = directive.arguments?.find(({ name }) => name.value === "contextArguments")?.value;
  if (list?.kind !== Kind.LIST) return [];
  return list.values.flatMap((value) => {
    const selection =
      value.kind === Kind.OBJECT ? value.fields.find(({ name }) => name.value === "selection")?.value : undefined;
    return selection?.kind === Kind.STRING ? parseContextSelection(selection.value) : [];
  });
}

/** `{ name }`, or fragments on several types. */
function parseContextSelection(text: string): SelectionSetNode[] {
  const trimmed = text.trim();
  const [definition] = parse(trimmed.startsWith("{") ? trimmed : `{${trimmed}}`, { noLocation: true }).definitions;
  return definition?.kind === Kind.OPERATION_DEFINITION ? [definition.selectionSet] : [];
}
