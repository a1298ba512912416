import type { GraphQLSchema } from "graphql";
import { CodedError } from "@mib/service/coded-error";
import type { ExecutionTrace } from "../execute/execution-trace.ts";
import type { SharedFetches } from "../execute/shared-fetches.ts";
import type { DescribedPlan } from "../plan/print-plan.ts";
import type { ResponseError } from "../execute/execution.ts";
import type { HookChain } from "../plugins/hook-chain.ts";
import type { Planners } from "../plan/planners.ts";
import type { BreakerLimits } from "../subgraph-client/circuit-breaker.ts";
import type { HedgeDelaySettings } from "../subgraph-client/hedge-delay.ts";
import type { RetryBudgetLimits } from "../subgraph-client/retry-budget.ts";
import type { RetryPolicy } from "../subgraph-client/retry-delay.ts";
import type { SubscriptionEndpoint } from "../subgraph-client/subscription-endpoint.ts";
import { SubgraphClients, type SubgraphState } from "../subgraph-client/subgraph-clients.ts";
import type { SubgraphClient } from "../subgraph-client/subgraph-client.ts";
import { STREAM_URL } from "../supergraph/check-streams.ts";
import { STREAM_KINDS, type StreamKind } from "../supergraph/streamed-directive.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import { SupergraphLifeCycle } from "../supergraph/supergraph-life-cycle.ts";
import { CHARACTER_BYTES, OperationCache } from "./operation-cache.ts";
import type { OperationError } from "./operation-errors.ts";
import { OverrideChoice, type OverrideDecision } from "./override-choice.ts";
import { prepareOperation } from "./prepare-operation.ts";
import { warmUp, type WarmUp } from "./warm-up.ts";

/** How a subgraph is reached, and what one answer of it may cost. */
export interface SubgraphEndpoint {
  url: string;
  timeoutMs: number;
  responseBytesMax: number;
  connectionsMax?: number;
  /** Absent: `lean`. An https URL is always asked through undici. */
  httpClient?: "lean" | "undici";
  /** Absent: by graphql-transport-ws at the same URL, with the defaults. */
  subscriptions?: SubscriptionEndpoint;
  /** Absent: its circuit is always closed. */
  breaker?: BreakerLimits;
  /** Absent: nothing is asked twice. */
  retries?: RetryPolicy & RetryBudgetLimits;
  /** Absent: nothing is asked a second time because it is slow. */
  hedging?: HedgeDelaySettings & RetryBudgetLimits;
}

/** What may change while the federation is in use. */
export interface FederationSettings {
  /** Asked once per subgraph and supergraph; null leaves the routing URL of the supergraph and the defaults. */
  subgraph(name: string, routingUrl: string): SubgraphEndpoint | null;
  /** Prepared operations that are kept, least recently used out first. */
  operationCacheMax: number;
  /** What they may take together, as it is estimated. Absent: 32 MiB. */
  operationCacheBytesMax?: number;
  /** What may feed the streamed fields of a supergraph. Absent: every source there is. */
  streamSources?: readonly StreamKind[];
  /** Whether labels of overrides hold, by name; percentages that are not in it are drawn, other labels do not hold. */
  overrideLabels?: Readonly<Record<string, boolean>>;
}

export interface FederationOptions extends FederationSettings {
  supergraphSdl: string;
  /** Where operations are planned; on the caller's own thread unless said otherwise. */
  planners?: Planners;
  /** Draws for overrides of a percentage: from 0 up to but not including 1. Absent: `Math.random`. */
  random?: () => number;
}

export interface OperationRequest {
  query: string;
  operationName?: string | null;
}

export interface OperationErrors {
  errors: readonly OperationError[];
}

/** One request's way to the subgraphs: what is sent along, and when to give up. */
export interface CallContext {
  headersFor(subgraph: string): Record<string, string>;
  signal: AbortSignal;
  /** Told what each request came to. */
  trace?: ExecutionTrace | null;
  /** Absent or null where no plugin follows the request. */
  readonly hooks?: HookChain | null;
  /** Absent or null where fetches are made for this request alone. */
  readonly shared?: SharedFetches | null;
  /** Hears the errors of each answer, or part of one, that has some. */
  reportErrors?(errors: readonly ResponseError[]): void;
}

export type CoercedVariables = { variables: Record<string, unknown> } | OperationErrors;

