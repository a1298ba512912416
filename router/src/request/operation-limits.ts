import { CodedError } from "@mib/service/coded-error";
import {
  GraphQLError,
  Kind,
  parse,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from "graphql";

export interface OperationLimits {
  tokensMax: number;
  depthMax: number;
  /** Fields in all, those of a fragment each time that it is spread. */
  heightMax: number;
  aliasesMax: number;
  rootFieldsMax: number;
  directivesMax: number;
  introspection: boolean;
}

const TEXTS_KNOWN_MAX = 2_000;
const TEXT_LENGTH_KNOWN_MAX = 16_384;

/** Refuses documents that are larger than the limits. A text that passed once is known, and costs a look-up after that. */
export class OperationLimiter {
  readonly #limits: OperationLimits;
  readonly #known = new Set<string>();

  constructor(limits: OperationLimits) {
    this.#limits = limits;
  }

  /** Throws OPERATION_LIMIT_EXCEEDED or INTROSPECTION_DISABLED. A text that is no GraphQL passes: who parses it says so. */
  check(text: string): void {
    if (this.#known.has(text)) return;
    const document = parseWithin(text, this.#limits.tokensMax);
    if (document) checkDocument(document, this.#limits);
    if (text.length > TEXT_LENGTH_KNOWN_MAX) return;
    if (this.#known.size >= TEXTS_KNOWN_MAX) this.#known.delete(this.#known.values().next().value as string);
    this.#known.add(text);
  }
}

function parseWithin(text: string, tokensMax: number): DocumentNode | null {
  try {
    return parse(text, { maxTokens: tokensMax, noLocation: true });
  } catch (error) {
    if (error instanceof GraphQLError) {
      if (error.message.includes("tokens. Parsing aborted")) throw exceeded("tokens", tokensMax);
      return null;
    }
    if (error instanceof RangeError)
      throw new CodedError("OPERATION_LIMIT_EXCEEDED", "The operation is nested too deeply.");
    throw error;
  }
}

function checkDocument(document: DocumentNode, limits: OperationLimits): void {
  let aliases = 0;
  let directives = 0;
  visit(document, {
    Field(node) {
      if (node.alias) aliases += 1;
      if (!limits.introspection && (node.name.value === "__schema" || node.name.value === "__type"))
        throw new CodedError("INTROSPECTION_DISABLED");
    },
    Directive() {
      directives += 1;
    },
  });
  if (aliases > limits.aliasesMax) throw exceeded("aliases", limits.aliasesMax);
  if (directives > limits.directivesMax) throw exceeded("directives", limits.directivesMax);

  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const measures = new Measures(fragments);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (measures.depth(definition.selectionSet) > limits.depthMax) throw exceeded("levels", limits.depthMax);
    if (measures.rootFields(definition.selectionSet) > limits.rootFieldsMax)
      throw exceeded("root fields", limits.rootFieldsMax);
    if (measures.height(definition.selectionSet) > limits.heightMax) throw exceeded("fields", limits.heightMax);
  }
}

/** Measures of selections with their fragments, each fragment measured once. A fragment that contains itself counts once. */
class Measures {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #depths = new Map<string, number>();
  readonly #rootFields = new Map<string, number>();
  readonly #heights = new Map<string, number>();

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#fragments = fragments;
  }

  depth({ selections }: SelectionSetNode): number {
    let deepest = 0;
    for (const selection of selections) {
      let depth = 0;
      if (selection.kind === Kind.FIELD) depth = 1 + (selection.selectionSet ? this.depth(selection.selectionSet) : 0);
      else if (selection.kind === Kind.INLINE_FRAGMENT) depth = this.depth(selection.selectionSet);
      else depth = this.#ofFragment(this.#depths, selection.name.value, (set) => this.depth(set));
      deepest = Math.max(deepest, depth);
    }
    return deepest;
  }

  /** Fields on the uppermost level. */
  rootFields({ selections }: SelectionSetNode): number {
    let total = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) total += 1;
      else if (selection.kind === Kind.INLINE_FRAGMENT) total += this.rootFields(selection.selectionSet);
      else total += this.#ofFragment(this.#rootFields, selection.name.value, (set) => this.rootFields(set));
    }
    return total;
  }

  /** Fields on all levels. */
  height({ selections }: SelectionSetNode): number {
    let total = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD)
        total += 1 + (selection.selectionSet ? this.height(selection.selectionSet) : 0);
      else if (selection.kind === Kind.INLINE_FRAGMENT) total += this.height(selection.selectionSet);
      else total += this.#ofFragment(this.#heights, selection.name.value, (set) => this.height(set));
    }
    return total;
  }

  #ofFragment(known: Map<string, number>, name: string, measure: (set: SelectionSetNode) => number): number {
    const value = known.get(name);
    if (value !== undefined) return value;
    known.set(name, 0);
    const fragment = this.#fragments.get(name);
    if (fragment) known.set(name, measure(fragment.selectionSet));
    return known.get(name)!;
  }
}

function exceeded(what: string, most: number): CodedError {
  return new CodedError("OPERATION_LIMIT_EXCEEDED", `The operation has more than ${most} ${what}.`, { limit: most });
}
