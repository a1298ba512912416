import { setImmediate as turn } from "node:timers/promises";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { execute, parse, validate, type ExecutionResult, type GraphQLSchema } from "graphql";
import type { CallContext, OperationErrors } from "../../../router/src/operation/federation.ts";
import { prepareOperation } from "../../../router/src/operation/prepare-operation.ts";
import { planInline } from "../../../router/src/plan/planners.ts";
import type { SubgraphAnswer } from "../../../router/src/subgraph-client/exchange.ts";
import { FetchStats } from "../../../router/src/subgraph-client/fetch-stats.ts";
import type { SubgraphClient } from "../../../router/src/subgraph-client/subgraph-client.ts";
import { composeSupergraph } from "../../../router/src/supergraph/compose-supergraph.ts";
import { buildRouterSupergraph, type RouterSupergraph } from "../../../router/src/supergraph/router-supergraph.ts";
import type { Payload } from "./compare-parts.ts";
import { expectedParts, type ExpectedPart } from "./expected-parts.ts";
import { printSubgraph } from "./print-subgraph.ts";
import { nameIn, resolverOf, type RunState, type SourceObject } from "./resolve-world.ts";
import { objectOf } from "./world-data.ts";
import { hashOf } from "./random.ts";
import type { World } from "./world.ts";

/** One operation in a hundred has so many plans that comparing them all takes most of the time; each has to be right. */
const PLANNERS = planInline({ evaluatedPlansMax: 50 });

/** An operation with the variables that are sent along. */
export interface FuzzedOperation {
  query: string;
  variables: Record<string, unknown>;
}

export interface Answer {
  data?: unknown;
  errors?: readonly { message: string; path?: readonly (string | number)[]; extensions?: Record<string, unknown> }[];
}

interface Asked {
  answer: Answer;
  requests: readonly string[];
  plan: string;
  /** The same in parts; null where the router gives the whole answer only. */
  inParts(): Promise<AskedInParts | null>;
}

interface AskedInParts extends Pick<Asked, "requests" | "plan"> {
  payloads: readonly Payload[];
}

/** What the subgraphs see of one execution. */
interface Run {
  requests: string[];
  state: RunState;
}

/** A world behind the router's pipeline, without sockets, and the same world in one schema. */
export class FuzzedFederation {
  readonly supergraph: RouterSupergraph;
  readonly #world: World;
  readonly #schemas: ReadonlyMap<string, GraphQLSchema>;

  private constructor(world: World, supergraph: RouterSupergraph, schemas: ReadonlyMap<string, GraphQLSchema>) {
    this.#world = world;
    this.supergraph = supergraph;
    this.#schemas = schemas;
  }

  /** Null when the world does not compose. */
  static async compose(world: World): Promise<FuzzedFederation | null> {
    const sources = world.subgraphs.map((name) => ({
      name,
      file: name,
      routingUrl: "http://localhost",
      sdl: printSubgraph(world, name),
    }));
    const composition = composeSupergraph(sources);
    if ("problems" in composition) return null;
    const schemas = sources.map(({ name, sdl }) => [name, subgraphSchema(world, name, sdl)] as const);
    return new FuzzedFederation(
      world,
      await buildRouterSupergraph(composition.supergraphSdl, PLANNERS),
      new Map(schemas),
    );
  }

