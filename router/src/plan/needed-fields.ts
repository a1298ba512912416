import { isAbstractType, isCompositeType, Kind, type SelectionSetNode } from "graphql";
import { typeOfStep } from "../execute/type-condition.ts";
import { collectFields, deferLabelOf, type Guard, type GuardedSelection } from "../shape/collect-fields.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import { deferredLabels, isBefore, type DeferredLabels } from "./deferred-labels.ts";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";
import type { NormalizedOperation } from "./normalize-operation.ts";
import { pathAbove } from "./path-above.ts";
import { selectedFields } from "./selected-fields.ts";
import { requiredFields } from "./verify/required-fields.ts";

/** Why a field is needed. */
export interface Need {
  guard: Guard;
  /** The label of the `@defer` under which it is selected; null: what comes at once needs it, or a fetch. */
  deferredTo: string | null;
}

/** What is selected on objects, and the label of the `@defer` around it. */
interface Selected {
  selectionSet: SelectionSetNode;
  deferredTo: string | null;
}

/** What is needed of the objects at a path: by the client, and as inputs of fetches. */
export class NeededFields {
  readonly #supergraph: RouterSupergraph;
  readonly #normalized: NormalizedOperation;
  readonly fetches: readonly PlannedFetch[];
  readonly #known = new Map<string, ReadonlyMap<string, readonly Need[]>>();
  readonly #parts = new Map<number, readonly (string | null)[]>();
  #labels: DeferredLabels | null = null;

  constructor(supergraph: RouterSupergraph, normalized: NormalizedOperation, fetches: readonly PlannedFetch[]) {
    this.#supergraph = supergraph;
    this.#normalized = normalized;
    this.fetches = fetches;
  }

  /** Whether anything is deferred. */
  isInParts(): boolean {
    return this.#defers().size > 0;
  }

  /**
   * The parts for which a fetch has to be made that brings something for one part, null for what comes at once, where these
   * parts need it: null stands for that one itself. What a part around another one needs is there when the other comes.
   */
  partsAfter(own: string | null, labels: readonly (string | null)[]): ReadonlySet<string | null> {
    const around = (label: string) => this.#defers().get(label) ?? [];
    const isAfter = (label: string | null): label is string =>
      label !== null && label !== own && (own === null || around(label).includes(own));
    const later = labels.filter(isAfter);
    if (later.length < labels.length) return new Set([null]);
    return new Set(later.filter((label) => !around(label).some((each) => later.includes(each))));
  }

  /** Whether what is fetched for one part may be an input of a fetch for another one. */
  mayWait(part: string | null, other: string | null): boolean {
    return isBefore(this.#defers(), other, part);
  }

  /** The needs of each field of objects of a type, by response name. */
  of(path: readonly string[], typeName: string): ReadonlyMap<string, readonly Need[]> {
    const key = [typeName, ...path].join();
    const known = this.#known.get(key);
    if (known) return known;
    const needed = this.#neededAfter(-1, path, typeName);
    this.#known.set(key, needed);
    return needed;
  }

  /** By the client, and by the fetches that come after one. */
  #neededAfter(id: number, path: readonly string[], typeName: string): ReadonlyMap<string, readonly Need[]> {
    const needed = this.#askedFor(path, typeName);
    for (const fetch of this.fetches) {
      if (fetch.id <= id) continue;
      const reads = inputsAt(fetch, path).flatMap((required) =>
        [...requiredFields(this.#supergraph.fullSchema, required, typeName).values()].flatMap((each) => [
          ...each.reads,
        ]),
      );
      for (const name of new Set([...contextsAt(fetch, path), ...reads])) {
        const needs = this.#partsOf(fetch).map((deferredTo) => ({ guard: [], deferredTo }));
        needed.set(name, [...(needed.get(name) ?? []), ...needs]);
      }
    }
    return needed;
  }

