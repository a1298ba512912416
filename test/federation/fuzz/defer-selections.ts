import {
  Kind,
  parse,
  print,
  visit,
  type DirectiveNode,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import type { FuzzedOperation } from "./fuzzed-subgraphs.ts";
import type { Random } from "./random.ts";

/** The same operation with `@defer` on some of its fragments, and on fragments around some of its fields. */
export function deferSelections({ query, variables }: FuzzedOperation, random: Random): FuzzedOperation {
  const deferring = new Deferring(random);
  const document = visit(parse(query, { noLocation: true }), {
    InlineFragment: { leave: (node) => deferring.some(node) },
    FragmentSpread: { leave: (node) => deferring.some(node) },
    SelectionSet: { leave: (node) => deferring.someFields(node) },
  });
  const definitions = document.definitions.map((each) =>
    each.kind === Kind.OPERATION_DEFINITION ? deferring.withCondition(each) : each,
  );
  return {
    query: print({ ...document, definitions }),
    variables: { ...variables, ...deferring.variables },
  };
}

export function isDeferring({ query }: FuzzedOperation): boolean {
  return query.includes("@defer");
}

/** Decides what is deferred in one operation. */
class Deferring {
  readonly variables: Record<string, boolean> = {};
  readonly #random: Random;
  #labels = 0;
  #hasNameless = false;
  #hasCondition = false;

  constructor(random: Random) {
    this.#random = random;
  }

  some<T extends Exclude<SelectionNode, { kind: Kind.FIELD }>>(fragment: T): T {
    if (!this.#random.chance(35)) return fragment;
    return { ...fragment, directives: [...(fragment.directives ?? []), this.#directive()] };
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
    const fragment: InlineFragmentNode = {
      kind: Kind.INLINE_FRAGMENT,
      directives: [this.#directive()],
      selectionSet: { kind: Kind.SELECTION_SET, selections: deferred },
    };
    return { ...selectionSet, selections: random.chance(50) ? [fragment, ...stays] : [...stays, fragment] };
  }

  withCondition(operation: OperationDefinitionNode): OperationDefinitionNode {
    if (!this.#hasCondition) return operation;
    const isGiven = this.#random.chance(70);
    if (isGiven) this.variables["later"] = this.#random.chance(60);
    const definition = this.#random.pick(
      isGiven ? ["Boolean!", "Boolean! = true"] : ["Boolean! = true", "Boolean! = false"],
    );
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
