import {
  execute,
  getOperationAST,
  GraphQLSchema,
  isObjectType,
  Kind,
  OperationTypeNode,
  parse,
  responsePathAsArray,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLFieldResolver,
  type InlineFragmentNode,
  type SelectionSetNode,
} from "graphql";
import { getDirectiveValues, getVariableValues } from "graphql/execution/values.js";
import type { Path } from "./compare-answers.ts";
import type { Answer } from "./fuzzed-federation.ts";
import type { FuzzedOperation } from "./fuzzed-subgraphs.ts";
import { newState } from "./resolve-world.ts";

/** One part of an answer with `@defer`. */
export interface ExpectedPart {
  label: string | null;
  /** Of the object that it is a part of. */
  path: Path;
  /** Its data, null where a null took all of it, and the errors in it, whose paths begin at the root. */
  answer: Answer;
  /** The parts of which one has to be there before; none for the one that comes at once. */
  around: ExpectedPart[];
}

/**
 * The parts of an answer, each after the one around it: graphql-js, which knows no `@defer`, executes what each one
 * selects as an operation of its own on the object that it belongs to.
 */
export async function expectedParts(
  schema: GraphQLSchema,
  resolver: GraphQLFieldResolver<unknown, never>,
  { query, variables }: FuzzedOperation,
): Promise<ExpectedPart[]> {
  const marked = markDeferred(schema, parse(query, { noLocation: true }), variables);
  const parts: ExpectedPart[] = [];

  /** A fragment may be spread several times at one place: each `@defer` comes once. */
  const found = new Map<string, ExpectedPart>();
  const add = async (part: Omit<ExpectedPart, "answer">, { selectionSet, typeName, source }: Content, key: string) => {
    const values = new Map<string, unknown>();
    const { data, errors } = await execute({
      schema: typeName === null ? schema : rootedIn(schema, typeName),
      document: marked.documentOf(selectionSet, typeName !== null),
      variableValues: variables,
      rootValue: source,
      contextValue: newState(),
      fieldResolver: (object, args, context, info) => {
        const value = resolver(object, args, context as never, info);
        values.set(keyOf(responsePathAsArray(info.path)), value);
        return value;
      },
    });
    const answer = JSON.parse(JSON.stringify({ data, errors: errors ?? [] })) as Required<Answer>;
    const marks = takeMarks(answer.data, []);
    const placed = answer.errors.map((error) => ({ ...error, path: [...part.path, ...(error.path ?? [])] }));
    const whole: ExpectedPart = { ...part, answer: { data: answer.data, errors: placed } };
    parts.push(whole);
    found.set(key, whole);
    for (const mark of marks) {
      const { label, selectionSet: content } = marked.deferred[mark.number]!;
      const object = mark.path.length === 0 ? source : valueAt(values, mark.path);
      const path = [...part.path, ...mark.path];
      const key = `${mark.number} ${keyOf(path)}`;
      const known = found.get(key);
      known?.around.push(whole);
      if (known) continue;
      await add(
        { label, path, around: [whole] },
        { selectionSet: content, typeName: mark.typeName, source: object },
        key,
      );
    }
  };
  await add({ label: null, path: [], around: [] }, { selectionSet: null, typeName: null, source: undefined }, "");
  return parts;
}

/** What is selected, and on which object; null for the operation itself. */
interface Content {
  selectionSet: SelectionSetNode | null;
  typeName: string | null;
  source: unknown;
}

interface MarkedOperation {
  deferred: readonly { label: string | null; selectionSet: SelectionSetNode }[];
  /** The operation with another selection, or null for its own; of a part, it is a query on some object. */
  documentOf(selectionSet: SelectionSetNode | null, isPart: boolean): DocumentNode;
}

const MARK = /^_deferred(\d+)$/;

