import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from "graphql";
import type { Random } from "./random.ts";
import { CONTEXT_TAKER } from "./world.ts";

/** An operation whose variables have no values yet. */
export interface OperationTemplate {
  query: string;
  /** Random values for the variables. */
  variables(random: Random): Record<string, unknown>;
}

/** A random valid operation on a schema. */
export function generateOperation(
  random: Random,
  schema: GraphQLSchema,
  shadows: readonly string[],
): OperationTemplate {
  return new OperationGenerator(random, schema, shadows).generate();
}

const DEPTH = 5;

interface Variable {
  definition: string;
  /** Undefined where it is left to its default. */
  draw(random: Random): unknown;
}

type AnyField = GraphQLField<unknown, unknown>;

class OperationGenerator {
  readonly #random: Random;
  readonly #schema: GraphQLSchema;
  /** Names that an alias may take from a field. */
  readonly #shadows: readonly string[];
  readonly #variables = new Map<string, Variable>();
  readonly #fragments: string[] = [];
  #twinCount = 0;
  /** What each path of response names stands for, so that no two selections of one contradict each other. */
  readonly #meanings = new Map<string, string>();

  constructor(random: Random, schema: GraphQLSchema, shadows: readonly string[]) {
    this.#random = random;
    this.#schema = schema;
    this.#shadows = shadows;
  }

