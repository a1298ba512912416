import type { PlannedRequest } from "../plan/batch-requests.ts";
import type { AfterFetch } from "../plugins/plugin.ts";
import type { SubgraphAnswer } from "../subgraph-client/exchange.ts";
import type { FetchEnd } from "../subgraph-client/fetch-stats.ts";
import type { SubgraphClient } from "../subgraph-client/subgraph-client.ts";
import { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import { readAnswer, type SubgraphResult } from "../subgraph-client/read-answer.ts";
import type { Execution } from "./execution.ts";
import { EntityPart } from "./entity-part.ts";
import { failureOfExchange } from "./fetch-errors.ts";
import type { CompileContext, PartRun } from "./request-part.ts";
import { RootPart } from "./root-part.ts";
import { RequestTexts } from "./request-texts.ts";
import type { SharedFetches } from "./shared-fetches.ts";

/** A request compiled once: gathers its inputs from the data, posts, and merges the answer. Never throws. */
export class CompiledRequest {
  readonly after: readonly number[];
  readonly subgraph: string;
  /** The label of the `@defer` whose part of the answer it is for; null: the part that comes at once. */
  readonly deferredTo: string | null;
  readonly #id: number;
  readonly #client: SubgraphClient;
  readonly #repeatable: boolean;
  readonly #texts: RequestTexts;
  readonly #parts: readonly (EntityPart | RootPart)[];

  constructor(request: PlannedRequest, context: CompileContext) {
    this.after = request.after;
    this.subgraph = request.subgraph;
    this.deferredTo = request.deferredTo ?? null;
    this.#id = request.id;
    this.#client = context.clientOf(request.subgraph);
    this.#repeatable = request.kind === "query";
    this.#texts = new RequestTexts(request, context.clientVariables);
    this.#parts = request.parts.map(({ fetches }) =>
      fetches[0]!.requires === null ? new RootPart(fetches[0]!, context) : new EntityPart(fetches, context),
    );
  }

  async run(execution: Execution): Promise<void> {
    const runs = this.#parts.map((part) => part.start(execution));
    if (runs.every((run) => run === null)) return;
    const { call } = execution;
    if (this.#repeatable && call.shared && !call.hooks && !call.trace && this.#texts.isOfEntitiesAlone)
      return this.#runShared(runs, call.shared, execution);
    const startedAt = performance.now();
    const entities = entitiesOf(runs);
    const { body, listNames } = this.#texts.write(runs, execution.variables);
    let answer: SubgraphAnswer | null = null;
    let after: AfterFetch | null = null;
    let result: SubgraphResult;
    try {
      if (call.signal.aborted) throw new SubgraphFailure("TIMEOUT", "The request was given up");
      let headers = call.headersFor(this.subgraph);
      if (call.hooks) {
        headers = { ...headers };
        const begun = call.hooks.fetch({ subgraph: this.subgraph, entities: entities ?? 0, headers });
        after = begun instanceof Promise ? await begun : begun;
      }
      answer = await this.#client.post(body, headers, execution.underWay, this.#repeatable);
      result = readAnswer(answer);
      this.#ended(answer, startedAt, entities, result.errors.length > 0 ? "errors" : "ok");
      after?.({ status: answer.status, bytes: answer.bytes, errorCode: null });
    } catch (error) {
      const failure = failureOfExchange(error, this.subgraph);
      const { code } = failure.extensions;
      this.#ended(answer, startedAt, entities, code);
      after?.({ status: answer?.status ?? null, bytes: answer?.bytes ?? 0, errorCode: code });
      for (const run of runs) run?.fail(failure);
      return;
    } finally {
      call.trace?.ended(this.#id, startedAt, answer?.body ?? null, entities);
    }
    receive(runs, result, listNames, execution);
  }

  /** Together with other executions that need the same of this subgraph now. */
  async #runShared(runs: readonly (PartRun | null)[], shared: SharedFetches, execution: Execution): Promise<void> {
    const { call, variables, underWay } = execution;
    const { listNames } = this.#texts;
    const fetch = {
      client: this.#client,
      subgraph: this.subgraph,
      headers: call.headersFor(this.subgraph),
      lists: runs.map((run) => run?.lists?.[0]?.texts ?? []),
      listNames: listNames.flat(),
      write: (lists: readonly (readonly string[])[]) => this.#texts.writeLists(lists, variables),
    };
    let result: SubgraphResult;
    try {
      if (call.signal.aborted) throw new SubgraphFailure("TIMEOUT", "The request was given up");
      result = await shared.fetch(fetch, underWay);
    } catch (error) {
      const failure = failureOfExchange(error, this.subgraph);
      for (const run of runs) run?.fail(failure);
      return;
    }
    receive(runs, result, listNames, execution);
  }

  #ended(answer: SubgraphAnswer | null, startedAt: number, entities: number | null, outcome: FetchEnd): void {
    const seconds = (performance.now() - startedAt) / 1_000;
    this.#client.stats.ended({ outcome, seconds, entities: entities ?? 0, bytes: answer?.bytes ?? 0 });
  }
}

function receive(
  runs: readonly (PartRun | null)[],
  result: SubgraphResult,
  listNames: readonly (readonly string[])[],
  execution: Execution,
): void {
  if (!result.clean) execution.clean = false;
  runs.forEach((run, part) => run?.receive(result, listNames[part]!));
}

/** How many representations are sent; null for fields of a root type. */
function entitiesOf(runs: readonly (PartRun | null)[]): number | null {
  let entities: number | null = null;
  for (const run of runs) for (const { texts } of run?.lists ?? []) entities = (entities ?? 0) + texts.length;
  return entities;
}
