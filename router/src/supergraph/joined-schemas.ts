import {
  Kind,
  print,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type SelectionSetNode,
  type UnionTypeDefinitionNode,
} from "graphql";
import { parseFieldSet } from "./field-set.ts";

/** A field as one subgraph declares it. */
export interface JoinedField {
  /** The named type that it returns there. */
  typeName: string;
  /** Whether it can be no null there. */
  isRequired: boolean;
  /** Named there, but not resolved: by `@external`, or because another subgraph took it over. */
  isExternal: boolean;
  /** Where a label decides whether another subgraph has taken it over: `settleOverrides` says what follows. */
  override: { label: string; resolvesWhileHeld: boolean } | null;
  /** Arguments that it is given by the router: what the nearest object has that sets the context. */
  contextArguments: readonly { name: string; context: string }[];
  requires: SelectionSetNode | null;
  provides: SelectionSetNode | null;
}

/** A type as one subgraph declares it. */
interface JoinedType {
  keys: { fields: SelectionSetNode; isResolvable: boolean }[];
  /** Declared there as an object although it is an interface. */
  isInterfaceObject: boolean;
  fields: Map<string, JoinedField>;
  /** The object types that a value of it can have there; for an interface object, its own name. */
  possible: Set<string>;
}

/** The types of one subgraph, by name. */
export type JoinedSchema = ReadonlyMap<string, JoinedType>;

/** Reads what each subgraph declares, by its name in `join__Graph`, out of a supergraph's `@join__…` directives. */
export function readJoinedSchemas(supergraph: DocumentNode): Map<string, JoinedSchema> {
  const schemas = new Map<string, Map<string, JoinedType>>();
  for (const definition of supergraph.definitions) {
    if (!isCompositeDefinition(definition)) continue;
    for (const joined of directivesOf(definition, "join__type")) {
      const graph = nameArgument(joined, "graph");
      if (!schemas.has(graph)) schemas.set(graph, new Map());
      const types = schemas.get(graph)!;
      const key = textArgument(joined, "key");
      const keys = key === null ? [] : [{ fields: parseFieldSet(key), isResolvable: !isFalse(joined, "resolvable") }];
      const known = types.get(definition.name.value);
      if (known) known.keys.push(...keys);
      else {
        types.set(definition.name.value, {
          keys,
          isInterfaceObject: isTrue(joined, "isInterfaceObject"),
          fields: definition.kind === Kind.UNION_TYPE_DEFINITION ? new Map() : fieldsIn(graph, definition.fields ?? []),
          possible: new Set(),
        });
      }
    }
  }
  for (const definition of supergraph.definitions)
    if (isCompositeDefinition(definition)) for (const [graph, types] of schemas) addPossible(graph, types, definition);
  return schemas;
}

type CompositeDefinition = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | UnionTypeDefinitionNode;

function isCompositeDefinition(definition: { kind: string }): definition is CompositeDefinition {
  return (
    definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
    definition.kind === Kind.INTERFACE_TYPE_DEFINITION ||
    definition.kind === Kind.UNION_TYPE_DEFINITION
  );
}

function fieldsIn(graph: string, definitions: readonly FieldDefinitionNode[]): Map<string, JoinedField> {
  const fields = new Map<string, JoinedField>();
  for (const field of definitions) {
    const joins = directivesOf(field, "join__field");
    const join = joins.find((each) => nameArgument(each, "graph") === graph);
    // Without any, the field is in every subgraph that has the type.
    if (!join && joins.length > 0) continue;
    const label = join ? textArgument(join, "overrideLabel") : null;
    const [requires, provides] = [join && textArgument(join, "requires"), join && textArgument(join, "provides")];
    const type = (join && textArgument(join, "type")) ?? print(field.type);
    fields.set(field.name.value, {
      typeName: /\w+/.exec(type)![0],
      isRequired: type.endsWith("!"),
      isExternal: join !== undefined && (isTrue(join, "external") || isTrue(join, "usedOverridden")),
      override: label === null ? null : { label, resolvesWhileHeld: textArgument(join!, "override") !== null },
      contextArguments: join ? contextArgumentsOf(join) : [],
      requires: requires ? parseFieldSet(requires) : null,
      provides: provides ? parseFieldSet(provides) : null,
    });
  }
  return fields;
}

function contextArgumentsOf(join: ConstDirectiveNode): JoinedField["contextArguments"] {
  const list = argumentOf(join, "contextArguments");
  if (list?.kind !== Kind.LIST) return [];
  return list.values.map((value) => {
    const given = value.kind === Kind.OBJECT ? value.fields : [];
    const text = (name: string) => {
      const inner = given.find((field) => field.name.value === name)?.value;
      return inner?.kind === Kind.STRING ? inner.value : "";
    };
    return { name: text("name"), context: text("context") };
  });
}

/** Enters an object type with the abstract types that it belongs to in a subgraph, a union with its members there. */
function addPossible(graph: string, types: Map<string, JoinedType>, definition: CompositeDefinition): void {
  const type = types.get(definition.name.value);
  if (!type) return;
  if (definition.kind === Kind.UNION_TYPE_DEFINITION) {
    const joins = directivesOf(definition, "join__unionMember");
    const members =
      joins.length > 0
        ? joins
            .filter((each) => nameArgument(each, "graph") === graph)
            .map((each) => textArgument(each, "member") ?? "")
        : (definition.types ?? []).map(({ name }) => name.value).filter((name) => types.has(name));
    for (const member of members) type.possible.add(member);
    return;
  }
  if (definition.kind === Kind.OBJECT_TYPE_DEFINITION || type.isInterfaceObject)
    type.possible.add(definition.name.value);
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return;
  for (const join of directivesOf(definition, "join__implements")) {
    if (nameArgument(join, "graph") !== graph) continue;
    types.get(textArgument(join, "interface") ?? "")?.possible.add(definition.name.value);
  }
}

function directivesOf(
  node: { readonly directives?: readonly ConstDirectiveNode[] | undefined },
  name: string,
): ConstDirectiveNode[] {
  return (node.directives ?? []).filter((directive) => directive.name.value === name);
}

function argumentOf(directive: ConstDirectiveNode, name: string) {
  return directive.arguments?.find((argument) => argument.name.value === name)?.value;
}

function nameArgument(directive: ConstDirectiveNode, name: string): string {
  const value = argumentOf(directive, name);
  return value?.kind === Kind.ENUM ? value.value : "";
}

function textArgument(directive: ConstDirectiveNode, name: string): string | null {
  const value = argumentOf(directive, name);
  return value?.kind === Kind.STRING ? value.value : null;
}

function isTrue(directive: ConstDirectiveNode, name: string): boolean {
  const value = argumentOf(directive, name);
  return value?.kind === Kind.BOOLEAN && value.value;
}

function isFalse(directive: ConstDirectiveNode, name: string): boolean {
  const value = argumentOf(directive, name);
  return value?.kind === Kind.BOOLEAN && !value.value;
}