/** A subscription field whose events come from a stream: what the `@streamed` directive says about it. */
export interface StreamedField {
  fieldName: string;
  responseKey: string;
  /** The field's arguments for coerced variables, defaults of the schema included. */
  arguments(variables: Record<string, unknown>): Record<string, unknown>;
  topic: string;
  channel: string;
  source: StreamKind;
  delivery: "EVERY" | "LATEST";
  snapshot: "LAST" | "NONE";
  filter: readonly string[];
  /** What an API key must be allowed to do, to subscribe. */
  scope: string | null;
}

/** A subscription whose events come from a subgraph. */
export interface UpstreamSource {
  fieldName: string;
  subgraph: string;
  client: SubgraphClient;
  /** The body of the request that subscribes. */
  requestText(variables: Record<string, unknown>): string;
}

/** One of the payloads of an answer that comes in parts. */
export interface IncrementalPayload {
  /** JSON: `{"data":…,"hasNext":…}` first, then `{"incremental":[…],"hasNext":…}`. */
  text: string;
  hasErrors: boolean;
}

/** An operation with `@defer`, compiled for one choice of what is deferred. */
export interface IncrementalOperation {
  plan: DescribedPlan;
  subgraphs: ReadonlySet<string>;
  /** Never throws; when the call is given up, the parts that are missing come with errors, at once. */
  execute(call: CallContext, variables: Record<string, unknown>): AsyncGenerator<IncrementalPayload, void, void>;
}

/** An operation that was parsed, validated, planned and compiled: execute it as often as you like. */
export interface PreparedOperation {
  kind: "query" | "mutation" | "subscription";
  operationName: string | null;
  /** The operation's text in one form whatever the client's spacing and fragment order: equal texts mean equal answers. */
  normalized: string;
  /** Changes with the supergraph and the settings: only what was prepared in one generation may be shared. */
  generation: number;
  /** The labels of overrides that hold: those of another choice may ask other subgraphs. */
  overrides: readonly string[];
  /** As JSON, and for a reader. */
  plan: { describe(): DescribedPlan; print(): string };
  /** Every subgraph that the plan may fetch from or subscribe to; those with a `stream:` URL are not asked and not in it. */
  subgraphs: ReadonlySet<string>;
  /** What one execution costs, in units. */
  cost: number;
  coerceVariables(variables: unknown): CoercedVariables;
  /** The whole response body as JSON text: `{"data":…}` or `{"errors":…,"data":…}`. */
  execute(call: CallContext, variables: Record<string, unknown>): Promise<string>;
  /**
   * For an operation with `@defer`: what answers it in parts, or null when nothing is deferred with these variables. The
   * whole answer is `execute`'s all the same.
   */
  incremental: ((variables: Record<string, unknown>) => Promise<IncrementalOperation | null>) | null;
  /** Set when this is a subscription to a stream. */
  streamed: StreamedField | null;
  /** Set when this is a subscription that a subgraph serves. */
  upstream: UpstreamSource | null;
  /**
   * The response body for one event of a subscription: `event` is the parsed value of a stream's event, or the
   * `UpstreamEvent` of a subgraph.
   */
  executeEvent(call: CallContext, variables: Record<string, unknown>, event: unknown): Promise<string>;
}

export interface Federation {
  /** What clients see; follows an update. */
  readonly apiSchema: GraphQLSchema;
  readonly supergraphSdl: string;
  /** How each subgraph of the supergraph in use is doing. */
  readonly subgraphStates: readonly SubgraphState[];
  /** Parse, validate, plan, compile; kept for the next request with the same text. `hooks` hear of what has to be done. */
  prepare(request: OperationRequest, hooks?: HookChain | null): Promise<PreparedOperation | OperationErrors>;
  /**
   * Swaps the supergraph, and the settings where some are given, in one step. What is not good is refused with an error and
   * the old stays; operations under way end on the old. Known operations are prepared before the step, as far as `warm` says.
   */
  update(supergraphSdl: string, settings?: FederationSettings, warm?: WarmUp): Promise<void>;
  close(): Promise<void>;
}

/** What an operation takes for each unit that it costs: 0.5 to 0.6 kB were measured, and up to as much where nobody shares its code. */
const COST_BYTES = 1_000;
/** What operations that are kept may take, where the settings do not say. */
const CACHED_BYTES_MAX = 32 * 1_024 * 1_024;

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_RESPONSE_BYTES_MAX = 16 * 1_024 * 1_024;

