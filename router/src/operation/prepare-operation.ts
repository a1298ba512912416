import {
  Kind,
  print,
  stripIgnoredCharacters,
  type FieldNode,
  type GraphQLError,
  type GraphQLSchema,
  type VariableDefinitionNode,
} from "graphql";
import { getVariableValues } from "graphql/execution/values.js";
import { CodedError } from "@mib/service/coded-error";
import { CompiledRequest } from "../execute/compiled-request.ts";
import { Execution } from "../execute/execution.ts";
import { Introspection } from "../execute/introspection.ts";
import { runRequests } from "../execute/run-requests.ts";
import { explainingNames, type ExplainingNames } from "../plan/explaining-names.ts";
import { normalizeOperation } from "../plan/normalize-operation.ts";
import { type OperationPlan, planOperation } from "../plan/plan-operation.ts";
import { separateTypes } from "../plan/separate-types.ts";
import { describePlan, type DescribedPlan, printPlan } from "../plan/print-plan.ts";
import type { HookChain } from "../plugins/hook-chain.ts";
import { askedErrors } from "../shape/asked-errors.ts";
import { collectFields } from "../shape/collect-fields.ts";
import { compileShaper, type Shape } from "../shape/response-shaper.ts";
import type { SubgraphClient } from "../subgraph-client/subgraph-client.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type {
  CallContext,
  CoercedVariables,
  OperationErrors,
  OperationRequest,
  PreparedOperation,
} from "./federation.ts";
import { operationCost } from "./operation-cost.ts";
import { operationError, withCode } from "./operation-errors.ts";
import { withoutDefer } from "./defer-directives.ts";
import { incrementalOperations, type OperationCode } from "./incremental-operations.ts";
import { readOperation, type ReadOperation } from "./read-operation.ts";
import { compileSource } from "./subscription-source.ts";

/** What operations are prepared for. */
export interface OperationContext {
  supergraph: RouterSupergraph;
  generation: number;
  /** The labels of overrides that hold. */
  overrides: readonly string[];
  clientOf(subgraph: string): SubgraphClient;
}

/** Parses, validates, plans and compiles. What the client did wrong comes back as errors, a fault of ours is thrown. */
export async function prepareOperation(
  context: OperationContext,
  request: OperationRequest,
  hooks: HookChain | null = null,
): Promise<PreparedOperation | OperationErrors> {
  const read = readOperation(context.supergraph.apiSchema, request, hooks);
  if ("errors" in read) return read;
  const endOfPlan = hooks?.stage("plan");
  try {
    return await compileOperation(context, read);
  } catch (error) {
    // What is so for now only is thrown: an answer is kept for the next request with the same text.
    if (error instanceof CodedError && error.code !== "SERVICE_UNAVAILABLE")
      return { errors: [operationError(error.code, error.message)] };
    if (error instanceof RangeError)
      return { errors: [operationError("OPERATION_LIMIT_EXCEEDED", "The operation is nested too deeply")] };
    throw error;
  } finally {
    endOfPlan?.();
  }
}

async function compileOperation(context: OperationContext, read: ReadOperation): Promise<PreparedOperation> {
  const { supergraph } = context;
  const whole = withoutDefer(read);
  const { operation, fragments } = whole ?? read;
  const rootField = operation.operation === "subscription" ? rootFieldOf(supergraph, { operation, fragments }) : null;
  const { plan, requests, shaperSource, compileContext, explaining } = await compileCode(context, {
    operation,
    fragments,
  });
  const respond = responder(compileShaper(shaperSource), explaining);
  const source = plan.source && rootField && compileSource(supergraph, plan.source, rootField, compileContext);
  return {
    kind: operation.operation,
    operationName: operation.name?.value ?? null,
    normalized: normalizedText({ operation, fragments }),
    generation: context.generation,
    overrides: context.overrides,
    plan: keptPlan(plan),
    subgraphs: new Set([
      ...(source?.upstream ? [source.upstream.subgraph] : []),
      ...plan.requests.map(({ subgraph }) => subgraph),
    ]),
    cost: operationCost(operation.selectionSet, fragments, plan.requests.length),
    coerceVariables: variableCoercion(supergraph.apiSchema, operation.variableDefinitions ?? []),
    incremental: whole && operation.operation !== "subscription" ? inParts(context, read) : null,
    streamed: source?.streamed ?? null,
    upstream: source?.upstream ?? null,
    async execute(call, variables) {
      if (source) throw new Error("a subscription is executed event by event");
      const execution = new Execution(call, variables, { root: {}, clean: true });
      await runRequests(requests, execution);
      return respond(execution);
    },
    async executeEvent(call: CallContext, variables, event) {
      if (!source) throw new Error("only a subscription takes events");
      const execution = new Execution(call, variables, { root: {}, clean: false });
      source.receive(event, execution);
      await runRequests(requests, execution);
      return respond(execution);
    },
  };
}

