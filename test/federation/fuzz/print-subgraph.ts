import {
  CONTEXT_FIELD,
  isDeclaredIn,
  isEntity,
  KEY_FIELDS,
  namesReadInside,
  resolvableKeys,
  sharedSdl,
  STREAM,
  typeNamed,
  typeText,
  type Required,
  type World,
  type WorldField,
  type WorldInterface,
  type WorldType,
} from "./world.ts";

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@requires", "@provides", "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject", "@composeDirective",
  "@context", "@fromContext"])\n`;
const KEY_SDL = {
  id: ["id: ID!"],
  sku: ["sku: String!"],
  pair: ["left: Int!", "right: String!"],
  nested: ["box: Box!"],
};

const STREAMED = `
  extend schema @link(url: "https://specs.example.org/streamed/v1.0", import: ["@streamed"]) @composeDirective(name: "@streamed")
  directive @streamed(topic: String!, channel: String! = "*", delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
  enum Delivery { EVERY LATEST }
  enum Snapshot { LAST NONE }`;

/** What one subgraph of a world declares. */
export function printSubgraph(world: World, subgraph: string): string {
  return new SubgraphPrinter(world, subgraph).print();
}

class SubgraphPrinter {
  readonly #world: World;
  readonly #subgraph: string;
  /** Types that a declared field returns: value types, interfaces and unions are declared where they are used. */
  readonly #used = new Set<string>();

  constructor(world: World, subgraph: string) {
    this.#world = world;
    this.#subgraph = subgraph;
  }

  print(): string {
    const { queries, mutations, subscriptions, types, interfaces, unions } = this.#world;
    const isStream = this.#subgraph === STREAM;
    const blocks = [LINK, ...(isStream ? [STREAMED] : []), sharedSdl(this.#world)];
    const entities = types.filter((type) => isEntity(type) && isDeclaredIn(type, this.#subgraph));
    const bodies = new Map(entities.map((type) => [type, this.#entityFields(type)]));
    const root = (name: string, fields: readonly WorldField[]) => {
      const own = fields
        .filter(({ owners }) => owners.includes(this.#subgraph))
        .map((field) => this.#field(field, null) + (isStream ? ` @streamed(topic: "${field.name}")` : ""));
      if (own.length > 0) blocks.push(block(`type ${name}`, own));
    };
    root("Query", queries);
    root("Mutation", mutations);
    root("Subscription", subscriptions);
    for (const each of interfaces) {
      if (each.objectIn !== this.#subgraph) continue;
      const own = each.fields.map((field) => this.#field(field, null));
      if (each.fields.some(({ requires }) => requires.length > 0)) own.push("tag: String @external");
      blocks.push(block(`type ${each.name} @key(fields: "id") @interfaceObject`, ["id: ID!", ...own]));
    }
    for (const each of unions) {
      if (!this.#used.has(each.name)) continue;
      const members = each.members.filter((name) => isDeclaredIn(typeNamed(this.#world, name)!, this.#subgraph));
      for (const name of members) this.#use(name);
      blocks.push(`union ${each.name} = ${members.join(" | ")}`);
    }
    for (const [type, fields] of bodies) blocks.push(block(this.#entityHead(type), fields));
    for (const each of interfaces) {
      if (each.objectIn === this.#subgraph || !this.#declaresInterface(each)) continue;
      const tag = this.#hasTag(each.members) ? ["tag: String"] : [];
      if (each.markedIn === this.#subgraph) tag.push("mark: String");
      const key = each.entityIn === this.#subgraph ? ' @key(fields: "id")' : "";
      blocks.push(block(`interface ${each.name}${key}`, ["id: ID!", ...tag]));
    }
    for (const type of types) {
      if (isEntity(type) || !this.#used.has(type.name)) continue;
      const fields = type.fields.map((field) => `${field.name}: ${typeText(field)}`);
      blocks.push(block(`type ${type.name} @shareable`, fields));
    }
    return blocks.join("\n");
  }

  /** What a value type has in it is used with it. */
  #use(name: string): void {
    if (this.#used.has(name)) return;
    this.#used.add(name);
    const type = typeNamed(this.#world, name);
    if (type && !isEntity(type)) for (const field of type.fields) this.#use(field.type);
  }

  #declaresInterface({ name, entityIn, markedIn }: WorldInterface): boolean {
    return entityIn === this.#subgraph || markedIn === this.#subgraph || this.#used.has(name);
  }

  #hasTag(members: readonly string[]): boolean {
    return members
      .map((name) => typeNamed(this.#world, name)!)
      .filter((type) => isDeclaredIn(type, this.#subgraph))
      .every(({ fields }) => fields.some(({ name, owners }) => name === "tag" && owners.includes(this.#subgraph)));
  }

  #entityHead(type: WorldType): string {
    const implemented = this.#world.interfaces.filter(
      (each) => each.members.includes(type.name) && this.#declaresInterface(each),
    );
    const resolvable = resolvableKeys(type, this.#subgraph);
    // The unresolvable ones first: then taking the first one is wrong.
    const keys = type.keysIn[this.#subgraph]!.map((index) => type.keys[index]!)
      .sort((left, right) => Number(resolvable.includes(left)) - Number(resolvable.includes(right)))
      .map((key) => `@key(fields: "${KEY_FIELDS[key]}"${resolvable.includes(key) ? "" : ", resolvable: false"})`);
    const list = implemented.length > 0 ? ` implements ${implemented.map(({ name }) => name).join(" & ")}` : "";
    const context = type.setsContextIn === this.#subgraph ? ' @context(name: "zone")' : "";
    return `type ${type.name}${list} ${keys.join(" ")}${context}`;
  }

  #entityFields(type: WorldType): string[] {
    const keys = type.keysIn[this.#subgraph]!.map((index) => type.keys[index]!);
    if (keys.includes("nested")) this.#use("Box");
    const fields = keys.flatMap((key) => KEY_SDL[key]);
    for (const field of type.fields) {
      const isOwner = field.owners.includes(this.#subgraph);
      if (isOwner) fields.push(this.#field(field, type));
      else if (field.overrideFrom === this.#subgraph) fields.push(this.#bareField(field));
      else if (this.#isRead(type, field.name))
        fields.push(`${this.#bareField({ ...field, isInaccessible: false })} @external`);
    }
    return fields;
  }

  #isRead(type: WorldType, name: string): boolean {
    const isContext = type.setsContextIn === this.#subgraph && name === CONTEXT_FIELD;
    const isInside = namesReadInside(this.#world, this.#subgraph, type.name).has(name);
    return isContext || isInside || this.#isRequired(type, name) || this.#isProvided(type, name);
  }

  #isRequired(type: WorldType, name: string): boolean {
    return type.fields.some(
      ({ owners, requires }) => owners.includes(this.#subgraph) && requires.some(({ field }) => field === name),
    );
  }

  #isProvided(type: WorldType, name: string): boolean {
    return this.#world.types.some(({ fields }) =>
      fields.some((each) => each.type === type.name && each.provides === name && each.owners.includes(this.#subgraph)),
    );
  }

  #bareField(field: WorldField): string {
    this.#use(field.type);
    const args = field.args.map(
      ({ name, type, defaultValue }) => `${name}: ${type}${defaultValue === null ? "" : ` = ${defaultValue}`}`,
    );
    if (field.takesContext) args.push(`context: String @fromContext(field: "$zone { ${CONTEXT_FIELD} }")`);
    const inaccessible = field.isInaccessible ? " @inaccessible" : "";
    return `${field.name}${args.length > 0 ? `(${args.join(", ")})` : ""}: ${typeText(field)}${inaccessible}`;
  }

  #field(field: WorldField, type: WorldType | null): string {
    let text = this.#bareField(field);
    if (field.requires.length > 0) text += ` @requires(fields: ${JSON.stringify(printRequired(field.requires))})`;
    if (field.provides !== null) text += ` @provides(fields: "${field.provides}")`;
    if (field.overrideFrom !== null) text += ` @override(from: "${field.overrideFrom}"${labelText(field)})`;
    const isProvided = type !== null && isProvidedAnywhere(this.#world, type, field.name);
    return field.owners.length > 1 || isProvided ? `${text} @shareable` : text;
  }
}

function labelText({ overrideLabel }: WorldField): string {
  return overrideLabel === null ? "" : `, label: "${overrideLabel}"`;
}

function isProvidedAnywhere(world: World, type: WorldType, name: string): boolean {
  return world.types.some(({ fields }) => fields.some((each) => each.type === type.name && each.provides === name));
}

function printRequired(required: readonly Required[]): string {
  return required
    .map(({ field, args, inner, fragments }) => {
      const texts = fragments.map((each) => `... on ${each.on} { ${printRequired(each.inner)} }`);
      // By it the subgraph knows which of the fragments an object is of.
      const typename = fragments.length > 0 ? ["__typename"] : [];
      const selections = [...typename, ...(inner.length > 0 ? [printRequired(inner)] : []), ...texts];
      const selection = selections.length > 0 ? ` { ${selections.join(" ")} }` : "";
      return `${field}${args ? `(${args.text})` : ""}${selection}`;
    })
    .join(" ");
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `  ${line}\n`).join("")}}`;
}