/** Loads a supergraph. Rejects when it is not good. */
export async function createFederation(options: FederationOptions): Promise<Federation> {
  const lifeCycle = new SupergraphLifeCycle(options.planners ?? (await inlinePlanners()));
  try {
    await lifeCycle.load(options.supergraphSdl);
    return new LoadedFederation(lifeCycle, options, options.random ?? Math.random);
  } catch (error) {
    await lifeCycle.close();
    throw error;
  }
}

function refuseSources({ streamedFields }: RouterSupergraph, sources: readonly string[]): void {
  const refused = [...streamedFields].filter(([, { source }]) => !sources.includes(source));
  if (refused.length === 0) return;
  const fields = refused.map(([name, { source }]) => `${name} (source: ${source})`).join(", ");
  throw new CodedError("STREAM_SOURCE_NOT_SUPPORTED", `Nothing here can feed the subscription fields ${fields}.`);
}

/** Loaded only where it is wanted: a router has Apollo's planner and gateway in another thread. */
async function inlinePlanners(): Promise<Planners> {
  const { planInline } = await import("../plan/planners.ts");
  return planInline();
}

/** What belongs to one supergraph and is left behind with it. */
interface Generation {
  number: number;
  supergraph: RouterSupergraph;
  clients: ReadonlyMap<string, SubgraphClient>;
  overrides: OverrideChoice;
  operations: OperationCache<PreparedOperation | OperationErrors>;
}

class LoadedFederation implements Federation {
  readonly #lifeCycle: SupergraphLifeCycle;
  readonly #clients = new SubgraphClients();
  readonly #random: () => number;
  #settings: FederationSettings;
  #generation: Generation;
  #generations = 0;
  /** The last update: one follows the other. */
  #updating: Promise<void> = Promise.resolve();

  constructor(lifeCycle: SupergraphLifeCycle, settings: FederationSettings, random: () => number) {
    this.#lifeCycle = lifeCycle;
    this.#random = random;
    this.#settings = settings;
    this.#generation = this.#begin(settings);
  }

  get apiSchema(): GraphQLSchema {
    return this.#generation.supergraph.apiSchema;
  }

  get supergraphSdl(): string {
    return this.#generation.supergraph.sdl;
  }

  get subgraphStates(): readonly SubgraphState[] {
    return this.#clients.states(this.#generation.clients);
  }

  prepare(request: OperationRequest, hooks: HookChain | null = null): Promise<PreparedOperation | OperationErrors> {
    const generation = this.#generation;
    const { overrides } = generation;
    const decide = hooks !== null && overrides.isOpen ? hooks.overrideDecision : null;
    if (decide !== null) return prepareAsDecided(generation, request, decide, hooks);
    return prepareIn(generation, keyOf(request, overrides.labelsFor(request.query)), hooks);
  }

  update(supergraphSdl: string, settings?: FederationSettings, warm?: WarmUp): Promise<void> {
    const updated = this.#updating.then(() => this.#update(supergraphSdl, settings, warm));
    this.#updating = updated.catch(() => {});
    return updated;
  }

  async #update(supergraphSdl: string, settings = this.#settings, warm: WarmUp | null = null): Promise<void> {
    await this.#lifeCycle.update(supergraphSdl);
    const old = this.#generation.supergraph;
    if (this.#lifeCycle.current === old && settings === this.#settings) return;
    try {
      const next = this.#begin(settings);
      if (warm !== null) await this.#warm(next, warm);
      this.#generation = next;
    } catch (error) {
      await this.#goBackTo(old);
      throw error;
    }
    this.#settings = settings;
    if (this.#lifeCycle.current !== old) old.planner.release();
    this.#clients.retireAllBut(this.#generation.clients);
  }

  /**
   * Prepares in the next generation what is used most in this one, with the draws and decisions that it was prepared with; what nobody
   * may ask here is not asked there.
   */
  async #warm(next: Generation, { operationsMax, msMax }: WarmUp): Promise<void> {
    const { overrides: choice } = this.#generation;
    const known = new Map(this.#generation.operations.mostUsed(operationsMax));
    const prepare = async (key: string) => {
      if ("errors" in (await known.get(key)!)) return;
      const { request, overrides } = partsOf(key);
      const labels = next.overrides.decidedLabelsFor(
        request.query,
        (name) => (choice.leavesOpen(name) ? overrides.includes(name) : null),
        () => false,
      );
      await prepareIn(next, keyOf(request, labels));
    };
    await warmUp([...known.keys()], prepare, msMax);
  }

  async #goBackTo(old: RouterSupergraph): Promise<void> {
    const refused = this.#lifeCycle.current;
    if (refused === old) return;
    await this.#lifeCycle.update(old.sdl);
    this.#generation = this.#begin(this.#settings);
    this.#clients.retireAllBut(this.#generation.clients);
    refused.planner.release();
    old.planner.release();
  }

