import { parse, type DocumentNode } from "graphql";
import type { CallContext, OperationErrors, PreparedOperation } from "../../../router/src/operation/federation.ts";
import { SharedFetches } from "../../../router/src/execute/shared-fetches.ts";
import { prepareOperation } from "../../../router/src/operation/prepare-operation.ts";
import { planInline, type Planners } from "../../../router/src/plan/planners.ts";
import { FetchStats } from "../../../router/src/subgraph-client/fetch-stats.ts";
import type { SubgraphClient } from "../../../router/src/subgraph-client/subgraph-client.ts";
import { STREAM_URL } from "../../../router/src/supergraph/check-streams.ts";
import { composeSupergraph } from "../../../router/src/supergraph/compose-supergraph.ts";
import { buildRouterSupergraph, type RouterSupergraph } from "../../../router/src/supergraph/router-supergraph.ts";
import type { Payload } from "./compare-parts.ts";
import { eventPayload } from "./event-payload.ts";
import { expectedParts, type ExpectedPart } from "./expected-parts.ts";
import { FuzzedSubgraphs, newRun, run, subgraphSchema, type FuzzedOperation, type Run } from "./fuzzed-subgraphs.ts";
import { printSubgraph } from "./print-subgraph.ts";
import { newState, resolverOf } from "./resolve-world.ts";
import { STREAM, type World } from "./world.ts";

/** Comparing all plans of an operation takes most of the time; each has to be right. */
const PLANNERS = planInline({ evaluatedPlansMax: 10 });

/** Counts the plans that Apollo's planner does not find. */
function countFailures(failures: PlanFailures): Planners {
  return {
    ...PLANNERS,
    async build(supergraphSdl) {
      const planner = await PLANNERS.build(supergraphSdl);
      const failed = (error: unknown) => {
        failures.count++;
        throw error;
      };
      return { ...planner, plan: (...operation) => planner.plan(...operation).catch(failed) };
    },
  };
}

interface PlanFailures {
  count: number;
}

export interface Answer {
  data?: unknown;
  errors?: readonly { message: string; path?: readonly (string | number)[]; extensions?: Record<string, unknown> }[];
}

/** What the router answers, with every request that a subgraph got. */
interface Asked {
  /** One, or of a subscription one for each event. */
  answers: readonly Answer[];
  requests: readonly string[];
  plan: string;
  /** The same in parts, or why the router gives the whole answer only. */
  inParts(): Promise<AskedInParts | AnsweredWhole>;
}

/** Because Apollo's planner contradicts itself over what is deferred, or for a reason of the router's. */
type AnsweredWhole = "not planned" | "by choice";

interface AskedInParts extends Pick<Asked, "requests" | "plan"> {
  payloads: readonly Payload[];
}

/** The events of each subscription: they come at once. */
const EVENTS = [0, 1];

/** What an operation's requests come to while one execution after the other goes on. */
interface Serving {
  subgraphs: FuzzedSubgraphs;
  run: Run;
}

/** An operation that is prepared once, and asked of one world after the other. */
interface KeptOperation {
  document: DocumentNode;
  serving: Serving;
  prepared: Promise<PreparedOperation | OperationErrors>;
  /** Whether Apollo's planner found no plan in parts. */
  isUnplanned: boolean;
}

/** What composition sees, and what follows from that alone. */
interface Composed {
  supergraph: RouterSupergraph;
  planFailures: PlanFailures;
  /** By the labels that hold and the text. */
  operations: Map<string, KeptOperation>;
}

/** A world behind the router's pipeline, without sockets, and the same world in one schema. */
export class FuzzedFederation {
  readonly supergraph: RouterSupergraph;
  readonly #world: World;
  readonly #composed: Composed;
  readonly #subgraphs: FuzzedSubgraphs;

  private constructor(world: World, composed: Composed, subgraphs: FuzzedSubgraphs) {
    this.#world = world;
    this.supergraph = composed.supergraph;
    this.#composed = composed;
    this.#subgraphs = subgraphs;
  }

  /** Null when the world does not compose. */
  static async compose(world: World): Promise<FuzzedFederation | null> {
    const sources = world.subgraphs.map((name) => ({
      name,
      file: name,
      routingUrl: name === STREAM ? STREAM_URL : "http://localhost",
      sdl: printSubgraph(world, name),
    }));
    const composition = composeSupergraph(sources);
    if ("problems" in composition) return null;
    const served = sources.filter(({ name }) => name !== STREAM);
    const schemas = new Map(served.map(({ name, sdl }) => [name, subgraphSchema(world, name, sdl)]));
    const planFailures = { count: 0 };
    const supergraph = await buildRouterSupergraph(composition.supergraphSdl, countFailures(planFailures));
    const composed = { supergraph, planFailures, operations: new Map() };
    return new FuzzedFederation(world, composed, new FuzzedSubgraphs(world, schemas));
  }

