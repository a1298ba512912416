import {
  isAbstractType,
  Kind,
  parse,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DirectiveNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import type { FuzzedOperation } from "./fuzzed-subgraphs.ts";
import type { OperationTemplate } from "./generate-operation.ts";
import type { Random } from "./random.ts";

/** The same operation with `@defer` on some of its fragments, and on fragments around some of its fields. */
export function deferSelections(
  { query, variables }: OperationTemplate,
  random: Random,
  schema: GraphQLSchema,
): OperationTemplate {
  const deferring = new Deferring(random, schema);
  const types = new TypeInfo(schema);
  const document = visit(
    parse(query, { noLocation: true }),
    visitWithTypeInfo(types, {
      InlineFragment: { leave: (node) => deferring.some(node) },
      FragmentSpread: { leave: (node) => deferring.some(node) },
      SelectionSet: {
        enter: (node) => deferring.ofOneType(node, types.getParentType()),
        leave: (node) => deferring.someFields(node),
      },
    }),
  );
  const definitions = document.definitions.map((each) =>
    each.kind === Kind.OPERATION_DEFINITION ? deferring.withCondition(each) : each,
  );
  return {
    query: print({ ...document, definitions }),
    variables: (each) => ({ ...variables(each), ...deferring.variables(each) }),
  };
}

export function isDeferring({ query }: Pick<FuzzedOperation, "query">): boolean {
  return query.includes("@defer");
}

/** Decides what is deferred in one operation. */
class Deferring {
  readonly #random: Random;
  readonly #schema: GraphQLSchema;
  #labels = 0;
  #hasNameless = false;
  #hasCondition = false;
  #later: "always" | "sometimes" | "never" = "never";

  constructor(random: Random, schema: GraphQLSchema) {
    this.#random = random;
    this.#schema = schema;
  }

  /** The value of the variable that decides, where there is one. */
  variables(random: Random): { later?: boolean } {
    const isGiven = this.#later === "always" || (this.#later === "sometimes" && random.chance(50));
    return isGiven ? { later: random.chance(60) } : {};
  }

  some<T extends Exclude<SelectionNode, { kind: Kind.FIELD }>>(fragment: T): T {
    if (isDeferred(fragment) || !this.#random.chance(35)) return fragment;
    return { ...fragment, directives: [...(fragment.directives ?? []), this.#directive()] };
  }

  /** Defers on one type behind an interface or union what is selected on another one. */
  ofOneType(selectionSet: SelectionSetNode, around: unknown): SelectionSetNode | undefined {
    const random = this.#random;
    if (!isAbstractType(around) || !random.chance(50)) return undefined;
    const types = this.#schema.getPossibleTypes(around);
    const ways = selectionSet.selections.flatMap((selection) => {
      if (selection.kind !== Kind.INLINE_FRAGMENT) return [];
      const own = types.find(({ name }) => name === selection.typeCondition?.name.value);
      if (!own) return [];
      return selection.selectionSet.selections.flatMap((field) =>
        field.kind === Kind.FIELD
          ? types.filter((type) => type !== own && hasSameField(own, type, field)).map((type) => ({ type, field }))
          : [],
      );
    });
    if (ways.length === 0) return undefined;
    const { type, field } = random.pick(ways);
    const deferred = fragmentOn(null, [this.#directive()], [field]);
    const added = random.chance(50) ? { ...deferred, typeCondition: typeNode(type) } : fragmentOn(type, [], [deferred]);
    return { ...selectionSet, selections: [...selectionSet.selections, added] };
  }

  /** Moves or copies selections into a deferred fragment: what is copied comes twice. */
  someFields(selectionSet: SelectionSetNode): SelectionSetNode {
    const random = this.#random;
    if (!random.chance(22)) return selectionSet;
    const deferred = random.some(selectionSet.selections, 1, 3);
    const isCopied = random.chance(20) && !deferred.some((each) => print(each).includes("@defer"));
    const stays = isCopied
      ? selectionSet.selections
      : selectionSet.selections.filter((each) => !deferred.includes(each));
    const fragment = fragmentOn(null, [this.#directive()], deferred);
    return { ...selectionSet, selections: random.chance(50) ? [fragment, ...stays] : [...stays, fragment] };
  }

  withCondition(operation: OperationDefinitionNode): OperationDefinitionNode {
    if (!this.#hasCondition) return operation;
    const definition = this.#random.pick(["Boolean!", "Boolean! = true", "Boolean! = false"]);
    this.#later = definition.includes("=") ? "sometimes" : "always";
    const [variables] = (
      parse(`query ($later: ${definition}) { x }`, { noLocation: true }).definitions[0] as OperationDefinitionNode
    ).variableDefinitions!;
    return { ...operation, variableDefinitions: [...(operation.variableDefinitions ?? []), variables!] };
  }

  /** At most one has no label, so that label and path say which part it is. */
  #directive(): DirectiveNode {
    const random = this.#random;
    const given: string[] = [];
    if (this.#hasNameless || random.chance(80)) given.push(`label: "part ${this.#labels++}"`);
    else this.#hasNameless = true;
    if (random.chance(15)) {
      this.#hasCondition = true;
      given.push("if: $later");
    } else if (random.chance(8)) given.push(`if: ${random.pick(["true", "false"])}`);
    const text = `{ ... @defer${given.length > 0 ? `(${given.join(", ")})` : ""} { x } }`;
    const { selectionSet } = parse(text, { noLocation: true }).definitions[0] as OperationDefinitionNode;
    return (selectionSet.selections[0] as InlineFragmentNode).directives![0]!;
  }
}

function isDeferred({ directives }: { directives?: readonly DirectiveNode[] | undefined }): boolean {
  return directives?.some(({ name }) => name.value === "defer") === true;
}

function hasSameField(one: GraphQLObjectType, other: GraphQLObjectType, { name }: FieldNode): boolean {
  const fields = [one, other].map((type) => type.getFields()[name.value]);
  return fields.every((field) => field !== undefined) && String(fields[0]!.type) === String(fields[1]!.type);
}

function fragmentOn(
  type: GraphQLObjectType | null,
  directives: readonly DirectiveNode[],
  selections: readonly SelectionNode[],
): InlineFragmentNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    ...(type && { typeCondition: typeNode(type) }),
    directives,
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
}

function typeNode({ name }: GraphQLObjectType): NonNullable<InlineFragmentNode["typeCondition"]> {
  return { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } };
}
