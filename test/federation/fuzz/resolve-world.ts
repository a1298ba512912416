import type { GraphQLFieldResolver, OperationTypeNode } from "graphql";
import { hashOf } from "./random.ts";
import { inputsSent, isWorldObject, keyField, requiredText, valueOf, type WorldObject } from "./world-data.ts";
import { CONTEXT_FIELD, resolversOf, STREAM, typeNamed, type Required, type World, type WorldField } from "./world.ts";

/** An object on its way through graphql-js. */
export interface SourceObject {
  __typename: string;
  object: WorldObject;
  /** The representation that it was entered by, in a subgraph. */
  sent?: Record<string, unknown>;
  /** The external field that it comes with. */
  provided?: string | null;
  /** What the nearest object around it that sets the context has set; an error where that one failed. */
  context?: unknown;
}

/** What an operation is executed with. */
export interface RunState {
  /** Made by mutations so far. */
  changes: number;
  /** The number of the event, of a subscription. */
  event: number;
}

export function newState(event = 0): RunState {
  return { changes: 0, event };
}

/**
 * Resolves every field of the merged graph, or of one subgraph: that one answers with an error where it is asked for
 * what it does not have.
 */
export function resolverOf(world: World, subgraph: string | null): GraphQLFieldResolver<unknown, RunState> {
  return (source, args, state, info) => {
    if (isSourceObject(source)) return resolveField(world, subgraph, source, info.fieldName, args);
    const { type, fields } = rootOf(world, info.operation.operation);
    const field = fields.find(({ name }) => name === info.fieldName);
    if (!field) return undefined;
    if (type === "Mutation" && field.type === "String") return `change ${++state.changes}`;
    return sourcesOf(world, subgraph, field, valueOf(world, { type, index: state.event }, field, args));
  };
}

function rootOf(world: World, operation: OperationTypeNode): { type: string; fields: readonly WorldField[] } {
  if (operation === "query") return { type: "Query", fields: world.queries };
  if (operation === "mutation") return { type: "Mutation", fields: world.mutations };
  return { type: "Subscription", fields: world.subscriptions };
}

function resolveField(
  world: World,
  subgraph: string | null,
  source: SourceObject,
  name: string,
  args: Record<string, unknown>,
): unknown {
  const field = fieldOf(world, source.object.type, name);
  if (subgraph !== null && field) checkAsked(world, subgraph, source, field);
  const known = field ?? keyField(name);
  // What cannot be asked for has no fault of its own.
  if (known.takesContext && source.context instanceof Error) throw source.context;
  const fault = field && faultOf(world, source.object, field);
  if (fault === null) return null;
  if (fault) throw fault;
  if (subgraph !== null && known.requires.length > 0 && known.owners.includes(subgraph))
    return requiredText(known, inputsSent(source.sent ?? {}, known.requires));
  if (known.takesContext) return toldText(subgraph === null ? { ...args, context: source.context } : args);
  const context = contextOf(world, source);
  return sourcesOf(world, subgraph, known, valueOf(world, source.object, known, args), context);
}

/** What a field says that takes the context: all that it was given, in one order. */
function toldText(given: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(given).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** The context of the objects inside an object. */
function contextOf(world: World, { object, context }: SourceObject): unknown {
  const type = typeNamed(world, object.type);
  if (!type || type.setsContextIn === null) return context;
  const field = type.fields.find(({ name }) => name === CONTEXT_FIELD)!;
  const fault = faultOf(world, object, field);
  return fault === undefined ? valueOf(world, object, field, {}) : fault;
}

/** Throws when a subgraph is asked for a field that it only declares for others. */
function checkAsked(world: World, subgraph: string, source: SourceObject, field: WorldField): void {
  const isValueType = typeNamed(world, source.object.type)?.keys.length === 0;
  if (isValueType || resolversOf(world, field).includes(subgraph) || source.provided === field.name) return;
  throw new Error(`the subgraph ${subgraph} was asked for ${source.object.type}.${field.name}`);
}

/** A field of the type itself, or one that an interface object adds to it. */
export function fieldOf(world: World, typeName: string, name: string): WorldField | undefined {
  const own = typeNamed(world, typeName)?.fields.find((field) => field.name === name);
  if (own) return own;
  return world.interfaces
    .filter(({ members }) => members.includes(typeName))
    .flatMap(({ fields }) => fields)
    .find((field) => field.name === name);
}

/** Keys are always there: an entity without one is not reached at all. And an event has no errors in it. */
function isFaulty(world: World, object: WorldObject, field: WorldField): boolean {
  const { fieldsEach } = world.faults;
  const isShared = field.owners.length !== 1 || field.owners.includes(STREAM);
  if (fieldsEach === 0 || isShared || isNeeded(world, field)) return false;
  return hashOf(world.dataSeed, "fault", object.type, object.index, field.name) % fieldsEach === 0;
}

/** What is there instead of a field's value: null or an error; undefined where the field has no fault. */
function faultOf(world: World, object: WorldObject, field: WorldField): Error | null | undefined {
  if (!isFaulty(world, object, field)) return undefined;
  return hashOf(world.dataSeed, field.name, object.index) % 2 === 0 ? null : new Error(`fault of ${field.name}`);
}

/** Whether anything else in the graph is made from the field. */
function isNeeded(world: World, field: WorldField): boolean {
  return [...world.types, ...world.interfaces].some(({ fields }) =>
    fields.some(
      (each) => each.provides === field.name || each.requires.some((required) => reads(required, field.name)),
    ),
  );
}

function reads({ field, inner, fragments }: Required, name: string): boolean {
  const inside = [...inner, ...fragments.flatMap((each) => each.inner)];
  return field === name || inside.some((each) => reads(each, name));
}

function sourcesOf(
  world: World,
  subgraph: string | null,
  field: WorldField,
  value: unknown,
  context?: unknown,
): unknown {
  if (Array.isArray(value)) return value.map((each) => sourcesOf(world, subgraph, field, each, context));
  if (!isWorldObject(value)) return value;
  const source: SourceObject = { __typename: nameIn(world, subgraph, value.type), object: value };
  return { ...source, provided: field.provides, context };
}

/** A subgraph with an interface object knows no better name. */
export function nameIn(world: World, subgraph: string | null, typeName: string): string {
  const known = world.interfaces.find(({ objectIn, members }) => objectIn === subgraph && members.includes(typeName));
  return subgraph !== null && known ? known.name : typeName;
}

function isSourceObject(source: unknown): source is SourceObject {
  return typeof source === "object" && source !== null && "object" in source;
}