  async close(): Promise<void> {
    await Promise.all([this.#lifeCycle.close(), this.#clients.close()]);
  }

  #begin(settings: FederationSettings): Generation {
    const supergraph = this.#lifeCycle.current;
    refuseSources(supergraph, settings.streamSources ?? STREAM_KINDS);
    const clients = new Map<string, SubgraphClient>();
    for (const [name, url] of supergraph.subgraphs) {
      if (url === STREAM_URL) continue;
      const endpoint = settings.subgraph(name, url) ?? {
        url,
        timeoutMs: DEFAULT_TIMEOUT_MS,
        responseBytesMax: DEFAULT_RESPONSE_BYTES_MAX,
      };
      if (!URL.canParse(endpoint.url)) throw new Error(`the subgraph ${name} has no usable URL: "${endpoint.url}"`);
      clients.set(name, this.#clients.clientFor(name, endpoint));
    }
    this.#generations += 1;
    return {
      number: this.#generations,
      supergraph,
      clients,
      overrides: new OverrideChoice(supergraph, { labels: settings.overrideLabels ?? {}, random: this.#random }),
      operations: new OperationCache({
        entriesMax: settings.operationCacheMax,
        bytesMax: settings.operationCacheBytesMax ?? CACHED_BYTES_MAX,
        bytesOf,
      }),
    };
  }
}

/** What tells operations apart in the cache: the overrides that hold, its name and its text. */
function keyOf({ query, operationName }: OperationRequest, overrides: readonly string[]): string {
  const name = operationName ?? "";
  // The name is the client's, and may have any character: its length says where it ends.
  return `${overrides.join(" ")}\0${name.length}\0${name}${query}`;
}

function partsOf(key: string): { request: OperationRequest; overrides: readonly string[] } {
  const labelsEnd = key.indexOf("\0");
  const nameStart = key.indexOf("\0", labelsEnd + 1) + 1;
  const nameEnd = nameStart + Number(key.slice(labelsEnd + 1, nameStart - 1));
  const labels = key.slice(0, labelsEnd);
  return {
    request: { operationName: key.slice(nameStart, nameEnd) || null, query: key.slice(nameEnd) },
    overrides: labels === "" ? [] : labels.split(" "),
  };
}

/** What is kept of an operation beside its key. */
function bytesOf(prepared: PreparedOperation | OperationErrors): number {
  if (!("errors" in prepared)) return prepared.normalized.length * CHARACTER_BYTES + prepared.cost * COST_BYTES;
  return prepared.errors.reduce((sum, { message }) => sum + message.length * CHARACTER_BYTES, 0);
}

async function prepareAsDecided(
  generation: Generation,
  request: OperationRequest,
  decide: OverrideDecision,
  hooks: HookChain | null,
): Promise<PreparedOperation | OperationErrors> {
  return prepareIn(generation, keyOf(request, generation.overrides.decidedLabelsFor(request.query, decide)), hooks);
}

function prepareIn(
  { number, supergraph, clients, operations }: Generation,
  key: string,
  hooks: HookChain | null = null,
): Promise<PreparedOperation | OperationErrors> {
  return operations.get(key, () => {
    const { request, overrides } = partsOf(key);
    const context = { supergraph, generation: number, overrides, clientOf: (name: string) => clientOf(clients, name) };
    return prepareOperation(context, request, hooks);
  });
}

function clientOf(clients: ReadonlyMap<string, SubgraphClient>, name: string): SubgraphClient {
  const client = clients.get(name);
  if (!client)
    throw new CodedError("OPERATION_NOT_RESOLVABLE", `Nothing can be fetched from "${name}": it is a stream`);
  return client;
}
