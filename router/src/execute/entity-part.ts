import { Kind, type SelectionSetNode } from "graphql";
import type { ContextVariable, PlannedFetch, RequiredSelection } from "../plan/fetch-plan.ts";
import type { SubgraphError, SubgraphResult } from "../subgraph-client/read-answer.ts";
import { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import { ContextReader, type ContextValues } from "./context-values.ts";
import {
  holds,
  renamesOf,
  responseNamesOf,
  type CompileContext,
  type PartRun,
  type SentList,
  type ToldContexts,
} from "./request-part.ts";
import { isDataObject, type DataObject, type Execution, type FieldFailure } from "./execution.ts";
import { dataPath, failureOfError, failureOfExchange, reportError, REPORTED } from "./fetch-errors.ts";
import { inputFailureOf } from "./input-failure.ts";
import { cloneData, compileMerge, type Merge } from "./merge.ts";
import { renameKeys } from "./rename-keys.ts";
import { Representations, type AddEntity } from "./representation.ts";
import { compileTargets, pathsOfTargets, type TargetCollector } from "./targets.ts";
import { selectTold, type ToldSelection } from "./told-selection.ts";

/** The objects at one path, and for each the index of its representation or -1. */
interface Place {
  path: readonly string[];
  targets: readonly DataObject[];
  indexes: readonly number[];
  /** Where each is among all objects at the path; null when these are all of them. */
  positions: readonly number[] | null;
}

/** The objects of one list that is sent. */
interface ListRun extends SentList {
  places: readonly Place[];
}

/** Adds an entity to a list. Its index there, or -1 when it lacks an input. */
type Add = (entity: DataObject) => number;

/** The entities at one or more paths: one list, or where contexts differ, one for each set of their values. */
export class EntityPart {
  readonly #subgraph: string;
  readonly #fetches: readonly (Pick<PlannedFetch, "path" | "conditions"> & {
    collect: TargetCollector;
    contexts: ContextReader | null;
  })[];
  readonly #context: CompileContext;
  readonly #requires: readonly RequiredSelection[];
  readonly #representations: Representations;
  readonly #contexts: readonly ContextVariable[];
  readonly #selection: SelectionSetNode;
  /** What is asked for where some contexts failed, by which of them are told. */
  readonly #toldSelections = new Map<string, ToldSelection>();
  readonly #names: readonly string[];
  readonly #merge: Merge;
  readonly #bringsObjects: boolean;
  /** Whether what one entity brought may stand in several objects at one path. */
  readonly #isShared: boolean;
  readonly #renames: ReturnType<typeof renamesOf>;
  readonly #renamed: ReadonlyMap<string, string>;

  constructor(fetches: readonly PlannedFetch[], context: CompileContext) {
    const first = fetches[0]!;
    this.#subgraph = first.subgraph;
    this.#fetches = fetches.map((fetch) => ({
      path: fetch.path,
      conditions: fetch.conditions,
      collect: compileTargets(fetch.path),
      contexts: fetch.contexts.length > 0 ? new ContextReader(fetch, context) : null,
    }));
    this.#context = context;
    this.#requires = first.requires!;
    this.#contexts = first.contexts;
    this.#selection = first.selection;
    this.#representations = new Representations(context.fullSchema, this.#requires, first.inputRewrites);
    this.#names = responseNamesOf(first);
    this.#merge = compileMerge(this.#names, context.fullSchema);
    this.#bringsObjects = bringsObjects(first.selection);
    this.#isShared = !this.#bringsObjects || !fetches.some(({ path }) => isAbove(path, context.contextualPaths));
    this.#renames = renamesOf(first);
    this.#renamed = new Map(this.#renames.map(({ from, to }) => [from, to]));
  }

  start(execution: Execution): PartRun | null {
    const lists = this.#fetches[0]!.contexts === null ? this.#oneList(execution) : this.#listsByContext(execution);
    if (lists.length === 0) return null;
    return {
      lists,
      receive: (result, listNames) =>
        lists.forEach((list, index) => this.#receive(execution, list, listNames[index]!, result)),
      fail: (failure) => {
        for (const { places } of lists) this.#failAll(execution, places, failure);
      },
    };
  }

  #oneList(execution: Execution): ListRun[] {
    const texts: string[] = [];
    const add = this.#adder(execution, texts);
    const places: Place[] = [];
    for (const { path, conditions, collect } of this.#fetches) {
      if (!holds(conditions, execution, this.#context.clientVariables)) continue;
      const targets = collect(execution.root);
      if (targets.length > 0) places.push({ path, targets, indexes: targets.map(add), positions: null });
    }
    for (const { targets, indexes } of places) this.#passOnFailures(execution, targets, indexes);
    return texts.length === 0 ? [] : [{ texts, contexts: [], places }];
  }

  /** Entities that are told the same of what is around them share a list. */
  #listsByContext(execution: Execution): ListRun[] {
    const lists = new Map<string, { texts: string[]; contexts: SentList["contexts"]; add: Add; places: Place[] }>();
    for (const { path, conditions, collect, contexts } of this.#fetches) {
      if (!holds(conditions, execution, this.#context.clientVariables)) continue;
      const targets = collect(execution.root);
      const values = contexts!.read(execution);
      const members = new Map<string, number[]>();
      targets.forEach((target, position) => {
        const told = values.of(position);
        if (told.includes(null) && !this.#failUntold(execution, target, told, values, position)) return;
        const key = told.map((value) => value ?? "").join();
        if (!lists.has(key)) {
          const texts: string[] = [];
          lists.set(key, { texts, contexts: told, add: this.#adder(execution, texts), places: [] });
        }
        if (!members.has(key)) members.set(key, []);
        members.get(key)!.push(position);
      });
      for (const [key, positions] of members) {
        const { add, places } = lists.get(key)!;
        const own = positions.map((position) => targets[position]!);
        const indexes = own.map(add);
        this.#passOnFailures(execution, own, indexes);
        places.push({ path, targets: own, indexes, positions });
      }
    }
    return [...lists.values()].filter(({ texts }) => texts.length > 0);
  }

  /**
   * Says why the fields are missing that take a context that failed; whether others are left. An entity of a type that the
   * fetch is not about lacks nothing.
   */
  #failUntold(
    execution: Execution,
    target: DataObject,
    told: SentList["contexts"],
    values: ContextValues,
    position: number,
  ): boolean {
    const typename = target["__typename"];
    if (typeof typename !== "string" || this.#representations.adderFor(typename) === null) return false;
    const missing = this.#badResponse("What the field is asked with did not come");
    const { selection, untold } = this.#toldSelection(told.map((value) => value !== null));
    const names = untold.map((name) => this.#renamed.get(name) ?? name);
    execution.fail(target, names, values.failureOf(position) ?? missing);
    return selection !== null;
  }

  #toldSelection(told: ToldContexts): ToldSelection {
    const key = told.join();
    const known = this.#toldSelections.get(key) ?? selectTold(this.#contexts, this.#selection, told);
    this.#toldSelections.set(key, known);
    return known;
  }

  #adder(execution: Execution, texts: string[]): Add {
    const adders = new Map<string, AddEntity | null>();
    const quoteText = execution.clean ? (text: string) => `"${text}"` : JSON.stringify;
    return (entity) => {
      const typename = entity["__typename"];
      if (typeof typename !== "string") return -1;
      let adder = adders.get(typename);
      if (adder === undefined) {
        adder = this.#representations.adderFor(typename)?.(texts, quoteText) ?? null;
        adders.set(typename, adder);
      }
      return adder === null ? -1 : adder(entity);
    };
  }

  /** An entity that lacks an input because of an earlier failure lacks these fields for the same reason. */
  #passOnFailures(execution: Execution, targets: readonly DataObject[], indexes: readonly number[]): void {
    indexes.forEach((index, position) => {
      if (index !== -1) return;
      const failure = inputFailureOf(execution, targets[position]!, this.#requires);
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

  #receive(execution: Execution, { places, texts }: ListRun, listName: string, { data, errors }: SubgraphResult): void {
    const entities = data?.[listName];
    const isWhole = Array.isArray(entities) && entities.length === texts.length;
    const failures = errors.length > 0 ? this.#reportErrors(execution, places, listName, errors, isWhole) : NO_FAILURES;
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
      // Objects at one path may share what they refer to: whatever comes later comes to all of them, but where that
      // depends on what is around them. Those at another path may not: the same response name can stand for something
      // else there.
      const own = place > 0 && this.#bringsObjects ? entities.map(cloneData) : entities;
      const used = this.#isShared ? null : new Set<number>();
      for (let position = 0; position < targets.length; position++) {
        const index = indexes[position]!;
        if (index === -1) continue;
        const entity: unknown = used?.has(index) ? cloneData(own[index]) : own[index];
        used?.add(index);
        if (isDataObject(entity)) this.#merge(targets[position]!, entity);
        else if (bad[index]) execution.fail(targets[position]!, this.#names, bad[index]);
      }
    });
  }

  /** Reports each error at every object that it concerns, and says why entities that did not come are missing. */
  #reportErrors(
    execution: Execution,
    places: readonly Place[],
    listName: string,
    errors: readonly SubgraphError[],
    isWhole: boolean,
  ): Failures {
    const failures: Failures = { byIndex: new Map(), all: undefined };
    const source = { subgraph: this.#subgraph, clientNames: this.#context.clientNames };
    let paths: ReturnType<typeof pathsOfTargets>[] | null = null;
    for (const error of errors) {
      const [name, index, ...rest] = error.path ?? [];
      if (name !== listName) {
        if (error.path !== null && (name === "_entities" || /^_e\d+$/.test(String(name)))) continue; // another list's
        if (isWhole) {
          if (listName === "_entities" || listName === "_e0") reportError(execution, error, null, source);
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
      places.forEach(({ indexes, positions }, place) =>
        indexes.forEach((each, target) => {
          if (each !== index) return;
          const path = [...paths![place]![positions?.[target] ?? target]!, ...dataPath(rest, this.#renamed)];
          reportError(execution, error, path, source);
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

function isAbove(path: readonly string[], others: readonly (readonly string[])[]): boolean {
  return others.some((other) => other.length > path.length && path.every((step, index) => other[index] === step));
}

function bringsObjects(selectionSet: SelectionSetNode): boolean {
  return selectionSet.selections.some((selection) =>
    selection.kind === Kind.INLINE_FRAGMENT
      ? bringsObjects(selection.selectionSet)
      : selection.kind !== Kind.FIELD || selection.selectionSet !== undefined,
  );
}
