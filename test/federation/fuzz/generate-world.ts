import { addSubscriptions } from "./add-subscriptions.ts";
import {
  CONTEXTUAL,
  isObjectType,
  objectTypesIn,
  plainField,
  randomArguments,
  rootField,
  SCALARS,
  WRAPS,
} from "./generate-field.ts";
import { Random } from "./random.ts";
import {
  CONTEXT_FIELD,
  CONTEXT_TAKER,
  isDeclaredIn,
  isEntity,
  typeNamed,
  type Argument,
  type Key,
  type Required,
  type World,
  type WorldField,
  type WorldType,
  type Wrap,
} from "./world.ts";

/** A random federation, without faults. Not every one composes. */
export function generateWorld(random: Random, dataSeed: number): World {
  return new WorldGenerator(random, dataSeed).generate();
}

/** The same federation with other overrides that hold, which composition does not see, and planning does. */
export function holdOverrides(world: World, random: Random): World {
  return { ...world, overridesHeld: random.some(OVERRIDE_LABELS, 0, 2) };
}

/** The same federation with other data, and faults: what neither composition nor planning sees. */
export function varyWorld(world: World, random: Random, dataSeed: number): World {
  const fieldsEach = random.chance(20) ? random.between(2, 8) : 0;
  return {
    ...world,
    dataSeed,
    faults: { fieldsEach, requestLost: random.chance(fieldsEach > 0 ? 30 : 8) ? random.below(4) : -1 },
  };
}

/** Few, so that types have fields of the same name. */
const NAMES = ["name", "note", "size", "rank", "mood", "link", "part", "next", "data", "text", "sum", "tone"];
const OVERRIDE_LABELS = ["percent(40)", "soon"];

class WorldGenerator {
  readonly #random: Random;
  readonly #world: World;

