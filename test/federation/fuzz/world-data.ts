import { isObjectType, plainField } from "./generate-field.ts";
import { hashOf } from "./random.ts";
import {
  KEY_FIELDS,
  membersOf,
  resolvableKeys,
  typeNamed,
  type Required,
  type World,
  type WorldField,
} from "./world.ts";

/** An object of the merged graph. */
export interface WorldObject {
  type: string;
  index: number;
}

/** Objects of each type. */
const OBJECTS = 4;

/** What a field of an object is; objects inside come as `WorldObject`. Pure: the same answer for the same question. */
export function valueOf(
  world: World,
  object: WorldObject,
  field: WorldField,
  args: Readonly<Record<string, unknown>>,
): unknown {
  const key = keyValue(object, field.name);
  if (key !== undefined) return key;
  if (field.requires.length > 0) return requiredText(field, inputsOf(world, object, field.requires));
  const seed = (index: number) => hashOf(world.dataSeed, object.type, object.index, field.name, index);
  const one = (index: number, isNullable: boolean): unknown =>
    isNullable && seed(index) % 7 === 0 ? null : itemOf(world, field, seed(index), args);
  if (!field.wrap.startsWith("[")) return one(0, field.wrap !== "!");
  if (!field.wrap.endsWith("]!") && seed(9) % 9 === 0) return null;
  return Array.from({ length: seed(8) % 4 }, (_, index) => one(index, !field.wrap.includes("[!]")));
}

/** The text that a field with these inputs has. */
export function requiredText(field: WorldField, inputs: unknown): string {
  return `${field.name}${JSON.stringify(inputs)}`;
}

/** The object that a representation means. */
export function objectOf(
  world: World,
  subgraph: string,
  typeName: string,
  representation: Record<string, unknown>,
): WorldObject | null {
  for (const type of membersOf(world, typeName)) {
    for (let index = 0; index < OBJECTS; index++) {
      const object = { type, index };
      if (isMeant(world, subgraph, object, representation)) return object;
    }
  }
  return null;
}

/** By the first key, of those that the subgraph resolves it by, that the representation has whole. */
function isMeant(
  world: World,
  subgraph: string,
  object: WorldObject,
  representation: Record<string, unknown>,
): boolean {
  const isObject = world.interfaces.some(
    ({ objectIn, members }) => objectIn === subgraph && members.includes(object.type),
  );
  for (const key of isObject ? (["id"] as const) : resolvableKeys(typeNamed(world, object.type)!, subgraph)) {
    if (key === "nested") {
      const box = representation["box"] as { code?: unknown } | undefined;
      if (box?.code !== undefined) return box.code === codeOf(object.index, object.type);
      continue;
    }
    const fields = KEY_FIELDS[key].split(" ");
    if (fields.every((name) => representation[name] !== undefined))
      return fields.every((name) => representation[name] === keyValue(object, name));
  }
  return false;
}

export function isWorldObject(value: unknown): value is WorldObject {
  return typeof value === "object" && value !== null && "type" in value && "index" in value;
}

/** A field that a key is made of. */
export function keyField(name: string): WorldField {
  return plainField(name, name === "box" ? "Box" : "ID", "!", []);
}

function keyValue({ type, index }: WorldObject, name: string): unknown {
  switch (name) {
    case "id":
      return `${type}-${index}`;
    case "sku":
      return `sku of ${type} ${index}`;
    case "left":
      return index >> 1;
    case "right":
      return `"${index % 2}" of\n${type}`;
    case "box":
      return { type: "Box", index: codeOf(index, type) };
    case "code":
      return index;
    default:
      return undefined;
  }
}

function codeOf(index: number, type: string): number {
  return Number(type.replace(/\D/g, "")) * 100 + index;
}

function itemOf(world: World, field: WorldField, seed: number, args: Readonly<Record<string, unknown>>): unknown {
  if (isObjectType(field.type)) {
    const members = membersOf(world, field.type).filter((name) => isNameable(world, field, name));
    return members.length === 0 ? null : { type: members[seed % members.length]!, index: (seed >>> 8) % OBJECTS };
  }
  switch (field.type) {
    case "Int":
      return seed % 1_000;
    case "Float":
      return (seed % 1_000) / 8;
    case "Boolean":
      return seed % 2 === 0;
    case "Json":
      return seed % 3 === 0 ? { x: seed % 5, list: [null, "a"] } : `j${seed % 50}`;
    case "Mood":
      return ["GLAD", "SAD", "CALM"][seed % 3];
    case "ID":
      return `i${seed % 1_000}`;
    default: {
      const given = Object.keys(args).length > 0 ? JSON.stringify(args) : "";
      return `${field.name}${seed % 1_000}${seed % 5 === 0 ? ' "é\n' : ""}${given}`;
    }
  }
}

/** A subgraph never gives an object of a type that it does not declare. */
function isNameable(world: World, field: WorldField, typeName: string): boolean {
  const type = typeNamed(world, typeName);
  const isObject = world.interfaces.some(
    (each) => each.name === field.type && field.owners.includes(each.objectIn ?? ""),
  );
  return (
    isObject || (type !== undefined && field.owners.every((owner) => type.keys.length === 0 || type.keysIn[owner]))
  );
}

/** What the inputs of a field are, read from the merged graph. */
function inputsOf(world: World, object: WorldObject, required: readonly Required[]): unknown {
  const fields = typeNamed(world, object.type)?.fields ?? [];
  return Object.fromEntries(
    required.map((each) => {
      const { field: name, args } = each;
      const field = fields.find((one) => one.name === name) ?? keyField(name);
      const value = valueOf(world, object, field, args?.values ?? defaultsOf(field));
      if (isLeaf(each)) return [name, value];
      return [name, inputsInside(value, (inside: WorldObject) => inputsOf(world, inside, readOf(each, inside.type)))];
    }),
  );
}

function isLeaf({ inner, fragments }: Required): boolean {
  return inner.length === 0 && fragments.length === 0;
}

/** What is read of an object of a type. */
function readOf({ inner, fragments }: Required, typeName: unknown): readonly Required[] {
  return [...inner, ...fragments.filter(({ on }) => on === typeName).flatMap((each) => each.inner)];
}

/** The inputs in an object, or in each of a list of objects. */
function inputsInside<T extends object>(value: unknown, inputs: (object: T) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => inputsInside(each, inputs));
  return value === null ? null : inputs(value as T);
}

function defaultsOf({ args }: WorldField): Record<string, unknown> {
  const given = args.filter(({ defaultValue }) => defaultValue !== null);
  return Object.fromEntries(
    given.map(({ name, type, defaultValue }) => [name, type === "Int" ? Number(defaultValue) : defaultValue]),
  );
}

/** The same, read from a representation. Throws when something is missing. */
export function inputsSent(sent: Record<string, unknown>, required: readonly Required[]): unknown {
  return Object.fromEntries(
    required.map((each) => {
      const { field } = each;
      const value = sent[field];
      if (value === undefined) throw new Error(`the input ${field} was not sent`);
      if (isLeaf(each)) return [field, value];
      const read = (inside: Record<string, unknown>) => inputsSent(inside, readOf(each, inside["__typename"]));
      return [field, inputsInside(value, read)];
    }),
  );
}
