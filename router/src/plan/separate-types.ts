import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  visit,
  type FieldNode,
  type GraphQLCompositeType,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import { collectFields, type CollectedField, type GuardedSelection } from "../shape/collect-fields.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { NormalizedOperation } from "./normalize-operation.ts";
import { isComputed, isTakenAlong } from "./taken-along.ts";

type Schemas = Pick<RouterSupergraph, "apiSchema" | "joinedSchemas">;

/**
 * Gives a field another response name on those types behind an interface or union on which something else is needed of the
 * objects in it. Apollo's planner fetches whatever is needed of the objects at one path for all of them, and a null that
 * nobody asked for takes an object, or comes at once although it is deferred.
 */
export function separateTypes(supergraph: Schemas, normalized: NormalizedOperation): NormalizedOperation {
  const { operation, fragments } = normalized;
  const written = writeOut(operation, fragments);
  const type = supergraph.apiSchema.getRootType(operation.operation)!;
  const separation = new TypeSeparation(supergraph, normalized.clientNames);
  const selectionSet = separation.rewrite([type.name], [written.selectionSet]).get(written.selectionSet)!;
  if (separation.clientNames.size === normalized.clientNames.size || separation.isTooLarge()) return normalized;
  const separated = { ...operation, selectionSet };
  return {
    ...normalized,
    operation: separated,
    fragments: new Map(),
    document: { kind: Kind.DOCUMENT, definitions: [separated] },
    clientNames: separation.clientNames,
  };
}

/** What is selected of one response name on one type: with what comes at once (null), and in deferred parts by their labels. */
type Regions = Map<string | null, CollectedField>;

/** Types on which a field may have one name. */
interface TypeGroup {
  name: string;
  types: Map<string, Regions>;
}

/** What an operation may grow by: past that it stays as it is. */
const COPIES_MAX = 5_000;

class TypeSeparation {
  readonly clientNames: Map<string, string>;
  readonly #supergraph: Schemas;
  #copies = 0;
  #names = 0;

  constructor(supergraph: Schemas, clientNames: ReadonlyMap<string, string>) {
    this.#supergraph = supergraph;
    this.clientNames = new Map(clientNames);
  }

  isTooLarge(): boolean {
    return this.#copies > COPIES_MAX;
  }