  /** The same federation, with what composition does not see taken from another world. */
  of(world: World): FuzzedFederation {
    return new FuzzedFederation(world, this.supergraph, this.#schemas);
  }

  /** What the router answers, with every request that a subgraph got. */
  async ask(operation: FuzzedOperation): Promise<Asked> {
    let run = newRun();
    const clientOf = (name: string) => ({
      post: (body: string) => this.#serve(name, body, run),
      stats: new FetchStats(name),
    });
    const prepared = await prepareOperation(
      {
        supergraph: this.supergraph,
        generation: 1,
        overrides: this.#world.overridesHeld,
        clientOf: clientOf as unknown as (name: string) => SubgraphClient,
      },
      operation,
    );
    if ("errors" in prepared) return refused(prepared);
    const coerced = prepared.coerceVariables(operation.variables);
    if ("errors" in coerced) return refused(coerced);
    const { variables } = coerced;
    const { requests } = run;
    const text = await prepared.execute(call(), variables);
    return {
      answer: JSON.parse(text) as Answer,
      requests,
      plan: prepared.plan.print(),
      async inParts() {
        const incremental = await prepared.incremental?.(variables);
        if (!incremental) return null;
        run = newRun();
        const payloads: Payload[] = [];
        for await (const each of incremental.execute(call(), variables))
          payloads.push(JSON.parse(each.text) as Payload);
        return { payloads, requests: run.requests, plan: JSON.stringify(incremental.plan, null, 1) };
      },
    };
  }

  /** The parts of the answer from the merged graph. */
  expectedParts(operation: FuzzedOperation): Promise<ExpectedPart[]> {
    return expectedParts(this.supergraph.apiSchema, resolverOf(this.#world, null) as never, operation);
  }

  /** What graphql-js answers from the merged graph. */
  async expected({ query, variables }: FuzzedOperation): Promise<Answer> {
    return asJson(await run(this.#world, null, this.supergraph.apiSchema, query, variables, { changes: 0 }));
  }

  async #serve(name: string, body: string, { state, requests }: Run): Promise<SubgraphAnswer> {
    const isLost = requests.length === this.#world.faults.requestLost;
    const turns = hashOf(this.#world.dataSeed, requests.length) % 3;
    const { query, variables } = JSON.parse(body) as FuzzedOperation;
    requests.push(`${name} ${query} ${JSON.stringify(variables)}`);
    const schema = this.#schemas.get(name)!;
    const problems = validate(schema, parse(query));
    const result: ExecutionResult =
      problems.length > 0 ? { errors: problems } : await run(this.#world, name, schema, query, variables, state);
    // Answers come in another order than requests.
    for (let count = 0; count < turns; count++) await turn();
    if (isLost) return { status: 500, body: "lost", bytes: 4 };
    const text = JSON.stringify(result);
    return { status: 200, body: text, bytes: Buffer.byteLength(text) };
  }
}

function subgraphSchema(world: World, name: string, sdl: string): GraphQLSchema {
  const resolvers: Record<string, unknown> = {};
  for (const each of [...world.types, ...world.interfaces]) {
    resolvers[each.name] = {
      __resolveReference(sent: Record<string, unknown>): SourceObject | null {
        const object = objectOf(world, name, String(sent["__typename"]), sent);
        return object && { __typename: nameIn(world, name, object.type), object, sent };
      },
    };
  }
  const document = parse(sdl);
  const declared = new Set(
    document.definitions.flatMap((each) => ("name" in each && each.name ? [each.name.value] : [])),
  );
  for (const each of Object.keys(resolvers)) if (!declared.has(each)) delete resolvers[each];
  return buildSubgraphSchema({ typeDefs: document, resolvers: resolvers as never });
}

async function run(
  world: World,
  subgraph: string | null,
  schema: GraphQLSchema,
  query: string,
  variableValues: Record<string, unknown>,
  contextValue: RunState,
): Promise<ExecutionResult> {
  const fieldResolver = resolverOf(world, subgraph);
  return execute({
    schema,
    document: parse(query),
    variableValues,
    contextValue,
    fieldResolver: fieldResolver as never,
  });
}

function newRun(): Run {
  return { requests: [], state: { changes: 0 } };
}

function refused(errors: OperationErrors): Asked {
  return { answer: asJson(errors), requests: [], plan: "", inParts: async () => null };
}

function call(): CallContext {
  return { headersFor: () => ({}), signal: new AbortController().signal };
}

function asJson(value: unknown): Answer {
  return JSON.parse(JSON.stringify(value)) as Answer;
}
