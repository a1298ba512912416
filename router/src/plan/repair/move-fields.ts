import {
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  isInterfaceType,
  Kind,
  print,
  type FieldNode,
  type DirectiveNode,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import { guardOf, type Guard } from "../../shape/collect-fields.ts";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { PlannedFetch, RequiredSelection } from "../fetch-plan.ts";
import { ResolvableFields, type Promised } from "../verify/resolvable-fields.ts";
import { FieldWays, type Step } from "./field-ways.ts";
import { TYPENAME } from "./required-selections.ts";

/** Fetches that must follow for objects of one type at one place. */
export interface MovedFields {
  /** Relative to the fetch. */
  path: readonly string[];
  typeName: string;
  guard: Guard;
  steps: readonly Step[];
}

type Asked = Pick<PlannedFetch, "subgraph" | "selection" | "requires">;

/**
 * Takes out of a fetch what its subgraph cannot resolve where it stands, selects in its place what other fetches need to
 * find the objects, and says which those are. What nobody can bring stays.
 */
export function moveFields(
  supergraph: RouterSupergraph,
  { subgraph, selection, requires }: Asked,
  typeName: string | null,
): { selection: SelectionSetNode; moved: readonly MovedFields[] } {
  const joined = supergraph.joinedSchemas.get(subgraph);
  if (!joined) return { selection, moved: [] };
  const mover = new FieldMover(supergraph, new ResolvableFields(supergraph, joined));
  const place = { typeName, promised: [], sent: requires, path: [] };
  return { selection: mover.visit(selection, place), moved: mover.moved };
}

/** The objects that a selection set is selected on. */
interface Place {
  typeName: string | null;
  promised: Promised;
  sent: readonly RequiredSelection[] | null;
  path: readonly string[];
}

interface Move {
  typeName: string;
  node: FieldNode;
  guard: Guard;
}

class FieldMover {
  readonly moved: MovedFields[] = [];
  readonly #supergraph: RouterSupergraph;
  readonly #resolvable: ResolvableFields;

  constructor(supergraph: RouterSupergraph, resolvable: ResolvableFields) {
    this.#supergraph = supergraph;
    this.#resolvable = resolvable;
  }

  visit(selectionSet: SelectionSetNode, place: Place): SelectionSetNode {
    const moves: Move[] = [];
    const kept = this.#keep(selectionSet.selections, place, place.typeName, [], moves);
    const replaced = distinct(moves.map((move) => this.#move(move, place)));
    const isEmpty = kept.length === 0 && replaced.length === 0;
    return { ...selectionSet, selections: isEmpty ? [TYPENAME] : [...kept, ...replaced] };
  }

  /** Selections on one object: what is not kept is added to the moves. */
  #keep(
    selections: readonly SelectionNode[],
    place: Place,
    typeName: string | null,
    outer: Guard,
    moves: Move[],
  ): SelectionNode[] {
    return selections.flatMap((selection): SelectionNode[] => {
      const guard = guardOf(selection.directives, outer);
      if (guard === null) return []; // never selected
      if (selection.kind === Kind.FIELD) return this.#keepField(selection, place, typeName, guard, moves);
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [selection];
      const condition = selection.typeCondition?.name.value ?? typeName;
      const inner = this.#keep(selection.selectionSet.selections, place, condition, guard, moves);
      return inner.length > 0 ? [{ ...selection, selectionSet: { ...selection.selectionSet, selections: inner } }] : [];
    });
  }

  #keepField(node: FieldNode, place: Place, typeName: string | null, guard: Guard, moves: Move[]): SelectionNode[] {
    const name = node.name.value;
    if (typeName === null || name === "__typename") return [node];
    if (this.#resolvable.resolves(typeName, name, place.promised, place.sent))
      return [
        node.selectionSet ? { ...node, selectionSet: this.#inside(node, node.selectionSet, place, typeName) } : node,
      ];
    const bare = { ...node, directives: (node.directives ?? []).filter((each) => !isCondition(each)) };
    return [...this.#resolvable.possibleTypes(typeName)].flatMap((member) => {
      if (member !== typeName && this.#resolvable.resolves(member, name, place.promised, place.sent))
        return this.#keepField(node, place, member, guard, moves).map((each) => fragmentOn(member, [], [each]));
      moves.push({ typeName: member, node: bare, guard });
      return [];
    });
  }

  #inside(node: FieldNode, selectionSet: SelectionSetNode, place: Place, typeName: string): SelectionSetNode {
    const name = node.name.value;
    const lists = Array.from({ length: listDepth(this.#supergraph.fullSchema, typeName, name) }, () => "@");
    return this.visit(selectionSet, {
      typeName: this.#resolvable.typeOf(typeName, name),
      promised: this.#resolvable.promisedInside(typeName, name, place.promised),
      sent: null,
      path: [...place.path, (node.alias ?? node.name).value, ...lists],
    });
  }

  /** What is selected in place of a field that other fetches bring. */
  #move({ typeName, node, guard }: Move, { promised, sent, path }: Place): InlineFragmentNode {
    const isSelectable = (field: FieldNode) =>
      this.#resolvable.firstMissing(typeName, { kind: Kind.SELECTION_SET, selections: [field] }, promised, sent) ===
      null;
    const way = new FieldWays(this.#supergraph, typeName, isSelectable).to(node);
    if (!way) return fragmentOn(typeName, guard, [node]);
    this.moved.push({ path, typeName, guard, steps: way.steps });
    return fragmentOn(typeName, guard, [TYPENAME, ...way.selected]);
  }
}

/** Fields with the same text on the same type are one. */
function distinct(fragments: readonly InlineFragmentNode[]): InlineFragmentNode[] {
  const merged = new Map<string, Map<string, SelectionNode>>();
  const first = new Map<string, InlineFragmentNode>();
  for (const fragment of fragments) {
    const key = print({ ...fragment, selectionSet: { ...fragment.selectionSet, selections: [TYPENAME] } });
    const fields = merged.get(key) ?? new Map<string, SelectionNode>();
    for (const field of fragment.selectionSet.selections) fields.set(print(field), field);
    merged.set(key, fields);
    if (!first.has(key)) first.set(key, fragment);
  }
  return [...first].map(([key, fragment]) => ({
    ...fragment,
    selectionSet: { ...fragment.selectionSet, selections: [...merged.get(key)!.values()] },
  }));
}

function fragmentOn(typeName: string, guard: Guard, selections: readonly SelectionNode[]): InlineFragmentNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typeName } },
    directives: guard.map(conditionOf),
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
}

function conditionOf({ variable, expected }: Guard[number]): DirectiveNode {
  const value = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } } as const;
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: expected ? "include" : "skip" },
    arguments: [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: "if" }, value }],
  };
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === "skip" || name.value === "include";
}

function listDepth(schema: GraphQLSchema, typeName: string, fieldName: string): number {
  const owner = schema.getType(typeName);
  let type = isObjectType(owner) || isInterfaceType(owner) ? owner.getFields()[fieldName]?.type : undefined;
  let depth = 0;
  while (type && type !== getNamedType(type)) {
    const nullable = getNullableType(type);
    if (isListType(nullable)) depth++;
    type = isListType(nullable) ? nullable.ofType : nullable;
  }
  return depth;
}
