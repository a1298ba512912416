import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  visit,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import type { JoinedField, JoinedSchema } from "../../supergraph/joined-schemas.ts";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import { collectFields, type CollectedField, type Guard, type GuardedSelection } from "../../shape/collect-fields.ts";
import type { FetchPlan, PlannedFetch } from "../fetch-plan.ts";
import { isImplied } from "./guards.ts";
import { renameSelection } from "./rename-selection.ts";
import { unresolvable } from "./unresolvable.ts";

/** What one fetch brings into objects at its path. */
interface Arrival {
  fetch: PlannedFetch;
  selectionSet: SelectionSetNode;
  /** When it gets the objects of each type; of a root fetch, null. */
  sentUnder: ReadonlyMap<string, readonly Guard[]> | null;
}

/** What comes into the objects at one path, whichever fetch brings it. */
interface Place {
  arrivals: Arrival[];
  inner: Map<string, Place>;
}

/** The objects that can stand at one place under one kind of parent, and what is selected on them. */
export interface Position {
  place: Place | null;
  /** Object types, and the interfaces that a subgraph knows no better than by their name. */
  typeNames: ReadonlySet<string>;
  /** Selected together with what led here. */
  selections: readonly GuardedSelection[];
  /** The object is there when any of these holds. */
  guards: readonly Guard[];
}

/** An object on the way to others. */
export interface WayObject {
  position: Position;
  typeName: string;
}

/** Ways to the objects at one path that are told apart; past that many a plan is as good as none. */
const WAYS_MAX = 1_000;

/** A field of an object in the data. */
export interface FetchedField {
  collected: CollectedField;
  /** For a field with objects in it. */
  inner(): Position;
}

/** The data of a plan as its fetches build it up, seen without running them: which field is where, and when. */
export class FetchedData {
  readonly #supergraph: RouterSupergraph;
  readonly #schema: GraphQLSchema;
  readonly #rootType: string;
  readonly #root: Place = { arrivals: [], inner: new Map() };
  readonly #rootSelections: GuardedSelection[] = [];
  /** The subgraph that each selected field is asked of. */
  readonly #subgraphs = new Map<FieldNode, string>();

  constructor(supergraph: RouterSupergraph, rootType: string, { source }: FetchPlan) {
    this.#supergraph = supergraph;
    this.#schema = supergraph.fullSchema;
    this.#rootType = rootType;
    if (!source) return;
    const selectionSet = renameSelection(source.selection, source.outputRewrites);
    this.#rootSelections.push({ selectionSet, guard: [] });
    this.#remember(selectionSet, source.subgraph);
  }

  /** Enters what a fetch brings to objects of each type, and when. */
  add(fetch: PlannedFetch, sentUnder: ReadonlyMap<string, readonly Guard[]>): void {
    let place = this.#root;
    for (const step of fetch.path) {
      if (step === "@") continue;
      if (!place.inner.has(step)) place.inner.set(step, { arrivals: [], inner: new Map() });
      place = place.inner.get(step)!;
    }
    const selectionSet = renameSelection(withoutContexts(fetch), fetch.outputRewrites);
    this.#remember(selectionSet, fetch.subgraph);
    place.arrivals.push({ fetch, selectionSet, sentUnder: fetch.requires === null ? null : sentUnder });
  }

