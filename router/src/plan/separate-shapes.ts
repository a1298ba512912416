import {
  getNamedType,
  isCompositeType,
  Kind,
  visit,
  type FieldNode,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import type { PlannedFetch, Rewrite } from "./fetch-plan.ts";

/**
 * Gives fields of one name an alias where they have different shapes on different types, and takes it off their answers: a
 * subgraph refuses a selection of both under one name. Apollo's planner does that too, but not for each part of a selection.
 */
export function separateShapes(schema: GraphQLSchema, fetch: PlannedFetch, rootType: string): PlannedFetch {
  const typeName = fetch.requires !== null ? "" : fetch.path.length === 0 ? rootType : schema.getQueryType()!.name;
  const shapes = new ShapeSeparation(schema);
  shapes.enter([{ selectionSet: fetch.selection, typeName }], []);
  if (shapes.aliases.size === 0) return fetch;
  const selection = visit(fetch.selection, {
    Field(node) {
      const alias = shapes.aliases.get(node);
      return alias === undefined ? undefined : { ...node, alias: { kind: Kind.NAME, value: alias } };
    },
  });
  return { ...fetch, selection, outputRewrites: [...shapes.renames, ...fetch.outputRewrites] };
}

/** What is selected on objects of a type. */
interface Place {
  selectionSet: SelectionSetNode;
  typeName: string;
}

interface PlacedField {
  node: FieldNode;
  typeName: string;
  shape: string;
  inner: Place | null;
}

class ShapeSeparation {
  readonly aliases = new Map<FieldNode, string>();
  /** The deepest first: a path has the names that are in the answer. */
  readonly renames: Rewrite[] = [];
  readonly #schema: GraphQLSchema;
  #count = 0;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** Everything that is selected on the objects at one path of the answer. */
  enter(places: readonly Place[], path: readonly string[]): void {
    const fields = new Map<string, PlacedField[]>();
    for (const { selectionSet, typeName } of places) {
      for (const field of this.#fieldsOf(selectionSet.selections, typeName)) {
        const name = (field.node.alias ?? field.node.name).value;
        fields.set(name, [...(fields.get(name) ?? []), field]);
      }
    }
    for (const [name, all] of fields) {
      const shapes = Map.groupBy(all, ({ shape }) => shape);
      for (const [index, same] of [...shapes.values()].entries()) {
        const answered = index === 0 ? name : `_s${this.#count++}_${name}`;
        const inner = same.flatMap((field) => field.inner ?? []);
        if (inner.length > 0) this.enter(inner, [...path, answered]);
        if (index > 0) this.#alias(same, path, answered, name);
      }
    }
  }

  #alias(fields: readonly PlacedField[], path: readonly string[], alias: string, name: string): void {
    for (const { node } of fields) this.aliases.set(node, alias);
    for (const typeName of new Set(fields.map((field) => field.typeName)))
      this.renames.push({ kind: "rename", path: [...path, `... on ${typeName}`], from: alias, to: name });
  }

  #fieldsOf(selections: readonly SelectionNode[], typeName: string): PlacedField[] {
    return selections.flatMap((selection): PlacedField[] => {
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return this.#fieldsOf(selection.selectionSet.selections, selection.typeCondition?.name.value ?? typeName);
      if (selection.kind !== Kind.FIELD || selection.name.value === "__typename") return [];
      const owner = this.#schema.getType(typeName);
      const type =
        isCompositeType(owner) && "getFields" in owner ? owner.getFields()[selection.name.value]?.type : undefined;
      if (!type) return [];
      const named = getNamedType(type);
      const { selectionSet } = selection;
      const inner = selectionSet ? { selectionSet, typeName: named.name } : null;
      // Objects of different types may stand under one name: what is selected in them is compared instead.
      const shape = isCompositeType(named) ? String(type).replace(named.name, "{}") : String(type);
      return [{ node: selection, typeName, shape, inner }];
    });
  }
}
