import {
  Kind,
  parse,
  print,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
} from "graphql";
import { outcomeOf, type Failure } from "./fuzz-case.ts";
import { FuzzedFederation } from "./fuzzed-federation.ts";
import type { FuzzedOperation } from "./fuzzed-subgraphs.ts";
import type { World } from "./world.ts";

const ATTEMPTS_MAX = 400;

/** Takes away whatever the failure does not need: selections first, then fields of the world, then selections again. */
export async function shrink(failure: Failure): Promise<Failure> {
  const shrinker = new Shrinker(failure);
  await shrinker.run();
  return shrinker.failure;
}

class Shrinker {
  failure: Failure;
  readonly #kind: string;
  #attempts = 0;

  constructor(failure: Failure) {
    this.failure = failure;
    this.#kind = kindOf(failure.difference);
  }

  async run(): Promise<void> {
    await this.#repeat(
      () => smallerOperations(this.failure.operation),
      (operation) => this.#try(this.failure.world, operation),
    );
    await this.#repeat(
      () => smallerWorlds(this.failure.world),
      (world) => this.#try(world, this.failure.operation),
    );
    await this.#repeat(
      () => smallerOperations(this.failure.operation),
      (operation) => this.#try(this.failure.world, operation),
    );
  }

  /** Begins anew with each success, until nothing smaller fails. */
  async #repeat<T>(candidates: () => Iterable<T>, attempt: (candidate: T) => Promise<boolean>): Promise<void> {
    let wasSmaller = true;
    while (wasSmaller) {
      wasSmaller = false;
      for (const candidate of candidates()) {
        if (this.#attempts++ > ATTEMPTS_MAX) return;
        wasSmaller = await attempt(candidate);
        if (wasSmaller) break;
      }
    }
  }

  async #try(world: World, operation: FuzzedOperation): Promise<boolean> {
    try {
      const federation = await FuzzedFederation.compose(world);
      const difference = federation && (await outcomeOf(federation, world, operation)).difference;
      if (!difference || kindOf(difference) !== this.#kind) return false;
      this.failure = { ...this.failure, world, operation, difference };
      return true;
    } catch {
      return false; // an operation that the smaller schema does not allow
    }
  }
}

/** What makes two failures the same, roughly. */
function kindOf(difference: string): string {
  return difference.split(" ").slice(0, 2).join(" ");
}

function* smallerWorlds(world: World): Iterable<World> {
  if (world.faults.fieldsEach > 0 || world.faults.requestLost >= 0)
    yield { ...world, faults: { fieldsEach: 0, requestLost: -1 } };
  for (const [index] of world.types.entries()) {
    const type = world.types[index]!;
    for (const field of type.fields) {
      if (type.fields.length === 1 && type.keys.length === 0) continue;
      const smaller = { ...type, fields: type.fields.filter((each) => each !== field) };
      yield { ...world, types: world.types.map((each) => (each === type ? smaller : each)) };
    }
  }
  for (const query of world.queries) yield { ...world, queries: world.queries.filter((each) => each !== query) };
  for (const subscription of world.subscriptions)
    yield { ...world, subscriptions: world.subscriptions.filter((each) => each !== subscription) };
  for (const mutation of world.mutations)
    yield { ...world, mutations: world.mutations.filter((each) => each !== mutation) };
}

/** The operation without one of its selections. */
function* smallerOperations({ query, variables }: FuzzedOperation): Iterable<FuzzedOperation> {
  const document = parse(query, { noLocation: true });
  const selections: SelectionNode[] = [];
  visit(document, {
    Field: (node) => void selections.push(node),
    InlineFragment: (node) => void selections.push(node),
    FragmentSpread: (node) => void selections.push(node),
  });
  for (const fragment of selections) {
    const others = fragment.directives?.filter(({ name }) => name.value !== "defer");
    if (!others || others.length === fragment.directives?.length) continue;
    const smaller = tidy(replaceNode(document, fragment, { ...fragment, directives: others }));
    if (smaller) yield { query: print(smaller), variables };
  }
  for (const selection of selections) {
    const smaller = tidy(without(document, selection));
    if (smaller) yield { query: print(smaller), variables };
  }
}

function replaceNode(document: DocumentNode, node: SelectionNode, by: SelectionNode): DocumentNode {
  const enter = (each: SelectionNode) => (each === node ? by : undefined);
  return visit(document, { Field: { enter }, InlineFragment: { enter }, FragmentSpread: { enter } });
}

function without(document: DocumentNode, selection: SelectionNode): DocumentNode {
  const remove = (node: SelectionNode) => (node === selection ? null : undefined);
  const isEmpty = (node: { selectionSet?: { selections: readonly unknown[] } | undefined }) =>
    node.selectionSet?.selections.length === 0;
  return visit(document, {
    Field: { enter: remove, leave: (node) => (isEmpty(node) ? null : undefined) },
    InlineFragment: { enter: remove, leave: (node) => (isEmpty(node) ? null : undefined) },
    FragmentSpread: { enter: remove },
  });
}

/** Drops what nothing uses any more; null when no operation is left. */
function tidy(document: DocumentNode): DocumentNode | null {
  const operation = document.definitions.find(
    (each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION,
  )!;
  const fragments = document.definitions.filter(
    (each): each is FragmentDefinitionNode => each.kind === Kind.FRAGMENT_DEFINITION,
  );
  if (
    operation.selectionSet.selections.length === 0 ||
    fragments.some((each) => each.selectionSet.selections.length === 0)
  )
    return null;
  const used = new Set<string>();
  const variables = new Set<string>();
  const follow = (node: OperationDefinitionNode | FragmentDefinitionNode) => {
    visit(node, {
      VariableDefinition: () => false,
      Variable: ({ name }) => void variables.add(name.value),
      FragmentSpread: ({ name }) => {
        if (used.has(name.value)) return;
        used.add(name.value);
        follow(fragments.find((each) => each.name.value === name.value)!);
      },
    });
  };
  follow(operation);
  const definitions = (operation.variableDefinitions ?? []).filter(({ variable }) =>
    variables.has(variable.name.value),
  );
  return {
    ...document,
    definitions: [
      { ...operation, variableDefinitions: definitions },
      ...fragments.filter(({ name }) => used.has(name.value)),
    ],
  };
}