  root(): Position {
    return { place: this.#root, typeNames: new Set([this.#rootType]), selections: this.#rootSelections, guards: [[]] };
  }

  /** The objects at the path of a fetch; as far as the fetches `before` bring them, or all when that is null. */
  at(path: readonly string[], before: ReadonlySet<number> | null): Position[] {
    let positions = [this.root()];
    for (const step of path) {
      if (step === "@") continue;
      const next = new Map<string, Position>();
      for (const position of positions) {
        for (const typeName of this.typeNamesAt(position, before)) {
          const inner = this.fieldsOf(position, typeName, before).get(step)?.inner();
          if (inner) next.set(this.keyOf(inner), inner);
        }
      }
      positions = [...next.values()];
    }
    return positions;
  }

  /** The ways to the objects at a path, the root first, by what their types can be. */
  waysTo(
    path: readonly string[],
    before: ReadonlySet<number>,
  ): { position: Position; objects: readonly WayObject[] }[] {
    let ways: { position: Position; objects: readonly WayObject[] }[] = [{ position: this.root(), objects: [] }];
    for (const step of path) {
      if (step === "@") continue;
      ways = ways.flatMap(({ position, objects }) =>
        this.typeNamesAt(position, before).flatMap((typeName) => {
          const inner = this.fieldsOf(position, typeName, before).get(step)?.inner();
          return inner ? [{ position: inner, objects: [...objects, { position, typeName }] }] : [];
        }),
      );
      if (ways.length > WAYS_MAX) throw unresolvable("No plan was found: there are too many ways to an object");
    }
    return ways;
  }

  /**
   * What an object of a type at a position has, by response name; only what the fetches `before` bring, or all of them
   * when that is null.
   */
  fieldsOf(position: Position, typeName: string, before: ReadonlySet<number> | null): Map<string, FetchedField> {
    const type = this.#schema.getType(typeName);
    const fields = new Map<string, FetchedField>();
    if (!isCompositeType(type)) return fields;
    const arrived = (position.place?.arrivals ?? [])
      .filter(({ fetch }) => before === null || before.has(fetch.id))
      .flatMap((arrival) => selectionsOf(arrival, typeName));
    for (const collected of collectFields(this.#schema, NO_FRAGMENTS, type, [...position.selections, ...arrived])) {
      fields.set(collected.responseName, { collected, inner: () => this.#inner(position, type, collected) });
    }
    return fields;
  }

  /**
   * The types that an object at a position can be found under: a name of an interface is none any more once a subgraph
   * that has several types behind it has told which one the object is.
   */
  typeNamesAt(position: Position, before: ReadonlySet<number> | null): string[] {
    return [...position.typeNames].filter(
      (name) =>
        !isAbstractType(this.#schema.getType(name)) || !this.tellsType(position, name, name, before, position.guards),
    );
  }

  /** Whether a subgraph says which of the types behind `abstractName` an object is that passes for `typeName`, wherever the guards hold. */
  tellsType(
    position: Position,
    typeName: string,
    abstractName: string,
    before: ReadonlySet<number> | null,
    guards: readonly Guard[],
  ): boolean {
    const told = this.fieldsOf(position, typeName, before).get("__typename");
    if (!told || !guards.every((guard) => isImplied(guard, told.collected.guards))) return false;
    return [...this.subgraphsOf(told.collected)].some(
      (subgraph) => !this.#supergraph.joinedSchemas.get(subgraph)?.get(abstractName)?.isInterfaceObject,
    );
  }

  /** The subgraphs that a field of the data was asked of. */
  subgraphsOf({ nodes }: CollectedField): Set<string> {
    return new Set(nodes.map((node) => this.#subgraphs.get(node)!));
  }

  /** Equal for positions at which the same is selected on the same objects. */
  keyOf(position: Position): string {
    const parts = position.selections.map(
      ({ selectionSet, guard }) => `${this.#numberOf(selectionSet)}${keyOfGuard(guard)}`,
    );
    const place = position.place ? this.#numberOf(position.place) : "";
    return `${place}/${parts.join(",")}/${[...position.typeNames].join(",")}/${position.guards.map(keyOfGuard).join("|")}`;
  }

  readonly #numbers = new Map<object, number>();

  #numberOf(thing: object): number {
    let number = this.#numbers.get(thing);
    if (number === undefined) this.#numbers.set(thing, (number = this.#numbers.size));
    return number;
  }

  #inner(position: Position, type: GraphQLCompositeType, collected: CollectedField): Position {
    return {
      place: position.place?.inner.get(collected.responseName) ?? null,
      typeNames: this.#typeNames(type, collected),
      selections: collected.selections,
      guards: collected.guards,
    };
  }

  /**
   * The types of the objects in a field: those that every subgraph can name that resolves the field, because a field
   * that several share has one value. An interface's own name is one while only a subgraph was asked that knows no more.
   */
  #typeNames(owner: GraphQLCompositeType, collected: CollectedField): Set<string> {
    const field = "getFields" in owner ? owner.getFields()[collected.fieldName] : undefined;
    const type = field && getNamedType(field.type);
    if (!isCompositeType(type)) return new Set();
    const asked = this.subgraphsOf(collected);
    let common: Set<string> | null = null;
    let isNamed = false;
    for (const [subgraph, types] of this.#supergraph.joinedSchemas) {
      const declared = fieldIn(types, owner, collected.fieldName);
      if (!asked.has(subgraph) && (!declared || declared.isExternal)) continue;
      const named = declared?.typeName ?? type.name;
      const joined = types.get(named);
      const names = joined && !joined.isInterfaceObject ? joined.possible : possibleNames(this.#schema, named);
      common = common === null ? new Set(names) : intersection(common, names);
      if (asked.has(subgraph) && !joined?.isInterfaceObject) isNamed = true;
    }
    return new Set([...(common ?? []), ...(isNamed ? [] : [type.name])]);
  }

  #remember(selectionSet: SelectionSetNode, subgraph: string): void {
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) this.#subgraphs.set(selection, subgraph);
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet)
        this.#remember(selection.selectionSet, subgraph);
    }
  }
}

/** The selection as the client knows it: without the arguments that the router gives. */
function withoutContexts({ selection, contexts }: PlannedFetch): SelectionSetNode {
  if (contexts.length === 0) return selection;
  const names = new Set(contexts.map(({ definition }) => definition.variable.name.value));
  return visit(selection, {
    Argument: ({ value }) => (value.kind === Kind.VARIABLE && names.has(value.name.value) ? null : undefined),
  });
}

function selectionsOf({ fetch, selectionSet, sentUnder }: Arrival, typeName: string): GuardedSelection[] {
  const guards = sentUnder === null ? [fetch.conditions] : (sentUnder.get(typeName) ?? []);
  return guards.map((guard) => ({ selectionSet, guard }));
}

const NO_FRAGMENTS: ReadonlyMap<string, FragmentDefinitionNode> = new Map();

/** A field as a subgraph declares it, on the type itself or on an interface that it implements. */
function fieldIn(types: JoinedSchema, owner: GraphQLCompositeType, fieldName: string): JoinedField | undefined {
  const owners = [owner, ...("getInterfaces" in owner ? owner.getInterfaces() : [])];
  for (const { name } of owners) {
    const field = types.get(name)?.fields.get(fieldName);
    if (field) return field;
  }
  return undefined;
}

function possibleNames(schema: GraphQLSchema, name: string): Set<string> {
  const type = schema.getType(name);
  return new Set(isAbstractType(type) ? schema.getPossibleTypes(type).map((each) => each.name) : [name]);
}

function intersection(left: ReadonlySet<string>, right: ReadonlySet<string>): Set<string> {
  return new Set([...left].filter((name) => right.has(name)));
}

function keyOfGuard(guard: Guard): string {
  return guard.map(({ variable, expected }) => `${expected ? "+" : "-"}${variable}`).join("");
}
