import { parse, TypeInfo, visit, visitWithTypeInfo, type FieldNode } from "graphql";
import type { ExpectedPart } from "./expected-parts.ts";
import type { SeedResult } from "./fuzz-case.ts";
import { selectedByType } from "./selected-by-type.ts";
import { isEntity, STREAM, type World, type WorldField } from "./world.ts";

/** The least share of seeds, in percent, in which each feature has to occur. */
export const SHARE_MIN = 1;

interface Occurrence extends Pick<SeedResult, "world" | "schema" | "operations" | "parts"> {
  /** All operations of the seed as one text. */
  text: string;
}

/** What a seed can contain. A feature of the schema counts where an operation selects it. */
const FEATURES: Readonly<Record<string, (occurrence: Occurrence) => boolean>> = {
  "key: simple": ({ world }) => world.types.some(({ keys }) => keys.includes("id") || keys.includes("sku")),
  "key: compound": ({ world }) => world.types.some(({ keys }) => keys.includes("pair")),
  "key: nested": ({ world }) => world.types.some(({ keys }) => keys.includes("nested")),
  "key: several": ({ world }) => world.types.some(({ keys }) => keys.length > 1),
  "key: not resolvable": ({ world }) =>
    world.types.some(({ unresolvableIn }) => Object.keys(unresolvableIn).length > 0),
  "@shareable field": selected(({ owners }) => owners.length > 1),
  "@requires": selected(({ requires }) => requires.length > 0),
  "@requires with arguments": selected(({ requires }) => requires.some(({ args }) => args !== null)),
  "@requires nested": selected(({ requires }) => requires.some(({ inner }) => inner.length > 0)),
  "@requires chained": ({ world, text }) => world.types.some(({ fields }) => isChained(fields, text)),
  "@requires through an interface": selected(({ requires }) => requires.some(({ fragments }) => fragments.length > 0)),
  "@requires of a field of an interface": ({ world, text, ...seed }) =>
    has(text, "mark") && isComputedOfEach(world) && selectsOn("I0", "mark", seed),
  "@requires of an interface object": selected(
    (field, world) => field.requires.length > 0 && world.interfaces.some(({ fields }) => fields.includes(field)),
  ),
  "@provides": selected(({ provides }) => provides !== null),
  "@override": selected(({ overrideFrom }) => overrideFrom !== null),
  "@override whose label holds": selected((field, world) => isLabelled(field, world, true)),
  "@override whose label does not hold": selected((field, world) => isLabelled(field, world, false)),
  "@fromContext": selected(({ takesContext }) => takesContext),
  "@fromContext under a condition": ({ text }) => /\btold\b[^{}]*@(skip|include)\(if: \$/.test(text),
  "@inaccessible": ({ world }) => fieldsOf(world).some(({ isInaccessible }) => isInaccessible),
  "@inaccessible enum value": ({ world, text }) =>
    world.hidesEnumValue && fieldsOf(world).some(({ type, name }) => type === "Mood" && has(text, name)),
  "@interfaceObject": selected((field, world) => world.interfaces.some(({ fields }) => fields.includes(field))),
  interface: selected(({ type }) => type.startsWith("I0")),
  union: selected(({ type }) => type.startsWith("U0")),
  "value type": selected(({ type }) => /^V\d/.test(type)),
  "entity in another": ({ world, text }) =>
    world.types
      .filter(isEntity)
      .some(({ fields }) => fields.some(({ name, type }) => type.startsWith("E") && has(text, name))),
  enum: selected(({ type }) => type === "Mood"),
  "custom scalar": selected(({ type }) => type === "Json"),
  list: selected(({ wrap }) => wrap.startsWith("[")),
  "input object": ({ text }) => text.includes("filter: "),
  argument: ({ text }) => /\b(limit|word|mood|ids|filter): /.test(text),
  alias: ({ text }) => /\b(x|y|total): /.test(text),
  "alias of a field's name": ({ text }) =>
    /\b(id|sku|left|box|code|name|note|size|rank|part): (?!\$)[a-z]+[ ({]/.test(text),
  "one name for two things at two paths": ({ text }) => text.includes("twin0: "),
  "one name with something else in it on another type": ({ schema, operations }) =>
    operations.some(({ query }) => selectedByType(schema, query).isOtherInside),
  "inline fragment": ({ text }) => text.includes("... on "),
  "named fragment": ({ text }) => text.includes("...F"),
  variable: ({ text }) => /\$v\d/.test(text),
  "variable with a default": ({ text }) => /\$\w+: [^,)]+ = /.test(text),
  "@skip": ({ text }) => text.includes("@skip"),
  "@include": ({ text }) => text.includes("@include"),
  __typename: ({ text }) => text.includes("__typename"),
  "@defer": ({ text }) => text.includes("@defer"),
  "@defer with a label": inParts(({ label }) => label !== null),
  "@defer inside another": inParts(({ around }) => around.every((each) => each.around.length > 0)),
  "@defer of what another type has at once": ({ schema, operations }) =>
    operations.some(({ query }) => query.includes("@defer") && selectedByType(schema, query).isDeferredOnOne),
  "@defer under a condition": ({ text }) => /@defer\([^)]*if: /.test(text),
  "@defer in a named fragment": ({ text }) => /fragment F[^@]*?@defer/.test(text),
  "@defer in objects of a list": inParts(({ path }) => path.some((step) => typeof step === "number")),
  "@defer of the root": inParts(({ path }) => path.length === 0),
  "error in a deferred part": inParts(({ answer }) => answer.errors!.length > 0),
  "deferred parts and a fault of a request": ({ world, parts }) => world.faults.requestLost >= 0 && parts.length > 0,
  mutation: ({ text }) => text.includes("mutation "),
  "subscription that a subgraph serves": subscribed(false),
  "subscription that a stream feeds": subscribed(true),
  "event of an interface or union": ({ world, text }) =>
    world.subscriptions.some(({ name, type }) => /^[IU]/.test(type) && asksEvents(text, name)),
  "event with faults": ({ world, text }) =>
    text.includes("subscription ") && (world.faults.fieldsEach > 0 || world.faults.requestLost >= 0),
  "fault of a field": ({ world }) => world.faults.fieldsEach > 0,
  "fault of a request": ({ world }) => world.faults.requestLost >= 0,
  "faults of both kinds": ({ world }) => world.faults.requestLost >= 0 && world.faults.fieldsEach > 0,
};

/** Counts in how many seeds each feature occurs. */
export class FeatureTable {
  readonly #counts = new Map(Object.keys(FEATURES).map((name) => [name, 0]));
  #seeds = 0;

  count({ world, schema, parts, operations }: SeedResult): void {
    this.#seeds++;
    const text = operations.map(({ query }) => query).join("\n");
    for (const [name, occurs] of Object.entries(FEATURES))
      if (occurs({ world, schema, operations, parts, text })) this.#counts.set(name, this.#counts.get(name)! + 1);
  }

  /** Features that occur too seldom. */
  rare(): string[] {
    return [...this.#counts].filter(([, count]) => (100 * count) / this.#seeds < SHARE_MIN).map(([name]) => name);
  }

  print(): string {
    return [...this.#counts]
      .map(([name, count]) => `${((100 * count) / this.#seeds).toFixed(1).padStart(6)} %  ${name}`)
      .join("\n");
  }
}

function selected(isMeant: (field: WorldField, world: World) => boolean): (occurrence: Occurrence) => boolean {
  return ({ world, text }) => fieldsOf(world).some((field) => isMeant(field, world) && has(text, field.name));
}

function subscribed(isStreamed: boolean): (occurrence: Occurrence) => boolean {
  return ({ world, text }) =>
    world.subscriptions.some(({ name, owners }) => owners.includes(STREAM) === isStreamed && asksEvents(text, name));
}

function asksEvents(text: string, name: string): boolean {
  return new RegExp(`subscription [^{]*\\{\\s*(\\w+: )?${name}\\b`).test(text);
}

/** Whether a part of an answer is meant that comes later. */
function inParts(isMeant: (part: ExpectedPart) => boolean): (occurrence: Occurrence) => boolean {
  return ({ parts }) => parts.some((part) => part.around.length > 0 && isMeant(part));
}

function fieldsOf(world: World): WorldField[] {
  return [
    ...world.queries,
    ...world.subscriptions,
    ...[...world.types, ...world.interfaces].flatMap(({ fields }) => fields),
  ];
}

/** Whether a member of an interface computes the field of it from what it has. */
function isComputedOfEach({ types }: World): boolean {
  return types.some(({ fields }) => fields.some(({ name, requires }) => name === "mark" && requires.length > 0));
}

function selectsOn(typeName: string, fieldName: string, seed: Pick<Occurrence, "schema" | "operations">): boolean {
  const types = new TypeInfo(seed.schema);
  let isFound = false;
  const Field = ({ name }: FieldNode) => {
    isFound ||= name.value === fieldName && types.getParentType()?.name === typeName;
  };
  for (const { query } of seed.operations) visit(parse(query), visitWithTypeInfo(types, { Field }));
  return isFound;
}

function isLabelled({ overrideLabel }: WorldField, { overridesHeld }: World, isHeld: boolean): boolean {
  return overrideLabel !== null && overridesHeld.includes(overrideLabel) === isHeld;
}

function isChained(fields: readonly WorldField[], text: string): boolean {
  return fields.some(
    ({ name, requires }) =>
      has(text, name) &&
      requires.some(({ field }) => fields.some((each) => each.name === field && each.requires.length > 0)),
  );
}

function has(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(text);
}
