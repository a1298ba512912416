import { buildSubgraphSchema } from "@apollo/subgraph";
import { execute, parse, validate, type ExecutionResult, type GraphQLSchema } from "graphql";
import { prepareOperation } from "../../../router/src/operation/prepare-operation.ts";
import { planInline } from "../../../router/src/plan/planners.ts";
import type { SubgraphAnswer } from "../../../router/src/subgraph-client/exchange.ts";
import { FetchStats } from "../../../router/src/subgraph-client/fetch-stats.ts";
import type { SubgraphClient } from "../../../router/src/subgraph-client/subgraph-client.ts";
import { composeSupergraph } from "../../../router/src/supergraph/compose-supergraph.ts";
import { buildRouterSupergraph, type RouterSupergraph } from "../../../router/src/supergraph/router-supergraph.ts";
import { printSubgraph } from "./print-subgraph.ts";
import { nameIn, resolverOf, type RunState, type SourceObject } from "./resolve-world.ts";
import { objectOf } from "./world-data.ts";
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
  async ask(operation: FuzzedOperation): Promise<{ answer: Answer; requests: string[]; plan: string }> {
    const requests: string[] = [];
    const state: RunState = { changes: 0 };
    const clientOf = (name: string) => ({
      post: (body: string) => this.#serve(name, body, state, requests),
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
    if ("errors" in prepared) return { answer: asJson(prepared), requests, plan: "" };
    const coerced = prepared.coerceVariables(operation.variables);
    if ("errors" in coerced) return { answer: asJson(coerced), requests, plan: "" };
    const call = { headersFor: () => ({}), signal: new AbortController().signal };
    const text = await prepared.execute(call, coerced.variables);
    return { answer: JSON.parse(text) as Answer, requests, plan: prepared.plan.print() };
  }

  /** What graphql-js answers from the merged graph. */
  async expected({ query, variables }: FuzzedOperation): Promise<Answer> {
    return asJson(await run(this.#world, null, this.supergraph.apiSchema, query, variables, { changes: 0 }));
  }

  async #serve(name: string, body: string, state: RunState, requests: string[]): Promise<SubgraphAnswer> {
    const isLost = requests.length === this.#world.faults.requestLost;
    const { query, variables } = JSON.parse(body) as FuzzedOperation;
    requests.push(`${name} ${query} ${JSON.stringify(variables)}`);
    const schema = this.#schemas.get(name)!;
    const problems = validate(schema, parse(query));
    const result: ExecutionResult =
      problems.length > 0 ? { errors: problems } : await run(this.#world, name, schema, query, variables, state);
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

function asJson(value: unknown): Answer {
  return JSON.parse(JSON.stringify(value)) as Answer;
}
