import type { PlannedFetch } from "../plan/fetch-plan.ts";
import type { SubgraphResult } from "../subgraph-client/read-answer.ts";
import { holds, renamesOf, responseNamesOf, type CompileContext, type PartRun } from "./request-part.ts";
import type { DataObject, Execution } from "./execution.ts";
import { dataPath, failureOfError, reportError, REPORTED } from "./fetch-errors.ts";
import { cloneData, compileMerge, type Merge } from "./merge.ts";
import { renameKeys } from "./rename-keys.ts";
import { compileTargets, pathsOfTargets, type TargetCollector } from "./targets.ts";

/** Fields of a root type: usually of the operation's root, or of a `Query` that some field returned. */
export class RootPart {
  readonly #subgraph: string;
  readonly #path: PlannedFetch["path"];
  readonly #conditions: PlannedFetch["conditions"];
  readonly #context: CompileContext;
  readonly #collect: TargetCollector;
  readonly #merge: Merge;
  readonly #names: readonly string[];
  readonly #renames: ReturnType<typeof renamesOf>;
  readonly #renamed: ReadonlyMap<string, string>;

  constructor(fetch: PlannedFetch, context: CompileContext) {
    this.#subgraph = fetch.subgraph;
    this.#path = fetch.path;
    this.#conditions = fetch.conditions;
    this.#context = context;
    this.#collect = compileTargets(fetch.path);
    this.#names = responseNamesOf(fetch);
    this.#merge = compileMerge(this.#names, context.fullSchema);
    this.#renames = renamesOf(fetch);
    this.#renamed = new Map(this.#renames.map(({ from, to }) => [from, to]));
  }

  start(execution: Execution): PartRun | null {
    if (!holds(this.#conditions, execution, this.#context.clientVariables)) return null;
    const targets = this.#collect(execution.root);
    if (targets.length === 0) return null;
    return {
      lists: null,
      receive: (result) => this.#receive(execution, targets, result),
      fail: (failure) => {
        for (const target of targets) execution.fail(target, this.#names, failure);
      },
    };
  }

  #receive(execution: Execution, targets: readonly DataObject[], { data, errors }: SubgraphResult): void {
    const [subgraph, path] = [this.#subgraph, this.#path];
    const source = { subgraph, clientNames: this.#context.clientNames };
    const located = errors.filter((error) => error.path !== null);
    for (const error of located) {
      for (const prefix of pathsOfTargets(execution.root, path)) {
        reportError(execution, error, [...prefix, ...dataPath(error.path!, this.#renamed)], source);
      }
    }
    const unlocated = errors.find((error) => error.path === null);
    if (data === null) {
      const failure = located.length > 0 || !unlocated ? REPORTED : failureOfError(unlocated, subgraph);
      for (const target of targets) execution.fail(target, this.#names, failure);
      return;
    }
    for (const error of errors) if (error.path === null) reportError(execution, error, null, source);
    if (this.#renames.length > 0) renameKeys(this.#context.fullSchema, this.#renames, data, undefined);
    targets.forEach((target, index) => this.#merge(target, index === 0 ? data : cloneData(data)));
  }
}
