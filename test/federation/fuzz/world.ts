// A federation as plain data: what the subgraphs declare and how the merged graph looks. Objects have no data of their own:
// every value follows from the seed, the object and the field (`world-data`).

export interface World {
  dataSeed: number;
  subgraphs: string[];
  types: WorldType[];
  interfaces: WorldInterface[];
  unions: { name: string; members: string[] }[];
  queries: WorldField[];
  mutations: WorldField[];
  subscriptions: WorldField[];
  /** The labels of overrides that hold. */
  overridesHeld: string[];
  /** Whether clients do not know one value of the enum, which objects have all the same. */
  hidesEnumValue: boolean;
  faults: Faults;
}

export interface WorldType {
  name: string;
  /** Empty for a value type, which every subgraph that uses it declares whole. */
  keys: Key[];
  /** The numbers of the keys that each subgraph declares, by subgraph. */
  keysIn: Record<string, number[]>;
  /** Those of them by which the subgraph cannot resolve it. */
  unresolvableIn: Record<string, number[]>;
  /** The subgraph in which its objects set the context, to what their field `zone` is. */
  setsContextIn: string | null;
  fields: WorldField[];
}

/** Which of the four ways there are to tell an entity. */
export type Key = "id" | "sku" | "pair" | "nested";

export const KEY_FIELDS: Readonly<Record<Key, string>> = {
  id: "id",
  sku: "sku",
  pair: "left right",
  nested: "box { code }",
};

export interface WorldInterface {
  name: string;
  members: string[];
  /** The subgraph that declares it with a key, and the one that declares it as an object, where there are such. */
  entityIn: string | null;
  objectIn: string | null;
  /** The subgraph that computes the field `mark` of every member, where there is one. */
  markedIn: string | null;
  /** Of the interface object. */
  fields: WorldField[];
}

export interface WorldField {
  name: string;
  /** Of a scalar, an enum, a type, an interface or a union. */
  type: string;
  /** Nothing, or what goes around the type: `!`, `[]`, `[!]!` and so on. */
  wrap: Wrap;
  /** The subgraphs that resolve it. */
  owners: string[];
  args: Argument[];
  requires: Required[];
  /** A field of the entity in it that the owner resolves on the way. */
  provides: string | null;
  /** The subgraph that still declares it and must not be asked any more. */
  overrideFrom: string | null;
  /** Decides whether that subgraph has to be asked after all. */
  overrideLabel: string | null;
  isInaccessible: boolean;
  /** Whether the router gives it the context, as an argument that clients do not see. */
  takesContext: boolean;
}

export type Wrap = "" | "!" | "[]" | "[]!" | "[!]" | "[!]!";

export interface Argument {
  name: string;
  type: string;
  /** As in the schema. */
  defaultValue: string | null;
}

export interface Required {
  field: string;
  /** As in the field set, with their values; null for none, or to leave a field's own to their defaults. */
  args: { text: string; values: Record<string, unknown> } | null;
  inner: Required[];
  /** What is read of an object of one type, where the field is of an interface. */
  fragments: { on: string; inner: Required[] }[];
}

/** What goes wrong in the subgraphs. */
export interface Faults {
  /** One in so many values that nothing depends on is an error, or a null whether it may be one or not; 0 for none. */
  fieldsEach: number;
  /** The request, counted from 0, that gets no answer; -1 for none. */
  requestLost: number;
}

/** The subgraph whose events a broker sends: it is never asked. */
export const STREAM = "st";

/** The field by which objects set the context. */
export const CONTEXT_FIELD = "zone";
/** The field that takes it. */
export const CONTEXT_TAKER = "told";

/** What every subgraph declares. */
export function sharedSdl({ hidesEnumValue }: World): string {
  return `
  scalar Json
  enum Mood { GLAD SAD CALM${hidesEnumValue ? " @inaccessible" : ""} }
  input Filter { limit: Int = 7 words: [String!] mood: Mood nested: Filter }
`;
}

export function typeNamed(world: World, name: string): WorldType | undefined {
  return world.types.find((type) => type.name === name);
}

/** The subgraphs that resolve a field while the labels hold that do. */
export function resolversOf({ overridesHeld }: World, field: WorldField): readonly string[] {
  const { owners, overrideFrom, overrideLabel } = field;
  if (overrideFrom === null || overrideLabel === null || overridesHeld.includes(overrideLabel)) return owners;
  return [overrideFrom];
}

/** The object types that a type can be, of those that a subgraph declares. */
export function membersOf(world: World, name: string): string[] {
  const abstract = [...world.interfaces, ...world.unions].find((each) => each.name === name);
  return abstract ? abstract.members : [name];
}

export function isEntity(type: WorldType): boolean {
  return type.keys.length > 0;
}

/** The keys by which a subgraph resolves an entity. */
export function resolvableKeys(type: WorldType, subgraph: string): Key[] {
  const unresolvable = type.unresolvableIn[subgraph] ?? [];
  return (type.keysIn[subgraph] ?? [])
    .filter((index) => !unresolvable.includes(index))
    .map((index) => type.keys[index]!);
}

export function isDeclaredIn(type: WorldType, subgraph: string): boolean {
  return isEntity(type) ? type.keysIn[subgraph] !== undefined : true;
}

/** What the inputs of a subgraph's fields read of the objects of a type inside others. */
export function namesReadInside(world: World, subgraph: string, typeName: string): Set<string> {
  const own = world.types.flatMap(({ fields }) => fields.filter(({ owners }) => owners.includes(subgraph)));
  const fragments = own.flatMap(({ requires }) => requires.flatMap((each) => each.fragments));
  return new Set(fragments.filter(({ on }) => on === typeName).flatMap(({ inner }) => inner.map(({ field }) => field)));
}

/** A field's type as SDL. */
export function typeText({ type, wrap }: Pick<WorldField, "type" | "wrap">): string {
  if (!wrap.startsWith("[")) return type + wrap;
  return `[${type}${wrap.includes("[!]") ? "!" : ""}]${wrap.endsWith("]!") ? "!" : ""}`;
}
