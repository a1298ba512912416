import { isWorldObject, keyField, valueOf, type WorldObject } from "./world-data.ts";
import { KEY_FIELDS, membersOf, STREAM, typeNamed, type World, type WorldField } from "./world.ts";

/** What a broker sends for an event of a streamed subscription: nobody may change it. */
export function eventPayload(world: World, fieldName: string, event: number): unknown {
  const field = world.subscriptions.find(({ name }) => name === fieldName)!;
  return payloadOf(world, field, valueOf(world, { type: "Subscription", index: event }, field, {}));
}

function payloadOf(world: World, field: Pick<WorldField, "type">, value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map((each) => payloadOf(world, field, each)));
  if (!isWorldObject(value)) return value;
  const isAbstract = membersOf(world, field.type)[0] !== field.type;
  return Object.freeze({
    ...(isAbstract && { __typename: value.type }),
    ...Object.fromEntries(sentFields(world, value)),
    // Of another version of the schema.
    unheardOf: [1],
  });
}

function sentFields(world: World, object: WorldObject): [string, unknown][] {
  const type = typeNamed(world, object.type)!;
  const keys = type.keys.flatMap((key) => (key === "nested" ? ["box"] : KEY_FIELDS[key].split(" ")));
  const own = type.fields.filter(({ owners }) => type.keys.length === 0 || owners.includes(STREAM));
  const sent = [...keys.map(keyField), ...own];
  return sent.map((field) => [field.name, payloadOf(world, field, valueOf(world, object, field, {}))]);
}