/** Puts a field in the place of each deferred fragment: by it the answer says on which objects the fragment applies. */
function markDeferred(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Record<string, unknown>,
): MarkedOperation {
  const deferred: { label: string | null; selectionSet: SelectionSetNode }[] = [];
  const given =
    getVariableValues(schema, getOperationAST(document)!.variableDefinitions ?? [], variables).coerced ?? {};
  const types = new TypeInfo(schema);
  const mark = (node: InlineFragmentNode | FragmentSpreadNode) => {
    if (!node.directives?.some(({ name }) => name.value === "defer")) return undefined;
    const directives = node.directives.filter(({ name }) => name.value !== "defer");
    const { if: isActive, label } = getDirectiveValues(schema.getDirective("defer")!, node, given)!;
    // What a mutation changes has to be over in order: its own fields are never deferred.
    if (isActive === false || types.getParentType() === schema.getMutationType()) return { ...node, directives };
    const { typeCondition, selectionSet } = fragmentOf(document, node);
    deferred.push({ label: (label as string | undefined) ?? null, selectionSet: selectionSet ?? spread(node) });
    return {
      kind: Kind.INLINE_FRAGMENT,
      ...(typeCondition && { typeCondition }),
      directives,
      selectionSet: getOperationAST(parse(`{ _deferred${deferred.length - 1}: __typename }`))!.selectionSet,
    };
  };
  const leave = { InlineFragment: { leave: mark }, FragmentSpread: { leave: mark } };
  const marked = visit(document, visitWithTypeInfo(types, leave));
  const operation = getOperationAST(marked)!;
  return {
    deferred,
    documentOf: (selectionSet, isPart) => ({
      ...marked,
      definitions: marked.definitions.map((each) =>
        each.kind === Kind.OPERATION_DEFINITION
          ? {
              ...operation,
              ...(isPart && { operation: OperationTypeNode.QUERY }),
              ...(selectionSet && { selectionSet }),
            }
          : each,
      ),
    }),
  };
}

/** The type that a fragment is on; what it selects, where that is said on the spot. */
function fragmentOf(
  { definitions }: DocumentNode,
  node: InlineFragmentNode | FragmentSpreadNode,
): Pick<InlineFragmentNode, "typeCondition"> & { selectionSet?: SelectionSetNode } {
  if (node.kind === Kind.INLINE_FRAGMENT) return node;
  const isMeant = (each: DocumentNode["definitions"][number]): each is FragmentDefinitionNode =>
    each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === node.name.value;
  return { typeCondition: definitions.find(isMeant)!.typeCondition };
}

function spread(node: InlineFragmentNode | FragmentSpreadNode): SelectionSetNode {
  return { kind: Kind.SELECTION_SET, selections: [{ ...node, directives: [] }] };
}

/** The same types, with queries that begin at one of them. */
function rootedIn(schema: GraphQLSchema, typeName: string): GraphQLSchema {
  const known = rooted.get(schema) ?? new Map<string, GraphQLSchema>();
  rooted.set(schema, known);
  if (!known.has(typeName)) {
    const query = schema.getType(typeName);
    if (!isObjectType(query)) throw new Error(`${typeName} is no object type`);
    known.set(typeName, new GraphQLSchema({ ...schema.toConfig(), query, assumeValid: true }));
  }
  return known.get(typeName)!;
}

const rooted = new WeakMap<GraphQLSchema, Map<string, GraphQLSchema>>();

interface Mark {
  number: number;
  path: Path;
  typeName: string;
}

/** Takes the fields that mark deferred fragments out of the data. */
function takeMarks(value: unknown, path: Path): Mark[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((each, index) => takeMarks(each, [...path, index]));
  const record = value as Record<string, unknown>;
  return Object.entries(record).flatMap(([key, inner]) => {
    const number = MARK.exec(key)?.[1];
    if (number === undefined) return takeMarks(inner, [...path, key]);
    delete record[key];
    return { number: Number(number), path, typeName: String(inner) };
  });
}

/** What a resolver gave for the object at a path, which ends with indexes where it is in a list. */
function valueAt(values: ReadonlyMap<string, unknown>, path: Path): unknown {
  const end = path.findLastIndex((step) => typeof step === "string") + 1;
  let value = values.get(keyOf(path.slice(0, end)));
  for (const index of path.slice(end)) value = (value as unknown[])[index as number];
  return value;
}

function keyOf(path: Path): string {
  return path.join("/");
}