  /** The same federation, with what composition does not see taken from another world. */
  of(world: World): FuzzedFederation {
    return new FuzzedFederation(world, this.#composed, this.#subgraphs.of(world));
  }

  async ask(operation: FuzzedOperation): Promise<Asked> {
    const kept = this.#kept(operation);
    const { serving } = kept;
    const prepared = await kept.prepared;
    if ("errors" in prepared) return refused(prepared);
    const coerced = prepared.coerceVariables(operation.variables);
    if ("errors" in coerced) return refused(coerced);
    const { variables } = coerced;
    serving.subgraphs = this.#subgraphs;
    serving.run = newRun();
    const { requests } = serving.run;
    const texts =
      prepared.kind === "subscription"
        ? await this.#answerEvents(prepared, variables, serving.run)
        : [await prepared.execute(newCall(), variables)];
    return {
      answers: texts.map((text) => JSON.parse(text) as Answer),
      requests,
      plan: prepared.plan.print(),
      inParts: () => this.#askInParts(prepared, kept, variables),
    };
  }

  #kept(operation: FuzzedOperation): KeptOperation {
    const { operations, supergraph } = this.#composed;
    const { overridesHeld } = this.#world;
    const key = `${overridesHeld.join()} ${operation.query}`;
    const known = operations.get(key);
    if (known) return known;
    const serving: Serving = { subgraphs: this.#subgraphs, run: newRun() };
    const clientOf = (name: string) => ({
      post: (body: string) => serving.subgraphs.serve(name, body, serving.run),
      stats: new FetchStats(name),
    });
    const context = {
      supergraph,
      generation: 1,
      overrides: overridesHeld,
      clientOf: clientOf as unknown as (name: string) => SubgraphClient,
    };
    const prepared = prepareOperation(context, operation);
    const kept = { document: parse(operation.query), serving, prepared, isUnplanned: false };
    operations.set(key, kept);
    return kept;
  }

  async #askInParts(
    prepared: PreparedOperation,
    kept: KeptOperation,
    variables: Record<string, unknown>,
  ): Promise<AskedInParts | AnsweredWhole> {
    const { planFailures } = this.#composed;
    const { serving } = kept;
    const { count } = planFailures;
    const incremental = await prepared.incremental?.(variables);
    if (planFailures.count > count) kept.isUnplanned = true;
    if (!incremental) return kept.isUnplanned ? "not planned" : "by choice";
    serving.subgraphs = this.#subgraphs;
    serving.run = newRun();
    const { requests } = serving.run;
    const payloads: Payload[] = [];
    for await (const { text } of incremental.execute(newCall(), variables)) payloads.push(JSON.parse(text) as Payload);
    return { payloads, requests, plan: JSON.stringify(incremental.plan, null, 1) };
  }

  /** What graphql-js answers from the merged graph: once, or for each event of a subscription. */
  async expected(operation: FuzzedOperation): Promise<Answer[]> {
    const events = isSubscribing(operation) ? EVENTS : [0];
    const { apiSchema } = this.supergraph;
    const { variables } = operation;
    const { document } = this.#kept(operation);
    return Promise.all(
      events.map(async (event) =>
        asJson(await run(this.#world, null, apiSchema, { document, variables }, newState(event))),
      ),
    );
  }

  /** The parts of the answer from the merged graph. */
  expectedParts(operation: FuzzedOperation): Promise<ExpectedPart[]> {
    return expectedParts(this.supergraph.apiSchema, resolverOf(this.#world, null) as never, operation);
  }

  /** As groups of subscribers get them: together, and what they need of a subgraph is asked for together. */
  async #answerEvents(
    { streamed, upstream, executeEvent }: PreparedOperation,
    variables: Record<string, unknown>,
    current: Run,
  ): Promise<string[]> {
    const call = { ...newCall(), shared: new SharedFetches(() => {}) };
    const events: unknown[] = [];
    for (const event of EVENTS) {
      if (streamed) events.push(eventPayload(this.#world, streamed.fieldName, event));
      if (upstream)
        events.push(await this.#subgraphs.event(upstream.subgraph, upstream.requestText(variables), current, event));
    }
    return Promise.all(events.map((event) => executeEvent(call, variables, event)));
  }
}

export function isSubscribing({ query }: FuzzedOperation): boolean {
  return query.startsWith("subscription ");
}

function refused(errors: OperationErrors): Asked {
  return { answers: [asJson(errors)], requests: [], plan: "", inParts: async () => "by choice" };
}

function newCall(): CallContext {
  return { headersFor: () => ({}), signal: new AbortController().signal };
}

function asJson(value: unknown): Answer {
  return JSON.parse(JSON.stringify(value)) as Answer;
}