  constructor(random: Random, dataSeed: number) {
    this.#random = random;
    this.#world = {
      dataSeed,
      subgraphs: ["a", "b", "c", "d"].slice(0, random.between(2, 4)),
      types: [],
      interfaces: [],
      unions: [],
      queries: [],
      mutations: [],
      subscriptions: [],
      overridesHeld: [],
      hidesEnumValue: random.chance(10),
      faults: { fieldsEach: 0, requestLost: -1 },
    };
  }

  generate(): World {
    const random = this.#random;
    this.#world.types.push({
      name: "Box",
      keys: [],
      keysIn: {},
      unresolvableIn: {},
      setsContextIn: null,
      fields: [plainField("code", "Int", "!", [])],
    });
    for (let number = random.between(1, 2); number > 0; number--) this.#addValueType(`V${number}`);
    const entities = random.between(1, 4);
    for (let number = 0; number < entities; number++) this.#addEntity(`E${number}`);
    if (random.chance(55)) this.#addInterface();
    if (random.chance(40)) this.#addUnion();
    for (const { members } of [...this.#world.interfaces, ...this.#world.unions]) this.#addKin(members);
    for (const type of this.#entities()) this.#addFields(type);
    for (const type of this.#entities()) for (const field of type.fields) this.#decorate(type, field);
    for (const type of this.#entities()) if (random.chance(45)) this.#addRequiring(type);
    this.#addMarks();
    if (random.chance(60)) this.#addRequiringThroughInterface();
    if (random.chance(25)) this.#addContext();
    for (const subgraph of this.#world.subgraphs) {
      const count = random.between(1, 3);
      for (let number = 0; number < count; number++)
        this.#world.queries.push(rootField(this.#world, random, `${subgraph}Query${number}`, subgraph));
    }
    if (random.chance(20)) this.#addMutations();
    addSubscriptions(this.#world, random);
    return this.#world;
  }

  #entities(): WorldType[] {
    return this.#world.types.filter(isEntity);
  }

  #addValueType(name: string): void {
    const fields = this.#random.some(NAMES, 1, 3).map((each) => {
      const type = this.#random.pick(SCALARS);
      return plainField(each, type, this.#random.pick(WRAPS), []);
    });
    this.#world.types.push({ name, keys: [], keysIn: {}, unresolvableIn: {}, setsContextIn: null, fields });
  }

  /** One subgraph declares every key, the others some: so each can be reached from each. */
  #addEntity(name: string): void {
    const random = this.#random;
    const keys: Key[] = random.chance(55) ? ["id"] : random.some<Key>(["id", "sku", "pair", "nested"], 1, 3);
    const [hub = "", ...others] = random.some(this.#world.subgraphs, 2, 4).sort(() => random.below(3) - 1);
    const all = keys.map((_, index) => index);
    const keysIn: Record<string, number[]> = { [hub]: all };
    for (const subgraph of others) keysIn[subgraph] = random.some(all, 1, keys.length);
    const unresolvableIn: Record<string, number[]> = {};
    for (const [subgraph, own] of Object.entries(keysIn)) {
      const [last] = own.slice(-1);
      if (own.length > 1 && random.chance(20)) unresolvableIn[subgraph] = [last!];
    }
    this.#world.types.push({ name, keys, keysIn, unresolvableIn, setsContextIn: null, fields: [] });
  }

  #addInterface(): void {
    const random = this.#random;
    const entities = this.#entities().filter(({ keys }) => keys.includes("id"));
    if (entities.length === 0) return;
    const members = random.some(entities, 1, 3);
    const tag = random.chance(65);
    const entityIn = random.chance(45) ? random.pick(this.#world.subgraphs) : null;
    for (const type of members) {
      const idKey = type.keys.indexOf("id");
      if (entityIn !== null) type.keysIn[entityIn] = [...new Set([...(type.keysIn[entityIn] ?? []), idKey])];
      for (const numbers of Object.values(type.keysIn)) if (!numbers.includes(idKey)) numbers.push(idKey);
      if (tag) type.fields.push(plainField("tag", "String", "", [random.pick(Object.keys(type.keysIn))]));
    }
    const fields = entityIn === null ? [] : [plainField("extra", random.pick(SCALARS), random.pick(WRAPS), ["io"])];
    if (entityIn !== null && tag && random.chance(85)) {
      for (const { fields: own } of members) own.find(({ name }) => name === "tag")!.owners = [entityIn];
      const wrap = random.pick<Wrap>(["", "!"]);
      fields.push({ ...plainField("judged", "String", wrap, ["io"]), requires: [requiredLeaf("tag")] });
    }
    const markedIn = random.chance(55) ? (entityIn ?? random.pick(this.#world.subgraphs)) : null;
    if (markedIn !== null) for (const type of members) type.keysIn[markedIn] ??= [type.keys.indexOf("id")];
    if (entityIn !== null) this.#world.subgraphs.push("io");
    const objectIn = entityIn === null ? null : "io";
    const names = members.map(({ name }) => name);
    this.#world.interfaces.push({ name: "I0", members: names, entityIn, objectIn, markedIn, fields });
  }

  #addUnion(): void {
    const objects = this.#world.types.filter(({ name }) => name !== "Box");
    this.#world.unions.push({ name: "U0", members: this.#random.some(objects, 2, 4).map(({ name }) => name) });
  }

  /** A field with entities in it that all types behind an interface or union have; a null in it takes nothing around it. */
  #addKin(members: readonly string[]): void {
    const random = this.#random;
    if (!random.chance(60)) return;
    const target = random.pick(this.#entities());
    const wrap = random.pick<Wrap>(["", "", "[]"]);
    for (const type of this.#entities()) {
      const owners = Object.keys(type.keysIn).filter((each) => isDeclaredIn(target, each));
      if (!members.includes(type.name) || owners.length === 0) continue;
      if (!type.fields.some(({ name }) => name === "kin"))
        type.fields.push(plainField("kin", target.name, wrap, [random.pick(owners)]));
    }
  }

  #addFields(type: WorldType): void {
    const random = this.#random;
    const declaring = Object.keys(type.keysIn);
    for (const name of random.some(NAMES, 2, 6)) {
      const owner = random.pick(declaring);
      const owners = random.chance(15) ? random.some(declaring, 1, 2) : [owner];
      type.fields.push(this.#field(name, owners));
    }
  }

  #field(name: string, owners: string[]): WorldField {
    const random = this.#random;
    if (random.chance(45)) {
      const args = random.chance(30) ? randomArguments(random) : [];
      const type = args.length > 0 ? "String" : random.pick(SCALARS);
      return { ...plainField(name, type, random.pick(WRAPS), owners), args };
    }
    const types = objectTypesIn(this.#world, owners);
    return plainField(name, random.pick(types), random.pick(WRAPS), owners);
  }

  #decorate(type: WorldType, field: WorldField): void {
    const random = this.#random;
    const [owner = ""] = field.owners;
    if (field.owners.length > 1 || field.name === "tag") return;
    const others = Object.keys(type.keysIn).filter((each) => each !== owner);
    if (!isObjectType(field.type) && others.length > 0 && random.chance(10)) {
      field.overrideFrom = random.pick(others);
      if (random.chance(60)) field.overrideLabel = random.pick(OVERRIDE_LABELS);
    } else if (!isObjectType(field.type) && random.chance(6)) field.isInaccessible = true;
    const target = typeNamed(this.#world, field.type);
    if (!target || !isEntity(target) || !random.chance(35)) return;
    const providable = target.fields.filter(
      (each) =>
        !isObjectType(each.type) && !each.owners.includes(owner) && each.args.length === 0 && each.name !== "tag",
    );
    const provided = providable.find((each) => each.requires.length === 0 && each.overrideFrom === null);
    if (provided) field.provides = provided.name;
  }

  /** Fields that other subgraphs compute from what is there, and from each other. */
  #addRequiring(type: WorldType): void {
    const random = this.#random;
    const count = random.between(1, 3);
    for (let number = 0; number < count; number++) {
      const owner = random.pick(Object.keys(type.keysIn));
      const candidates = type.fields.filter((each) => this.#canBeRequired(each, owner));
      if (candidates.length === 0) continue;
      // The last ones are computed themselves.
      const latest = random.chance(50) ? candidates.slice(-2) : candidates;
      const requires = random.some(latest, 1, 2).map((each) => this.#required(each));
      type.fields.push({ ...plainField(`calc${number}`, "String", random.pick(["", "!"]), [owner]), requires });
    }
  }

  /** A field of an interface that is computed, of each member from what that one has. */
  #addMarks(): void {
    const random = this.#random;
    for (const { members, markedIn } of this.#world.interfaces) {
      if (markedIn === null) continue;
      for (const type of this.#entities().filter(({ name }) => members.includes(name))) {
        const candidates = type.fields.filter((each) => this.#canBeRequired(each, markedIn));
        const requires = random.some(candidates, 1, 2).map((each) => this.#required(each));
        type.fields.push({ ...plainField("mark", "String", random.pick(["", "!"]), [markedIn]), requires });
      }
    }
  }

  /** A field that is computed from what the members of an interface have, of each in a fragment of its own. */
  #addRequiringThroughInterface(): void {
    const random = this.#random;
    for (const { name, members } of this.#world.interfaces) {
      const ways = this.#entities().flatMap((type) =>
        Object.keys(type.keysIn)
          .filter((giver) => giver !== "io" && objectTypesIn(this.#world, [giver]).includes(name))
          .flatMap((giver) =>
            Object.keys(type.keysIn)
              .filter((owner) => owner !== giver && owner !== "io")
              .map((owner) => ({ type, giver, owner })),
          ),
      );
      if (ways.length === 0) continue;
      const { type, giver, owner } = random.pick(ways);
      const types = this.#entities().filter((each) => members.includes(each.name));
      for (const each of types) if (random.chance(60)) each.keysIn[owner] ??= [each.keys.indexOf("id")];
      const fragments = types
        .filter((each) => isDeclaredIn(each, owner))
        .map((each) => ({ on: each.name, inner: this.#requiredLeaves(each, owner) }))
        .filter(({ inner }) => inner.length > 0);
      const inner = fragments.length === 0 || random.chance(50) ? [requiredLeaf("id")] : [];
      const requires = [{ field: "item", args: null, inner, fragments }];
      type.fields.push(plainField("item", name, random.pick(WRAPS), [giver]), {
        ...plainField("calcItem", "String", random.pick(["", "!"]), [owner]),
        requires,
      });
    }
  }

  #requiredLeaves(type: WorldType, owner: string): Required[] {
    const leaves = type.fields.filter(
      (each) => !isObjectType(each.type) && each.args.length === 0 && this.#canBeRequired(each, owner),
    );
    return this.#random.some(leaves, 1, 2).map(({ name }) => requiredLeaf(name));
  }

  /** An entity that is reached through objects that set the context, and has a field that takes it. */
  #addContext(): void {
    const random = this.#random;
    const taker = random.pick(this.#world.subgraphs);
    const setters = random.some(
      this.#entities().filter((type) => isDeclaredIn(type, taker)),
      1,
      2,
    );
    if (setters.length === 0 || taker === "io") return;
    const keysIn: Record<string, number[]> = { [taker]: [0] };
    const fields = [
      { ...plainField(CONTEXT_TAKER, "String", "", [taker]), args: randomArguments(random), takesContext: true },
    ];
    for (const type of setters) {
      const giver = random.pick(Object.keys(type.keysIn));
      keysIn[giver] = [0];
      type.setsContextIn = taker;
      type.fields.push(
        plainField(CONTEXT_FIELD, "String", "", [random.pick(Object.keys(type.keysIn))]),
        plainField("held", CONTEXTUAL, random.pick(WRAPS), [giver]),
      );
      fields.push({ ...plainField(`back${type.name}`, type.name, "", [giver]), args: [], takesContext: false });
    }
    // Mostly asked for along with what takes the context, and what refers to more of them often where nothing else is.
    const hueIn = random.chance(60) ? taker : random.pick(Object.keys(keysIn));
    const apart = this.#world.subgraphs.filter((each) => each !== "io" && keysIn[each] === undefined);
    const moreIn = apart.length > 0 && random.chance(60) ? random.pick(apart) : random.pick(Object.keys(keysIn));
    keysIn[moreIn] = [0];
    fields.push(plainField("hue", "String", "", [hueIn]), plainField("more", CONTEXTUAL, "", [moreIn]));
    this.#world.types.push({ name: CONTEXTUAL, keys: ["id"], keysIn, unresolvableIn: {}, setsContextIn: null, fields });
  }

  #canBeRequired(field: WorldField, owner: string): boolean {
    if (field.owners.includes(owner) || field.overrideFrom === owner || field.name === "tag") return false;
    if (field.overrideLabel !== null) return false; // composition does not see that it can be had
    const type = typeNamed(this.#world, field.type);
    return !isObjectType(field.type) || (type !== undefined && !isEntity(type) && !field.wrap.startsWith("["));
  }

  #required(field: WorldField): Required {
    const inner = typeNamed(this.#world, field.type)?.fields ?? [];
    return {
      field: field.name,
      args: field.args.length > 0 && this.#random.chance(70) ? this.#requiredArguments(field.args) : null,
      inner: this.#random.some(inner, 1, 2).map((each) => requiredLeaf(each.name)),
      fragments: [],
    };
  }

  #requiredArguments(args: readonly Argument[]): Required["args"] {
    const random = this.#random;
    const number = random.below(3);
    const values: Record<string, [string, unknown]> = {
      limit: [String(number), number],
      word: ['"w"', "w"],
      mood: ["CALM", "CALM"],
      filter: ["{limit: 1}", { limit: 1 }],
      ids: ['["x"]', ["x"]],
    };
    return {
      text: args.map(({ name }) => `${name}: ${values[name]![0]}`).join(", "),
      values: Object.fromEntries(args.map(({ name }) => [name, values[name]![1]])),
    };
  }

  #addMutations(): void {
    const random = this.#random;
    for (const subgraph of random.some(this.#world.subgraphs, 1, 2)) {
      for (const number of [0, 1]) {
        const field = rootField(this.#world, random, `${subgraph}Change${number}`, subgraph);
        this.#world.mutations.push(
          random.chance(60) ? { ...field, type: "String", wrap: "", args: randomArguments(random) } : field,
        );
      }
    }
  }
}

function requiredLeaf(field: string): Required {
  return { field, args: null, inner: [], fragments: [] };
}
