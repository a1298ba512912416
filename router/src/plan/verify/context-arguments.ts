import { Kind, type FieldNode, type SelectionSetNode } from "graphql";
import type { Guard } from "../../shape/collect-fields.ts";
import { matchesTypeCondition, typeOfStep } from "../../execute/type-condition.ts";
import type { JoinedSchema } from "../../supergraph/joined-schemas.ts";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { ContextSource, ContextVariable, PlannedFetch } from "../fetch-plan.ts";
import type { FetchedData, Position, WayObject } from "./fetched-data.ts";
import { allOf } from "./guards.ts";
import { unresolvable } from "./unresolvable.ts";

/** A fetch, as it is made after others. */
export interface AskedFetch {
  fetch: PlannedFetch;
  /** The contexts that each of its variables stands for. */
  contexts: ReadonlyMap<string, readonly TakenContext[]>;
  before: ReadonlySet<number>;
}

interface TakenContext {
  context: string;
  /** Whether it is taken by a field of an object inside the entity: then the entity itself may set it. */
  isInside: boolean;
}

/**
 * Reads which variables the arguments are given that come from contexts. Throws where one of them is given anything else.
 * `typeName` is null for entities, whose selection says the type itself.
 */
export function contextsOfVariables(
  supergraph: RouterSupergraph,
  fetch: PlannedFetch,
  typeName: string | null,
): AskedFetch["contexts"] {
  const types = supergraph.joinedSchemas.get(fetch.subgraph);
  const found = new Map<string, TakenContext[]>();
  if (types) new ArgumentCheck(supergraph, types, fetch, found).visit(fetch.selection, typeName ?? "", []);
  return found;
}

class ArgumentCheck {
  readonly #supergraph: RouterSupergraph;
  readonly #types: JoinedSchema;
  readonly #fetch: PlannedFetch;
  readonly #found: Map<string, TakenContext[]>;

  constructor(
    supergraph: RouterSupergraph,
    types: JoinedSchema,
    fetch: PlannedFetch,
    found: Map<string, TakenContext[]>,
  ) {
    this.#supergraph = supergraph;
    this.#types = types;
    this.#fetch = fetch;
    this.#found = found;
  }

  /** `around`: the types, in this fetch, of the objects around those of the type. */
  visit({ selections }: SelectionSetNode, typeName: string, around: readonly string[]): void {
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT)
        this.visit(selection.selectionSet, selection.typeCondition?.name.value ?? typeName, around);
      if (selection.kind !== Kind.FIELD) continue;
      const field = this.#types.get(typeName)?.fields.get(selection.name.value);
      for (const { name, context } of field?.contextArguments ?? [])
        this.#enter(selection, `${typeName}.${selection.name.value}`, name, context, around);
      if (selection.selectionSet) this.visit(selection.selectionSet, field?.typeName ?? "", [...around, typeName]);
    }
  }

  #enter(node: FieldNode, coordinate: string, argument: string, context: string, around: readonly string[]): void {
    const value = node.arguments?.find(({ name }) => name.value === argument)?.value;
    const variable = value?.kind === Kind.VARIABLE ? value.name.value : null;
    const isContext = this.#fetch.contexts.some(({ definition }) => definition.variable.name.value === variable);
    if (variable === null || !isContext) throw wrongContext(this.#fetch, coordinate);
    // What is nearer than the entity is not there yet when the fetch is made.
    const setters = this.#supergraph.contexts.get(context);
    const [, ...nearer] = around;
    if (nearer.some((each) => setters?.has(each))) throw wrongContext(this.#fetch, coordinate);
    this.#found.set(variable, [...(this.#found.get(variable) ?? []), { context, isInside: around.length > 0 }]);
  }
}

/**
 * When the values of all contexts are there for entities at the end of a way: `objects` are on it, the root first, the
 * entity last. Throws when anything but the nearest object that sets the context would be asked for one.
 */
export function contextGuards(
  supergraph: RouterSupergraph,
  data: FetchedData,
  { fetch, contexts, before }: AskedFetch,
  objects: readonly WayObject[],
): readonly Guard[] {
  let guards: readonly Guard[] = [[]];
  for (const variable of fetch.contexts) {
    const name = variable.definition.variable.name.value;
    for (const taken of contexts.get(name) ?? [])
      guards = allOf(guards, new ValueCheck(supergraph, data, fetch, before).guardsOf(variable, taken, objects));
  }
  return guards;
}

class ValueCheck {
  readonly #supergraph: RouterSupergraph;
  readonly #data: FetchedData;
  readonly #fetch: PlannedFetch;
  readonly #before: ReadonlySet<number>;

  constructor(supergraph: RouterSupergraph, data: FetchedData, fetch: PlannedFetch, before: ReadonlySet<number>) {
    this.#supergraph = supergraph;
    this.#data = data;
    this.#fetch = fetch;
    this.#before = before;
  }

  guardsOf(
    { definition, sources }: ContextVariable,
    { context, isInside }: TakenContext,
    objects: readonly WayObject[],
  ): readonly Guard[] {
    const setters = this.#supergraph.contexts.get(context);
    const around = isInside ? objects : objects.slice(0, -1);
    const nearest = around.findLastIndex(({ typeName }) => setters?.has(typeName));
    for (const source of sources) {
      const object = objects.at(-1 - source.up);
      if (!object || !this.#applies(source, object)) continue;
      if (object !== objects[nearest]) throw wrongContext(this.#fetch, `$${definition.variable.name.value}`);
      return this.#guardsAt(object.position, object.typeName, source.path);
    }
    return []; // never sent: whoever needs what it would bring does not get it
  }

  #applies({ path }: ContextSource, { typeName }: WayObject): boolean {
    const condition = path[0] === undefined ? null : typeOfStep(path[0]);
    return condition === null || matchesTypeCondition(this.#supergraph.fullSchema, typeName, condition);
  }

  #guardsAt(position: Position, typeName: string, path: readonly string[]): readonly Guard[] {
    const [step, ...rest] = path;
    if (step === undefined) return [[]];
    const condition = typeOfStep(step);
    if (condition !== null) {
      const applies = matchesTypeCondition(this.#supergraph.fullSchema, typeName, condition);
      return applies ? this.#guardsAt(position, typeName, rest) : [];
    }
    const field = this.#data.fieldsOf(position, typeName, this.#before).get(step);
    if (!field) return [];
    if (field.collected.fieldName !== step || field.collected.nodes.some((node) => node.arguments?.length))
      throw wrongContext(this.#fetch, `${typeName}.${step}`);
    let guards: readonly Guard[] = field.collected.guards;
    if (rest.length === 0) return guards;
    const inner = field.inner();
    for (const each of this.#data.typeNamesAt(inner, this.#before))
      guards = allOf(guards, this.#guardsAt(inner, each, rest));
    return guards;
  }
}

function wrongContext({ subgraph }: PlannedFetch, what: string): Error {
  return unresolvable(`No plan was found: the subgraph "${subgraph}" would not get the context of "${what}"`);
}