// An operation is kept by the hundred, and its closures hold whatever the function around them gives to one of them: what
// was needed to make it stays outside, and what follows are functions of their own.

/** Two texts instead of the plan itself, which is many times as large. */
function keptPlan(plan: OperationPlan): PreparedOperation["plan"] {
  const [described, printed] = [JSON.stringify(describePlan(plan)), printPlan(plan)];
  return { describe: () => JSON.parse(described) as DescribedPlan, print: () => printed };
}

function inParts(context: OperationContext, read: ReadOperation): PreparedOperation["incremental"] {
  return incrementalOperations(read, (settled) => compileCode(context, settled));
}

/** Plans an operation, and compiles its requests. */
async function compileCode(
  { supergraph, overrides, clientOf }: OperationContext,
  { operation, fragments }: ReadOperation,
): Promise<OperationCode> {
  const { apiSchema, fullSchema } = supergraph;
  const normalized = separateTypes(supergraph, normalizeOperation(operation, fragments, supergraph));
  const rootFields = collectFields(apiSchema, normalized.fragments, apiSchema.getRootType(operation.operation)!, [
    { selectionSet: normalized.operation.selectionSet, guard: [] },
  ]);
  const plan = await planOperation(supergraph, normalized, overrides);
  const { clientNames, clientVariables } = normalized;
  const fetches = plan.requests.flatMap(({ parts }) => parts.flatMap((part) => part.fetches));
  const contextualPaths = fetches.filter(({ contexts }) => contexts.length > 0).map(({ path }) => path);
  const explaining = explainingNames(fetches, supergraph.joinedSchemas, clientNames);
  const compileContext = { fullSchema, clientNames, clientVariables, clientOf, contextualPaths };
  const introspection = new Introspection(
    apiSchema,
    normalized,
    new Map(rootFields.map(({ responseName, nodes }) => [responseName, nodes])),
  );
  return {
    plan,
    requests: plan.requests.map((each) => new CompiledRequest(each, compileContext)),
    shaperSource: {
      schema: apiSchema,
      ...normalized,
      introspect: (responseName, execution) => introspection.textOf(responseName, execution),
    },
    compileContext,
    explaining,
  };
}

/** Writes the answer. */
function responder(shape: Shape, explaining: ExplainingNames): (execution: Execution) => string {
  return (execution) => {
    const { call } = execution;
    const endOfShape = call.hooks?.stage("shape");
    const data = shape(execution) ?? "null";
    endOfShape?.();
    const errors = execution.errors.length === 0 ? execution.errors : askedErrors(execution.errors, data, explaining);
    if (errors.length === 0) return `{"data":${data}}`;
    call.reportErrors?.(errors);
    return `{"errors":${JSON.stringify(errors)},"data":${data}}`;
  };
}

/** The one root field of a subscription: the client's own node, so that its variables are too. */
function rootFieldOf({ apiSchema }: RouterSupergraph, { operation, fragments }: ReadOperation): FieldNode {
  const root = apiSchema.getSubscriptionType()!;
  const [field] = collectFields(apiSchema, fragments, root, [{ selectionSet: operation.selectionSet, guard: [] }]);
  if (!field || field.guards.some((guard) => guard.length > 0)) {
    throw new CodedError("OPERATION_NOT_SUPPORTED", "A subscription's root field cannot stand under @skip or @include");
  }
  return field.nodes[0]!;
}

/** Without its name, spacing and the order of fragments, none of which changes the answer. */
function normalizedText({ operation, fragments }: ReadOperation): string {
  const { name: _, ...nameless } = operation;
  const sorted = [...fragments.values()].sort((left, right) => (left.name.value < right.name.value ? -1 : 1));
  const text = stripIgnoredCharacters(print({ kind: Kind.DOCUMENT, definitions: [nameless, ...sorted] }));
  // V8 keeps a text that was put together as a tree of its pieces, many times as large, until somebody reads a character of it.
  text.charCodeAt(0);
  return text;
}

function variableCoercion(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
): PreparedOperation["coerceVariables"] {
  return (variables): CoercedVariables => {
    if (variables !== undefined && variables !== null && (typeof variables !== "object" || Array.isArray(variables))) {
      return { errors: [operationError("BAD_REQUEST", "The variables must be an object")] };
    }
    if (definitions.length === 0) return { variables: {} };
    const inputs = (variables ?? {}) as Record<string, unknown>;
    const result = getVariableValues(schema, definitions, inputs, { maxErrors: 20 });
    if (result.coerced) return { variables: result.coerced };
    return { errors: result.errors.map((error: GraphQLError) => withCode(error, "BAD_USER_INPUT")) };
  };
}
