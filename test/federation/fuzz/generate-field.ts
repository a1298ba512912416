import type { Random } from "./random.ts";
import { isDeclaredIn, typeNamed, type Argument, type World, type WorldField, type Wrap } from "./world.ts";

export const SCALARS = ["String", "String", "Int", "Float", "Boolean", "ID", "Json", "Mood"];
export const WRAPS: Wrap[] = ["", "", "!", "[]", "[]!", "[!]", "[!]!"];
/** The entity with fields that take the context: nothing but what sets it refers to it. */
export const CONTEXTUAL = "C0";

export function plainField(name: string, type: string, wrap: Wrap, owners: string[]): WorldField {
  return {
    name,
    type,
    wrap,
    owners,
    args: [],
    requires: [],
    provides: null,
    overrideFrom: null,
    overrideLabel: null,
    takesContext: false,
    isInaccessible: false,
  };
}

export function isObjectType(type: string): boolean {
  return !SCALARS.includes(type);
}

/** What a field of these subgraphs can return. */
export function objectTypesIn(world: World, owners: readonly string[]): string[] {
  const { types, interfaces, unions } = world;
  const objects = types
    .filter(
      (type) => type.name !== "Box" && type.name !== CONTEXTUAL && owners.every((owner) => isDeclaredIn(type, owner)),
    )
    .map(({ name }) => name);
  const [owner = ""] = owners;
  if (owner === "io") return interfaces.map(({ name }) => name);
  const abstract = owners.length > 1 ? [] : [...interfaces, ...unions];
  const usable = abstract.filter(
    (each) =>
      (!("entityIn" in each) || each.entityIn === null || each.entityIn === owner) &&
      each.members.some((name) => isDeclaredIn(typeNamed(world, name)!, owner)),
  );
  return [...objects, ...usable.flatMap(({ name }) => [name, name])];
}

export function randomArguments(random: Random): Argument[] {
  const all: Argument[] = [
    { name: "limit", type: "Int", defaultValue: random.chance(50) ? "3" : null },
    { name: "word", type: "String", defaultValue: null },
    { name: "mood", type: "Mood", defaultValue: random.chance(50) ? "SAD" : null },
    { name: "filter", type: "Filter", defaultValue: null },
    { name: "ids", type: "[ID!]", defaultValue: null },
  ];
  return random.some(all, 1, 2);
}

/** A field of a root type: mostly one with entities in it. */
export function rootField(world: World, random: Random, name: string, subgraph: string): WorldField {
  const types = objectTypesIn(world, [subgraph]);
  if (types.length === 0 || random.chance(10))
    return { ...plainField(name, "String", "", [subgraph]), args: randomArguments(random) };
  const entities = types.filter((each) => !each.startsWith("V"));
  const type = random.pick(entities.length > 0 && random.chance(85) ? entities : types);
  return plainField(name, type, random.pick(["", "[]", "[!]!", "[]!"]), [subgraph]);
}
