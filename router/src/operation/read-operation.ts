import {
  GraphQLError,
  Kind,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import type { HookChain } from "../plugins/hook-chain.ts";
import { DeferLabelRule } from "./defer-label-rule.ts";
import { dropLocations } from "./drop-locations.ts";
import type { OperationErrors, OperationRequest } from "./federation.ts";
import { operationError, withCode } from "./operation-errors.ts";
import { countSelections } from "./operation-size.ts";

export interface ReadOperation {
  operation: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

const RULES = [...specifiedRules, DeferLabelRule];
const TOKENS_MAX = 20_000;
const SELECTIONS_MAX = 10_000;

/** Parses and validates a request and picks its operation; every error carries a code. `hooks` hear of both stages. */
export function readOperation(
  schema: GraphQLSchema,
  { query, operationName }: OperationRequest,
  hooks: HookChain | null,
): ReadOperation | OperationErrors {
  let end = hooks?.stage("parse");
  try {
    const document = parseQuery(query);
    end?.();
    end = hooks?.stage("validate");
    return readDocument(schema, document, operationName);
  } catch (error) {
    if (error instanceof RangeError) return tooLarge("The operation is nested too deeply");
    throw error;
  } finally {
    end?.();
  }
}

function parseQuery(query: string): DocumentNode | OperationErrors {
  try {
    return parse(query, { maxTokens: TOKENS_MAX });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    if (error.message.includes(`more that ${TOKENS_MAX} tokens`))
      return tooLarge(`The document has more than ${TOKENS_MAX} tokens`);
    return { errors: [withCode(error, "GRAPHQL_PARSE_FAILED")] };
  }
}

function readDocument(
  schema: GraphQLSchema,
  document: DocumentNode | OperationErrors,
  operationName: string | null | undefined,
): ReadOperation | OperationErrors {
  if ("errors" in document) return document;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  // Before validation: that compares selections with each other, and takes its time where there are too many.
  for (const operation of operations) {
    if (countSelections(operation, fragments, SELECTIONS_MAX) === Infinity)
      return tooLarge(`The operation selects more than ${SELECTIONS_MAX} fields`);
  }
  const invalid = validateDocument(schema, document);
  if (invalid.length > 0) return { errors: invalid.map((error) => withCode(error, "GRAPHQL_VALIDATION_FAILED")) };
  const picked = pickOperation(operations, fragments, operationName);
  // It is kept for as long as the operation.
  dropLocations(document);
  return picked;
}

function validateDocument(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  try {
    return validate(schema, document, RULES);
  } catch (error) {
    // graphql-js throws where a variable decides about the root field of a subscription: it has no value yet.
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

function pickOperation(
  operations: readonly OperationDefinitionNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  operationName: string | null | undefined,
): ReadOperation | OperationErrors {
  const name = operationName ? operationName : null;
  const operation = name === null ? operations[0] : operations.find((each) => each.name?.value === name);
  if (name === null && operations.length > 1)
    return badRequest("The document has several operations: say which one by operationName");
  if (!operation)
    return badRequest(
      name === null ? "The document has no operation" : `The document has no operation named "${name}"`,
    );
  return { operation, fragments };
}

function badRequest(message: string): OperationErrors {
  return { errors: [operationError("BAD_REQUEST", message)] };
}

function tooLarge(message: string): OperationErrors {
  return { errors: [operationError("OPERATION_LIMIT_EXCEEDED", message)] };
}
