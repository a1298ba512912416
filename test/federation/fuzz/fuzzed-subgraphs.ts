import { setImmediate as turn } from "node:timers/promises";
import { buildSubgraphSchema } from "@apollo/subgraph";
import {
  execute,
  parse,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
} from "graphql";
import type { SubgraphAnswer } from "../../../router/src/subgraph-client/exchange.ts";
import { readEvent } from "../../../router/src/subgraph-client/read-answer.ts";
import type { UpstreamEvent } from "../../../router/src/subgraph-client/upstream-sink.ts";
import { hashOf } from "./random.ts";
import { nameIn, newState, resolverOf, type RunState, type SourceObject } from "./resolve-world.ts";
import { objectOf } from "./world-data.ts";
import type { World } from "./world.ts";

/** An operation with the variables that are sent along. */
export interface FuzzedOperation {
  query: string;
  variables: Record<string, unknown>;
}

/** What the subgraphs see of one execution. */
export interface Run {
  requests: string[];
  state: RunState;
}

export function newRun(): Run {
  return { requests: [], state: newState() };
}

/** The subgraphs of a world, with its faults. */
export class FuzzedSubgraphs {
  readonly #world: World;
  readonly #schemas: ReadonlyMap<string, GraphQLSchema>;

  /** `schemas`: of those that can be asked, by name. */
  constructor(world: World, schemas: ReadonlyMap<string, GraphQLSchema>) {
    this.#world = world;
    this.#schemas = schemas;
  }

  of(world: World): FuzzedSubgraphs {
    return new FuzzedSubgraphs(world, this.#schemas);
  }

  /** Answers come in another order than requests. */
  async serve(name: string, body: string, run: Run): Promise<SubgraphAnswer> {
    const isLost = this.#isLost(run);
    const turns = hashOf(this.#world.dataSeed, run.requests.length) % 3;
    const text = await this.#answer(name, body, run, run.state);
    for (let count = 0; count < turns; count++) await turn();
    if (isLost) return { status: 500, body: "lost", bytes: 4 };
    return { status: 200, body: text, bytes: Buffer.byteLength(text) };
  }

  /** What a subscriber gets when something happens. */
  async event(name: string, body: string, run: Run, event: number): Promise<UpstreamEvent> {
    const isLost = this.#isLost(run);
    const text = await this.#answer(name, body, run, newState(event));
    return readEvent(isLost ? "lost" : text);
  }

  #isLost({ requests }: Run): boolean {
    return requests.length === this.#world.faults.requestLost;
  }

  async #answer(name: string, body: string, { requests }: Run, state: RunState): Promise<string> {
    const { query, variables } = JSON.parse(body) as FuzzedOperation;
    requests.push(`${name} ${query} ${JSON.stringify(variables)}`);
    const schema = this.#schemas.get(name);
    if (!schema) throw new Error(`the subgraph ${name} was asked, which nobody serves`);
    const { document, problems } = readRequest(schema, query);
    const result: ExecutionResult =
      problems.length > 0 ? { errors: problems } : await run(this.#world, name, schema, { document, variables }, state);
    return JSON.stringify(result);
  }
}

interface ReadRequest {
  document: DocumentNode;
  problems: readonly GraphQLError[];
}

/** The requests that a subgraph has read: the events of a subscription and an answer in parts ask the same again. */
const READ = new WeakMap<GraphQLSchema, Map<string, ReadRequest>>();

function readRequest(schema: GraphQLSchema, query: string): ReadRequest {
  const known = READ.get(schema) ?? new Map<string, ReadRequest>();
  READ.set(schema, known);
  let read = known.get(query);
  if (!read) {
    const document = parse(query, { noLocation: true });
    known.set(query, (read = { document, problems: validate(schema, document) }));
  }
  return read;
}

export function subgraphSchema(world: World, name: string, sdl: string): GraphQLSchema {
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

/** Executes an operation on a subgraph, or with null on the merged graph; of a subscription, for one event. */
export async function run(
  world: World,
  subgraph: string | null,
  schema: GraphQLSchema,
  { document, variables }: { document: DocumentNode; variables: Record<string, unknown> },
  state: RunState,
): Promise<ExecutionResult> {
  return execute({
    schema,
    document,
    variableValues: variables,
    contextValue: state,
    fieldResolver: resolverOf(world, subgraph) as never,
  });
}
