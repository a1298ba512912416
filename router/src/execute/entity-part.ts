import { Kind, type SelectionSetNode } from "graphql";
import type { PlannedFetch } from "../plan/fetch-plan.ts";
import type { SubgraphError, SubgraphResult } from "../subgraph-client/read-answer.ts";
import { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import { holds, renamesOf, responseNamesOf, type CompileContext, type PartRun } from "./request-part.ts";
import { isDataObject, type DataObject, type Execution, type FieldFailure } from "./execution.ts";
import { clientPath, failureOfError, failureOfExchange, reportError, REPORTED } from "./fetch-errors.ts";
import { cloneData, compileMerge, type Merge } from "./merge.ts";
import { renameKeys } from "./rename-keys.ts";
import { Representations, type AddEntity } from "./representation.ts";
import { compileTargets, pathsOfTargets, type TargetCollector } from "./targets.ts";

/** The objects at one path, and for each the index of its representation or -1. */
interface Place {
  path: readonly string[];
  targets: readonly DataObject[];
  indexes: readonly number[];
}

/** One list of entities, made of the objects at one or more paths. */
export class EntityPart {
  readonly #subgraph: string;
  readonly #fetches: readonly { fetch: PlannedFetch; collect: TargetCollector }[];
  readonly #responseName: string;
  readonly #context: CompileContext;
  readonly #representations: Representations;
  readonly #names: readonly string[];
  readonly #merge: Merge;
  readonly #bringsObjects: boolean;
  readonly #renames: ReturnType<typeof renamesOf>;
  readonly #renamed: ReadonlyMap<string, string>;

  constructor(fetches: readonly PlannedFetch[], responseName: string, context: CompileContext) {
    const first = fetches[0]!;
    this.#subgraph = first.subgraph;
    this.#fetches = fetches.map((fetch) => ({ fetch, collect: compileTargets(fetch.path) }));
    this.#responseName = responseName;
    this.#context = context;
    this.#representations = new Representations(context.fullSchema, first.requires!, first.inputRewrites);
    this.#names = responseNamesOf(first);
    this.#merge = compileMerge(this.#names, context.fullSchema);
    this.#bringsObjects = bringsObjects(first.selection);
    this.#renames = renamesOf(first);
    this.#renamed = new Map(this.#renames.map(({ from, to }) => [from, to]));
  }

  start(execution: Execution): PartRun | null {
    const texts: string[] = [];
    const adders = new Map<string, AddEntity | null>();
    const quoteText = execution.clean ? (text: string) => `"${text}"` : JSON.stringify;
    const add = (entity: DataObject): number => {
      const typename = entity["__typename"];
      if (typeof typename !== "string") return -1;
      let adder = adders.get(typename);
      if (adder === undefined) {
        adder = this.#representations.adderFor(typename)?.(texts, quoteText) ?? null;
        adders.set(typename, adder);
      }
      return adder === null ? -1 : adder(entity);
    };

    const places: Place[] = [];
    for (const { fetch, collect } of this.#fetches) {
      if (!holds(fetch.conditions, execution, this.#context.clientVariables)) continue;
      const targets = collect(execution.root);
      if (targets.length > 0) places.push({ path: fetch.path, targets, indexes: targets.map(add) });
    }
    for (const { targets, indexes } of places) this.#passOnFailures(execution, targets, indexes);
    if (texts.length === 0) return null;
    return {
      texts,
      receive: (result) => this.#receive(execution, places, texts.length, result),
      fail: (failure) => this.#failAll(execution, places, failure),
    };
  }

  /** An entity that lacks an input because of an earlier failure lacks these fields for the same reason. */
  #passOnFailures(execution: Execution, targets: readonly DataObject[], indexes: readonly number[]): void {
    indexes.forEach((index, position) => {
      if (index !== -1) return;
      const failure = execution.anyFailureOf(targets[position]!);
      if (failure) execution.fail(targets[position]!, this.#names, failure);
    });
  }

  #failAll(execution: Execution, places: readonly Place[], failure: FieldFailure): void {
    for (const { targets, indexes } of places) {
      indexes.forEach((index, position) => {
        if (index !== -1) execution.fail(targets[position]!, this.#names, failure);
      });
    }
  }

  #receive(execution: Execution, places: readonly Place[], count: number, { data, errors }: SubgraphResult): void {
    const entities = data?.[this.#responseName];
    const isWhole = Array.isArray(entities) && entities.length === count;
    const failures = errors.length > 0 ? this.#reportErrors(execution, places, errors, isWhole) : NO_FAILURES;
    if (!isWhole) {
      this.#failAll(
        execution,
        places,
        failures.all ??
          this.#badResponse("The subgraph answered with a list of entities that is none or of another length"),
      );
      return;
    }
    const typenames = this.#renames.length > 0 ? typenamesOf(places) : null;
    const bad: (FieldFailure | undefined)[] = [];
    entities.forEach((entity: unknown, index) => {
      if (!isDataObject(entity)) {
        bad[index] =
          failures.byIndex?.get(index) ??
          (entity === null
            ? failures.all
            : this.#badResponse("The subgraph answered with an entity that is no object"));
      } else if (typenames) renameKeys(this.#context.fullSchema, this.#renames, entity, typenames.get(index));
    });
    places.forEach(({ targets, indexes }, place) => {
      // Objects at one path may share what they refer to: whatever comes later comes to all of them. Those at another
      // path may not: the same response name can stand for something else there.
      const own = place > 0 && this.#bringsObjects ? entities.map(cloneData) : entities;
      for (let position = 0; position < targets.length; position++) {
        const index = indexes[position]!;
        if (index === -1) continue;
        const entity: unknown = own[index];
        if (isDataObject(entity)) this.#merge(targets[position]!, entity);
        else if (bad[index]) execution.fail(targets[position]!, this.#names, bad[index]);
      }
    });
  }

  /** Reports each error at every object that it concerns, and says why entities that did not come are missing. */
  #reportErrors(
    execution: Execution,
    places: readonly Place[],
    errors: readonly SubgraphError[],
    isWhole: boolean,
  ): Failures {
    const failures: Failures = { byIndex: new Map(), all: undefined };
    let paths: ReturnType<typeof pathsOfTargets>[] | null = null;
    for (const error of errors) {
      const [name, index, ...rest] = error.path ?? [];
      if (name !== this.#responseName) {
        if (error.path !== null && (name === "_entities" || /^_e\d+$/.test(String(name)))) continue; // another part's
        if (isWhole) {
          if (this.#responseName === "_entities" || this.#responseName === "_e0")
            reportError(execution, error, null, this.#subgraph);
          failures.all ??= REPORTED;
        } else failures.all ??= failureOfError(error, this.#subgraph);
        continue;
      }
      if (typeof index !== "number") {
        failures.all = failureOfError(error, this.#subgraph);
        continue;
      }
      if (rest.length === 0) {
        failures.byIndex!.set(index, failureOfError(error, this.#subgraph));
        continue;
      }
      failures.byIndex!.set(index, REPORTED);
      if (!isWhole) failures.all ??= REPORTED;
      paths ??= places.map(({ path }) => pathsOfTargets(execution.root, path));
      places.forEach(({ indexes }, place) =>
        indexes.forEach((each, position) => {
          if (each !== index) return;
          const path = [...paths![place]![position]!, ...rest];
          reportError(execution, error, clientPath(path, this.#context.clientNames, this.#renamed), this.#subgraph);
        }),
      );
    }
    return failures;
  }

  #badResponse(message: string): FieldFailure {
    return failureOfExchange(new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", message), this.#subgraph);
  }
}

interface Failures {
  byIndex: Map<number, FieldFailure> | null;
  /** Why all entities that did not come are missing. */
  all: FieldFailure | undefined;
}

const NO_FAILURES: Failures = { byIndex: null, all: undefined };

function typenamesOf(places: readonly Place[]): Map<number, unknown> {
  const typenames = new Map<number, unknown>();
  for (const { targets, indexes } of places)
    indexes.forEach((index, position) => typenames.set(index, targets[position]!["__typename"]));
  return typenames;
}

function bringsObjects(selectionSet: SelectionSetNode): boolean {
  return selectionSet.selections.some((selection) =>
    selection.kind === Kind.INLINE_FRAGMENT
      ? bringsObjects(selection.selectionSet)
      : selection.kind !== Kind.FIELD || selection.selectionSet !== undefined,
  );
}
