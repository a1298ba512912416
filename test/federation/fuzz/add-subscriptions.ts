import { CONTEXTUAL, isObjectType, objectTypesIn, plainField, randomArguments, rootField } from "./generate-field.ts";
import type { Random } from "./random.ts";
import { isEntity, STREAM, typeNamed, type World, type WorldField } from "./world.ts";

/** Subscriptions that subgraphs serve, and some that a stream feeds. Added last: nothing else is said in the stream's subgraph. */
export function addSubscriptions(world: World, random: Random): void {
  if (random.chance(25)) addServed(world, random);
  if (random.chance(25)) addStreamed(world, random);
}

function addServed(world: World, random: Random): void {
  for (const subgraph of random.some(world.subgraphs, 1, 2))
    for (let number = random.between(1, 2); number > 0; number--)
      world.subscriptions.push(rootField(world, random, `${subgraph}Event${number}`, subgraph));
}

/** What a broker sends has of each entity its key and what else stands in the event, and nobody can be asked for more. */
function addStreamed(world: World, random: Random): void {
  const entities = world.types.filter((type) => isEntity(type) && type.name !== CONTEXTUAL);
  for (const type of random.some(entities, 1, 3)) {
    type.keysIn[STREAM] = type.keys.map((_, index) => index);
    type.unresolvableIn[STREAM] = type.keysIn[STREAM];
    for (const field of type.fields.filter((each) => canBeSent(world, each)))
      if (random.chance(25)) field.owners.push(STREAM);
  }
  world.subgraphs.push(STREAM);
  const fields = [plainField("at", "Int", "!", [STREAM])];
  for (const name of random.some(["about", "others"], 1, 2))
    fields.push(
      plainField(
        name,
        random.pick(objectTypesIn(world, [STREAM])),
        random.pick(name === "about" ? ["", "!"] : ["[]", "[!]!"]),
        [STREAM],
      ),
    );
  world.types.push({ name: "News", keys: [], keysIn: {}, unresolvableIn: {}, setsContextIn: null, fields });
  const types = objectTypesIn(world, [STREAM]).filter((name) => name !== "News");
  world.subscriptions.push(streamedField(random, "news", "News"));
  if (random.chance(60)) world.subscriptions.push(streamedField(random, "changed", random.pick(types)));
}

function streamedField(random: Random, name: string, type: string): WorldField {
  const args = random.chance(30) ? randomArguments(random) : [];
  return { ...plainField(name, type, random.pick(["", "!", "[!]"]), [STREAM]), args };
}

/** Whether a field of an entity may be in an event too. */
function canBeSent(world: World, field: WorldField): boolean {
  const isPlain = field.args.length === 0 && field.requires.length === 0 && !field.takesContext;
  const isValue = !isObjectType(field.type) || typeNamed(world, field.type)?.keys.length === 0;
  return isPlain && isValue && field.overrideFrom === null && field.provides === null && field.name !== "zone";
}
