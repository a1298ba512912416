import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { collectFields, type CollectedField, type GuardedSelection } from "../shape/collect-fields.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import { isTakenAlong } from "./taken-along.ts";

type Context = Pick<RouterSupergraph, "apiSchema" | "fullSchema" | "joinedSchemas" | "inputs">;

/**
 * The names of the fields with objects that have to be asked for twice: of the same objects the client selects and a key, a
 * `@requires` or a context reads what their subgraph may leave no null. Asked for at once, such a field that fails would take the object
 * from both.
 */
export function objectsApart(
  supergraph: Context,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): ReadonlySet<string> {
  const apart = new Set<string>();
  const objects = supergraph.inputs.flatMap(({ of, fieldSet }) => objectsRead(fieldSet).map((read) => ({ of, read })));
  if (objects.length === 0) return apart;
  const selected = selectedFields(supergraph, operation, fragments);
  const computed = computedFields(supergraph.inputs, new Set(selected.map(({ node }) => node.name.value)));
  const comparison = new Comparison(supergraph, fragments);
  for (const { of, read } of objects) {
    const name = read.name.value;
    if (apart.has(name) || (of !== null && !computed.has(of))) continue;
    const shared = selected.filter(({ node }) => isCalled(node, name));
    const types = new Set(shared.flatMap(({ types: each }) => each));
    const client = shared.flatMap(({ node }) => guarded(node.selectionSet));
    if ([...types].some((type) => comparison.differ(type, client, guarded(read.selectionSet)))) apart.add(name);
  }
  return apart;
}

interface SelectedField {
  node: FieldNode;
  /** The types that objects in it can have. */
  types: readonly GraphQLObjectType[];
}

function selectedFields(
  { apiSchema }: Context,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): SelectedField[] {
  const found: SelectedField[] = [];
  const info = new TypeInfo(apiSchema);
  const Field = (node: FieldNode) => {
    const type = getNamedType(info.getType());
    const types = isAbstractType(type) ? apiSchema.getPossibleTypes(type) : isObjectType(type) ? [type] : [];
    found.push({ node, types });
  };
  for (const definition of [operation, ...fragments.values()]) visit(definition, visitWithTypeInfo(info, { Field }));
  return found;
}

/** Whether the field has its own name in the answer, as it has where it is read. */
function isCalled({ alias, name, arguments: given = [] }: FieldNode, fieldName: string): boolean {
  return name.value === fieldName && (alias ?? name).value === fieldName && given.length === 0;
}

/** The fields of an entity of which a field set reads what is inside. */
function objectsRead({ selections }: SelectionSetNode): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return objectsRead(selection.selectionSet);
    return selection.kind === Kind.FIELD && selection.selectionSet && !selection.arguments?.length ? [selection] : [];
  });
}

/** The selected fields with those that some of them are computed from. */
function computedFields(inputs: Context["inputs"], selected: Set<string>): ReadonlySet<string> {
  for (let size = -1; size !== selected.size;) {
    size = selected.size;
    for (const { of, names } of inputs)
      if (of !== null && selected.has(of)) for (const name of names) selected.add(name);
  }
  return selected;
}

class Comparison {
  readonly #supergraph: Context;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;

  constructor(supergraph: Context, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#supergraph = supergraph;
    this.#fragments = fragments;
  }

  /** Whether one selection has a field that may take the object, or one inside that both read, and the other has not. */
  differ(type: GraphQLObjectType, some: readonly GuardedSelection[], others: readonly GuardedSelection[]): boolean {
    const [left, right] = [this.#fieldsOf(type, some), this.#fieldsOf(type, others)];
    return [...new Set([...left.keys(), ...right.keys()])].some((call) => {
      const [one, other] = [left.get(call), right.get(call)];
      const { fieldName } = (one ?? other)!;
      if (!one || !other) return isTakenAlong(this.#supergraph, type.name, fieldName);
      return this.#typesIn(type, fieldName).some((each) => this.differ(each, one.selections, other.selections));
    });
  }

  /** By name and arguments. */
  #fieldsOf(
    type: GraphQLObjectType,
    selections: readonly GuardedSelection[],
  ): ReadonlyMap<string, { fieldName: string; selections: readonly GuardedSelection[] }> {
    const fields = new Map<string, { fieldName: string; selections: GuardedSelection[] }>();
    const enter = (field: CollectedField) => {
      const { name, arguments: given = [] } = field.nodes[0]!;
      const call = print({ kind: Kind.FIELD, name, arguments: given });
      const known = fields.get(call) ?? { fieldName: field.fieldName, selections: [] };
      known.selections.push(...field.selections);
      fields.set(call, known);
    };
    const collect = (within: readonly GuardedSelection[]) => {
      const onDefer = (_: string, deferred: GuardedSelection) => collect([deferred]);
      collectFields(this.#supergraph.fullSchema, this.#fragments, type, within, onDefer).forEach(enter);
    };
    collect(selections);
    return fields;
  }

  #typesIn(owner: GraphQLObjectType, fieldName: string): readonly GraphQLObjectType[] {
    const { fullSchema } = this.#supergraph;
    const field = owner.getFields()[fieldName];
    const type = field && getNamedType(field.type);
    if (!isCompositeType(type)) return [];
    return isAbstractType(type) ? fullSchema.getPossibleTypes(type) : [type];
  }
}

function guarded(selectionSet: SelectionSetNode | undefined): GuardedSelection[] {
  return selectionSet ? [{ selectionSet, guard: [] }] : [];
}