  /** All that is selected on objects of these types at one path, rewritten. */
  rewrite(
    typeNames: readonly string[],
    selectionSets: readonly SelectionSetNode[],
  ): Map<SelectionSetNode, SelectionSetNode> {
    const groups = this.#groupsOf(typeNames, selectionSets);
    const inner = new Map<TypeGroup, ReadonlyMap<SelectionSetNode, SelectionSetNode>>();
    for (const [name, all] of groups) {
      for (const group of all) {
        if (this.isTooLarge()) return new Map(selectionSets.map((each) => [each, each]));
        if (group.name !== name) this.clientNames.set(group.name, this.clientNames.get(name) ?? name);
        const fields = [...group.types].flatMap(([typeName, regions]) =>
          [...regions.values()].map((field) => ({ typeName, field })),
        );
        const types = new Set(fields.flatMap(({ typeName, field }) => this.#typesIn(typeName, field.fieldName)));
        const sets = new Set(fields.flatMap(({ field }) => field.nodes.flatMap((node) => node.selectionSet ?? [])));
        inner.set(group, this.rewrite([...types], [...sets]));
      }
    }
    const rewriting = new Rewriting(this.#supergraph, groups, inner);
    return new Map(selectionSets.map((each) => [each, rewriting.selectionSet(each, typeNames)]));
  }

  /** The types that may share a name, by the name that the client selects. */
  #groupsOf(
    typeNames: readonly string[],
    selectionSets: readonly SelectionSetNode[],
  ): ReadonlyMap<string, readonly TypeGroup[]> {
    const groups = new Map<string, TypeGroup[]>();
    const selections = selectionSets.map((selectionSet) => ({ selectionSet, guard: [] }));
    for (const typeName of typeNames) {
      for (const [name, regions] of this.#fieldsOn(typeName, selections)) {
        if ([...regions.values()].every(({ selections: inside }) => inside.length === 0)) continue;
        const known = groups.get(name) ?? [];
        groups.set(name, known);
        const group = known.find(({ types }) =>
          [...types].every(([other, its]) => this.#agree({ typeName: other, regions: its }, { typeName, regions })),
        );
        if (group) group.types.set(typeName, regions);
        else
          known.push({
            name: known.length === 0 ? name : `_t${this.#names++}_${name}`,
            types: new Map([[typeName, regions]]),
          });
      }
    }
    for (const all of groups.values()) if (all.length > 1) this.#copies += sizeOf(all);
    return groups;
  }

  /** Whether what is fetched of the objects in a field on one type harms none of those on another type. */
  #agree(one: { typeName: string; regions: Regions }, other: { typeName: string; regions: Regions }): boolean {
    if (one.regions.has(null) !== other.regions.has(null)) return false; // deferred on one of them only
    for (const [region, field] of one.regions) {
      const same = other.regions.get(region);
      if (!same || isSame(field, same)) continue;
      const types = this.#typesIn(one.typeName, field.fieldName);
      const common = this.#typesIn(other.typeName, same.fieldName).filter((each) => types.includes(each));
      if (!common.every((each) => this.#agreeOn(each, field.selections, same.selections))) return false;
    }
    return true;
  }

  #agreeOn(typeName: string, one: readonly GuardedSelection[], other: readonly GuardedSelection[]): boolean {
    const [left, right] = [this.#fieldsOn(typeName, one), this.#fieldsOn(typeName, other)];
    return [...new Set([...left.keys(), ...right.keys()])].every((name) => {
      const [some, others] = [left.get(name), right.get(name)];
      const first = (some ?? others)!.values().next().value!;
      const harms = [isTakenAlong, isComputed].some((each) => each(this.#supergraph, typeName, first.fieldName));
      if (harms && !isSelectedAlike(some, others)) return false;
      return !some || !others || this.#agree({ typeName, regions: some }, { typeName, regions: others });
    });
  }

  #fieldsOn(typeName: string, selections: readonly GuardedSelection[]): Map<string, Regions> {
    const { apiSchema } = this.#supergraph;
    const found = new Map<string, Regions>();
    const type = apiSchema.getType(typeName);
    if (!isCompositeType(type)) return found;
    const collect = (within: readonly GuardedSelection[], region: string | null): void => {
      const onDefer = (label: string, deferred: GuardedSelection) => collect([deferred], label);
      for (const field of collectFields(apiSchema, new Map(), type, within, onDefer)) {
        const regions: Regions = found.get(field.responseName) ?? new Map();
        found.set(field.responseName, regions.set(region, field));
      }
    };
    collect(selections, null);
    return found;
  }

  /** The types that objects in a field can have. */
  #typesIn(typeName: string, fieldName: string): string[] {
    const { apiSchema } = this.#supergraph;
    const owner = apiSchema.getType(typeName);
    const field = isCompositeType(owner) && "getFields" in owner ? owner.getFields()[fieldName] : undefined;
    const type = field && getNamedType(field.type);
    if (isAbstractType(type)) return apiSchema.getPossibleTypes(type).map(({ name }) => name);
    return isCompositeType(type) ? [type.name] : [];
  }
}

/** Writes selections anew, with the names that fields have on each type. */
class Rewriting {
  readonly #supergraph: Schemas;
  readonly #groups: ReadonlyMap<string, readonly TypeGroup[]>;
  readonly #inner: ReadonlyMap<TypeGroup, ReadonlyMap<SelectionSetNode, SelectionSetNode>>;

  constructor(
    supergraph: Schemas,
    groups: ReadonlyMap<string, readonly TypeGroup[]>,
    inner: ReadonlyMap<TypeGroup, ReadonlyMap<SelectionSetNode, SelectionSetNode>>,
  ) {
    this.#supergraph = supergraph;
    this.#groups = groups;
    this.#inner = inner;
  }

  selectionSet(selectionSet: SelectionSetNode, typeNames: readonly string[]): SelectionSetNode {
    const selections = selectionSet.selections.flatMap((selection): readonly SelectionNode[] => {
      if (selection.kind === Kind.FIELD) return this.#field(selection, typeNames);
      if (selection.kind !== Kind.INLINE_FRAGMENT) return [selection];
      const inside = this.selectionSet(selection.selectionSet, this.#matching(typeNames, selection));
      return [inside === selection.selectionSet ? selection : { ...selection, selectionSet: inside }];
    });
    const isAsItWas = selections.every((each, index) => each === selectionSet.selections[index]);
    return isAsItWas ? selectionSet : { ...selectionSet, selections };
  }

  #field(field: FieldNode, typeNames: readonly string[]): readonly SelectionNode[] {
    const name = (field.alias ?? field.name).value;
    const groups = (this.#groups.get(name) ?? []).filter(({ types }) => typeNames.some((each) => types.has(each)));
    if (groups.length === 0) return [field];
    if (groups.length === 1) return [this.#named(field, name, groups[0]!)];
    return groups.flatMap((group) =>
      typeNames.filter((each) => group.types.has(each)).map((each) => on(each, this.#named(field, name, group))),
    );
  }

  #named(field: FieldNode, name: string, group: TypeGroup): FieldNode {
    const { selectionSet } = field;
    const inside = selectionSet && (this.#inner.get(group)!.get(selectionSet) ?? selectionSet);
    if (group.name === name && inside === selectionSet) return field;
    return {
      ...field,
      ...(group.name !== name && { alias: { kind: Kind.NAME, value: group.name } as const }),
      ...(inside && { selectionSet: inside }),
    };
  }

  #matching(typeNames: readonly string[], { typeCondition }: InlineFragmentNode): readonly string[] {
    const { apiSchema } = this.#supergraph;
    const condition = typeCondition && apiSchema.getType(typeCondition.name.value);
    if (!isCompositeType(condition)) return typeNames;
    const possible: readonly GraphQLCompositeType[] = isAbstractType(condition)
      ? apiSchema.getPossibleTypes(condition)
      : [condition];
    return typeNames.filter((each) => possible.some(({ name }) => name === each));
  }
}

/** Fragments are spread in several places, where what is selected in them gets different names. */
function writeOut(
  operation: OperationDefinitionNode,
  fragments: NormalizedOperation["fragments"],
): OperationDefinitionNode {
  return visit(operation, {
    FragmentSpread: {
      enter({ name, directives }): InlineFragmentNode | undefined {
        const fragment = fragments.get(name.value);
        if (!fragment) return undefined;
        const { typeCondition, selectionSet } = fragment;
        return {
          kind: Kind.INLINE_FRAGMENT,
          typeCondition,
          ...(directives && { directives }),
          // Its nodes are told apart by identity.
          selectionSet: structuredClone(selectionSet),
        };
      },
    },
  });
}

function on(typeName: string, field: FieldNode): InlineFragmentNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typeName } },
    selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
  };
}

/** Whether the very same places select it. */
function isSame(one: CollectedField, other: CollectedField): boolean {
  return one.nodes.length === other.nodes.length && one.nodes.every((node, index) => node === other.nodes[index]);
}

/** Whether a field comes with the same parts, under the same conditions. */
function isSelectedAlike(one: Regions | undefined, other: Regions | undefined): boolean {
  const [left, right] = [one?.get(null), other?.get(null)];
  return (left && guardsText(left)) === (right && guardsText(right));
}

function guardsText({ guards }: CollectedField): string {
  const texts = guards.map((guard) =>
    guard
      .map(({ variable, expected }) => `${variable} ${expected}`)
      .sort()
      .join(),
  );
  return [...new Set(texts)].sort().join(" or ");
}

function sizeOf(groups: readonly TypeGroup[]): number {
  let size = 0;
  const count = () => void size++;
  for (const { types } of groups)
    for (const regions of types.values())
      for (const { nodes } of regions.values()) for (const node of nodes) visit(node, { Field: count });
  return size;
}