  generate(): OperationTemplate {
    const subscription = this.#schema.getSubscriptionType();
    if (subscription && this.#random.chance(35)) return this.#subscription(subscription);
    const mutation = this.#schema.getMutationType();
    const isMutation = mutation !== undefined && mutation !== null && this.#random.chance(50);
    const root = isMutation ? mutation : this.#schema.getQueryType()!;
    const fields = Object.values(root.getFields());
    const count = this.#random.between(1, 3);
    const lines = Array.from({ length: count }, () => this.#field(root, this.#random.pick(fields), 0, ""));
    if (this.#random.chance(3)) lines.push("__typename");
    if (this.#random.chance(12)) lines.push(...this.#twins(root));
    return this.#operation(isMutation ? "mutation" : "query", lines);
  }

  /** One field, and nothing decides about it. */
  #subscription(root: GraphQLObjectType): OperationTemplate {
    const field = this.#random.pick(Object.values(root.getFields()));
    return this.#operation("subscription", [this.#field(root, field, 0, "", "")]);
  }

  #operation(kind: string, lines: readonly string[]): OperationTemplate {
    const definitions = [...this.#variables].map(([name, { definition }]) => `$${name}: ${definition}`);
    const head = definitions.length > 0 ? `(${definitions.join(", ")})` : "";
    const variables = [...this.#variables];
    return {
      query: `${kind} Fuzz${head} { ${lines.join(" ")} }\n${this.#fragments.join("\n")}`,
      variables(random) {
        const values = variables.map(([name, { draw }]) => [name, draw(random)] as const);
        return Object.fromEntries(values.filter(([, value]) => value !== undefined));
      },
    };
  }

  #selectionSet(type: GraphQLCompositeType, depth: number, path: string): string {
    const random = this.#random;
    const selections: string[] = [];
    const fields = "getFields" in type ? Object.values(type.getFields()) : [];
    const usable = fields.filter((field) => depth < DEPTH || !isCompositeType(getNamedType(field.type)));
    for (const field of random.some(usable, 1, depth < 2 ? 5 : 3))
      selections.push(this.#field(type, field, depth, path));
    if (isAbstractType(type)) {
      for (const member of this.#schema.getPossibleTypes(type))
        if (random.chance(65)) selections.push(this.#fragment(member, depth, path));
      if (random.chance(25)) selections.push("__typename");
      if (random.chance(30)) selections.push(...this.#ofSeveralTypes(type, depth, path));
    } else if (random.chance(12)) selections.push(this.#fragment(type, depth, path));
    if (random.chance(8) || selections.length === 0) selections.push("__typename");
    if (depth < DEPTH - 2 && random.chance(4)) selections.push(...this.#twins(type));
    return selections.join(" ");
  }

  /** A field that several types behind an interface or union have, with something else in it on each. */
  #ofSeveralTypes(type: GraphQLAbstractType, depth: number, path: string): string[] {
    const random = this.#random;
    if (depth >= DEPTH) return [];
    const members = this.#schema.getPossibleTypes(type);
    const ways = members.flatMap((member) =>
      objectFields(member).map((field) => ({
        field,
        having: members.filter((each) => String(each.getFields()[field.name]?.type) === String(field.type)),
      })),
    );
    const shared = ways.filter(({ having }) => having.length > 1);
    if (shared.length === 0) return [];
    const { field, having } = random.pick(shared);
    return random.some(having, 2, 3).map((member) => {
      const own = member.getFields()[field.name]!;
      return `... on ${member.name} { ${this.#field(member, own, depth + 1, path)} }`;
    });
  }

  #fragment(type: GraphQLCompositeType, depth: number, path: string): string {
    const random = this.#random;
    const selections = this.#selectionSet(type, depth + 1, path);
    const condition = this.#condition();
    if (random.chance(70)) return `... on ${type.name}${condition} { ${selections} }`;
    const name = `F${this.#fragments.length}`;
    this.#fragments.push(`fragment ${name} on ${type.name} { ${selections} }`);
    return `...${name}${condition}`;
  }

  #field(
    owner: GraphQLCompositeType,
    field: AnyField,
    depth: number,
    path: string,
    condition = this.#condition(field.name === CONTEXT_TAKER ? 40 : 9),
  ): string {
    const args = this.#arguments(field.args);
    const type = getNamedType(field.type);
    const call = `${field.name}${args}`;
    const name = this.#responseName(field.name, `${call}: ${String(field.type)}`, isCompositeType(type), path);
    const inner = isCompositeType(type) ? ` { ${this.#selectionSet(type, depth + 1, `${path}.${name}`)} }` : "";
    return `${name === field.name ? "" : `${name}: `}${call}${condition}${inner}`;
  }

  /** One field twice, where the same name stands for something else inside: what is fetched for both must not mix. */
  #twins(owner: GraphQLCompositeType): string[] {
    const random = this.#random;
    const ways = objectFields(owner).flatMap((outer) =>
      objectFields(getNamedType(outer.type)).map((inner) => ({ outer, inner })),
    );
    if (ways.length === 0) return [];
    const { outer, inner } = random.pick(ways);
    const leaves = fieldsOf(getNamedType(inner.type)).filter(({ type }) => !isCompositeType(getNamedType(type)));
    const args = this.#arguments(outer.args);
    const innerArgs = this.#arguments(inner.args);
    return random
      .some(leaves, 2, 2)
      .map(
        (leaf) =>
          `twin${this.#twinCount++}: ${outer.name}${args} { ${inner.name}${innerArgs} { x: ${leaf.name}${this.#arguments(leaf.args)} } }`,
      );
  }

  #responseName(fieldName: string, meaning: string, isObject: boolean, path: string): string {
    const random = this.#random;
    let name = fieldName;
    if (random.chance(12)) name = random.pick(["x", "y", "_a", "total"]);
    else if (random.chance(10)) name = random.pick(this.#shadows);
    for (let number = 0; ; number++) {
      const known = this.#meanings.get(`${path}.${name}`);
      if (known === undefined || known === meaning) break;
      name = isObject ? `${fieldName}${number}` : `z${number}`;
    }
    this.#meanings.set(`${path}.${name}`, meaning);
    return name;
  }

  /** Mostly none; `share`: how often there is one, in percent. */
  #condition(share = 9): string {
    const random = this.#random;
    if (!random.chance(share)) return "";
    const directive = random.pick(["skip", "include"]);
    if (random.chance(15)) return ` @${directive}(if: ${random.pick(["true", "false"])})`;
    const name = random.pick(["p", "q"]);
    if (!this.#variables.has(name)) {
      const byDefault = random.chance(42) ? "" : ` = ${random.pick(["true", "false"])}`;
      this.#variables.set(name, {
        definition: `Boolean!${byDefault}`,
        draw: (each) => (byDefault === "" || each.chance(50) ? each.chance(50) : undefined),
      });
    }
    return ` @${directive}(if: $${name})`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args
      .filter(() => this.#random.chance(65))
      .map(({ name, type }) => `${name}: ${this.#argument(type)}`);
    return given.length > 0 ? `(${given.join(", ")})` : "";
  }

  #argument(type: GraphQLInputType): string {
    const random = this.#random;
    const { literal } = literalOf(random, type);
    if (!random.chance(40)) return literal;
    const name = random.chance(5) ? "representations" : `v${this.#variables.size}`;
    if (this.#variables.has(name)) return literal;
    const byDefault = random.chance(30) ? "" : ` = ${literal}`;
    this.#variables.set(name, {
      definition: `${String(type)}${byDefault}`,
      draw: (each) => (byDefault === "" || each.chance(40) ? literalOf(each, type).value : undefined),
    });
    return `$${name}`;
  }
}

/** A random value of a type, as in an operation and as a variable has it. */
function literalOf(random: Random, type: GraphQLInputType, depth = 0): { literal: string; value: unknown } {
  const nullable = getNullableType(type);
  if (random.chance(8)) return { literal: "null", value: null };
  if (isListType(nullable)) {
    const items = ["one", "two"].slice(0, random.below(3));
    return { literal: JSON.stringify(items), value: items };
  }
  switch (String(nullable)) {
    case "Int": {
      const value = random.below(5);
      return { literal: String(value), value };
    }
    case "Mood": {
      const value = random.pick(["GLAD", "SAD"]);
      return { literal: value, value };
    }
    case "Filter": {
      const nested = depth < 1 && random.chance(40) ? literalOf(random, type, depth + 1) : null;
      const limit = random.chance(50) ? random.below(9) : null;
      return {
        literal: `{mood: SAD${limit === null ? "" : `, limit: ${limit}`}${nested ? `, nested: ${nested.literal}` : ""}}`,
        value: { mood: "SAD", ...(limit !== null && { limit }), ...(nested && { nested: nested.value }) },
      };
    }
    default: {
      const value = random.pick(["w", 'say "hi"', "line\n2"]);
      return { literal: JSON.stringify(value), value };
    }
  }
}

function fieldsOf(type: GraphQLNamedType): AnyField[] {
  return isObjectType(type) ? Object.values(type.getFields()) : [];
}

/** The fields with objects of one type in them. */
function objectFields(type: GraphQLNamedType): AnyField[] {
  return fieldsOf(type).filter((field) => isObjectType(getNamedType(field.type)));
}