  /** The parts that what a fetch brings is for: an input is needed when they are. */
  #partsOf(fetch: PlannedFetch): readonly (string | null)[] {
    const { id, path, selection, conditions, deferredTo } = fetch;
    if (deferredTo !== undefined) return [deferredTo];
    if (!this.isInParts()) return [null];
    const known = this.#parts.get(id);
    if (known) return known;
    const parts = new Set<string | null>();
    for (const { node, on } of selectedFields(selection.selections, "", conditions))
      for (const typeName of this.#typesBehind(on))
        for (const need of this.#neededAfter(id, path, typeName).get((node.alias ?? node.name).value) ?? [])
          parts.add(need.deferredTo);
    const found = parts.size === 0 || parts.has(null) ? [null] : [...parts];
    this.#parts.set(id, found);
    return found;
  }

  #typesBehind(typeName: string): string[] {
    const type = this.#supergraph.fullSchema.getType(typeName);
    if (isAbstractType(type)) return this.#supergraph.fullSchema.getPossibleTypes(type).map(({ name }) => name);
    return [typeName];
  }

  /** What is selected on the objects at a path, each with the part of the answer that they are in. */
  objectsAt(path: readonly string[]): Selected[] {
    let selected: Selected[] = [{ selectionSet: this.#normalized.operation.selectionSet, deferredTo: null }];
    for (const step of path) if (step !== "@") selected = selected.flatMap((each) => this.#inside(each, step));
    return selected;
  }

  #defers(): DeferredLabels {
    return (this.#labels ??= deferredLabels(this.#normalized.operation));
  }

  #askedFor(path: readonly string[], typeName: string): Map<string, Need[]> {
    const { apiSchema } = this.#supergraph;
    const needs = new Map<string, Need[]>();
    const type = apiSchema.getType(typeName);
    if (!isCompositeType(type)) return needs;
    const collect = (selection: GuardedSelection, deferredTo: string | null): void => {
      const onDefer = (label: string, deferred: GuardedSelection) => collect(deferred, label);
      const fields = collectFields(apiSchema, this.#normalized.fragments, type, [selection], onDefer);
      for (const { responseName, guards } of fields) {
        const added = guards.map((guard) => ({ guard, deferredTo }));
        needs.set(responseName, [...(needs.get(responseName) ?? []), ...added]);
      }
    };
    for (const { selectionSet, deferredTo } of this.objectsAt(path)) collect({ selectionSet, guard: [] }, deferredTo);
    return needs;
  }

  /** What is selected in a field, whichever type of object it is selected on. */
  #inside({ selectionSet, deferredTo }: Selected, responseName: string): Selected[] {
    return selectionSet.selections.flatMap((selection): Selected[] => {
      if (selection.kind === Kind.FIELD) {
        const isIt = (selection.alias ?? selection.name).value === responseName;
        return isIt && selection.selectionSet ? [{ selectionSet: selection.selectionSet, deferredTo }] : [];
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const label = deferLabelOf(selection) ?? deferredTo;
        return this.#inside({ selectionSet: selection.selectionSet, deferredTo: label }, responseName);
      }
      const fragment = this.#normalized.fragments.get(selection.name.value);
      return fragment ? this.#inside({ selectionSet: fragment.selectionSet, deferredTo }, responseName) : [];
    });
  }
}

/** What a fetch reads of the objects at a path, its own entities or what is inside them. */
function inputsAt({ path, requires }: PlannedFetch, objects: readonly string[]): (readonly RequiredSelection[])[] {
  const [own, other] = [path, objects].map((each) => each.filter((step) => step !== "@")) as [string[], string[]];
  if (requires === null || own.some((step, index) => step !== other[index])) return [];
  let required: (readonly RequiredSelection[])[] = [requires];
  for (const step of other.slice(own.length)) required = required.flatMap((each) => readInside(each, step));
  return required;
}

/** What a fetch reads of the objects at a path for its contexts. */
function contextsAt({ path, contexts }: PlannedFetch, objects: readonly string[]): string[] {
  const other = objects.filter((step) => step !== "@");
  return contexts.flatMap(({ sources }) =>
    sources.flatMap((source) => {
      const above = pathAbove(path, source.up).filter((step) => step !== "@");
      const read = [...above, ...source.path.filter((step) => typeOfStep(step) === null)];
      const isThere = other.length >= above.length && other.every((step, index) => step === read[index]);
      return isThere ? (read[other.length] ?? []) : [];
    }),
  );
}

function readInside(selections: readonly RequiredSelection[], name: string): (readonly RequiredSelection[])[] {
  return selections.flatMap((selection) => {
    if (selection.kind === "fragment") return readInside(selection.selections, name);
    return selection.read === name && selection.selections ? [selection.selections] : [];
  });
}
